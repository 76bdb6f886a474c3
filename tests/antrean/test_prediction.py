"""A run's prediction, from days that a centre of known figures made to what is said of the nation."""

import math

import polars as pl
import pytest

from antrean.calibration import calibration_file
from antrean.calibration.calibration_file import Calibration
from antrean.calibration.from_runs import calibrate_runs, workers_seen
from antrean.held_out import AFTERNOON, SECOND_DAY, HeldOut, calibrated_on, errors
from antrean.prediction import CALIBRATION, calibrate_run, predict, validate_run
from antrean.runs import Run, new_run
from antrean.validation.validate import DayValidated, validate_day
from loadtests.plan import LoadPlan
from model.measures import measure_day
from model.nation import simulate
from model.periods import Period
from model.scenario_file import dump, load
from model.staffing import plan_offices
from model.strategies import without_upgrade
from tests.antrean.validation.days import NORMAL, centre, lab


def silent(_share: float, _words: str) -> None:
    pass


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give a run with a normal day, one of other citizens, and an upgrade day whose backfill costs a half more."""
    made = new_run(tmp_path_factory.mktemp("results"), "april-2016")
    usual, periods = without_upgrade(lab()), (NORMAL, Period(11 * 3600.0, "5.4", "backfill", 1.5))
    made.save_text("lab.toml", dump(usual))
    made.save_text("lab-upgrade.toml", dump(lab()))
    made.save_events("lab-normal", simulate(usual, centre(), 1, work_replication=7))
    made.save_events("lab-second", simulate(usual, centre(), 1, replication=1, work_replication=8))
    made.save_events("lab-upgrade", simulate(lab(), centre(periods=periods), 1, work_replication=9))
    plan = LoadPlan(scenario=made.folder / "lab.toml", mode="day", replication=1, origin_wall_s=0.0,
                    origin_scenario_s=0.0, out=made.folder)  # fmt: skip
    plan.write(made.part("lab-second/load") / "plan.json")
    return made


@pytest.fixture(scope="module")
def calibration(run: Run) -> Calibration:
    return calibrate_run(run, SECOND_DAY, upgraded=True, seed=3)


@pytest.fixture(scope="module")
def days(run: Run, calibration: Calibration) -> list[DayValidated]:
    return validate_run(run, calibration, SECOND_DAY, upgraded=True, replications=10, show=silent)


def test_a_run_is_calibrated_on_its_normal_and_its_upgrade_day_only(run: Run, calibration: Calibration) -> None:
    assert calibration.origin.names == (f"{run.folder}/lab-normal", f"{run.folder}/lab-upgrade")
    assert calibration_file.load(run.folder / CALIBRATION) == calibration
    assert [(phase.version, phase.phase) for phase in calibration.phases] == [("5.4", "backfill")]
    seen = run.load_events("lab-normal").filter(pl.col("stage") == "validation").height
    others = run.load_events("lab-upgrade").filter(pl.col("stage") == "validation", pl.col("phase") == "").height
    assert calibration.stages["validation"].visits == seen + others


def test_the_second_day_is_predicted_for_its_own_citizens(run: Run, days: list[DayValidated]) -> None:
    second, upgraded = days
    measured = run.load_events("lab-second").filter(pl.col("stage") == "arrival")
    assert set(second.predicted[0].filter(pl.col("stage") == "arrival")["citizen"]) == set(measured["citizen"])
    assert second.comparison.figures["capture_mean_s"].error == pytest.approx(0.0, abs=0.01)
    assert not any("this very run" in note for note in second.notes)
    # What the upgrade costs was found on the upgrade day itself, and its page says so.
    assert any("this very run" in note for note in upgraded.notes)
    assert (run.folder / "validation" / "validation.html").exists()
    assert (run.folder / "twin-second" / "events.parquet").exists()
    assert (run.folder / "twin-upgrade" / "events.parquet").exists()


def test_every_measure_of_the_held_out_day_is_held_against_its_prediction(run: Run, days: list[DayValidated]) -> None:
    found = errors(days[0])
    usual = without_upgrade(lab())
    measured = measure_day(run.load_events("lab-second"), usual, plan_offices(usual), 0)
    assert found["wait_median_s"].measured == measured.wait_median_s
    assert found["arrivals"].error == 0.0
    assert abs(found["wait_median_s"].error) < 0.15
    one = errors(days[0], ["35.07"])
    assert one["arrivals"].measured < found["arrivals"].measured
    assert errors(days[0], ["99.99"]) == {}


def test_in_a_quick_run_the_afternoon_is_held_out(run: Run) -> None:
    morning = calibrate_runs([run], calibrated_on(AFTERNOON, upgraded=False)).calibration
    seen = run.load_events("lab-normal").filter(
        pl.col("stage") == "validation", pl.col("finished_s") <= AFTERNOON.since_s
    )
    assert morning.stages["validation"].visits == seen.height
    usual = without_upgrade(lab())
    day = validate_day(run, "lab-normal", usual, morning, 10, lambda _share: None, AFTERNOON.since_s)
    came = day.measured.filter(pl.col("stage") == "arrival")["entered_s"].to_numpy()
    assert came.min() >= AFTERNOON.since_s
    assert any("after the hours" in note for note in day.notes)


@pytest.mark.parametrize(
    ("held_out", "seen"),
    [
        (SECOND_DAY, {"lab-normal": math.inf, "lab-upgrade": math.inf}),
        (AFTERNOON, {"lab-normal": AFTERNOON.since_s, "lab-upgrade": math.inf}),
    ],
)
def test_what_is_held_out_is_not_calibrated_on(held_out: HeldOut, seen: dict[str, float]) -> None:
    assert calibrated_on(held_out, upgraded=True) == seen
    assert list(calibrated_on(held_out, upgraded=False)) == ["lab-normal"]


def test_the_workers_of_a_day_are_counted(run: Run) -> None:
    assert workers_seen(run.load_events("lab-normal")) == 2


def test_a_prediction_knows_its_errors_its_spread_and_its_limits(
    calibration: Calibration, days: list[DayValidated]
) -> None:
    nation = load("april-2016")
    found = predict(nation, calibration, days[0], SECOND_DAY, 2, silent)
    assert set(found.spread) == set(found.beyond) == {"nation-normal", "nation-upgrade"}
    assert found.errors["wait_p95_s"] == errors(days[0])["wait_p95_s"]
    assert found.focus["arrivals"].measured < found.errors["arrivals"].measured
    assert found.spread["nation-normal"]["arrivals"] == 0.0
    assert found.spread["nation-normal"]["server_p50_s"] > 0.0
    assert set(found.beyond["nation-normal"]) < set(found.beyond["nation-upgrade"])


def test_a_run_without_an_upgrade_says_nothing_of_one(calibration: Calibration, days: list[DayValidated]) -> None:
    found = predict(without_upgrade(load("april-2016")), calibration, days[0], SECOND_DAY, 1, silent)
    assert list(found.spread) == ["nation-normal"]
