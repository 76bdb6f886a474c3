"""CPU-seconds of other processes, by the kernel's own clock of them."""

import sys
import time
from collections.abc import Iterable
from typing import Any

import psutil
import psycopg

CPUCLOCK_SCHED = 2
"""The clock of what the scheduler gave a process, all its threads together, those that have ended too."""


def cpu_s(pid: int) -> float:
    """Return the CPU-seconds that a process has used until now; of one that is gone, 0.

    On Linux to the nanosecond: clock_getcpuclockid(3) makes the clock's number of the process's in this way. Elsewhere
    as precise as psutil is, often 10 ms.
    """
    try:
        if sys.platform == "linux":
            return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    except (OSError, psutil.NoSuchProcess):
        return 0.0


def family(roots: Iterable[int]) -> set[int]:
    """Return the processes and all that they have started and that still live."""
    found: set[int] = set()
    for root in roots:
        try:
            process = psutil.Process(root)
            found |= {root, *(child.pid for child in process.children(recursive=True))}
        except psutil.NoSuchProcess:
            continue
    return found


def postmaster(database: psycopg.Connection[Any]) -> list[int]:
    """Return the process that all of a cluster's are children of; none where the cluster is not on this machine."""
    try:
        backend = psutil.Process(database.info.backend_pid)
        parent = backend.parent()
    except psutil.NoSuchProcess:
        return []
    return [int(parent.pid)] if parent is not None and "postgres" in backend.name() else []


def workers_among(roots: Iterable[int]) -> list[int]:
    """Return the mock server's workers among the processes and all that they have started."""
    found = []
    for pid in family(roots):
        try:
            words = psutil.Process(pid).cmdline()
        except psutil.Error:
            continue
        if "mock_server" in words and "worker" in words:
            found.append(pid)
    return found


class CpuMeter:
    """What a family of processes has used since it was last asked; one that ended between is not in it."""

    def __init__(self, roots: Iterable[int]) -> None:
        """Begin with what the processes have used until now."""
        self._roots = list(roots)
        self._before = self._read()

    def spent_s(self) -> float:
        """Return the CPU-seconds since the last time."""
        before, self._before = self._before, self._read()
        return sum(now_s - before.get(pid, 0.0) for pid, now_s in self._before.items())

    def _read(self) -> dict[int, float]:
        return {pid: cpu_s(pid) for pid in family(self._roots)}
