"""Child processes that never outlive the work: started together, stopped in reverse order, killed if they will not."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from types import TracebackType
from typing import Any, Self

STOP_WITHIN_S = 10.0
"""How long a process may take to end after it was asked to."""
REVIVE_AFTER_S = 2.0
"""How long a killed process stays dead: one that dies at once again should not keep the cores busy."""
MOST_REVIVALS = 100
"""How often a process is started again."""
KILLED = "killed.jsonl"
"""The file among the logs that tells of processes that were killed and started again."""


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
        self._command = [*(("nice", "-n", str(nice)) if nice else ()), *command]
        self._environment = {**os.environ, **(env or {})}
        self._log = log
        self._messages: Queue[dict[str, Any]] = Queue()
        self._launch()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._popen.pid

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
        self._clear_away()

    def start_again(self) -> None:
        """Start a process that has ended as it was started first."""
        self._clear_away()
        self._launch()

    def _launch(self) -> None:
        with self._log.open("ab") as stderr:
            self._popen = subprocess.Popen(  # noqa: S603 - the commands are the project's own
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=self._environment,
                start_new_session=True,
            )
        self._reader = Thread(target=self._read, name=f"reads {self.name}", daemon=True)
        self._reader.start()

    def _clear_away(self) -> None:
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


@dataclass
class _Revival:
    """How often a process may still be started again, and when that is due, by the monotonic clock."""

    left: int
    due_s: float | None = None


class Processes:
    """Several children as one: leaving the `with` block asks all of them to stop, then ends them, last one first."""

    def __init__(self, logs: Path) -> None:
        """Make an empty group that writes its logs into the folder `logs`."""
        self.logs = logs
        self.logs.mkdir(parents=True, exist_ok=True)
        self._stack = ExitStack()
        self._started: list[Process] = []
        self._lasting: list[Process] = []
        self._revivals: dict[Process, _Revival] = {}

    def start(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        may_end: bool = False,
        nice: int = 0,
        revive: bool = False,
    ) -> Process:
        """Start a child and make it part of the group; unless it `may_end`, `check` complains when it has.

        But if it was killed (SIGKILL), one to `revive` is started again by `check`.
        """
        process = Process(name, command, self.logs / f"{name.replace(' ', '-')}.log", env, nice)
        self._started.append(process)
        if not may_end:
            self._lasting.append(process)
        if revive:
            self._revivals[process] = _Revival(MOST_REVIVALS)
        self._stack.callback(process.stop)
        return process

    def pids(self) -> list[int]:
        """Return the numbers of the children that should last."""
        return [process.pid for process in self._lasting]

    def check(self) -> None:
        """Make sure that every child that should last is still there, or comes back; call it again and again.

        Raises:
            ProcessError: one has ended by itself, or was killed for the last time that it may be.
        """
        for process in self._lasting:
            if not (process.running or self._comes_back(process)):
                raise process.failure("ended unexpectedly")

    def _comes_back(self, process: Process) -> bool:
        revival = self._revivals.get(process)
        if revival is None or not process.was_killed:
            return False
        if revival.due_s is None:
            if revival.left == 0:
                return False
            revival.left -= 1
            revival.due_s = time.monotonic() + REVIVE_AFTER_S
            self._note_killed(process)
        elif time.monotonic() >= revival.due_s:
            revival.due_s = None
            process.start_again()
        return True

    def _note_killed(self, process: Process) -> None:
        with (self.logs / KILLED).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"process": process.name, "seen_at": time.time()}) + "\n")

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
