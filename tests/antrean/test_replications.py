"""Replications: the same on every executor, each once, and no process left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import psutil
import pytest

from antrean.processes import ProcessError
from antrean.replications import Rows, Task, run, workers
from model.centre import national_centre
from model.scenario import Scenario
from model.scenario_file import load
from model.schedules import Schedule, schedule
from tests.alive import gone


@pytest.fixture(scope="module")
def small() -> Scenario:
    april = load("april-2016")
    return april.model_copy(update={"offices": april.offices.model_copy(update={"which": ["35.07", "91.71"]})})


@pytest.fixture
def tasks(small: Scenario) -> list[Task]:
    centre = national_centre(small)
    return [
        Task(schedule(small, centre, name), 1, replication)
        for replication in range(2)
        for name in ("as-is", "without-upgrade")
    ]


def test_two_processes_give_the_same_as_one_bit_for_bit(tasks: list[Task]) -> None:
    found = []
    for count in (1, 2):
        with workers(count) as executor:
            found.append({(task.schedule.name, task.replication): row for task, row in run(tasks, executor)})
    assert found[0] == found[1]
    assert len(found[0]) == len(tasks)


def test_an_error_in_a_replication_reaches_the_caller(tasks: list[Task]) -> None:
    impossible = [task._replace(days=0) for task in tasks]
    for count in (1, 2):
        with pytest.raises((ValueError, IndexError, TypeError)), workers(count) as executor:
            list(run(impossible, executor))


def test_a_worker_that_dies_is_told_in_words(tasks: list[Task]) -> None:
    with pytest.raises(ProcessError, match="a worker died"):
        _run(tasks * 10, lambda executor: executor.submit(os._exit, 1))


def test_nothing_is_left_of_the_workers_when_the_block_is_left_in_a_hurry(tasks: list[Task]) -> None:
    children: list[psutil.Process] = []

    def interrupt(executor: Executor) -> None:
        executor.submit(max, 1, 2).result()
        children.extend(child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline()))
        executor.submit(time.sleep, 600)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(tasks, interrupt)
    assert children
    assert not any(child.is_running() for child in children)


def _run(tasks: list[Task], before: Callable[[Executor], object]) -> None:
    """Do something, then simulate, with two processes."""
    with workers(2) as executor:
        assert executor is not None
        before(executor)
        list(run(tasks, executor))


ENDLESS = """
import time
from antrean.replications import workers
with workers(2) as executor:
    executor.submit(time.sleep, 600)
    executor.submit(time.sleep, 600)
    print("busy", flush=True)
    time.sleep(600)
"""


def test_workers_end_with_their_parent_even_if_it_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == "busy\n"
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) >= 2
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert all(gone(child.pid, within_s=60) for child in children)


def test_rows_are_there_again_in_the_order_of_the_replications(tmp_path: Path) -> None:
    rows = Rows(tmp_path / "rows.parquet")
    for name, replication in (("b", 1), ("a", 0), ("b", 0), ("b", 3)):
        rows.add(name, replication, {"wait": 10.0 * replication, "cards": 1.0})
    again = Rows(tmp_path / "rows.parquet")
    assert again.frame().equals(rows.frame())
    assert again.frame()["schedule"].to_list() == ["a", "b", "b", "b"]
    assert again.values("b", "wait") == [0.0, 10.0]  # 2 is missing, so 3 does not count
    assert again.values("b", "wait", 1) == [0.0]
    assert again.values("c", "wait") == []
    assert again.has("b", 3)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]


def test_without_an_executor_each_task_is_told_as_soon_as_it_is_done(
    tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []

    def noted(_schedule: Schedule, _days: int, replication: int) -> dict[str, float]:
        begun.append(replication)
        return {}

    monkeypatch.setattr("antrean.replications.replicate", noted)
    next(run(tasks, None))
    assert len(begun) == 1
