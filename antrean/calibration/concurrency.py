"""Concurrency: processes that share cores slow each other, so a service takes the longer, the more go on beside it.

While n visits are in service, each is slowed by `1 + slope * max(0, n - cores)`. With slope 1/cores that is processor
sharing: n processes share `cores` cores evenly, and alone none gains from the idle ones. A visit's work is the time
that it would have taken alone: its duration, each moment divided by the slow-down then. With S the distribution of
the work, durations have the likelihood of accelerated failure times under a covariate that changes with time (Cox and
Oakes, Analysis of Survival Data, ch. 5): density of the work, divided by the slow-down at the visit's end. It is exact
although the visits make each other's covariate, because n at a moment is known from what came before it.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import optimize

from antrean.calibration.service_time import PARAMETRIC, Family, profile
from antrean.calibration.visits import WEB

Floats = NDArray[np.float64]
LawName: TypeAlias = Literal["none", "sharing", "linear"]
LEAST_IN_GROUP = 30
"""Visits of one kind below which they say nothing about the law."""
MAX_SLOPE = 3.0


class Law(NamedTuple):
    """How service slows when several go on at once."""

    name: LawName
    """`none`: not at all; `sharing`: processor sharing, slope = 1/cores; `linear`: both free."""
    cores: float
    """Services that go on at once without slowing each other; at least 1."""
    slope: float
    """What each further one adds to the time of all."""

    def slowdown(self, in_service: Floats) -> Floats:
        """Return how many times longer everything takes with so many in service."""
        return 1 + self.slope * np.maximum(0.0, in_service - self.cores)


NO_LAW = Law("none", 1.0, 0.0)


class Overlaps(NamedTuple):
    """Visits and what went on beside them."""

    at_level_s: Floats
    """A row a visit, a column a number of visits in service (0, 1, ...): how long it lasted beside so many."""
    level_at_end: NDArray[np.int64]
    """How many were in service when it ended, itself among them."""

    def work_s(self, law: Law) -> Floats:
        """Return the time that each visit would have taken alone."""
        result: Floats = self.at_level_s @ (1 / law.slowdown(np.arange(self.at_level_s.shape[1], dtype=np.float64)))
        return result

    def take(self, rows: NDArray[np.int64]) -> "Overlaps":
        """Return these visits alone, in this order, perhaps some of them several times."""
        return Overlaps(self.at_level_s[rows], self.level_at_end[rows])


def overlaps(visits: pl.DataFrame) -> Overlaps:
    """Return what went on beside each visit; `visits` as in visits.py, each started and finished.

    The web server is one process: however many requests it is at, it takes one core.
    """
    frame = visits.with_row_index("row").select("row", "session", "stage", "started_s", "finished_s")
    parts = frame.partition_by("session")
    levels = [_levels(part) for part in parts]
    most = int(max((level.max(initial=0) for _, level in levels), default=0))
    at_level_s = np.zeros((frame.height, most + 1))
    at_end = np.zeros(frame.height, dtype=np.int64)
    for part, (moments_s, level) in zip(parts, levels, strict=True):
        rows = part["row"].to_numpy()
        start, end = (np.searchsorted(moments_s, part[name].to_numpy()) for name in ("started_s", "finished_s"))
        for number in range(most + 1):
            passed_s = np.concatenate(([0.0], np.cumsum(np.diff(moments_s) * (level[:-1] == number))))
            at_level_s[rows, number] = passed_s[end] - passed_s[start]
        at_end[rows] = level[np.maximum(end - 1, 0)]
    return Overlaps(at_level_s, at_end)


def fit_law(seen: Overlaps, groups: Sequence[NDArray[np.int64]]) -> Law:
    """Return the law that tells best how visits of the same kind slowed beside others, by Schwarz's criterion.

    Args:
        seen: all visits.
        groups: the rows of each kind (stage, session, phase), whose work has one distribution.
    """
    groups = [rows for rows in groups if len(rows) >= LEAST_IN_GROUP]
    most = seen.at_level_s.shape[1] - 1
    if not groups or most < 2:
        return NO_LAW
    kinds = [(seen.take(rows), _best_family(seen.take(rows))) for rows in groups]
    sharing = _search(kinds, "sharing", [(cores,) for cores in np.linspace(1.0, most, 4 * most)], most)
    grid = [(cores, slope) for cores in np.linspace(1.0, most - 0.5, 2 * most) for slope in (0.1, 0.3, 0.6, 1.0, 1.5)]
    linear = _search(kinds, "linear", [(sharing.cores, sharing.slope), *grid], most)
    visits = sum(len(rows) for rows in groups)
    free = {"none": 0, "sharing": 1, "linear": 2}
    return min(
        (NO_LAW, sharing, linear),
        key=lambda law: free[law.name] * math.log(visits) - 2 * sum(_log_likelihood(kind, law) for kind in kinds),
    )


def refit_law(law: Law, seen: Overlaps, groups: Sequence[NDArray[np.int64]]) -> Law:
    """Fit a law's figures again to similar data, such as a resample, and keep its form."""
    groups = [rows for rows in groups if len(rows) >= LEAST_IN_GROUP]
    if law.name == "none" or not groups:
        return law
    kinds = [(seen.take(rows), _best_family(seen.take(rows))) for rows in groups]
    start = (law.cores,) if law.name == "sharing" else (law.cores, law.slope)
    return _search(kinds, law.name, [start], seen.at_level_s.shape[1] - 1)


Kind = tuple[Overlaps, Family]


def _search(kinds: Sequence[Kind], name: LawName, starts: Sequence[tuple[float, ...]], most: int) -> Law:
    def loss(figures: Floats) -> float:
        return -sum(_log_likelihood(kind, _law(name, figures.tolist())) for kind in kinds)

    bounds = [(1.0, float(most)), (0.0, MAX_SLOPE)][: len(starts[0])]
    start = min((np.asarray(figures) for figures in starts), key=loss)
    found = optimize.minimize(loss, start, method="Nelder-Mead", bounds=bounds, options={"xatol": 1e-3, "fatol": 1e-2})
    return _law(name, found.x.tolist())


def _law(name: LawName, figures: Sequence[float]) -> Law:
    cores = float(figures[0])
    return Law(name, cores, 1 / cores if name == "sharing" else float(figures[1]))


def _best_family(seen: Overlaps) -> Family:
    """The family that tells the durations best before any law: the law must not mend a wrong family."""
    durations_s = seen.work_s(NO_LAW)
    return max(PARAMETRIC, key=lambda family: profile(family, durations_s))


def _log_likelihood(kind: Kind, law: Law) -> float:
    seen, family = kind
    slowed = law.slowdown(seen.level_at_end.astype(np.float64))
    return profile(family, seen.work_s(law)) - float(np.log(slowed).sum())


def _levels(visits: pl.DataFrame) -> tuple[Floats, NDArray[np.int64]]:
    """When the number in service changes in one session, and what it is from then on."""
    is_web = visits["stage"].is_in(list(WEB)).to_numpy()
    started_s, finished_s = visits["started_s"].to_numpy(), visits["finished_s"].to_numpy()
    moments_s = np.unique(np.concatenate((started_s, finished_s)))

    def count(which: NDArray[np.bool_]) -> NDArray[np.int64]:
        begun = np.searchsorted(np.sort(started_s[which]), moments_s, side="right")
        ended = np.searchsorted(np.sort(finished_s[which]), moments_s, side="right")
        result: NDArray[np.int64] = begun - ended
        return result

    return moments_s, count(~is_web) + np.minimum(count(is_web), 1)
