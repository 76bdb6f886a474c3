"""The fleet plan: a day that several workers play, and the command lines of its master and its workers.

Like plan.py it is imported by the campaign's side and imports no Locust.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from loadtests.plan import LOCUSTFILE, LoadPlan
from loadtests.shares import Share, share_out
from model.scenario import Scenario

MASTER = LOCUSTFILE.with_name("master.py")
WORKER = LOCUSTFILE.with_name("worker.py")


class FleetPlan(BaseModel):
    """A day, the server it is played against, and how many workers play it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    load: LoadPlan
    """The day; when it begins and which offices a worker plays is settled when all workers are there."""
    target: str
    """The server, http://HOST:PORT."""
    workers: Annotated[int, Field(ge=1)]

    @classmethod
    def read(cls, path: Path) -> "FleetPlan":
        """Read a plan from its JSON file.

        Raises:
            pydantic.ValidationError: keys are missing, unknown or impossible.
        """
        return cls.model_validate_json(path.read_text(encoding="utf-8"))

    def write(self, path: Path) -> None:
        """Write the plan as JSON that `read` reads back to an equal one."""
        path.write_text(self.model_dump_json(indent=2), encoding="utf-8")

    def shares(self, scenario: Scenario) -> list[Share]:
        """Return each worker's share, by its index.

        Raises:
            ValueError: there are more workers than offices.
        """
        return share_out(self.load.plan_offices(scenario), self.workers, scenario.load.max_rate_per_s)


def master_command(plan_file: Path, bind_host: str, *, ui: bool, otel: bool) -> list[str]:
    """Return the command line of the master of the plan at `plan_file`; it prints its ports as JSON lines.

    Args:
        plan_file: a FleetPlan.
        bind_host: the address at which workers reach it.
        ui: whether Locust's web page is served, on loopback, also after the day's end.
        otel: whether Locust's OpenTelemetry support is switched on.

    Raises:
        pydantic.ValidationError: the plan cannot be used.
        model.scenario_file.ScenarioError: its scenario cannot be used.
    """
    plan = FleetPlan.read(plan_file)
    users = str(plan.load.users(plan.load.load_scenario()))
    statistics = plan.load.out / "locust"
    return [
        *(sys.executable, "-m", "locust", "-f", str(MASTER), "--master"),
        *("--master-bind-host", bind_host, "--master-bind-port", "0", "--expect-workers", str(plan.workers)),
        *("--host", plan.target, "--users", users, "--spawn-rate", users, "--only-summary"),
        *(("--autostart", "--web-host", "127.0.0.1", "--web-port", "0") if ui else ("--headless",)),
        *(("--otel",) if otel else ()),
        *("--csv", str(statistics), "--json-file", str(statistics), "--exit-code-on-error", "0"),
        *("--fleet", str(plan_file), "--fleet-parent", str(os.getpid())),
    ]


def worker_command(
    master_host: str,
    master_port: int,
    *,
    keys_file: Path | None = None,
    permitted_host: str | None = None,
    folder: Path | None = None,
    parent: int = 0,
    otel: bool = False,
) -> list[str]:
    """Return the command line of a worker of the master at an address.

    Args:
        master_host: where the master is.
        master_port: its port.
        keys_file: the offices' keys on the worker's machine.
        permitted_host: the host that the worker's machine may load, if it is not this machine.
        folder: for its files; None for a temporary one.
        parent: ends when the process that started it is no longer this one; 0 for no such bond.
        otel: whether Locust's OpenTelemetry support is switched on.
    """
    return [
        *(sys.executable, "-m", "locust", "-f", str(WORKER), "--worker"),
        *("--master-host", master_host, "--master-port", str(master_port), "--exit-code-on-error", "0"),
        *(("--own-keys", str(keys_file)) if keys_file else ()),
        *(("--own-permission", permitted_host) if permitted_host else ()),
        *(("--own-folder", str(folder)) if folder else ()),
        *(("--own-parent", str(parent)) if parent else ()),
        *(("--otel",) if otel else ()),
    ]
