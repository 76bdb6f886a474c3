import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from antrean import kept_seed
from model import events
from model.scenario_file import dump, load, shipped


def antrean(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "antrean", *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def two_offices(tmp_path: Path) -> Path:
    scenario = load("april-2016")
    offices = scenario.offices.model_copy(update={"which": ["35.07", "91.71"]})
    path = tmp_path / "two.toml"
    path.write_text(dump(scenario.model_copy(update={"offices": offices})))
    return path


def test_help_names_every_command() -> None:
    shown = antrean("--help")
    assert shown.returncode == 0
    for command in ("run", "simulate", "compare", "optimise", "sensitivity", "report", "scenarios"):
        assert command in shown.stdout


def test_a_bad_scenario_ends_with_all_its_problems_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(dump(load("april-2016")).replace('"3 min"', '"3"').replace("batch = 200", "batch = 0"))
    failed = antrean("run", str(path))
    assert failed.returncode == 2
    assert "service.printing: '3' is not a duration" in failed.stderr
    assert "upgrade.batch" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_simulate_writes_events_and_says_the_same_in_a_table_and_in_json(two_offices: Path, tmp_path: Path) -> None:
    out = tmp_path / "events.parquet"
    spoken = antrean("simulate", str(two_offices), "--days", "1", "--events", str(out), "--json")
    messages = [json.loads(line) for line in spoken.stdout.splitlines()]
    measured = messages[-1]["measures"][0]
    assert messages[-2] == {"done": 1.0}
    assert events.read(out).filter(pl.col("stage") == "arrival").height == measured["arrivals"]
    shown = antrean("simulate", str(two_offices), "--days", "1")
    assert f"{measured['cards']:,}" in shown.stdout


def test_without_upgrade_the_same_citizens_wait_less_at_the_server(two_offices: Path) -> None:
    days = []
    for arguments in ([], ["--without-upgrade"]):
        spoken = antrean("simulate", str(two_offices), "--days", "1", "--json", *arguments)
        days.append(json.loads(spoken.stdout.splitlines()[-1])["measures"][0])
    assert days[0]["arrivals"] == days[1]["arrivals"]
    assert days[0]["server_p50_s"] > days[1]["server_p50_s"]


def test_report_of_a_folder_that_is_none_says_so(tmp_path: Path) -> None:
    failed = antrean("report", str(tmp_path))
    assert failed.returncode == 2
    assert "no run's folder" in failed.stderr


def test_scenarios_are_listed_with_their_story() -> None:
    told = antrean("scenarios").stdout
    for name in shipped():
        assert name in told
    assert "50 offices offline" in told
    assert max(map(len, told.splitlines())) <= 100


def test_a_folder_of_seeds_that_another_run_has_is_told(tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    with kept_seed.hold(keep):
        failed = antrean("run", "--quick", "--results", str(tmp_path), "--keep-seed", str(keep))
    assert failed.returncode == 2
    assert f"antrean: another run uses the seeds kept in {keep}" in failed.stderr
    assert "Traceback" not in failed.stderr
