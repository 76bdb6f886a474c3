"""A fleet on this machine: a master and its workers, each the real Locust in a process of its own."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from loadtests.fleet_plan import FleetPlan, master_command, worker_command
from loadtests.plan import LoadPlan
from model.scenario import Scenario
from model.scenario_file import dump
from model.units import HOUR_S

Popen = subprocess.Popen[str]


class LocalFleet:
    """A master and `workers` workers, all ending with the test."""

    def __init__(self, folder: Path, scenario: Scenario, target: str, workers: int, *, ui: bool, **more: Any) -> None:
        self.out = folder / "out"
        self.out.mkdir(parents=True)
        self._folder = folder
        (folder / "scenario.toml").write_text(dump(scenario), encoding="utf-8")
        load = LoadPlan(
            scenario=folder / "scenario.toml",
            mode="day",
            origin_wall_s=0.0,
            origin_scenario_s=8 * HOUR_S,
            out=self.out,
            **more,
        )
        self.plan = FleetPlan(load=load, target=target, workers=workers)
        self.plan.write(folder / "fleet.json")
        self.master = self._start("master", master_command(folder / "fleet.json", "127.0.0.1", ui=ui, otel=False))
        self.workers: list[Popen] = []
        try:
            self.port = self.said("port")
            self.workers = [self.start_worker(f"worker-{number}") for number in range(workers)]
        except BaseException:
            self.stop()
            raise

    def start_worker(self, name: str) -> Popen:
        own = self._folder / name
        own.mkdir()
        return self._start(name, worker_command("127.0.0.1", self.port, folder=own, parent=os.getpid()))

    def said(self, key: str) -> int:
        """Return what the master announces."""
        stdout: IO[str] | None = self.master.stdout
        assert stdout is not None
        for line in stdout:
            if line.startswith("{") and key in (message := json.loads(line)):
                return int(message[key])
        raise AssertionError(f"the master did not say its {key}:\n{self.log('master')}")

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text(encoding="utf-8")

    def state(self) -> dict[str, Any]:
        try:
            state: dict[str, Any] = json.loads((self.out / "fleet.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"workers": []}
        return state

    def wait_until(self, holds: Callable[[dict[str, Any]], bool], within_s: float = 40.0) -> dict[str, Any]:
        """Wait until the fleet's state is as wanted, and return it."""
        ends_s = time.monotonic() + within_s
        while not holds(state := self.state()):
            assert time.monotonic() < ends_s, f"{state}\n{self.log('master')}"
            time.sleep(0.05)
        return state

    def finish(self, within_s: float = 60.0) -> dict[str, Any]:
        """Wait for the end of master and workers, and return the last state."""
        for process in [self.master, *self.workers]:
            process.wait(within_s)
        assert self.master.returncode == 0, self.log("master")
        return self.state()

    def stop(self) -> None:
        for process in [self.master, *self.workers]:
            process.kill()
            process.communicate()

    def _start(self, name: str, command: list[str]) -> Popen:
        with (self._folder / f"{name}.log").open("w") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, cwd=self._folder
            )


@contextmanager
def local_fleet(
    folder: Path, scenario: Scenario, target: str, workers: int, *, ui: bool = False, **more: Any
) -> Iterator[LocalFleet]:
    """Run a fleet while the `with` block lasts."""
    fleet = LocalFleet(folder, scenario, target, workers, ui=ui, **more)
    try:
        yield fleet
    finally:
        fleet.stop()
