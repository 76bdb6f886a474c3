"""What a load is asked for, and what of it cannot be done."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from loadtests.permission import check_target
from loadtests.residents import NoResidentsError, needs_residents
from model.scenario import Scenario

OTEL_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@dataclass(frozen=True)
class LoadOptions:
    """What a load is asked for besides its scenario."""

    results: Path
    workers: int = 1
    """Worker processes on this machine."""
    expect_workers: int = 0
    """Workers on other machines, which are waited for."""
    bind_host: str = "127.0.0.1"
    """Where those reach the master."""
    ui: bool = False
    day: int = 0
    days: int = 1
    """How many are played, from `day` on."""
    replication: int = 0
    target: str | None = None
    """The server's address; None for the lab's own."""
    key_file: Path | None = None
    """Each office's key at the target, JSON."""
    residents_file: Path | None = None
    """Residents of the target who have a card, JSON; needed only where some of them ask for another."""
    adapter: str = "mock"
    permitted_host: str | None = None
    """The host that may be loaded although it is not this machine."""
    capacity_per_s: float | None = None
    """Enrollments a second that the server sustains, if that is known."""
    metrics_port: int | None = None
    """Where Prometheus finds the figures on 127.0.0.1; None for nowhere."""
    database_url: str | None = None


def check(scenario: Scenario, options: LoadOptions) -> None:
    """Make sure that what is asked for can be played, before anything is started.

    Raises:
        ValueError: it cannot.
    """
    _check_days(scenario, options)
    all_workers, offices = options.workers + options.expect_workers, len(scenario.load.offices)
    if not 1 <= all_workers <= offices:
        raise ValueError(
            f"{all_workers} workers: an office is played by one, and load.offices has {offices}; 1 at least"
        )
    if wants_spans() and find_spec("opentelemetry.sdk") is None:
        raise ValueError(
            f"{' or '.join(OTEL_VARIABLES)} is set, but Locust's OpenTelemetry support is not installed; "
            "pip install 'locust[otel]', or unset the variable"
        )
    if options.target is None:
        return
    check_target(options.target, options.permitted_host)
    if options.residents_file is None and needs_residents(scenario):
        raise NoResidentsError
    if options.capacity_per_s is None and scenario.load.peak_share is not None:
        raise ValueError(
            "load.peak is a share of the server's capacity, which is not measured on a server of yours; "
            'say it with --capacity N (enrollments a second), or set load.peak = "real"'
        )


def _check_days(scenario: Scenario, options: LoadOptions) -> None:
    last, all_days = options.day + options.days - 1, scenario.scenario.days
    if last >= all_days:
        more = f" --days {options.days}" if options.days > 1 else ""
        raise ValueError(f"--day {options.day}{more}: the scenario has the days 0 to {all_days - 1}")
    if all(scenario.scenario.weekday(day) in scenario.offices.closed_on for day in range(options.day, last + 1)):
        raise ValueError(f"--day {options.day}: the offices are closed on it (offices.closed_on); play another one")


def wants_spans() -> bool:
    """Tell whether the environment names an OpenTelemetry endpoint."""
    return any(os.environ.get(name) for name in OTEL_VARIABLES)
