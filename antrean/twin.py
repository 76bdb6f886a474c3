"""The twin: a simulated centre made from what a load test measured of the real one.

A first calibration by means: the proportions of the stages from their working times, their sum from the measured
capacity (what limits the server is its cores, whatever a stage's time looks like when cores are shared), the upgrade's
cost from how fast the server still was while work was waiting.
"""

import math
from typing import NamedTuple

import numpy as np
import polars as pl

from model.centre import CentreSpec
from model.measures import visits
from model.periods import Period
from model.scenario import Scenario
from model.stages import CENTRAL_STAGES, Stage

MIN_SATURATED = 30
"""Records that must have become ready in saturation before their rate says anything."""


class Calibration(NamedTuple):
    """What a load test measured of a server; times in wall seconds, that is: not compressed."""

    slots: int
    """Worker processes."""
    capacity_per_s: float
    """Enrollments a second that it sustained before the upgrade."""
    submission_s: float
    """Mean time from sending a packet to its receipt."""
    stage_s: dict[Stage, float]
    """Mean working time of a record per central stage, scaled so that the slots give the capacity."""
    notice_s: dict[Stage, float]
    """Mean time until a server with nothing to do noticed a waiting record, per central stage."""
    variation: float
    """Coefficient of variation of the working times, their mean over the stages by weight."""
    slowdown_during: float | None
    """How many times less the server could do while it was upgraded; None where nothing was measured."""
    slowdown_after: float | None
    """The same on the new version; None where nothing was measured."""


def calibrate(normal: pl.DataFrame, capacity_per_s: float, slots: int, speedup: float) -> Calibration:
    """Calibrate from a normal day's events (in scenario seconds) and a measured capacity (per wall second).

    Raises:
        ValueError: the events hold no visit to some central stage.
    """
    work = normal.with_columns(work_s=(pl.col("finished_s") - pl.col("started_s")) / speedup)
    mean_s = {stage: _mean_work_s(work, stage) for stage in (Stage.SUBMISSION, *CENTRAL_STAGES)}
    total_s = sum(mean_s[stage] for stage in CENTRAL_STAGES)
    scale = slots / capacity_per_s / total_s
    variation = sum(_variation(work, stage) * mean_s[stage] for stage in CENTRAL_STAGES) / total_s
    return Calibration(
        slots=slots,
        capacity_per_s=capacity_per_s,
        submission_s=mean_s[Stage.SUBMISSION],
        stage_s={stage: mean_s[stage] * scale for stage in CENTRAL_STAGES},
        notice_s={stage: _notice_s(normal, stage) / speedup for stage in CENTRAL_STAGES},
        variation=variation,
        slowdown_during=None,
        slowdown_after=None,
    )


def calibrate_upgrade(
    calibration: Calibration,
    normal: pl.DataFrame,
    upgraded: pl.DataFrame,
    upgrade_start_s: float,
    still_s: tuple[float, float],
    speedup: float,
) -> Calibration:
    """Add the upgrade's cost, from an upgrade day's events.

    Times in scenario seconds: when the upgrade began, and between which moments the centre stood still to switch (both
    infinite where it did not come to that).
    """

    def slowdown(start_s: float, end_s: float) -> float | None:
        rate_per_s = saturated_rate_per_s(upgraded, start_s, end_s, in_system=4 * calibration.slots)
        if rate_per_s is not None:
            return calibration.capacity_per_s / (rate_per_s * speedup)
        return _work_ratio(normal, upgraded, start_s, end_s)

    return calibration._replace(
        slowdown_during=slowdown(upgrade_start_s, still_s[0]), slowdown_after=slowdown(still_s[1], math.inf)
    )


def saturated_rate_per_s(events: pl.DataFrame, start_s: float, end_s: float, in_system: int) -> float | None:
    """Return how many records a second became ready while at least `in_system` were in the centre, if enough did.

    With that many waiting, no worker is idle: the rate is what the centre can do. Units as in the events.
    """
    records = visits(events).filter(pl.col("received_s").is_not_null())
    came = records["received_s"].to_numpy()
    went = records["ready_s"].drop_nulls().to_numpy()
    moments = np.concatenate((came, went))
    steps = np.concatenate((np.ones_like(came), -np.ones_like(went)))
    order = np.argsort(moments, kind="stable")
    moments, steps = moments[order], steps[order]
    before = np.cumsum(steps) - steps
    inside = (before >= in_system) & (moments >= start_s) & (moments <= end_s)
    lengths_s = np.diff(moments, prepend=moments[:1])
    ready = int((inside & (steps < 0)).sum())
    if ready < MIN_SATURATED:
        return None
    return ready / float(lengths_s[inside].sum())


def lab_centre(calibration: Calibration, speedup: float, periods: tuple[Period, ...]) -> CentreSpec:
    """Return the measured server as the lab's scenario sees it: not compressed, so `speedup` times slower."""
    return CentreSpec(
        slots=calibration.slots,
        submission_s=calibration.submission_s * speedup,
        stage_s={stage: mean_s * speedup for stage, mean_s in calibration.stage_s.items()},
        notice_s={stage: mean_s * speedup for stage, mean_s in calibration.notice_s.items()},
        variation=calibration.variation,
        periods=periods,
    )


def standstill_s(events: pl.DataFrame, scenario: Scenario) -> tuple[float, float] | None:
    """Return between which moments nothing was matched while the matcher changed to the new version.

    None where the new version never matched anything.
    """
    if scenario.upgrade is None:
        return None
    matched = _of(events, Stage.MATCHING)
    old = matched.filter(pl.col("version") == scenario.centre.version)["finished_s"].to_numpy()
    new = matched.filter(pl.col("version") == scenario.upgrade.to)["started_s"].to_numpy()
    if not len(old) or not len(new):
        return None
    return float(old.max()), float(new.min())


def lab_periods(
    scenario: Scenario, calibration: Calibration, upgrade_start_s: float, still_s: tuple[float, float] | None
) -> tuple[Period, ...]:
    """Return the lab's periods as they were: the upgrade, the standstill when it switched, the new version alone.

    Raises:
        ValueError: the scenario has no upgrade.
    """
    if scenario.upgrade is None:
        raise ValueError("a scenario without [upgrade] has one period only")
    cost = scenario.upgrade.cost
    before = scenario.centre.version
    periods = [
        Period(-math.inf, before, "", 1.0),
        Period(upgrade_start_s, before, "upgrade", calibration.slowdown_during or cost.during),
    ]
    if still_s is not None:
        periods.append(Period(still_s[0], before, "standstill", math.inf))
        periods.append(Period(still_s[1], scenario.upgrade.to, "", calibration.slowdown_after or cost.after))
    return tuple(periods)


def calibrated(scenario: Scenario, calibration: Calibration) -> Scenario:
    """Return the nation's scenario with the measured proportions of the stages and cost of the upgrade."""
    stages = scenario.centre.stages.model_copy(
        update={
            "submission_s": calibration.submission_s,
            **{f"{stage}_s": mean_s for stage, mean_s in calibration.stage_s.items()},
        }
    )
    changes: dict[str, object] = {"stages": stages, "variation": calibration.variation}
    if scenario.centre.login_s is not None:
        # Not measured, so that it keeps its proportion to a record's work.
        given_s = scenario.centre.stages.total_s - scenario.centre.stages.submission_s
        changes["login_s"] = scenario.centre.login_s * sum(calibration.stage_s.values()) / given_s
    centre = scenario.centre.model_copy(update=changes)
    upgrade = scenario.upgrade
    if upgrade is not None:
        cost = upgrade.cost.model_copy(
            update={
                "during": max(1.0, calibration.slowdown_during or upgrade.cost.during),
                "after": calibration.slowdown_after or upgrade.cost.after,
            }
        )
        upgrade = upgrade.model_copy(update={"cost": cost})
    return scenario.model_copy(update={"centre": centre, "upgrade": upgrade})


def _of(work: pl.DataFrame, stage: Stage) -> pl.DataFrame:
    return work.filter(pl.col("stage") == stage)


def _mean_work_s(work: pl.DataFrame, stage: Stage) -> float:
    visits_s = _of(work, stage)["work_s"]
    if visits_s.is_empty():
        raise ValueError(f"no visit to {stage} was measured; the day's events are incomplete")
    return float(np.mean(visits_s.to_numpy()))


def _notice_s(events: pl.DataFrame, stage: Stage) -> float:
    """How long records waited that were alone in the centre: nobody was before them, so it is the server's notice."""
    everybody = visits(events)
    received = np.sort(everybody["received_s"].drop_nulls().to_numpy())
    ready = np.sort(everybody["ready_s"].drop_nulls().to_numpy())
    here = _of(events, stage)
    entered = here["entered_s"].to_numpy()
    inside = np.searchsorted(received, entered, side="right") - np.searchsorted(ready, entered, side="left")
    waits_s = (here["claimed_s"].to_numpy() - entered)[inside <= 1]
    return float(np.mean(waits_s)) if len(waits_s) else 0.0


def _variation(work: pl.DataFrame, stage: Stage) -> float:
    visits_s = _of(work, stage)["work_s"].to_numpy()
    return float(np.std(visits_s) / np.mean(visits_s))


def _work_ratio(normal: pl.DataFrame, upgraded: pl.DataFrame, start_s: float, end_s: float) -> float | None:
    """Working time of a record between two moments of the upgrade day over that of the normal day."""

    def total_s(frame: pl.DataFrame) -> float:
        work = frame.with_columns(work_s=pl.col("finished_s") - pl.col("started_s"))
        return sum(_mean_work_s(work, stage) for stage in CENTRAL_STAGES)

    meanwhile = upgraded.filter(pl.col("started_s").is_between(start_s, end_s))
    if any(_of(meanwhile, stage).height < MIN_SATURATED for stage in CENTRAL_STAGES):
        return None
    return total_s(meanwhile) / total_s(normal)
