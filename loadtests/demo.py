"""A demonstration's load: people come to the offices at a steady mean rate, and nothing is measured.

A locustfile of its own, for Locust is how this side reaches a server; `antrean serve --demo` starts it. Each clerk
sends one packet at a time, so that a server which cannot keep up is not flooded.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import gevent
from locust import events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from loadtests.lifetime import follow
from loadtests.people import People
from loadtests.submission import submit
from loadtests.targets import TargetError
from loadtests.terminal import Terminal
from loadtests.walk_ins import walk_ins
from model.scenario import Scenario
from model.scenario_file import load
from model.staffing import plan_offices
from model.streams import stream

CLERKS = 4


class Demo:
    """What the clerks share: whom they meet, and when."""

    def __init__(self, scenario: Scenario, rate_per_s: float) -> None:
        """Let people of the scenario's offices come, `rate_per_s` of them a second on average."""
        self.seed = scenario.seed
        self.people = People(scenario)
        self.citizens = walk_ins(scenario, list(plan_offices(scenario)))
        self._dice = stream(scenario.seed, 0, "demo")
        self._mean_gap_s = CLERKS / rate_per_s

    def gap_s(self) -> float:
        """Return how long a clerk waits for the next person."""
        return float(self._dice.exponential(self._mean_gap_s))


class Clerk(Terminal):
    """Sends the packets of people who come at random moments."""

    fixed_count = CLERKS
    demo: ClassVar[Demo]
    """Given by `set_up`: Locust makes its users itself."""

    @task
    def enroll(self) -> None:
        """Wait for a person and send the packet."""
        gevent.sleep(self.demo.gap_s())
        packet = self.demo.people.packet(next(self.demo.citizens))
        self.connect(packet.office)
        try:
            submit(
                partial(self.target.submit, packet),
                packet.reference,
                self.demo.seed,
                gevent.sleep,
                lambda _took_s, _again: None,
            )
        except TargetError:
            # Locust counts it, and the next person comes all the same.
            return


def add_arguments(parser: LocustArgumentParser) -> None:
    """Let Locust's command line name the scenario and the rate."""
    parser.add_argument("--scenario", type=Path, required=True, metavar="FILE", help="whose offices and people")
    parser.add_argument("--keys", type=Path, required=True, metavar="FILE", help="the offices' keys (JSON)")
    parser.add_argument("--parent", type=int, required=True, metavar="PID", help="ends when this process is gone")
    parser.add_argument("--rate", type=float, required=True, metavar="N", help="people a second, on average")


def set_up(environment: Environment, **_: Any) -> None:
    """Prepare the people before Locust starts the clerks."""
    options = environment.parsed_options
    assert options is not None, "a run from the command line has options"  # noqa: S101 - narrows
    gevent.spawn(follow, options.parent)
    Clerk.keys = json.loads(options.keys.read_text(encoding="utf-8"))
    Clerk.demo = Demo(load(str(options.scenario)), options.rate)


def register() -> None:
    """Have Locust call this file's functions; what Locust asks of a locustfile at its import, and all that is done."""
    events.init_command_line_parser.add_listener(add_arguments)  # type: ignore[no-untyped-call] # Locust's
    events.init.add_listener(set_up)  # type: ignore[no-untyped-call] # Locust's


register()
