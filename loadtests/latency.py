"""Latency: HdrHistograms of wall times, counted from the intended start and, beside it, from the actual one.

What failed has histograms of its own: a refusal within a millisecond must not make the server look quick.

From the intended start, a stall counts for all who should have been served in it, not only for the one request that
happened to meet it (coordinated omission; Tene, "How NOT to Measure Latency").
"""

from collections.abc import Sequence
from typing import TypedDict

from hdrh.histogram import HdrHistogram

HIGHEST_US = 3_600_000_000
"""An hour of wall time; longer durations are recorded as that."""
SIGNIFICANT_FIGURES = 3
PERCENTILES = (50.0, 90.0, 95.0, 99.0)


class Percentiles(TypedDict):
    """A histogram as the summary tells it, in milliseconds of wall time; zeros when the count is zero."""

    count: int
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    histogram: str
    """The HdrHistogram in microseconds, encoded (V2, base64): any HdrHistogram library reads it."""


class TwoClocks(TypedDict):
    """The same durations by two clocks."""

    intended: Percentiles
    """From when the step should have begun."""
    actual: Percentiles
    """From when it did."""


class StepLatency(TwoClocks):
    """A step's durations: those that came to their end, and apart from them those that failed."""

    failed: TwoClocks


class Durations:
    """How long something took, each time."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, HIGHEST_US, SIGNIFICANT_FIGURES)
        self._longest_s = 0.0

    def add(self, duration_s: float) -> None:
        """Count a duration in seconds of wall time; below zero (clocks of two processes) is zero."""
        self._histogram.record_value(min(max(round(duration_s * 1e6), 0), HIGHEST_US))
        self._longest_s = max(self._longest_s, duration_s)

    def percentiles(self) -> Percentiles:
        """Return the percentiles, none above the longest seen although a histogram's value stands for a range."""
        longest_ms = self._longest_s * 1e3
        return _told(self._histogram, longest_ms)


class Latency:
    """One step's durations, from both starts."""

    def __init__(self) -> None:
        self._intended, self._actual = Durations(), Durations()
        self._failed_intended, self._failed_actual = Durations(), Durations()

    def add(self, intended_s: float, actual_s: float) -> None:
        """Count a step that ended `intended_s` after it should have begun and `actual_s` after it did (wall time)."""
        self._intended.add(intended_s)
        self._actual.add(actual_s)

    def fail(self, intended_s: float, actual_s: float) -> None:
        """Count a step that came to nothing, `intended_s` after it should have begun and `actual_s` after it did."""
        self._failed_intended.add(intended_s)
        self._failed_actual.add(actual_s)

    def percentiles(self) -> StepLatency:
        """Return the percentiles by both clocks, of what succeeded and of what failed."""
        return StepLatency(
            intended=self._intended.percentiles(),
            actual=self._actual.percentiles(),
            failed=TwoClocks(intended=self._failed_intended.percentiles(), actual=self._failed_actual.percentiles()),
        )


def merge(encoded: Sequence[str]) -> Percentiles:
    """Add histograms up, bucket by bucket: exactly the one that a single worker would have recorded.

    Args:
        encoded: the `histogram` of each.

    The longest is known to the histogram's three figures only.
    """
    together = HdrHistogram(1, HIGHEST_US, SIGNIFICANT_FIGURES)
    for one in encoded:
        together.decode_and_add(one)
    longest_us = together.get_max_value() if together.get_total_count() else 0
    return _told(together, longest_us / 1e3)


def _told(histogram: HdrHistogram, longest_ms: float) -> Percentiles:
    values_us = histogram.get_percentile_to_value_dict(list(PERCENTILES))
    p50, p90, p95, p99 = (min(values_us.get(percentile, 0) / 1e3, longest_ms) for percentile in PERCENTILES)
    return Percentiles(
        count=int(histogram.get_total_count()),
        p50_ms=p50,
        p90_ms=p90,
        p95_ms=p95,
        p99_ms=p99,
        max_ms=longest_ms,
        histogram=histogram.encode().decode("ascii"),
    )
