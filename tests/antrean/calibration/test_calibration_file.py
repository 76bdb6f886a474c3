from pathlib import Path

import pytest

from antrean.calibration.calibrate import calibrate
from antrean.calibration.calibration_file import Calibration, CalibrationError, Origin, dump, load
from tests.antrean.calibration.queues import shared_cores

ORIGIN = Origin(kind="runs", names=("results/april-2016/1",), seed=3, workers=6, most_per_s=0.0)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return calibrate(shared_cores(6, 3.0, 1 / 3, 2.0, mean_s=1.0, count=400, seed=31), ORIGIN, {}, draws=20).calibration


@pytest.fixture
def path(tmp_path: Path, calibration: Calibration) -> Path:
    path = tmp_path / "calibration.toml"
    path.write_text(dump(calibration))
    return path


def test_what_is_written_reads_back_equal(path: Path, calibration: Calibration) -> None:
    assert load(path) == calibration


def test_the_file_says_what_its_keys_mean(path: Path) -> None:
    text = path.read_text()
    assert "# Coefficient of variation.\ncv = [" in text
    assert 'names = ["results/april-2016/1"]' in text


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("cores = [", "coers = [", "concurrency.coers: is not a key of a calibration; did you mean cores?"),
        ("workers = 6", "workers = -6", "origin.workers: input should be greater than or equal to 0, not -6"),
        ("\nseed = 3", "", "origin.seed: is missing; run `antrean calibrate` again"),
        ('law = "sharing"', 'law = "sharing', "is not valid TOML"),
        ("schema_version = 1", "schema_version = 2", "schema_version: input should be 1, not 2"),
        ('"personalisation.mean_s" = [', '"other.mean_s" = [', "draws: personalisation.mean_s are missing"),
    ],
)
def test_an_edited_file_that_cannot_be_used_says_why_and_what_to_do(
    path: Path, old: str, new: str, complaint: str
) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(CalibrationError) as caught:
        load(path)
    assert complaint in str(caught.value)


def test_an_estimate_is_three_numbers_in_order(path: Path, calibration: Calibration) -> None:
    value, low, high = calibration.concurrency.cores
    path.write_text(path.read_text().replace(f"cores = [{value}, {low}, {high}]", f"cores = [{value}, 9.0, {high}]", 1))
    with pytest.raises(CalibrationError, match=r"concurrency.cores: .*low is above high; write it as \[value"):
        load(path)


def test_a_file_that_is_not_there_is_told_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="antrean calibrate RUN"):
        load(tmp_path / "calibration.toml")
