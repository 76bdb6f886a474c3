"""Latency: HdrHistograms of wall times, counted from the intended start and, beside it, from the actual one.

From the intended start, a stall counts for all who should have been served in it, not only for the one request that
happened to meet it (coordinated omission; Tene, "How NOT to Measure Latency").
"""

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
        values_us = self._histogram.get_percentile_to_value_dict(list(PERCENTILES))
        p50, p90, p95, p99 = (min(values_us.get(percentile, 0) / 1e3, longest_ms) for percentile in PERCENTILES)
        return Percentiles(
            count=int(self._histogram.get_total_count()),
            p50_ms=p50,
            p90_ms=p90,
            p95_ms=p95,
            p99_ms=p99,
            max_ms=longest_ms,
            histogram=self._histogram.encode().decode("ascii"),
        )


class Latency:
    """One step's durations, from both starts."""

    def __init__(self) -> None:
        self._intended = Durations()
        self._actual = Durations()

    def add(self, intended_s: float, actual_s: float) -> None:
        """Count a step that ended `intended_s` after it should have begun and `actual_s` after it did (wall time)."""
        self._intended.add(intended_s)
        self._actual.add(actual_s)

    def percentiles(self) -> dict[str, Percentiles]:
        """Return the percentiles from the `intended` and from the `actual` start."""
        return {"intended": self._intended.percentiles(), "actual": self._actual.percentiles()}
