"""What a run's measured day cost: CPU-seconds of the server, counts of its work, the reference workload."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl
import psycopg

from antrean.gate.cpu_clock import CpuMeter, postmaster
from antrean.gate.reference import reference_cpu_s
from model.stages import Status

COST = "cost.json"
"""The file in a part's folder."""


class RunCost(NamedTuple):
    """The cost of a day, as `COST` holds it."""

    cpu_s: float
    """Of the server's processes and its database, from the day's first moment to its last."""
    cards: int
    requests: int
    reference_s: float
    """CPU-seconds of the reference workload, timed before and after the day."""


class CostMeter:
    """Measures what a server spends on a day."""

    def __init__(self, database_url: str, processes: Sequence[int]) -> None:
        """Begin now."""
        self._reference_s = [reference_cpu_s()]
        with psycopg.connect(database_url) as database:
            roots = [*postmaster(database), *processes]
        self._meter = CpuMeter(roots)

    def cost(self, events: pl.DataFrame, load: Path) -> RunCost:
        """End now; the day's events and the folder of the load side say what was done."""
        cpu_s = self._meter.spent_s()
        printed = pl.col("outcome").cast(pl.String) == Status.CARD_PRINTED
        return RunCost(
            cpu_s,
            events.filter(printed)["citizen"].n_unique(),
            _requests(load / "locust.json"),
            sum([*self._reference_s, reference_cpu_s()]) / 2,
        )


def _requests(statistics: Path) -> int:
    """Count the requests by Locust's own statistics; none where a stopped day has left none, or half of them."""
    try:
        rows = json.loads(statistics.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return 0
    return sum(int(row["num_requests"]) for row in rows)
