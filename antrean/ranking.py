"""The ranking of schedules: what their replications say, and how surely."""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from antrean.experiment import AS_IS, Experiment, Lineup
from antrean.replications import Rows
from model import comparison
from model.comparison import differences, gaps_to_best, replications_for_best
from model.performance import PERFORMANCE, performance
from model.replicate import Interval, interval
from model.selection import Selection

OVERTIME, UPGRADE_LENGTH = "overtime_h", "upgrade_h"
"""What a shorter wait is paid with."""


class Verdict(StrEnum):
    """What is said of one schedule beside the best."""

    BEST = "best"
    TIED = "tied"
    """Cannot be told apart from the best: it may be the best, or is worse by less than what matters."""
    WORSE = "worse"
    YARDSTICK = "yardstick"
    """Nobody can choose it."""


class Standing(NamedTuple):
    """One schedule in the ranking."""

    name: str
    verdict: Verdict
    rank: int | None
    """From 1 by the mean of the measure; None for a yardstick, which nobody can choose."""
    replications: int
    """How many were simulated; figures come from those that all schedules have."""
    measures: dict[str, Interval]
    """The mean of every measure, each with an interval of its own."""
    differences: dict[str, Interval]
    """Less as-is: for each measure the intervals of all schedules hold together."""
    gap: Interval | None
    """The measure less that of the best other schedule; all schedules' intervals hold together."""
    on_front: bool
    """No other schedule is as good in waiting, overtime and upgrade length together, and better in one."""

    @property
    def changed_nothing(self) -> bool:
        """Whether every replication came out exactly as as-is did, in all measures."""
        return self.name != AS_IS and all(found == (0.0, 0.0, 0.0) for found in self.differences.values())


class Ranking(NamedTuple):
    """Schedules by one measure, the best first, yardsticks last."""

    measure: str
    confidence: float
    replications: int
    """Replications that every schedule has."""
    maximum: int
    precise: bool
    """The half-width of every schedule's mean is as small as was asked for."""
    indifference: float
    """The smallest difference of the measure that matters."""
    decided: bool
    """The selection ended before the maximum of replications, or no other schedule can be the best."""
    replications_for_best: int
    """How many of each schedule would decide, by the estimate of Nelson and Matejcik."""
    standings: tuple[Standing, ...]

    def of(self, verdict: Verdict) -> list[Standing]:
        """Return the schedules of which one thing is said."""
        return [standing for standing in self.standings if standing.verdict is verdict]

    @property
    def best(self) -> Standing:
        """The first."""
        return self.standings[0]

    def named(self, name: str) -> Standing:
        """Return a schedule's standing."""
        return next(standing for standing in self.standings if standing.name == name)


def column(rows: Rows, names: Sequence[str], measure: str, replications: int) -> NDArray[np.float64]:
    """Return one measure as (replications, schedules).

    Raises:
        ValueError: the measure has no value in some replication.
    """
    values = np.array([rows.values(name, measure, replications) for name in names]).T
    if np.isnan(values).any():
        raise ValueError(f"{measure} has no value in some replication, so schedules cannot be compared by it")
    return values


def precise(rows: Rows, names: Sequence[str], experiment: Experiment, replications: int) -> bool:
    """Say whether so many replications know every schedule's mean as precisely as the experiment asks."""
    values = column(rows, names, experiment.measure, replications)
    least = performance(experiment.measure).least
    return comparison.precise(values, experiment.precision, least, experiment.confidence)


def rank(rows: Rows, chosen: Lineup, experiment: Experiment, replications: int, selection: Selection) -> Ranking:
    """Put the candidates in order by their first replications; the selection among them says which is the first."""
    candidates, names = list(chosen.candidates), [*chosen.candidates, *chosen.yardsticks]
    measure, confidence, maximum = experiment.measure, experiment.confidence, experiment.maximum
    better = performance(measure).larger_is_better
    values = column(rows, candidates, measure, replications)
    zone = experiment.zone(rows)
    gaps: Sequence[Interval | None] = [None]
    needed = 0
    if len(candidates) > 1:
        gaps, needed = gaps_to_best(values, better, confidence), replications_for_best(values, zone, confidence)
    means = values.mean(axis=0) * (-1 if better else 1)
    order = sorted(range(len(candidates)), key=lambda number: (number != selection.best, means[number], number))
    compared = {each: _differences(rows, names, each, replications, confidence) for each in PERFORMANCE}
    front = _front({name: _means(rows, name, replications) for name in candidates}, measure)

    verdicts = [_verdict(number, selection, gaps[number], better, zone) for number in order]

    def standing(name: str, verdict: Verdict, place: int | None, gap: Interval | None) -> Standing:
        return Standing(
            name=name,
            verdict=verdict,
            rank=place,
            replications=len(rows.values(name, measure, maximum)),
            measures={each: interval(rows.values(name, each, replications), confidence) for each in PERFORMANCE},
            differences={each: found[names.index(name)] for each, found in compared.items()},
            gap=gap,
            on_front=name in front,
        )

    return Ranking(
        measure=measure,
        confidence=confidence,
        replications=replications,
        maximum=maximum,
        precise=precise(rows, names, experiment, replications),
        indifference=zone,
        decided=selection.decided or Verdict.TIED not in verdicts,
        replications_for_best=needed,
        standings=(
            *(
                standing(candidates[number], verdict, place, gaps[number])
                for place, (number, verdict) in enumerate(zip(order, verdicts, strict=True), start=1)
            ),
            *(standing(name, Verdict.YARDSTICK, None, None) for name in chosen.yardsticks),
        ),
    )


def _verdict(number: int, selection: Selection, gap: Interval | None, larger: bool, zone: float) -> Verdict:
    """Say what the simultaneous intervals of the gaps to the best leave open beside the one that was selected.

    That the selection has not dropped a schedule yet says little where it began with few replications: the intervals
    may know that it is worse, and they have the schedules in the order of their means.
    """
    if number == selection.best:
        return Verdict.BEST
    assert gap is not None  # noqa: S101 - only a schedule without others has none, and that is the best
    may_be_best = gap.high > 0 if larger else gap.low < 0
    as_good = -gap.low < zone if larger else gap.high < zone
    return Verdict.TIED if may_be_best or as_good else Verdict.WORSE


def _differences(
    rows: Rows, names: Sequence[str], measure: str, replications: int, confidence: float
) -> list[Interval]:
    values = np.array([rows.values(name, measure, replications) for name in names]).T
    return differences(values, names.index(AS_IS), confidence)


def _means(rows: Rows, name: str, replications: int) -> dict[str, float]:
    return {measure: math.fsum(rows.values(name, measure, replications)) / replications for measure in PERFORMANCE}


def _front(means: Mapping[str, Mapping[str, float]], measure: str) -> set[str]:
    """The schedules that no other one beats in the measure, overtime and upgrade length together."""
    keys = dict.fromkeys((measure, OVERTIME, UPGRADE_LENGTH))
    sign = {key: -1.0 if performance(key).larger_is_better else 1.0 for key in keys}
    points = {name: tuple(sign[key] * values[key] for key in keys) for name, values in means.items()}
    return {name for name, point in points.items() if not any(dominates(other, point) for other in points.values())}


def dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Say whether one point is nowhere larger than another and somewhere smaller."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)
