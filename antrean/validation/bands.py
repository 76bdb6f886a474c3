"""Bands: a day cut into hours, and what can be compared in each, whether it was measured or simulated."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from model.measures import by_hour, visits
from model.stages import Stage
from model.units import HOUR_S

Floats = NDArray[np.float64]
COMPARED = ("cards", "waiting", "wait_s", "centre_s")
"""What is compared by hour: cards handed over, citizens inside at its end, the median wait of who left in it, and the
median time from receipt to ready of the records that became ready in it."""


def by_band(events: pl.DataFrame, hours: range) -> pl.DataFrame:
    """Return a row an hour: hour, arrivals and `COMPARED`; null where nobody was there to have a median of."""
    left = visits(events).drop_nulls("left_s")
    waits = (
        left.with_columns(hour=(pl.col("left_s") / HOUR_S).floor().cast(pl.Int64))
        .group_by("hour")
        .agg(wait_s=(pl.col("left_s") - pl.col("arrived_s")).median())
    )
    table = by_hour(events, hours).join(waits, on="hour", how="left").sort("hour")
    return table.select("hour", "arrivals", *COMPARED[:3], centre_s="server_p50_s")


def waits_s(events: pl.DataFrame, end_s: float) -> Floats:
    """Return how long each citizen waited from ticket to card; who had none by the end has waited until then."""
    waited = visits(events).select(pl.col("left_s").fill_null(end_s) - pl.col("arrived_s"))
    return waited.to_series().to_numpy()


def centre_times_s(events: pl.DataFrame) -> Floats:
    """Return how long each record took from its receipt to being ready."""
    ready = visits(events).drop_nulls(["received_s", "ready_s"])
    return ready.select(pl.col("ready_s") - pl.col("received_s")).to_series().to_numpy()


STAGES = tuple(stage for stage in Stage if stage not in (Stage.ARRIVAL, Stage.LOGIN))
"""Where time passes: what a wait is made of, so that an error can be traced to its place."""


def stage_times_s(events: pl.DataFrame) -> dict[str, Floats]:
    """Return how long citizens and their records stayed in each stage, queue and service together."""
    return {
        stage.value: events.filter(pl.col("stage") == stage)
        .select(pl.col("finished_s") - pl.col("entered_s"))
        .to_series()
        .to_numpy()
        for stage in STAGES
    }


def hours_of(events: pl.DataFrame) -> range:
    """Return the hours from the first citizen to the last departure."""
    everybody = visits(events)
    first_s, last_s = everybody["arrived_s"].to_numpy().min(), events["finished_s"].to_numpy().max()
    return range(int(first_s // HOUR_S), int(last_s // HOUR_S) + 1)
