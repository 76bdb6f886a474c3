"""Batching: a server that claims several records at once pays once for the claim, and its records leave together.

A record is on its way again when its batch is committed, which is later than the finish of its own work; who counts
from that finish takes the rest of the batch for a wait in the next queue. Times are wall seconds.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import optimize

from antrean.calibration.visits import WEB
from model.stages import Stage

Floats = NDArray[np.float64]
IN_SHARES = frozenset({Stage.MATCHING.value})
"""Stages whose server works on a whole batch at once and charges each record an equal share."""
LEAST_BATCHES = 20
"""Batches below which nothing is said of them."""


class BatchTime(NamedTuple):
    """How long a batch takes: `fixed_s + size * per_record_s`."""

    fixed_s: float
    per_record_s: float


def batches(visits: pl.DataFrame) -> pl.DataFrame:
    """Return the batches of `visits` (as in visits.py, with claims and a column `work_s`), a row each.

    Columns: session, server, stages (such as "validation" or "personalisation+validation"), claimed_s, started_s and
    finished_s of its first and last record, size, work_s of all, first_ready_s (when the first of its records could
    have been claimed), first_came_s (when the first of them came to the centre), version, phase, block (see
    evidence.py).
    """
    return (
        with_ready(visits)
        .filter(pl.col("claimed_s").is_not_null() & pl.col("server").is_not_null() & ~pl.col("stage").is_in(list(WEB)))
        .with_columns(came_s=pl.col("entered_s").min().over("session", "record"))
        .sort("session", "server", "started_s")
        .group_by("session", "server", "claimed_s", maintain_order=True)
        .agg(
            pl.col("stage").unique().sort().str.join("+").alias("stages"),
            pl.col("started_s").min(),
            pl.col("finished_s").max(),
            pl.len().alias("size"),
            pl.col("work_s").sum(),
            pl.col("ready_s").min().alias("first_ready_s"),
            pl.col("came_s").min().alias("first_came_s"),
            pl.col("version").last(),
            pl.col("phase").last(),
            pl.col("block").first(),
        )
        .sort("session", "server", "claimed_s")
    )


def with_ready(visits: pl.DataFrame) -> pl.DataFrame:
    """Add `ready_s`: when the record could be claimed, that is, when its batch in the stage before had finished."""
    finished = visits.filter(pl.col("claimed_s").is_not_null() & pl.col("finished_s").is_not_null())
    committed = finished.select(
        "session",
        "record",
        entered_s=pl.col("finished_s"),
        committed_s=pl.col("finished_s").max().over("session", "server", "claimed_s"),
    ).unique(["session", "record", "entered_s"], keep="any", maintain_order=True)
    # A stage is entered at the very moment when the one before was finished.
    return visits.join(committed, on=["session", "record", "entered_s"], how="left").with_columns(
        ready_s=pl.col("committed_s").fill_null(pl.col("entered_s"))
    )


def batch_time(sizes: Floats, work_s: Floats) -> BatchTime:
    """Fit what a batch takes by least squares, neither part negative; a batch weighs as its size."""
    weights = np.sqrt(1 / sizes)
    design = np.stack((np.ones_like(sizes), sizes), axis=1) * weights[:, None]
    (fixed_s, per_record_s), _ = optimize.nnls(design, work_s * weights)
    return BatchTime(float(fixed_s), float(per_record_s))


def gaps(table: pl.DataFrame) -> pl.DataFrame:
    """Return the times between two batches of a server for which work was waiting: a commit, and the next claim.

    Columns: session, version, phase, block and stages of the next batch, gap_s. Gaps in which the server changed
    its version are left out: see `standstills`.
    """
    before = {f"{name}_before": pl.col(name).shift(1).over("session", "server") for name in ("finished_s", "version")}
    return (
        table.with_columns(**before)
        .filter(
            pl.col("finished_s_before").is_not_null()
            & (pl.col("version_before") == pl.col("version"))
            & (pl.col("first_ready_s") <= pl.col("finished_s_before"))
        )
        .with_columns(gap_s=pl.col("started_s") - pl.col("finished_s_before"))
        .filter(pl.col("gap_s") > 0)
        .select("session", "version", "phase", "block", "stages", "gap_s")
    )


def standstills(table: pl.DataFrame, stage: Stage) -> pl.DataFrame:
    """Return for how long a stage stood still when its server changed versions, a row each: session, version, still_s.

    Only counted from the moment when a record was at the centre that would have needed it: in an upgrade for which
    everything stands still, records wait before an earlier stage.
    """
    before = {f"{name}_before": pl.col(name).shift(1).over("session", "server") for name in ("finished_s", "version")}
    return (
        table.filter(pl.col("stages") == stage.value)
        .with_columns(**before)
        .filter(pl.col("version_before").is_not_null() & (pl.col("version_before") != pl.col("version")))
        .select(
            "session",
            "version",
            still_s=pl.col("started_s") - pl.max_horizontal("finished_s_before", "first_came_s"),
        )
    )


def notices(visits: pl.DataFrame, table: pl.DataFrame, stages: Sequence[str]) -> pl.DataFrame:
    """Return how long records waited for servers that had nothing to do: until work on their batch began.

    That is the commit before, the bell or the next look, and the claim.

    Args:
        visits: with claims.
        table: the batches of `visits`.
        stages: which share the servers, such as validation and personalisation.

    Columns: stage, block, notice_s.
    """
    began_s = pl.col("started_s").min().over("session", "server", "claimed_s")
    seen = with_ready(visits).with_columns(began_s=began_s).filter(pl.col("stage").is_in(stages))
    found = []
    for (session,), part in seen.partition_by("session", as_dict=True).items():
        busy = table.filter((pl.col("session") == session) & pl.col("stages").str.contains_any(list(stages)))
        ready_s = part["ready_s"].to_numpy()
        begun = np.searchsorted(np.sort(busy["claimed_s"].to_numpy()), ready_s, side="left")
        ended = np.searchsorted(np.sort(busy["finished_s"].to_numpy()), ready_s, side="left")
        found.append(part.filter(pl.Series(begun == ended) & pl.col("claimed_s").is_not_null()))
    if not found:
        return visits.select("stage", "block", notice_s=pl.lit(0.0)).clear()
    return pl.concat(found).select(
        "stage", "block", notice_s=(pl.col("began_s") - pl.col("ready_s")).clip(lower_bound=0.0)
    )
