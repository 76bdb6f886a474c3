"""Days that the simulation made stand for measured ones: of their centre everything is known."""

import math
from pathlib import Path

import polars as pl

from antrean.calibration import visits
from antrean.calibration.calibrate import calibrate
from antrean.calibration.calibration_file import Calibration, Origin
from antrean.runs import Run, new_run
from model.centre import CentreSpec
from model.nation import simulate
from model.periods import Period
from model.processor_sharing import Sharing
from model.scenario import Scenario
from model.scenario_file import dump, load
from model.servers import Kind
from model.stages import Stage
from model.strategies import without_upgrade
from model.work_time import Lognormal

SPEEDUP = 100.0
NORMAL = Period(-math.inf, "5.4", "", 1.0)


def lab() -> Scenario:
    """Two offices of 400 citizens a day."""
    scenario = load("april-2016")
    offices = scenario.offices.model_copy(update={"which": ["35.07", "35.78"]})
    fast = scenario.load.model_copy(update={"speedup": SPEEDUP})
    return scenario.model_copy(update={"offices": offices, "load": fast})


def centre(slower: float = 1.0, periods: tuple[Period, ...] = (NORMAL,)) -> CentreSpec:
    """A centre that they fill to about 0.8 in the peak, nearly all of it by the workers; times in scenario seconds."""
    workers = Kind("workers", (Stage.VALIDATION, Stage.PERSONALISATION), 2, batch=8, gap_s=8.0)
    matcher = Kind("matcher", (Stage.MATCHING,), 1, batch=32, gap_s=4.0, fixed_s=1.0, per_record_s=0.5)
    return CentreSpec(
        slots=3,
        submission_s=5.0,
        stage_s={Stage.VALIDATION: 20.0 * slower, Stage.MATCHING: 1.5, Stage.PERSONALISATION: 44.0 * slower},
        notice_s={Stage.VALIDATION: 6.0, Stage.MATCHING: 3.0, Stage.PERSONALISATION: 5.0},
        variation=0.4,
        periods=periods,
        kinds=(workers, matcher),
        work={Stage.SUBMISSION: Lognormal(5.0, 0.6), Stage.HANDOVER: Lognormal(3.0, 0.6)},
        sharing=Sharing(cores=2.0, slope=0.3),
    )


def measured(folder: Path, spec: CentreSpec, chance: int, scenario: Scenario | None = None) -> Run:
    """A run's folder with one day of that centre in it."""
    played = scenario or without_upgrade(lab())
    run = new_run(folder, "april-2016")
    run.save_text("lab-normal.toml", dump(played))
    run.save_events("lab-normal", simulate(played, spec, 1, work_replication=chance))
    return run


def calibrated(*runs: Run, draws: int = 40) -> Calibration:
    """What a calibration says of these runs."""
    origin = Origin(
        kind="runs",
        names=tuple(str(run.folder) for run in runs),
        seed=0,
        workers=2,
        most_per_s=0.0,
        residents=lab().centre.residents,
        capacity_per_s=(3.0,),
    )
    return calibrate(pl.concat(visits.of_run(run) for run in runs), origin, {}, draws).calibration
