"""Child processes that never outlive the work: started together, stopped in reverse order, killed if they will not."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from types import TracebackType
from typing import Any, Self

STOP_WITHIN_S = 10.0
"""How long a process may take to end after it was asked to."""


class ProcessError(RuntimeError):
    """A process of the run failed; the message names it and shows the end of its log."""


class Process:
    """One child in a process group of its own, so that Ctrl-C in the terminal reaches only its parent.

    Its standard output is read as JSON lines, its standard error goes to a log file.
    """

    def __init__(
        self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None, nice: int = 0
    ) -> None:
        """Start `command`, called `name` in messages; the higher `nice`, the sooner it lets others use the cores."""
        self.name = name
        self._log = log
        self._messages: Queue[dict[str, Any]] = Queue()
        with log.open("ab") as stderr:
            self._popen = subprocess.Popen(  # noqa: S603 - the commands are the project's own
                [*(("nice", "-n", str(nice)) if nice else ()), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        self._reader = Thread(target=self._read, name=f"reads {name}", daemon=True)
        self._reader.start()

    @property
    def running(self) -> bool:
        """Say whether the process has not ended yet."""
        return self._popen.poll() is None

    @property
    def was_killed(self) -> bool:
        """Say whether the process was ended by SIGKILL."""
        return self._popen.poll() == -signal.SIGKILL

    def messages(self) -> list[dict[str, Any]]:
        """Return the JSON objects printed since the last call."""
        found = []
        while True:
            try:
                found.append(self._messages.get_nowait())
            except Empty:
                return found

    def expect(self, key: str, within_s: float) -> Any:
        """Wait for a printed JSON object that has `key` and return its value.

        Raises:
            ProcessError: the process ended, or the time passed, before it said so.
        """
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            try:
                message = self._messages.get(timeout=0.1)
            except Empty:
                if not self.running:
                    break
                continue
            if key in message:
                return message[key]
        state = f"did not say {key!r} within {within_s:g} s" if self.running else "ended before it was ready"
        raise self.failure(state)

    def failure(self, what: str) -> ProcessError:
        """Describe what went wrong with the process, with the end of its log."""
        tail = "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        return ProcessError(f"{self.name} {what} (log: {self._log})\n{tail}")

    def wait(self, within_s: float) -> int | None:
        """Wait for the end; returns the exit code, or None when the time passed."""
        try:
            return self._popen.wait(within_s)
        except subprocess.TimeoutExpired:
            return None

    def ask_to_stop(self) -> None:
        """Send SIGTERM; the process ends what it holds and goes."""
        if self.running:
            self._popen.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """End the process and everything it started, by force if it takes longer than `STOP_WITHIN_S`."""
        self.ask_to_stop()
        if self.wait(STOP_WITHIN_S) is None:
            self._popen.kill()
            self._popen.wait()
        self._kill_group()
        self._reader.join(1.0)
        if self._popen.stdout:
            self._popen.stdout.close()

    def _kill_group(self) -> None:
        try:
            os.killpg(self._popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _read(self) -> None:
        stdout = self._popen.stdout
        if stdout is None:
            return
        for line in stdout:
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if isinstance(message, dict):
                self._messages.put(message)


class Processes:
    """Several children as one: leaving the `with` block asks all of them to stop, then ends them, last one first."""

    def __init__(self, logs: Path) -> None:
        """Make an empty group that writes its logs into the folder `logs`."""
        self.logs = logs
        self.logs.mkdir(parents=True, exist_ok=True)
        self._stack = ExitStack()
        self._started: list[Process] = []
        self._lasting: list[Process] = []

    def start(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        may_end: bool = False,
        nice: int = 0,
    ) -> Process:
        """Start a child and make it part of the group; unless it `may_end`, `check` complains when it has."""
        process = Process(name, command, self.logs / f"{name.replace(' ', '-')}.log", env, nice)
        self._started.append(process)
        if not may_end:
            self._lasting.append(process)
        self._stack.callback(process.stop)
        return process

    def check(self) -> None:
        """Make sure that every child that should last is still there.

        Raises:
            ProcessError: one has ended by itself.
        """
        for process in self._lasting:
            if not process.running:
                raise process.failure("ended unexpectedly")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._started):
            process.ask_to_stop()
        self._stack.close()


def python_module(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module with the running interpreter."""
    return [sys.executable, "-m", module, *arguments]
