"""How a process knows that it should end: a signal, or its parent's death."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

PARENT_CHECK_S = 0.5
STOP_CHECK_S = 0.1


class Stop:
    """Becomes true on SIGTERM, SIGINT, or when the process that started this one is gone.

    Make it in the main thread, before the work. A plain flag and not a `threading.Event`: setting an event in a
    signal handler can deadlock with the very wait that it interrupts.
    """

    def __init__(self) -> None:
        self.requested = False
        signal.signal(signal.SIGTERM, self._request)
        signal.signal(signal.SIGINT, self._request)
        follow_parent()

    def __call__(self) -> bool:
        """Tell whether to end."""
        return self.requested

    def _request(self, _signal: int, _frame: FrameType | None) -> None:
        self.requested = True


def follow_parent() -> None:
    """Have this process asked to end when the one that started it is gone."""
    # Not merely the present parent: the one that started this process may be gone already.
    started_by = multiprocessing.parent_process()
    parent = os.getppid() if started_by is None or started_by.pid is None else started_by.pid
    threading.Thread(target=_follow, args=(parent,), daemon=True, name="parent").start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os.kill(os.getpid(), signal.SIGTERM)


def announce(line: str) -> None:
    """Print a line for the process that started this one, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def pause(duration_s: float, stop: Callable[[], bool]) -> None:
    """Sleep, but not on when told to stop."""
    end_s = time.monotonic() + duration_s
    while not stop() and (left_s := end_s - time.monotonic()) > 0:
        time.sleep(min(left_s, STOP_CHECK_S))
