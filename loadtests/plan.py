"""The load plan: everything one run of the load side needs to know, as the campaign hands it over in a JSON file.

The campaign imports this module, so it imports no Locust: that would monkey-patch the campaign's process.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from model.arrivals import Citizen, citizens
from model.clock import Clock
from model.office_days import horizon_s
from model.scenario import Scenario
from model.scenario_file import load
from model.staffing import OfficePlan, plan_offices

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_RESIDENTS = TypeAdapter(dict[str, list[str]])


class LoadPlan(BaseModel):
    """One run of the load side: what is played, when it begins, where its results go."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    scenario: Path
    """The lab's resolved scenario, a TOML file."""
    mode: Literal["day", "capacity", "open"]
    """`day` plays a day of the offices, semi-open; `capacity` saturates the server, closed-loop on purpose; `open`
    sends the scenario's mix at a set rate."""
    day: Annotated[int, Field(ge=0)] = 0
    """Which day of the scenario is played, the first of them ..."""
    days: Annotated[int, Field(ge=1)] = 1
    """... and how many in a row, with the nights between them."""
    replication: Annotated[int, Field(ge=0)] = 0
    """Which replication's citizens come."""
    origin_wall_s: float
    """When the run begins, in seconds since the epoch; a few seconds ahead leave Locust the time to start ..."""
    origin_scenario_s: float
    """... and which moment of the scenario that is, in seconds since its start."""
    out: Path
    """The folder the results are written in."""
    offices: list[str] | None = None
    """Which of the scenario's offices are played; None for all."""
    adapter: str = "mock"
    """Which server it is: a name or module:Class, see loadtests/targets."""
    permitted_host: str | None = None
    """The host that may be loaded although it is not this machine."""
    max_requests_per_s: Annotated[float, Field(gt=0)] | None = None
    """Requests that are never exceeded in any second; None for no such limit."""
    keys_file: Path | None = None
    """Each office's key, `{"35.07": "ank_..."}`, its supervisor's, see `supervisor_of`, and operators' passwords by
    their counters, `"35.07/counter-1"`; None where the server asks for none. In a file of its own: the plan lies among
    the results, where no secret belongs."""
    residents_file: Path | None = None
    """Residents who have a card, by the office where they are at home, `{"35.07": ["3507...", ...]}`; needed only where
    somebody asks for a new one, see loadtests/residents.py."""

    in_flight: Annotated[int, Field(ge=1)] = 24
    """Capacity: records that are at the server at the same time."""
    window_s: Annotated[float, Field(gt=0)] = 12.0
    """Capacity: seconds of wall time that are measured, after a third as many to warm up."""
    max_s: Annotated[float, Field(gt=0)] = 60.0
    """Capacity: seconds of wall time after which it ends, whatever has been measured."""

    rate_per_s: Annotated[float, Field(gt=0)] = 1.0
    """Open: citizens a second of wall time, a Poisson process."""
    length_s: Annotated[float, Field(gt=0)] = 20.0
    """Open: seconds of wall time in which they arrive."""
    terminals: Annotated[int, Field(ge=1)] = 200
    """Open: requests that can be under way at the same time."""

    @classmethod
    def read(cls, path: Path) -> "LoadPlan":
        """Read a plan from its JSON file.

        Raises:
            pydantic.ValidationError: keys are missing, unknown or impossible.
        """
        return cls.model_validate_json(path.read_text(encoding="utf-8"))

    def write(self, path: Path) -> None:
        """Write the plan as JSON that `read` reads back to an equal one."""
        path.write_text(self.model_dump_json(indent=2), encoding="utf-8")

    def read_keys(self) -> dict[str, str]:
        """Return the offices' keys, none if the server asks for none."""
        if self.keys_file is None:
            return {}
        keys: dict[str, str] = json.loads(self.keys_file.read_text(encoding="utf-8"))
        return keys

    def read_residents(self) -> dict[str, list[str]]:
        """Return the residents who have a card, by office, none if the plan names no list of them.

        Raises:
            ValueError: the file is no such list.
        """
        if self.residents_file is None:
            return {}
        try:
            return _RESIDENTS.validate_json(self.residents_file.read_bytes())
        except ValidationError as error:
            raise ValueError(
                f'{self.residents_file} is no list of residents, {{"35.07": ["3507...", ...]}}: {error}'
            ) from None

    def load_scenario(self) -> Scenario:
        """Read the plan's scenario.

        Raises:
            model.scenario_file.ScenarioError: the scenario cannot be used.
        """
        return load(str(self.scenario))

    def clock(self, scenario: Scenario) -> Clock:
        """Return the run's mapping between wall time and scenario time."""
        return Clock(scenario.load.speedup, self.origin_wall_s, self.origin_scenario_s)

    def users(self, scenario: Scenario) -> int:
        """Return how many Locust users play it: an operator a counter, a window and a forwarder an office.

        In other modes as many as the mode says.
        """
        if self.mode != "day":
            return self.in_flight if self.mode == "capacity" else self.terminals
        plans = self.plan_offices(scenario)
        return sum(plan.counters for plan in plans.values()) + 2 * len(plans)

    @property
    def numbers(self) -> range:
        """The numbers of the days that are played."""
        return range(self.day, self.day + self.days)

    def citizens(self, scenario: Scenario) -> list[Citizen]:
        """Return who comes to the offices that are played, in the order of arrival."""
        plans = self.plan_offices(scenario)
        coming = [citizen for day in self.numbers for citizen in citizens(scenario, plans, day, self.replication)]
        # The second day of the east begins before the first of the west has ended.
        return sorted(coming, key=lambda citizen: (citizen.arrival_s, citizen.name))

    def ends_s(self, scenario: Scenario) -> float:
        """Return when the days are over, for all workers at the same moment, as in the simulation."""
        return horizon_s(scenario, plan_offices(scenario), self.numbers.stop)

    def plan_offices(self, scenario: Scenario) -> dict[str, OfficePlan]:
        """Equip the offices that are played."""
        plans = plan_offices(scenario)
        return plans if self.offices is None else {code: plans[code] for code in self.offices}


def supervisor_of(office: str) -> str:
    """Return whose key it is with which an office's deliveries are booked, where an operator may not: 35.07/supervisor.

    Only scenarios that count blank cards need it; without one, the office's own key is tried.
    """
    return f"{office}/supervisor"


def command(plan_path: Path, host: str, out: Path) -> list[str]:
    """Return the command line that plays the plan at `plan_path` against `host`; Locust's own statistics go to `out`.

    Raises:
        pydantic.ValidationError: the plan cannot be used.
        model.scenario_file.ScenarioError: its scenario cannot be used.
    """
    plan = LoadPlan.read(plan_path)
    users = str(plan.users(plan.load_scenario()))
    # All users start at once; who works when is the offices' own affair. Failed requests are data, not a failure of the
    # run: exit code 0 all the same. Locust's CSV files end up to a second before the run does; its JSON is complete.
    return [
        *(sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary"),
        *("--plan", str(plan_path), "--host", host, "--parent", str(os.getpid())),
        *("--users", users, "--spawn-rate", users),
        *("--csv", str(out / "locust"), "--json-file", str(out / "locust"), "--exit-code-on-error", "0"),
    ]
