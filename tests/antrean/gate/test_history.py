from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from antrean.cli import app
from antrean.gate.history import Row, append, read_series


def row(number: int, cpu: float, kind: str = "run") -> Row:
    return Row(kind, "april-2016", f"run-{number}", "here", "", {"cpu_per_card_ms": cpu})


def test_it_grows_by_a_row_a_run_and_a_run_comes_once(tmp_path: Path) -> None:
    path = tmp_path / "baselines" / "history.parquet"
    append(row(1, 10.0), path)
    append(row(2, 11.0), path)
    append(row(2, 12.0), path)
    append(row(2, 13.0, kind="duet")._replace(figures={"throughput": 1.0}), path)
    frame = pl.read_parquet(path)
    assert frame.height == 3
    assert frame.filter(kind="run")["cpu_per_card_ms"].to_list() == [10.0, 12.0]
    assert {each.figure for each in read_series(path)} == {"cpu_per_card_ms", "throughput"}


def test_the_command_finds_the_change_and_draws_it(tmp_path: Path) -> None:
    path, chart = tmp_path / "history.parquet", tmp_path / "chart.png"
    dice = np.random.default_rng(1)
    for number in range(24):
        append(row(number, (10.0 if number < 12 else 11.0) * float(dice.lognormal(0, 0.01))), path)
    done = CliRunner().invoke(app, ["history", "--history", str(path), "--out", str(chart)])
    assert done.exit_code == 0, done.output
    assert "from run-12" in done.output
    assert chart.read_bytes().startswith(b"\x89PNG")


def test_no_history_is_told_with_what_writes_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="antrean duet, baseline and check write it"):
        read_series(tmp_path / "none.parquet")
