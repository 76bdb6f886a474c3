"""Whether a process has ended, as tests ask."""

import time

import psutil


def gone(pid: int, within_s: float = 5.0) -> bool:
    """Wait for the end of a process; one that nobody has reaped yet has ended too."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
