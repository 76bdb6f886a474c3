"""The decision: of each measure, and of all together; with the error that the whole decision may have.

A measure's ratio (B's figure over A's) has a limit. Let more be worse; for throughput, where less is worse, everything
is the other way round.

- *Regressed* when the whole interval is beyond the limit.
- *Improved* when the whole interval is on the better side of 1.
- *Same* when the whole interval is within the limit.
- *Cannot tell* otherwise: more rounds would make the interval narrower.

Several looks are several chances to be wrong, and so are several measures. There are `LOOKS` looks at most, after
numbers of rounds that were decided on beforehand, and each look at each measure may err with an equal part of the error
(Bonferroni; the simplest of the spendings of Lan and DeMets 1983). What is once found of a measure is not looked at
again.
"""

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import NamedTuple

from antrean.verdict import Bounds

LOOKS = 12
GROWTH = 1.5
"""Each look comes after so many times as many rounds as the one before."""


class Verdict(StrEnum):
    """What the gate says of a measure, and of all."""

    REGRESSED = "regressed"
    IMPROVED = "improved"
    SAME = "same"
    CANNOT_TELL = "cannot tell"


class ExitCode(IntEnum):
    """How `antrean duet` and `antrean check` end."""

    PASSED = 0
    """Same or improved."""
    REGRESSED = 1
    FAILED = 2
    """Wrong use, or a server that does not start."""
    CANNOT_TELL = 3


class Measure(NamedTuple):
    """Something that is compared."""

    name: str
    label: str
    unit: str
    limit: float
    """Of B's figure over A's, or over the service level."""
    less_is_worse: bool = False
    of_clock: bool = False
    """Whether it is of the wall clock, so that a generator that lags falsifies it."""

    def limit_words(self) -> str:
        """Say the limit."""
        return f"{'≥' if self.less_is_worse else '≤'} {self.limit:.2f}"


class Line(NamedTuple):
    """A measure, what was found, and the verdict."""

    measure: Measure
    a: float | None
    """None for a service level."""
    b: float
    ratio: Bounds
    verdict: Verdict
    rounds: int
    """After how many the verdict was found."""


def judge(ratio: Bounds, measure: Measure) -> Verdict:
    """Judge one measure."""
    low, high, limit = ratio.low, ratio.high, measure.limit
    if measure.less_is_worse:
        low, high, limit = 1 / high, 1 / low, 1 / limit
    if low > limit:
        return Verdict.REGRESSED
    if high < 1 < limit:
        return Verdict.IMPROVED
    return Verdict.SAME if high <= limit else Verdict.CANNOT_TELL


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """Return what all measures together say: the worst, and nothing sure while one is not."""
    found = set(verdicts)
    for verdict in (Verdict.REGRESSED, Verdict.CANNOT_TELL, Verdict.IMPROVED):
        if verdict in found:
            return verdict
    return Verdict.SAME if found else Verdict.CANNOT_TELL


def error_of_a_look(error: float, measures: int) -> float:
    """Return the error that a look at one of so many measures may have."""
    return error / (LOOKS * measures)


def looks_after(first: int) -> list[int]:
    """Return after how many rounds to look, from the first look on."""
    return [round(first * GROWTH**look) for look in range(LOOKS)]


def exit_code(verdict: Verdict) -> ExitCode:
    """Return how the program ends with a verdict."""
    return {Verdict.REGRESSED: ExitCode.REGRESSED, Verdict.CANNOT_TELL: ExitCode.CANNOT_TELL}.get(
        verdict, ExitCode.PASSED
    )
