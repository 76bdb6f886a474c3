"""Prediction: a run's server calibrated, held against hours that it was not calibrated on, and scaled to the nation."""

from pathlib import Path
from typing import NamedTuple

from antrean.calibration import calibration_report
from antrean.calibration.calibration_file import Calibration
from antrean.calibration.from_runs import calibrate_runs
from antrean.calibration.visits import measured_parts
from antrean.extrapolation import beyond, fit_spread
from antrean.held_out import HeldOut, calibrated_on, errors
from antrean.national import Prediction
from antrean.play import Show
from antrean.runs import Run
from antrean.validation import validation_report
from antrean.validation.validate import DayValidated, twin_of, validate_day
from model.scenario import Scenario
from model.schedules import every_nth_office
from model.strategies import without_upgrade

CALIBRATION = "calibration.toml"
VALIDATION = "validation"
UPGRADE_PART = "lab-upgrade"
DRAWN_OFFICES = 0.05
"""The share of the offices in which the uncertainty of the fit is simulated."""


class Effort(NamedTuple):
    """How much is simulated."""

    replications: int
    """Days of each validated part."""
    draws: int
    """Of the calibration, for what its uncertainty leaves open of the nation."""


THOROUGH, QUICK = Effort(40, 20), Effort(20, 5)


def calibrate_run(run: Run, held_out: HeldOut, *, upgraded: bool, seed: int) -> Calibration:
    """Calibrate from a run's normal day and, for what the upgrade costs, its upgrade day; writes calibration.toml.

    Raises:
        ValueError: too little was measured.
    """
    found = calibrate_runs([run], calibrated_on(held_out, upgraded=upgraded), seed)
    calibration_report.write(found, run.folder / CALIBRATION)
    return found.calibration


def validate_run(
    run: Run, calibration: Calibration, held_out: HeldOut, *, upgraded: bool, replications: int, show: Show
) -> list[DayValidated]:
    """Hold the twin against the hours held out and, if there was one, the upgrade day, and write the page.

    Also keeps a simulated day beside each of them, the twin's part. What is held out comes first.
    """
    played = dict(measured_parts(run))
    looked_at = {held_out.part: held_out.since_s} | ({UPGRADE_PART: float("-inf")} if upgraded else {})
    days = []
    for number, (part, since_s) in enumerate(looked_at.items()):

        def said(share: float, number: int = number, part: str = part) -> None:
            show((number + share) / len(looked_at), part)

        days.append(validate_day(run, part, played[part], calibration, replications, said, since_s))
        run.save_events(part.replace("lab-", "twin-"), twin_of(run, part, played[part], calibration)(0))
    validation_report.write(run.folder / VALIDATION, run, Path(CALIBRATION), calibration, days)
    return days


def predict(
    nation: Scenario, calibration: Calibration, validated: DayValidated, held_out: HeldOut, draws: int, show: Show
) -> Prediction:
    """Say what is known of how good the nation's figures are.

    Args:
        nation: the scenario that is simulated for all offices.
        calibration: its centre's.
        validated: the hours held out.
        held_out: which they are.
        draws: for the uncertainty of the fit.
        show: is told the share done.
    """
    focus = nation.load.offices[0]
    sample = every_nth_office(nation, DRAWN_OFFICES)
    cases = {"nation-normal": without_upgrade(nation)} | ({"nation-upgrade": nation} if nation.upgrade else {})
    return Prediction(
        held_out=held_out,
        verdict=validated.verdict,
        errors=errors(validated),
        focus=errors(validated, [focus]),
        spread={part: fit_spread(scenario, calibration, sample, draws, show) for part, scenario in cases.items()},
        draws=draws,
        offices=len(sample),
        beyond={part: beyond(scenario, calibration) for part, scenario in cases.items()},
    )
