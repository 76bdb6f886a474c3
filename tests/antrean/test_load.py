"""`antrean load` as people use it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from antrean.load_options import LoadOptions, check
from antrean.load_summary import SCHEMA_VERSION
from model import events
from model.arrivals import citizens
from model.scenario import Scenario
from model.scenario_file import dump, load
from model.staffing import plan_offices
from tests.loadtests.lab import small_lab
from tests.loadtests.mixed import mixed, residents_file
from tests.loadtests.stub_server import StubServer, serving

SCHEMA = Path(__file__).parents[2] / "docs" / "load-summary.md"


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with serving() as server:
        yield server


def lab_file(folder: Path, **changes: Any) -> Path:
    """Two offices; the capacity that is said in the tests has both of them played."""
    lab = small_lab()
    changes = {"offices": ["35.07", "35.73"], "speedup": 2000.0} | changes
    path = folder / "small.toml"
    path.write_text(dump(lab.model_copy(update={"load": lab.load.model_copy(update=changes)})), encoding="utf-8")
    return path


def start(folder: Path, scenario: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "antrean", "load", str(scenario), "--results", str(folder / "results"), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder)


def finish(process: subprocess.Popen[str], within_s: float = 120.0) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=within_s)
    finally:
        process.kill()
        process.communicate()
    assert "Traceback" not in err, err
    return process.returncode, out, err


def result(folder: Path) -> tuple[Path, dict[str, Any]]:
    [run] = (folder / "results" / "small").iterdir()
    return run, json.loads((run / "summary.json").read_text(encoding="utf-8"))


def keys(value: Any, path: str = "") -> set[str]:
    """The paths of all keys, as the documentation writes them."""
    if isinstance(value, dict):
        parts = [(name if path != "steps" else "STEP", inner) for name, inner in value.items()]
        return {key for name, inner in parts for key in keys(inner, f"{path}.{name}".lstrip("."))}
    if isinstance(value, list):
        return {key for inner in value for key in keys(inner, f"{path}[]")} or {f"{path}[]"}
    return {path}


def test_a_day_against_a_server_of_ones_own_is_played_and_documented(tmp_path: Path, stub: StubServer) -> None:
    which = ("--day", "1", "--replication", "2", "--workers", "2")
    process = start(tmp_path, lab_file(tmp_path), "--target", stub.host, "--capacity", "100", *which)
    code, out, err = finish(process)
    assert code == 0, err
    run, summary = result(tmp_path)
    assert run.name.startswith("load-")
    assert summary["complete"] is True
    assert (summary["day"], summary["days"], summary["replication"]) == (1, 1, 2)
    assert summary["lost_offices"] == []

    played: Scenario = load(str(run / "lab.toml"))
    coming = {citizen.name for citizen in citizens(played, plan_offices(played), day=1, replication=2)}
    frame = events.read(run / "events.parquet")
    assert set(frame.filter(frame["stage"] == "arrival")["citizen"]) == coming == set(stub.received)
    assert summary["citizens"]["planned"] == summary["citizens"]["arrivals"] == len(coming)
    assert summary["citizens"]["issued"] == len(stub.issued)
    assert json.loads((run / "meta.json").read_text())["ended"] == "complete"
    assert "submission" in out

    documented = set(re.findall(r"^\| `([^`]+)` \|", SCHEMA.read_text(encoding="utf-8"), re.MULTILINE))
    assert documented == keys(summary)
    assert summary["schema_version"] == SCHEMA_VERSION
    assert f"| `schema_version` | {SCHEMA_VERSION} |" in SCHEMA.read_text(encoding="utf-8")


def test_ctrl_c_keeps_what_was_measured_and_leaves_no_process(tmp_path: Path, stub: StubServer) -> None:
    process = start(tmp_path, lab_file(tmp_path, speedup=1000.0), "--target", stub.host, "--capacity", "100")
    children = wait_for_load(process, stub)
    process.send_signal(signal.SIGINT)
    code, _, err = finish(process)
    assert code == 130, err
    assert not [child for child in children if child.is_running()]
    run, summary = result(tmp_path)
    assert summary["stopped"] == "interrupted"
    assert 0 < summary["citizens"]["arrivals"] < summary["citizens"]["planned"]
    arrived = events.read(run / "events.parquet")
    assert arrived.filter(arrived["stage"] == "arrival").height == summary["citizens"]["arrivals"]


def test_no_locust_outlives_a_killed_load(tmp_path: Path, stub: StubServer) -> None:
    process = start(tmp_path, lab_file(tmp_path, speedup=500.0), "--target", stub.host, "--capacity", "100")
    children = wait_for_load(process, stub)
    assert len(children) == 2
    process.kill()
    process.communicate()
    # The day would last for minutes.
    _, alive = psutil.wait_procs(children, timeout=15)
    for child in alive:
        child.kill()
    assert not alive


def wait_for_load(process: subprocess.Popen[str], stub: StubServer) -> list[psutil.Process]:
    ends_s = time.monotonic() + 60
    while len(stub.received) < 20:
        assert time.monotonic() < ends_s, "nobody comes"
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    return psutil.Process(process.pid).children()


def test_a_spent_error_budget_ends_with_a_message_and_its_own_code(tmp_path: Path, stub: StubServer) -> None:
    stub.refuses_every = 2
    scenario = lab_file(tmp_path, speedup=1000.0, error_budget=0.1)
    code, out, _ = finish(start(tmp_path, scenario, "--target", stub.host, "--capacity", "100"))
    assert code == 3
    assert "the error budget is spent" in out
    _, summary = result(tmp_path)
    assert "load.error_budget allows 10%" in summary["stopped"]
    assert summary["complete"] is False
    assert summary["requests"]["failures"] > 0


def test_a_worker_of_another_machine_joins_by_the_printed_command(tmp_path: Path, stub: StubServer) -> None:
    process = start(tmp_path, lab_file(tmp_path), "--target", stub.host, "--capacity", "100", "--expect-workers", "1")
    assert process.stdout is not None
    command = next(line for line in process.stdout if "load-worker" in line).split()[1:]
    worker = subprocess.Popen([sys.executable, "-m", "antrean", *command], stderr=subprocess.DEVNULL, cwd=tmp_path)
    try:
        code, _, err = finish(process)
        assert code == 0, err
        assert worker.wait(20) == 0
    finally:
        worker.kill()
        worker.wait()
    _, summary = result(tmp_path)
    assert summary["complete"] is True
    assert len(summary["workers"]) == 1


def test_the_labs_own_server_is_started_loaded_and_gone(tmp_path: Path) -> None:
    lab = small_lab()
    small = lab.model_copy(
        update={
            "centre": lab.centre.model_copy(update={"residents": 500}),
            "load": lab.load.model_copy(update={"offices": ["35.73"], "speedup": 3000.0}),
        }
    )
    path = tmp_path / "small.toml"
    path.write_text(dump(small), encoding="utf-8")
    code, _, err = finish(start(tmp_path, path, "--capacity", "5"), within_s=240)
    assert code == 0, err
    run, summary = result(tmp_path)
    assert summary["citizens"]["issued"] > 0
    assert summary["citizens"]["failed"] == 0
    # The server's own visits are there beside the offices'.
    assert {"arrival", "submission", "matching", "handover"} <= set(events.read(run / "events.parquet")["stage"])
    assert set(events.read(run / "events.parquet")["source"]) == {"load", "server"}


@pytest.fixture
def april() -> Scenario:
    return load("april-2016")


def options(**more: Any) -> LoadOptions:
    return LoadOptions(results=Path("unused"), **more)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"target": "http://cards.example"},
            r"cards\.example is not this machine.*--i-may-load-this-host cards\.example",
        ),
        ({"target": "http://cards.example", "permitted_host": "cards"}, "names 'cards'"),
        ({"target": "http://127.0.0.1:1"}, "--capacity N"),
        ({"day": 99}, "--day 99: the scenario has the days 0 to"),
        ({"day": 1, "days": 3}, "--day 1 --days 3: the scenario has the days 0 to 2"),
        ({"workers": 11}, "load.offices has 10"),
        ({"workers": 0}, "1 at least"),
    ],
)
def test_what_cannot_be_played_is_said_before_anything_starts(
    april: Scenario, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        check(april, options(**asked))


def test_days_on_which_nobody_works_are_not_played(april: Scenario) -> None:
    closed = april.model_copy(update={"offices": april.offices.model_copy(update={"closed_on": ["tuesday"]})})
    with pytest.raises(ValueError, match="--day 1: the offices are closed on it"):
        check(closed, options(day=1))
    check(closed, options(day=1, days=2))


def test_what_can_be_played_is_let_through(april: Scenario) -> None:
    check(april, options())
    check(april, options(target="http://127.0.0.1:1", capacity_per_s=20.0, workers=2))
    check(april, options(target="http://c.example", permitted_host="c.example", capacity_per_s=1.0))
    real = april.model_copy(update={"load": april.load.model_copy(update={"peak_share": None})})
    check(real, options(target="http://127.0.0.1:1"))


def test_whose_card_is_replaced_must_be_said_of_a_server_of_ones_own_where_somebody_asks(
    april: Scenario, tmp_path: Path
) -> None:
    asking = mixed(april)
    check(asking, options())
    theirs = {"target": "http://127.0.0.1:1", "capacity_per_s": 20.0}
    with pytest.raises(ValueError, match="name a list with --residents-file"):
        check(asking, options(**theirs))
    check(asking, options(**theirs, residents_file=residents_file(tmp_path)))


def test_a_list_that_is_too_short_ends_with_a_message_before_anybody_is_loaded(
    tmp_path: Path, stub: StubServer
) -> None:
    scenario = lab_file(tmp_path)
    scenario.write_text(dump(mixed(load(str(scenario)), "9000000/day")), encoding="utf-8")
    code, _, err = finish(
        start(
            tmp_path,
            scenario,
            *("--target", stub.host, "--capacity", "30", "--residents-file", str(residents_file(tmp_path))),
        )
    )
    assert code == 2
    assert "residents ask for a new card at home in office" in err
    assert "centre.residents" in err
    assert not stub.sendings


def test_spans_that_nobody_can_send_are_an_error_with_a_remedy(
    april: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
    monkeypatch.setattr("antrean.load_options.find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"pip install 'locust\[otel\]'"):
        check(april, options())


def test_help_explains_the_options_that_keep_others_safe() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "antrean", "load", "--help"], capture_output=True, text=True, check=True
    )
    assert "--i-may-load-this-host" in shown.stdout
    assert "--expect-workers" in shown.stdout


def test_a_masters_address_that_is_none_is_refused(tmp_path: Path) -> None:
    failed = subprocess.run(
        [sys.executable, "-m", "antrean", "load-worker", "nowhere"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=dict(os.environ),
    )
    assert failed.returncode == 2
    assert "is no master's address" in failed.stderr
