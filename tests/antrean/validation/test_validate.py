"""The twin against days that a centre of known figures made, from the calibration to the page."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from antrean.calibration import calibration_file
from antrean.calibration.calibration_file import Calibration
from antrean.cli import app
from antrean.runs import Run
from antrean.validation.validate import DayValidated, capacity_words, validate
from tests.antrean.validation.days import SPEEDUP, calibrated, centre, measured


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def known(folder: Path) -> Run:
    return measured(folder, centre(), chance=141)


@pytest.fixture(scope="module")
def calibration(known: Run) -> Calibration:
    return calibrated(known)


def only(run: Run, calibration: Calibration) -> DayValidated:
    (day,) = validate(run, calibration, 20, lambda _share, _words: None)
    return day


def test_a_day_of_the_same_centre_is_predicted_within_its_intervals(folder: Path, calibration: Calibration) -> None:
    day = only(measured(folder, centre(), chance=90), calibration)
    for name, most in (("throughput", 0.03), ("wait_median_s", 0.10), ("wait_p95_s", 0.15)):
        assert abs(day.comparison.figures[name].error) < most
    assert day.comparison.coverage["all"] > 0.75
    assert not any("this very run" in note or "Beyond" in note or "never seen" in note for note in day.notes)


def test_a_day_of_a_slower_centre_is_not_and_the_stage_shows_where(folder: Path, calibration: Calibration) -> None:
    day = only(measured(folder, centre(slower=1.25), chance=90), calibration)
    assert "does not predict" in day.verdict
    # The service is off by a fifth, and the queue that makes of it by more.
    assert -0.4 < day.comparison.figures["personalisation_mean_s"].error < -0.2
    assert day.notes[0].startswith("Farthest off is the stay in validation")
    assert day.comparison.figures["capture_mean_s"].error == pytest.approx(0.0, abs=0.01)


def test_what_makes_a_validation_doubtful_is_noted(known: Run, calibration: Calibration) -> None:
    origin = calibration.origin.model_copy(update={"residents": 1000, "most_per_s": 0.1})
    known.save_json("summary.json", {"load": {"lab-normal": {"valid_for_latency": False}}})
    notes = " ".join(only(known, calibration.model_copy(update={"origin": origin})).notes)
    assert "The load generator lagged" in notes
    assert "made from this very run" in notes
    assert "records a second, against 0.1" in notes
    assert "residents in the gallery, against 1,000" in notes


def test_the_calibrations_capacity_is_held_against_the_searches(calibration: Calibration) -> None:
    words = capacity_words(calibration)
    said = re.search(r"a full server makes (\d\.\d) records a second; capacity searches found 3\.0\.", words)
    assert said
    assert float(said[1]) == pytest.approx(centre().capacity_per_s * SPEEDUP, rel=0.05)


def test_the_command_leaves_figures_and_a_page_that_needs_nothing_else(
    known: Run, calibration: Calibration, tmp_path: Path
) -> None:
    file = tmp_path / "calibration.toml"
    file.write_text(calibration_file.dump(calibration))
    command = ["validate", str(known.folder), "--with", str(file), "--out", str(tmp_path), "--replications", "10"]
    said = CliRunner().invoke(app, command, catch_exceptions=False)
    assert "this day" in said.stdout
    found = json.loads((tmp_path / "validation.json").read_text())
    day = found["days"]["lab-normal"]
    assert set(day["figures"]["wait_median_s"]) == {"measured", "predicted", "error"}
    assert len(day["bands"]) > 8
    page = (tmp_path / "validation.html").read_text()
    assert day["verdict"].split(":")[0] in page
    assert not re.search(r'(src|href)="(?!data:)', page)
