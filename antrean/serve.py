"""Serving: the whole mock server on loopback with its console, for people to look at, until it is stopped."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from antrean.lab import Server, open_lab
from loadtests.plan import LOCUSTFILE
from model.compression import all_lab_offices
from model.scenario import Scenario
from model.scenario_file import dump
from model.staffing import plan_offices

PRINTER_S_PER_CARD = 5.0
"""Printers of three minutes a card would make a dull page."""
LOOK_EVERY_S = 0.5
DEMO = LOCUSTFILE.with_name("demo.py")


@dataclass(frozen=True)
class Service:
    """What is served."""

    scenario: Scenario
    residents: int
    port: int
    """0 takes a free port."""
    demo_per_s: float
    """People who are enrolled, a second on average; with 0 nobody is."""
    for_programs: bool = False
    """Whether it is not to be looked at but used by a program, such as `antrean duet`: no console, quick printers, and
    where it is told as JSON."""


def serve(service: Service, say: Callable[[str], None]) -> None:
    """Seed a database, start a server on it and tell its address; ends by KeyboardInterrupt and leaves nothing behind.

    Raises:
        ProcessError: a process of it failed.
    """
    scenario = _at_hand(service)
    plans = plan_offices(scenario)
    settings = {"ANTREAN_CONSOLE": str(not service.for_programs).lower(), "ANTREAN_PORT": str(service.port)}
    printer_s = 0.0 if service.for_programs else PRINTER_S_PER_CARD
    with tempfile.TemporaryDirectory(prefix="antrean-serve-") as folder, open_lab(Path(folder)) as lab:
        say(f"Seeding a database with {service.residents:,} residents ...")
        lab.seed(scenario, plans)
        say(f"Starting the server of {len(plans)} offices ...")
        with lab.server("serve", plans, printer_s, settings) as server:
            if service.demo_per_s:
                _start_demo(server, Path(folder), scenario, service.demo_per_s)
            say(_whereabouts(server) if service.for_programs else f"Console: {server.url}/")
            while True:
                server.processes.check()
                time.sleep(LOOK_EVERY_S)


def _whereabouts(server: Server) -> str:
    """Where the server is, as `antrean.gate.contender` reads it."""
    return json.dumps(
        {"server": {"url": server.url, "keys_file": str(server.keys_file), "database_url": server.database_url}}
    )


def _at_hand(service: Service) -> Scenario:
    """Make the scenario small enough to look at: the lab's offices, and no more residents than asked for."""
    scenario = all_lab_offices(service.scenario)
    return scenario.model_copy(update={"centre": scenario.centre.model_copy(update={"residents": service.residents})})


def _start_demo(server: Server, folder: Path, scenario: Scenario, per_s: float) -> None:
    scenario_file = folder / "scenario.toml"
    scenario_file.write_text(dump(scenario), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "locust", "-f", str(DEMO), "--headless", "--only-summary"),
        *("--scenario", str(scenario_file), "--rate", repr(per_s), "--host", server.url),
        *("--keys", str(server.keys_file), "--parent", str(os.getpid())),
    ]
    server.processes.start("demo", command)
