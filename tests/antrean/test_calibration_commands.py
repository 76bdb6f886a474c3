import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from antrean.calibration import calibration_file
from antrean.cli import app
from tests.antrean.calibration.queues import mmc
from tests.antrean.validation.days import centre, measured


def calibrate(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["calibrate", *arguments, "--draws", "20"], catch_exceptions=False)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    mmc(2, arrivals_per_s=0.8, mean_s=2.0, count=800, seed=71).drop("started").write_csv(path)
    return path


def test_a_foreign_log_becomes_a_calibration_and_a_picture(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "found.toml"
    said = calibrate("--log", str(log), "--servers", "2", "--out", str(out))
    assert said.exit_code == 0
    assert "approval" in said.stdout
    found = calibration_file.load(out)
    assert (found.origin.kind, found.origin.names) == ("log", (str(log),))
    assert found.stages["approval"].servers == 2
    assert found.stages["approval"].starts == "recovered"
    assert found.number_of_draws == 20
    with Image.open(tmp_path / "found.png") as picture:
        assert picture.width > 800


def test_runs_become_a_calibration_that_names_them(tmp_path: Path) -> None:
    runs = [measured(tmp_path, centre(), chance) for chance in (1, 2)]
    out = tmp_path / "found.toml"
    said = calibrate(*(str(run.folder) for run in runs), "--out", str(out))
    assert said.exit_code == 0
    found = calibration_file.load(out)
    assert found.origin.names == tuple(str(run.folder) for run in runs)
    assert found.origin.workers == 2
    one_day = runs[0].load_events("lab-normal").filter(pl.col("stage") == "validation").height
    assert found.stages["validation"].visits > 1.9 * one_day


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "name one or more runs' folders, or a log"),
        (["--log", "LOG", "--servers", "many"], "'many' is no number of servers; write 4, or matching=1"),
        (["--log", "LOG", "--servers", "matching=1"], "the log has no stage 'matching', but approval"),
        (["--log", "LOG", "--servers", "1"], "needs 2 servers, not 1"),
        (["RUN"], "holds no measured day"),
        (["RUN", "--servers", "2"], "--servers belongs to --log"),
    ],
)
def test_what_is_asked_for_wrongly_is_told_and_nothing_written(
    log: Path, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    given = [{"LOG": str(log), "RUN": str(tmp_path)}.get(argument, argument) for argument in arguments]
    with pytest.raises(ValueError, match=re.escape(complaint)):
        calibrate(*given, "--out", str(tmp_path / "out.toml"))
    assert not (tmp_path / "out.toml").exists()


def test_the_command_line_says_it_without_a_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "antrean", "calibrate", "--log", str(tmp_path / "none.csv")]
    failed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert failed.returncode == 2
    assert f"antrean: there is no log {tmp_path / 'none.csv'}" in failed.stderr
    assert "Traceback" not in failed.stderr
