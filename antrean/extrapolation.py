"""Extrapolation: the nation with the centre as calibrated, how sure that makes it, and what was never measured."""

from collections.abc import Sequence

import numpy as np

from antrean.calibrated_server import Figures, centre_of, drawn, estimates
from antrean.calibration.calibration_file import Calibration
from antrean.calibration.figures import slowdown_name
from antrean.play import Show
from model.arrivals import national_peak_per_s
from model.centre import CentreSpec
from model.measures import DayMeasures, measure_day
from model.nation import simulate
from model.offices import all_offices
from model.scaling import measured_national_centre, slowed
from model.scenario import Scenario
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


def national_server(nation: Scenario, calibration: Calibration, figures: Figures) -> CentreSpec:
    """Return the nation's centre, built as the measured server is and as large as the nation's peak needs.

    Raises:
        ValueError: the calibration is of another kind of server.
    """
    return measured_national_centre(centre_of(calibration, figures, 1.0, ()), nation)


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
    measured = centre_of(calibration, estimates(calibration), 1.0, ())
    nation = measured_national_centre(measured, scenario)
    slower = nation.submission_s / measured.submission_s
    if nation.slots > measured.slots:
        found.append(f"{nation.slots} servers in the centre, against {measured.slots}")
    if slower > 1:
        found.append(f"servers {slower:.1f} times as slow as the measured, to be as busy as the scenario has it")
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

    The same citizens in a part of the offices, each time with another draw of the calibration. The centre is as much
    slower as there are fewer of them: its part of a wait is larger than in the nation, and so is what is unsure of it.

    Returns by the name of the measure (of `DayMeasures`) half the width of the interval that holds `WITHIN` of the
    draws, relative to their mean; not a number where the mean is 0.
    """
    found, everywhere = [], plan_offices(scenario)
    part = sum(everywhere[code].arrivals_per_day for code in codes) / scenario.demand.arrivals_per_day
    offices = scenario.offices.model_copy(update={"which": list(codes)})
    for number in range(draws):
        show(number / draws, f"draw {number + 1} of {draws}")
        figures = drawn(calibration, number)
        nation = nation_of(scenario, calibration, figures)
        centre = slowed(national_server(nation, calibration, figures), 1 / part)
        some = nation.model_copy(update={"offices": offices})
        found.append(measure_day(simulate(some, centre, 1), some, plan_offices(some), 0))
    return {name: _half_width([getattr(day, name) for day in found]) for name in DayMeasures._fields[1:]}


def _half_width(values: list[float]) -> float:
    low, high = np.quantile(values, ((1 - WITHIN) / 2, (1 + WITHIN) / 2))
    mean = float(np.mean(values))
    return float(high - low) / 2 / mean if mean else float("nan")
