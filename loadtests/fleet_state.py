"""The fleet's state: what its master writes down, for whoever watches and for the summary at the end.

In the run's folder: `worker-0.ndjson`, ... the visits of each worker as they come in; `fleet.json`, how everything
stands, several times a second.
"""

from pathlib import Path
from typing import Any, NotRequired, TypedDict

from loadtests.news import OfficeFigures, Requests

FLEET = "fleet.json"
INTERRUPTED = "interrupted"
"""Why a run ended early when somebody wanted it to."""


class WorkerState(TypedDict):
    """How a worker stands."""

    worker: str
    """Locust's name of it: its machine, and a random number."""
    offices: list[str]
    over: bool
    lost: bool
    figures: list[OfficeFigures]
    requests: Requests
    progress: dict[str, Any]
    summary: dict[str, Any] | None


class FleetState(TypedDict):
    """How a run stands, as fleet.json tells it."""

    expected: int
    connected: int
    opens_wall_s: float | None
    """When the day begins, in seconds since the epoch; None while workers are missing."""
    over: bool
    stopped: NotRequired[str]
    """Why it was stopped before its end."""
    workers: list[WorkerState]


def events_file(out: Path, index: int) -> Path:
    """Return where the visits of a worker are."""
    return out / f"worker-{index}.ndjson"
