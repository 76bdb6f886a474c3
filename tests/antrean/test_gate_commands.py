"""`antrean duet` as a user runs it, on servers that commands start."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from antrean.cli import app
from antrean.gate.decision import ExitCode

SERVE = f"{shlex.quote(sys.executable)} -m antrean serve --json --residents 50"


def test_two_commands_are_compared(tmp_path: Path) -> None:
    # One record at a time costs a transaction and a wake-up each: far more than the limits allow.
    dear = f"env ANTREAN_WORKER_BATCH=1 ANTREAN_ALLOW_DELIBERATE_COST=yes ANTREAN_DELIBERATE_COST_SHARE=3 {SERVE}"
    command = [
        *(sys.executable, "-m", "antrean", "duet", "--a", SERVE, "--b", dear, "--max-time", "60 s"),
        *("--results", str(tmp_path), "--history", str(tmp_path / "history.parquet")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.REGRESSED, done.stdout + done.stderr
    (folder,) = (tmp_path / "april-2016").iterdir()
    found = json.loads((folder / "findings.json").read_text())
    assert found["verdict"] == "regressed"
    lines = {line["measure"]["name"]: line for line in found["lines"]}
    assert lines["cpu per card"]["verdict"] == "regressed"
    assert lines["cpu per card"]["ratio"]["low"] > 1.01
    turns = pl.read_parquet(folder / "turns.parquet")
    assert set(turns["cards"]) == {6}
    assert turns["failed"].sum() == 0
    assert pl.read_parquet(tmp_path / "history.parquet")["verdict"].to_list() == ["regressed"]


def test_servers_that_run_elsewhere_are_compared_by_the_clock_alone(tmp_path: Path) -> None:
    with subprocess.Popen(shlex.split(SERVE), stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            told = next(json.loads(line)["server"] for line in serving.stdout if line.startswith("{"))
            command = [
                *(sys.executable, "-m", "antrean", "duet", "--a", told["url"], "--b", told["url"], "--max-time", "1 s"),
                *("--key-file", told["keys_file"], "--results", str(tmp_path)),
                *("--history", str(tmp_path / "history.parquet")),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        finally:
            serving.terminate()
    assert done.returncode in (ExitCode.PASSED, ExitCode.CANNOT_TELL), done.stdout + done.stderr
    assert "CPU is not compared" in done.stdout
    (found,) = (tmp_path / "april-2016").glob("duet-*/findings.json")
    names = {line["measure"]["name"] for line in json.loads(found.read_text())["lines"]}
    assert names == {"throughput", "median", "p95", "p95 level", "errors level"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--b-ref", "HEAD"], "name A by one of --a and --a-ref"),
        (["--a-ref", "HEAD", "--b-ref", "HEAD", "--b", "x"], "name B by one of"),
        (["--a", "x", "--b", "y", "--a-set", "N=1"], "--a-set belongs to --a-ref"),
        (["--a-ref", ".", "--b-ref", ".", "--b-set", "N"], "write it as NAME=VALUE"),
        (["--a-ref", ".", "--b-ref", ".", "--max-time", "60"], "is not a duration"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["duet", *arguments, "--results", str(tmp_path)])
    assert isinstance(done.exception, ValueError)
    assert said in str(done.exception)
    assert not list(tmp_path.iterdir())


def test_another_machine_is_not_loaded_unasked(tmp_path: Path) -> None:
    url = "http://192.0.2.1:80"
    done = CliRunner().invoke(app, ["duet", "--a", url, "--b", url, "--results", str(tmp_path)])
    assert "is not this machine" in str(done.exception)


def test_a_command_that_starts_no_server_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "antrean", "duet", "--a", "true", "--b", "true", "--results", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.FAILED
    assert "ended before it was ready" in done.stderr
