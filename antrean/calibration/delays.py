"""Delays: what an office waits for beside its requests, because printers and window are programs too.

They are short, but a printer has one for each card: in a compressed day, whose cards take 80 ms, two are 2.5% of a
printer that may be 90% busy. Times are wall seconds, from before any upgrade.
"""

import math
from collections.abc import Iterator
from itertools import pairwise

import polars as pl

from model.compression import window_interval_s
from model.scenario import Scenario
from model.staffing import office_day, plan_offices
from model.stages import CENTRAL_STAGES, Stage

SCHEMA = {"session": pl.String(), "what": pl.String(), "moment_s": pl.Float64(), "delay_s": pl.Float64()}
"""A row a delay: `what` is a field of `model.centre.Delays` without its unit."""


def of_events(events: pl.DataFrame, scenario: Scenario, session: str) -> pl.DataFrame:
    """Return the delays that a measured day shows."""
    normal = events.filter(pl.col("finished_s") < _first_upgraded_s(events))
    plans = plan_offices(scenario)
    # A worker's batch holds records to be validated too, and is committed when the last of both is done.
    committed = normal.with_columns(ready_s=pl.col("finished_s").max().over("server", "claimed_s"))
    made = committed.filter(pl.col("stage") == Stage.PERSONALISATION).select("citizen", "ready_s")
    cards = normal.filter(pl.col("stage") == Stage.PRINTING).join(made, on="citizen")
    found: list[tuple[str, float, float]] = []
    for code, plan in plans.items():
        own = normal.filter(pl.col("office") == code)
        opens_s = office_day(scenario, plan.office, 0).opens_s
        its_cards = cards.filter(pl.col("office") == code)
        found += _printing(its_cards, plan.printers, scenario.service.printing_s)
        found += _window(own, opens_s, window_interval_s(scenario))
    speedup = scenario.load.speedup
    rows = [(session, what, moment_s / speedup, delay_s / speedup) for what, moment_s, delay_s in found]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _first_upgraded_s(events: pl.DataFrame) -> float:
    """When the server first noted another version, or a phase."""
    noted = events.filter(pl.col("stage").cast(pl.String).is_in([stage.value for stage in CENTRAL_STAGES]))
    if noted.is_empty():
        return math.inf
    before = noted.sort("started_s")["version"][0]
    upgraded = noted.filter((pl.col("version") != before) | (pl.col("phase") != ""))["started_s"]
    return math.inf if upgraded.is_empty() else float(upgraded.to_numpy().min())


def _printing(cards: pl.DataFrame, printers: int, printing_s: float) -> Iterator[tuple[str, float, float]]:
    """What an idle printer takes to begin, from the record's commit; and what a busy one takes longer for a card."""
    cards = cards.with_columns(before_s=pl.col("finished_s").shift(1).over("server", order_by="started_s"))
    cards = cards.sort("ready_s", "started_s")
    finished_s = cards["finished_s"].to_numpy()
    for place, (ready_s, before_s, started_s, end_s) in enumerate(
        cards.select("ready_s", "before_s", "started_s", "finished_s").iter_rows()
    ):
        before = int((finished_s[:place] > ready_s).sum())
        if before < printers:
            yield "notice", ready_s, max(0.0, started_s - ready_s)
        elif before > printers and before_s is not None:
            # Who was third in the queue had been noticed long before.
            yield "card", ready_s, max(0.0, end_s - before_s - printing_s)


def _window(events: pl.DataFrame, opens_s: float, interval_s: float) -> Iterator[tuple[str, float, float]]:
    """What a look takes, and how long a printed card is not seen in one."""
    rounds = (
        events.filter(pl.col("stage") == Stage.HANDOVER)
        .group_by("claimed_s")
        .agg("entered_s", pl.col("finished_s").max())
        .sort("claimed_s")
        .with_columns(look_s=opens_s + ((pl.col("claimed_s") - opens_s) / interval_s).floor() * interval_s)
    )
    for seen_s, look_s in rounds.select("claimed_s", "look_s").iter_rows():
        yield "look", look_s, seen_s - look_s
    for (_, _, free_s, before_s), (_, printed, _, look_s) in pairwise(rounds.iter_rows()):
        for printed_s in printed:
            # The looks since then: of the round before, if it began later, and at each interval after that.
            first_s = before_s if before_s >= printed_s else max(printed_s, free_s)
            next_s = opens_s + math.ceil((first_s - opens_s) / interval_s - 1e-9) * interval_s
            yield "tray", printed_s, max(0.0, look_s - next_s)
