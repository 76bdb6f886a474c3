"""A small lab: a short day of two offices in two seconds, played by the real Locust."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from loadtests.plan import LoadPlan, command
from loadtests.record import read_events
from model.clock import Clock
from model.events import StageEvent
from model.scenario import Scenario
from model.scenario_file import dump, load
from model.stages import Stage
from model.units import HOUR_S, DayWindow

STARTS_IN_S = 1.2
"""What Locust is given to start."""


def small_lab() -> Scenario:
    """April 2016 without the upgrade, in two offices that close at 13:00, at ten thousand times the speed."""
    april = load("april-2016")
    opening, curve = DayWindow(8 * HOUR_S, 13 * HOUR_S), {"08:00": 1.8, "10:00": 1.5, "13:00": 0.6}
    regular, evening = DayWindow(8 * HOUR_S, 12 * HOUR_S), DayWindow(12 * HOUR_S, 20 * HOUR_S)
    shifts = {"regular": regular, "evening": evening, "evening_share": 0.5}
    return april.model_copy(
        update={
            "upgrade": None,
            "offices": april.offices.model_copy(update={"which": ["35.07", "35.73"], "opening": opening}),
            "demand": april.demand.model_copy(update={"volume": 0.15, "curve": curve, "duplicates": 0.1}),
            "staffing": april.staffing.model_copy(update=shifts),
            "load": april.load.model_copy(update={"speedup": 10_000.0}),
        }
    )


class Run:
    """A run of the load side in a process of its own."""

    def __init__(self, folder: Path, scenario: Scenario, host: str, **more: Any) -> None:
        """Start it; unless the plan says more, the doors of the offices open in `STARTS_IN_S` seconds."""
        self.out = folder / "out"
        self.scenario = scenario
        (folder / "scenario.toml").write_text(dump(scenario), encoding="utf-8")
        self.plan = LoadPlan(
            scenario=folder / "scenario.toml",
            origin_scenario_s=8 * HOUR_S,
            out=self.out,
            **({"mode": "day", "origin_wall_s": time.time() + STARTS_IN_S} | more),
        )
        self.plan.write(folder / "plan.json")
        self.process = subprocess.Popen(
            command(folder / "plan.json", host, self.out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
        )

    @property
    def clock(self) -> Clock:
        return self.plan.clock(self.scenario)

    def finish(self, timeout_s: float = 30.0) -> str:
        """Wait for its end, which is a good one, and return what it logged."""
        try:
            _, log = self.process.communicate(timeout=timeout_s)
        finally:
            self.kill()
        assert self.process.returncode == 0, log
        assert "Traceback" not in log, log
        return log

    def wait_for_arrivals(self, arrivals: int) -> None:
        """Wait until so many have come, as the run's progress tells."""
        ends_s = time.monotonic() + 10
        while not (self.out / "progress.json").exists() or self.progress()["arrivals"] < arrivals:
            assert time.monotonic() < ends_s, "nobody comes"
            time.sleep(0.02)

    def kill(self) -> None:
        """End the process if it has not ended."""
        self.process.kill()
        self.process.communicate()

    def events(self, stage: Stage) -> list[StageEvent]:
        return [event for event in read_events(self.out) if event.stage is stage]

    def summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads((self.out / "summary.json").read_text(encoding="utf-8"))
        return summary

    def progress(self) -> dict[str, Any]:
        progress: dict[str, Any] = json.loads((self.out / "progress.json").read_text(encoding="utf-8"))
        return progress
