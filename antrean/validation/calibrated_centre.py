"""A calibration as a centre that the simulation can play today: a pool of slots with one time a stage.

What the pool cannot express is folded into its times for a full server, where it decides how long queues get:
services slowed as by all processes at work, a claim shared by a full batch. What an idle server takes to begin goes
into the time until a slot notices work. docs/calibration.md says what is lost, and what the simulation would need.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from antrean.calibration.calibration_file import Calibration
from antrean.calibration.concurrency import Law
from antrean.calibration.figures import SHARED_BY, slowdown_name
from model.centre import CentreSpec
from model.periods import Period
from model.scenario import Scenario
from model.stages import CENTRAL_STAGES, Stage

Drawn = Mapping[str, float]
"""The figures of a calibration by name, as `draws` has them."""
_KIND_OF = {stage: kind for kind, stages in SHARED_BY.items() for stage in stages}
_ROUNDS = 50


class Full(NamedTuple):
    """A server with work for everybody; wall seconds."""

    per_s: float
    """Records a second that leave it."""
    slowdown: float
    """How many times longer services take than alone."""


def estimates(calibration: Calibration) -> dict[str, float]:
    """Return the calibration's estimates by the names that its draws have."""
    named = {"cores": calibration.concurrency.cores[0], "slope": calibration.concurrency.slope[0]}
    for stage, service in calibration.stages.items():
        named |= {f"{stage}.mean_s": service.mean_s[0], f"{stage}.cv": service.cv[0]}
    named |= {f"{kind}.gap_s": batching.gap_s[0] for kind, batching in calibration.batching.items()}
    named |= {f"{stage}.notice_s": notice_s[0] for stage, notice_s in calibration.notice_s.items()}
    return named | {slowdown_name(phase.version, phase.phase): phase.slowdown[0] for phase in calibration.phases}


def drawn(calibration: Calibration, number: int) -> dict[str, float]:
    """Return a draw's figures by name; draws are taken round after round when there are fewer."""
    return {name: values[number % len(values)] for name, values in calibration.draws.items()}


def full(calibration: Calibration, figures: Drawn) -> Full:
    """Return how fast a full server is: all workers busy, the matcher and the web server as much as they must.

    Raises:
        ValueError: the calibration is not of an antrean server: its stages are others.
    """
    missing = [stage for stage in (Stage.SUBMISSION, *CENTRAL_STAGES) if f"{stage}.mean_s" not in figures]
    if missing or not calibration.origin.workers:
        raise ValueError(
            f"the calibration has no {', '.join(missing) or 'workers'}: it is of another kind of server, whose days "
            "cannot be simulated; calibrate from runs"
        )
    workers = calibration.origin.workers
    work_s = {stage: figures[f"{stage}.mean_s"] for stage in (Stage.SUBMISSION, *CENTRAL_STAGES)}
    per_worker_s = sum(work_s[Stage(stage)] + _gap_s(calibration, figures, stage) for stage in SHARED_BY["workers"])
    matcher_s = work_s[Stage.MATCHING] + _gap_s(calibration, figures, Stage.MATCHING)
    law, slowdown, per_s = Law("linear", figures["cores"], figures["slope"]), 1.0, 0.0
    for _ in range(_ROUNDS):
        per_s = min(workers / per_worker_s, 1 / matcher_s) / slowdown
        besides = min(1.0, per_s * matcher_s * slowdown) + min(1.0, per_s * work_s[Stage.SUBMISSION] * slowdown)
        # Half a step: more records make it slower, and slower means fewer records.
        slowdown = (slowdown + 1 + law.slope * max(0.0, workers + besides - law.cores)) / 2
    return Full(per_s, slowdown)


def centre_spec(calibration: Calibration, figures: Drawn, speedup: float, periods: tuple[Period, ...]) -> CentreSpec:
    """Return the centre as the lab's scenario sees it; times in scenario seconds.

    Raises:
        ValueError: see `full`.
    """
    limit = full(calibration, figures)
    workers = calibration.origin.workers
    stage_s = {
        stage: (figures[f"{stage}.mean_s"] + _gap_s(calibration, figures, stage)) * limit.slowdown
        for stage in CENTRAL_STAGES
    }
    scale = workers / limit.per_s / sum(stage_s.values())
    # What a claim costs in a full batch is in the stage's time already.
    alone_s = {
        stage: max(0.0, figures.get(f"{stage}.notice_s", 0.0) - _gap_s(calibration, figures, stage))
        for stage in CENTRAL_STAGES
    }
    total_s = sum(figures[f"{stage}.mean_s"] for stage in CENTRAL_STAGES)
    variation = sum(figures[f"{stage}.cv"] * figures[f"{stage}.mean_s"] for stage in CENTRAL_STAGES) / total_s
    return CentreSpec(
        slots=workers,
        submission_s=figures[f"{Stage.SUBMISSION}.mean_s"] * speedup,
        stage_s={stage: mean_s * scale * speedup for stage, mean_s in stage_s.items()},
        notice_s={stage: notice_s * speedup for stage, notice_s in alone_s.items()},
        variation=variation,
        periods=periods,
    )


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


def periods(plan: Plan, calibration: Calibration, figures: Drawn, speedup: float) -> tuple[Period, ...]:
    """Return the centre's periods: when each phase began as measured, what it costs and how long it stands still as
    calibrated.

    A phase that the calibration has not seen costs nothing; `unknown_phases` names it.
    """
    found = [
        Period(start_s, version, phase, figures.get(slowdown_name(version, phase), 1.0))
        for start_s, version, phase in plan.phases
    ]
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
        Period(begin_s, before[-1].version, "standstill", math.inf),
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


def _gap_s(calibration: Calibration, figures: Drawn, stage: str) -> float:
    """What a record in a full batch pays for its claim and commit."""
    kind = _KIND_OF[stage]
    batching = calibration.batching.get(kind)
    return figures[f"{kind}.gap_s"] / batching.largest if batching else 0.0
