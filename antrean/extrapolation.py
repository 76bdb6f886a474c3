"""Extrapolation: the nation with the centre as calibrated, how sure that makes it, and what was never measured."""

from collections.abc import Sequence

import numpy as np

from antrean.calibrated_server import Figures, drawn
from antrean.calibration.calibration_file import Calibration
from antrean.calibration.figures import slowdown_name
from antrean.play import Show
from model.arrivals import national_peak_per_s
from model.measures import DayMeasures, measure_day
from model.nation import simulate
from model.offices import all_offices
from model.scenario import Scenario
from model.schedules import quick_look
from model.staffing import plan_offices
from model.stages import CENTRAL_STAGES, Stage

WITHIN = 0.90
"""The share of the draws that an interval holds."""


def nation_of(scenario: Scenario, calibration: Calibration, figures: Figures) -> Scenario:
    """Return the nation's scenario with the calibrated proportions of the stages and cost of the upgrade.

    Args:
        scenario: the nation's.
        calibration: says which phases the upgrade had, and how many records were worked on in each.
        figures: the calibration's estimates, or one of its draws.
    """
    work_s = {stage: figures[f"{stage}.mean_s"] for stage in (Stage.SUBMISSION, *CENTRAL_STAGES)}
    stages = scenario.centre.stages.model_copy(update={f"{stage}_s": mean_s for stage, mean_s in work_s.items()})
    spread_s = sum(figures[f"{stage}.cv"] * work_s[stage] for stage in CENTRAL_STAGES)
    variation = spread_s / sum(work_s[stage] for stage in CENTRAL_STAGES)
    centre = scenario.centre.model_copy(update={"stages": stages, "variation": variation})
    upgrade = scenario.upgrade
    if upgrade is not None:
        during, after = _during(calibration, figures), figures.get(slowdown_name(upgrade.to, ""))
        cost = upgrade.cost.model_copy(
            update={"during": max(1.0, during or upgrade.cost.during), "after": after or upgrade.cost.after}
        )
        upgrade = upgrade.model_copy(update={"cost": cost})
    return scenario.model_copy(update={"centre": centre, "upgrade": upgrade})


def _during(calibration: Calibration, figures: Figures) -> float | None:
    """What the phases of the upgrade cost, each by how many records it met; None where none was measured."""
    known = [
        (phase.visits, figures[slowdown_name(phase.version, phase.phase)])
        for phase in calibration.phases
        if phase.phase
    ]
    visits = sum(number for number, _ in known)
    return sum(number * slowdown for number, slowdown in known) / visits if visits else None


def beyond(scenario: Scenario, calibration: Calibration) -> list[str]:
    """Return what of the nation lies beyond what the calibration was made from, each in a few words."""
    origin, found = calibration.origin, []
    people = 1000 * sum(office.population_thousands for office in all_offices().values())
    peak_per_s = national_peak_per_s(scenario)
    if scenario.centre.slots > origin.workers:
        found.append(f"{scenario.centre.slots} records worked on at once, against {origin.workers} workers")
    if people > origin.residents:
        found.append(f"{people:,} residents, against {origin.residents:,} in the gallery")
    if peak_per_s > origin.most_per_s:
        found.append(f"{peak_per_s:.1f} records a second, against {origin.most_per_s:.1f}")
    if scenario.upgrade and not any(phase.phase for phase in calibration.phases):
        found.append(f"the upgrade at work, which cost {scenario.upgrade.cost.during:g} times by the scenario's guess")
    if scenario.upgrade and not any((p.version, p.phase) == (scenario.upgrade.to, "") for p in calibration.phases):
        found.append(
            f"{scenario.upgrade.to} alone, which takes {scenario.upgrade.cost.after:g} times by the scenario's guess"
        )
    return found


def fit_spread(
    scenario: Scenario, calibration: Calibration, codes: Sequence[str], draws: int, show: Show
) -> dict[str, float]:
    """Say how far the uncertainty of the fit alone moves each measure of the scenario's first day.

    The same citizens in a part of the offices, each time with another draw of the calibration.

    Returns by the name of the measure (of `DayMeasures`) half the width of the interval that holds `WITHIN` of the
    draws, relative to their mean; not a number where the mean is 0.
    """
    found = []
    for number in range(draws):
        show(number / draws, f"draw {number + 1} of {draws}")
        some, centre = quick_look(nation_of(scenario, calibration, drawn(calibration, number)), codes)
        found.append(measure_day(simulate(some, centre, 1), some, plan_offices(some), 0))
    return {name: _half_width([getattr(day, name) for day in found]) for name in DayMeasures._fields[1:]}


def _half_width(values: list[float]) -> float:
    low, high = np.quantile(values, ((1 - WITHIN) / 2, (1 + WITHIN) / 2))
    mean = float(np.mean(values))
    return float(high - low) / 2 / mean if mean else float("nan")
