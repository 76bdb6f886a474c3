"""Replications in parallel processes: the same rows whatever executes them, and none is simulated twice."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import active_children, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import polars as pl

from antrean.processes import ProcessError
from model.schedules import Schedule, replicate


class Task(NamedTuple):
    """One replication of one schedule."""

    schedule: Schedule
    days: int
    replication: int


Measured = Callable[[Schedule, int, int], dict[str, float]]
"""Simulates a schedule's days in a replication and returns figures by their names."""


class Rows:
    """What was simulated until now: a row a schedule and replication in a parquet file, written after each.

    Columns: schedule, replication, and every measure by its name.
    """

    def __init__(self, path: Path) -> None:
        """Continue the file if it exists."""
        self._path = path
        self._rows: dict[tuple[str, int], dict[str, float]] = {}
        if path.exists():
            for row in pl.read_parquet(path).iter_rows(named=True):
                self._rows[row.pop("schedule"), row.pop("replication")] = row

    def add(self, name: str, replication: int, measures: dict[str, float]) -> None:
        """Keep a finished replication; the file is either the old or the new one, never half."""
        self._rows[name, replication] = measures
        unfinished = self._path.with_suffix(".part")
        self.frame().write_parquet(unfinished)
        unfinished.replace(self._path)

    def has(self, name: str, replication: int) -> bool:
        """Say whether a replication is there already."""
        return (name, replication) in self._rows

    def values(self, name: str, measure: str, replications: int | None = None) -> list[float]:
        """Return a schedule's values of one measure in the order of the replications from 0, the first some or all."""
        found: list[float] = []
        while (name, len(found)) in self._rows and len(found) != replications:
            found.append(self._rows[name, len(found)][measure])
        return found

    def frame(self) -> pl.DataFrame:
        """Return all rows by schedule and replication."""
        rows = [
            {"schedule": name, "replication": replication, **measures}
            for (name, replication), measures in sorted(self._rows.items())
        ]
        return pl.DataFrame(rows, infer_schema_length=None)


def run(
    tasks: Iterable[Task], executor: Executor | None, measured: Measured | None = None
) -> Iterator[tuple[Task, dict[str, float]]]:
    """Simulate tasks and yield each with its measures, in the order in which they finish.

    Any executor of `concurrent.futures` will do, and none: then this process does the work, one task after the other. A
    task's measures depend on nothing but the task. `measured` simulates one in place of `replicate`.

    Raises:
        ProcessError: a worker died.
    """
    measured = measured or replicate
    if executor is None:
        for task in tasks:
            yield task, measured(*task)
        return
    try:
        waiting = {executor.submit(measured, *task): task for task in tasks}
        for done in as_completed(waiting):
            yield waiting[done], done.result()
    except BrokenProcessPool:
        raise ProcessError("a worker died, for want of memory perhaps; take fewer --workers and resume") from None


@contextmanager
def workers(count: int) -> Iterator[Executor | None]:
    """Give an executor of so many processes, none of which outlives the block or this process; for one, None.

    On Ctrl-C this process alone is interrupted; what the workers have begun is thrown away.
    """
    if count == 1:
        yield None
        return
    context, others = get_context("spawn"), set(active_children())
    # Nothing is ever sent on the lifeline: it ends when this process closes it, or is gone, however that came about.
    other_end, lifeline = context.Pipe(duplex=False)
    with other_end, lifeline, ProcessPoolExecutor(count, context, _become_worker, (other_end,)) as executor:
        try:
            yield executor
        except BaseException:
            # First what has not begun, or the pool would tell futures of a death that they no longer wait for.
            executor.shutdown(wait=False, cancel_futures=True)
            lifeline.close()
            for process in set(active_children()) - others:
                process.join()
            raise


def _become_worker(lifeline: Connection) -> None:
    """Leave Ctrl-C to the parent, and end when it wants or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    with suppress(EOFError):
        lifeline.recv()
    os._exit(1)
