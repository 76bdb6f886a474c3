"""Queues whose figures are known, simulated without anything of the project: what a calibration must find again."""

import heapq
import math

import numpy as np
import polars as pl

from antrean.calibration.visits import SCHEMA


def mmc(servers: int, arrivals_per_s: float, mean_s: float, count: int, seed: int) -> pl.DataFrame:
    """Serve `count` records in the order of arrival; columns record, stage, entered, started, finished."""
    dice = np.random.default_rng(seed)
    entered = np.cumsum(dice.exponential(1 / arrivals_per_s, count))
    free = [0.0] * servers
    rows = []
    for number, (moment, work_s) in enumerate(
        zip(entered.tolist(), dice.exponential(mean_s, count).tolist(), strict=True)
    ):
        started = max(moment, heapq.heappop(free))
        heapq.heappush(free, started + work_s)
        rows.append((f"r{number}", "approval", moment, started, started + work_s))
    return pl.DataFrame(rows, schema=["record", "stage", "entered", "started", "finished"], orient="row")


def shared_cores(
    workers: int, cores: float, slope: float, arrivals_per_s: float, mean_s: float, count: int, seed: int
) -> pl.DataFrame:
    """Let workers take records in the order of arrival, each slowed by 1 + slope * max(0, busy - cores).

    The work is lognormal with coefficient of variation 0.4. Columns as in visits.py.
    """
    dice = np.random.default_rng(seed)
    sigma = math.sqrt(math.log1p(0.4**2))
    works_s = (mean_s * np.exp(sigma * dice.standard_normal(count) - sigma**2 / 2)).tolist()
    entered = np.cumsum(dice.exponential(1 / arrivals_per_s, count)).tolist()
    started, finished = [0.0] * count, [0.0] * count
    left: dict[int, float] = {}
    now, arrived, begun = 0.0, 0, 0
    while arrived < count or left:
        slowdown = 1 + slope * max(0.0, len(left) - cores)
        ends = now + slowdown * min(left.values(), default=math.inf)
        moment = min(ends, entered[arrived] if arrived < count else math.inf)
        left = {number: rest - (moment - now) / slowdown for number, rest in left.items()}
        now = moment
        if arrived < count and moment == entered[arrived]:
            arrived += 1
        else:
            done = min(left, key=left.__getitem__)
            finished[done] = now
            del left[done]
        while begun < arrived and len(left) < workers:
            left[begun], started[begun] = works_s[begun], now
            begun += 1
    return visits(entered, started, finished)


def visits(
    entered: list[float],
    started: list[float],
    finished: list[float],
    stage: str = "personalisation",
    version: str = "5.4",
    phase: str = "",
    session: str = "a run/lab-normal",
) -> pl.DataFrame:
    """Put moments into visits of one stage, without claims."""
    frame = pl.DataFrame({"entered_s": entered, "started_s": started, "finished_s": finished}).with_row_index("number")
    return frame.select(
        session=pl.lit(session),
        record=pl.lit("r") + pl.col("number").cast(pl.String),
        stage=pl.lit(stage),
        server=pl.lit(None, dtype=pl.String),
        entered_s="entered_s",
        claimed_s=pl.lit(None, dtype=pl.Float64),
        started_s="started_s",
        finished_s="finished_s",
        version=pl.lit(version),
        phase=pl.lit(phase),
    ).select(list(SCHEMA))
