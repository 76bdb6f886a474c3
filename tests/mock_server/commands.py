"""The server's commands as processes, for the tests: `python -m mock_server ...`."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mock_server.settings import Settings

Process = subprocess.Popen[str]


def environment(settings: Settings) -> dict[str, str]:
    """The settings as the processes read them."""
    given = {f"ANTREAN_{name.upper()}": str(value) for name, value in settings.model_dump().items()}
    return os.environ | given


def start(settings: Settings, *arguments: str) -> Process:
    """Start a command, its output on a pipe."""
    command = [sys.executable, "-m", "mock_server", *arguments]
    return subprocess.Popen(command, env=environment(settings), stdout=subprocess.PIPE, text=True)


def run(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    command = [sys.executable, "-m", "mock_server", *arguments]
    return subprocess.run(command, env=environment(settings), capture_output=True, text=True, timeout=120)


def first_line(process: Process) -> dict[str, Any]:
    """What a process says when it is ready."""
    assert process.stdout is not None
    said: dict[str, Any] = json.loads(process.stdout.readline())
    return said


def stop(process: Process) -> int:
    """Ask a process to end, and return its exit code."""
    process.terminate()
    return process.wait(timeout=20)


@contextmanager
def running(*processes: Process) -> Iterator[None]:
    """See to it that no process outlives the block."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def wait_until(condition: Callable[[], bool], within_s: float = 60) -> None:
    """Wait for something to become true."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.05)
