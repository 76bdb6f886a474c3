"""Evidence: visits with everything that can be known of them before anything is fitted."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from antrean.calibration import batching, queue_mining
from antrean.calibration.concurrency import Law, Overlaps, overlaps
from antrean.calibration.visits import WEB

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
BLOCKS = 40
"""Stretches of time into which each session is cut for resampling."""
LEAST_SERVICE_S = 0.005
"""Below it a service is done within one slice of the operating system's scheduler, or cut by it: its slow-down is
chance, and says nothing of how longer ones share the cores. Linux gives slices of 3 to 4 ms on two cores."""


class Group(NamedTuple):
    """Visits that are alike."""

    session: str
    stage: str
    version: str
    phase: str

    def is_normal(self, before: str) -> bool:
        """Whether the version before any upgrade served, while none was under way."""
        return self.version == before and not self.phase


class Evidence(NamedTuple):
    """Visits that began, and what does not change from one resample of them to the next; arrays have one place each."""

    visits: pl.DataFrame
    """As in visits.py, with starts and ends, whether they are `over`, and `block`, the number of their stretch of
    time."""
    seen: Overlaps
    over: NDArray[np.bool_]
    stages: NDArray[np.str_]
    group: Integers
    """Which of `groups` each visit belongs to."""
    groups: list[Group]
    before: str
    """The version before any upgrade."""

    def normal_rows(self, stage: str, rows: Integers) -> Integers:
        """Return those of `rows` that are a stage's normal visits."""
        normal = np.array([group.is_normal(self.before) for group in self.groups])
        members: Integers = rows[(self.stages[rows] == stage) & normal[self.group[rows]]]
        return members

    def finished(self, stage: str) -> int:
        """Return how many of a stage's normal visits have finished."""
        return int(self.over[self.normal_rows(stage, np.arange(len(self.over)))].sum())

    def kinds(self, rows: Integers) -> list[Integers]:
        """Return, group by group, those of `rows` that can say how services slow each other."""
        duration_s = self.seen.at_level_s.sum(axis=1)
        chosen = []
        for number, group in enumerate(self.groups):
            members = rows[(self.group[rows] == number) & self.over[rows]]
            own_time = group.stage not in batching.IN_SHARES and group.stage not in WEB
            if not own_time or not group.is_normal(self.before) or not len(members):
                continue
            if duration_s[members].mean() >= LEAST_SERVICE_S:
                chosen.append(members)
        return chosen

    def work_s(self, law: Law, stage: str, rows: Integers) -> tuple[Floats, Floats]:
        """Return the work of a stage's normal visits: of those that finished, and so far of those that did not."""
        members = self.normal_rows(stage, rows)
        work_s = self.seen.take(members).work_s(law)
        return work_s[self.over[members]], work_s[~self.over[members]]


def resampled(evidence: Evidence, times: Integers) -> Integers:
    """Return the rows of the evidence, each as often as its stretch of time counts."""
    blocks = evidence.visits["block"].to_numpy()
    return np.repeat(np.arange(len(blocks)), times[blocks])


def count_servers(visits: pl.DataFrame, stage: str) -> int:
    """Estimate how many servers a stage has, from the session that shows the most."""
    most = 1
    for part in visits.filter(pl.col("stage") == stage).partition_by("session"):
        queue = part.sort("entered_s", maintain_order=True)
        known = queue.drop_nulls(["started_s", "finished_s"])
        if not known.is_empty():
            seen = queue_mining.most_at_once(known["started_s"].to_numpy(), known["finished_s"].to_numpy())
        else:
            finished_s = queue["finished_s"].fill_null(np.inf).to_numpy()
            seen = queue_mining.estimate_servers(queue["entered_s"].to_numpy(), finished_s)
        most = max(most, seen)
    return most


def prepare(visits: pl.DataFrame, servers: Mapping[str, int]) -> Evidence:
    """Give every visit a start and a stretch of time, and see what went on beside it.

    Raises:
        ValueError: visits left in an order that a stage's servers do not allow.
    """
    last_s = pl.max_horizontal("entered_s", "started_s", "finished_s").max().over("session")
    begun = (
        pl.concat(
            _with_starts(part, stage, servers[stage])
            for (_, stage), part in visits.with_columns(last_s=last_s)
            .partition_by("session", "stage", as_dict=True, maintain_order=True)
            .items()
        )
        .with_columns(over=pl.col("finished_s").is_not_null())
        .with_columns(pl.col("finished_s").fill_null(pl.col("last_s")))
        # Who never began says nothing, nor does what took less than a tick of the clock that measured it.
        .filter(pl.col("started_s") < pl.col("finished_s"))
    )
    first_s, last_s = pl.col("started_s").min().over("session"), pl.col("started_s").max().over("session")
    block = ((pl.col("started_s") - first_s) / (last_s - first_s) * BLOCKS).fill_nan(0.0).floor().cast(pl.Int64)
    session = pl.col("session").rank("dense").cast(pl.Int64) - 1
    begun = begun.with_columns(block=session * BLOCKS + block.clip(0, BLOCKS - 1))
    groups = [Group(*row) for row in begun.select(Group._fields).unique(maintain_order=True).iter_rows()]
    number = {group: index for index, group in enumerate(groups)}
    return Evidence(
        begun,
        overlaps(begun),
        begun["over"].to_numpy(),
        begun["stage"].to_numpy().astype(np.str_),
        np.array([number[Group(*row)] for row in begun.select(Group._fields).iter_rows()]),
        groups,
        begun.sort("session", "started_s")["version"][0],
    )


def _with_starts(visits: pl.DataFrame, stage: str, servers: int) -> pl.DataFrame:
    """Recover the starts that are missing in a stage's queue."""
    queue = visits.sort("entered_s", maintain_order=True)
    finished_s = queue["finished_s"].fill_null(np.inf).to_numpy()
    recovered_s = queue_mining.recover_starts(queue["entered_s"].to_numpy(), finished_s, servers)
    missing = queue["started_s"].is_null().to_numpy()
    if np.any(missing & np.isfinite(finished_s) & (recovered_s > finished_s)):
        raise ValueError(
            f"stage {stage}: its visits leave in an order that needs {queue_mining.least_servers(finished_s)} servers, "
            f"not {servers}; raise --servers {stage}=N, or leave it out and it is estimated"
        )
    return queue.with_columns(pl.col("started_s").fill_null(pl.Series(recovered_s)))


def recovery_doubts(visits: pl.DataFrame, servers: Mapping[str, int]) -> dict[str, float]:
    """Return how far the recovered times of each stage may be wrong; stages whose starts were seen are not in it."""
    missing = visits.filter(pl.col("started_s").is_null() & pl.col("finished_s").is_not_null())
    doubts: dict[str, float] = {}
    for stage in missing["stage"].unique(maintain_order=True):
        for part in visits.filter(pl.col("stage") == stage).partition_by("session"):
            queue = part.sort("entered_s", maintain_order=True)
            finished_s = queue["finished_s"].fill_null(np.inf).to_numpy()
            found = queue_mining.doubt(queue["entered_s"].to_numpy(), finished_s, servers[stage])
            doubts[stage] = max(found, doubts.get(stage, 0.0))
    return doubts
