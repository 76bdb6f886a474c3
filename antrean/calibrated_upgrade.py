"""A calibrated upgrade: a day's phases as periods of the simulated server, each as costly as was calibrated."""

import math
from typing import NamedTuple

import polars as pl

from antrean.calibrated_server import Figures, period_of
from antrean.calibration.calibration_file import Calibration
from model.periods import STANDSTILL, Period
from model.scenario import Scenario
from model.stages import CENTRAL_STAGES, Stage


class Plan(NamedTuple):
    """When which phase of an upgrade was under way: what a prediction is told of the day."""

    phases: tuple[tuple[float, str, str], ...]
    """Start (scenario seconds), version and name of each, in their order; the first begins with the day."""
    still_s: tuple[float, float] | None
    """Between which moments the matcher changed versions; None if it never did."""


def plan_of(events: pl.DataFrame, scenario: Scenario) -> Plan:
    """Return when the phases began, from the measured events."""
    seen = (
        events.filter(pl.col("stage").cast(pl.String).is_in([stage.value for stage in CENTRAL_STAGES]))
        .group_by("version", "phase")
        .agg(pl.col("started_s").min())
        .sort("started_s")
    )
    phases: list[tuple[float, str, str]] = []
    for version, phase, start_s in seen.rows():
        # While a rolling upgrade goes on both versions are seen in a phase; it begins with the first.
        if not phase or all(phase != other for _, _, other in phases):
            phases.append((start_s if phases else -math.inf, version, phase))
    return Plan(tuple(phases), standstill_s(events, scenario))


def standstill_s(events: pl.DataFrame, scenario: Scenario) -> tuple[float, float] | None:
    """Return between which moments nothing was matched while the matcher changed to the new version.

    None where the new version never matched anything.
    """
    if scenario.upgrade is None:
        return None
    matched = events.filter(pl.col("stage") == Stage.MATCHING)
    old = matched.filter(pl.col("version") == scenario.centre.version)["finished_s"].to_numpy()
    new = matched.filter(pl.col("version") == scenario.upgrade.to)["started_s"].to_numpy()
    if not len(old) or not len(new):
        return None
    return float(old.max()), float(new.min())


def periods(plan: Plan, calibration: Calibration, figures: Figures, speedup: float) -> tuple[Period, ...]:
    """Return the centre's periods: when each phase began as measured, what it costs and how long it stands still as
    calibrated.

    A phase that the calibration has not seen costs nothing; `unknown_phases` names it.
    """
    found = [period_of(start_s, version, phase, figures) for start_s, version, phase in plan.phases]
    if plan.still_s is None or not calibration.standstills:
        return tuple(found)
    begin_s, seen_end_s = plan.still_s
    still_s = sum(still.still_s for still in calibration.standstills) / len(calibration.standstills)
    end_s = begin_s + still_s * speedup
    before = [period for period in found if period.start_s < begin_s]
    # What had begun by the measured end begins with the calibrated one.
    first = [period for period in found if period.start_s <= seen_end_s][-1]
    after = [period for period in found if period.start_s > max(seen_end_s, end_s)]
    return (
        *before,
        Period(begin_s, before[-1].version, STANDSTILL, math.inf),
        first._replace(start_s=end_s),
        *after,
    )


def unknown_phases(plan: Plan, calibration: Calibration) -> list[str]:
    """Return the phases of a day of which the calibration says nothing; the first is what it calls normal."""
    known = {(phase.version, phase.phase) for phase in calibration.phases}
    unknown = [phase or f"{version} alone" for _, version, phase in plan.phases[1:] if (version, phase) not in known]
    if plan.still_s is not None and not calibration.standstills:
        unknown.append("the matcher's change of version")
    return unknown
