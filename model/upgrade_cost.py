"""What an upgrade cost the offices: the hour before it, each of its phases, and the time after, from the same events.

Moments are scenario seconds. A record is at the centre from the moment an office first sends it, so that packets which
the centre does not take, because everything waits for the upgrade, count as its queue too; it leaves when its card is
ready for the printer, when it is refused, or when the office gives up sending it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from model.events import Source
from model.measures import visits
from model.normal_service import Queue, queue_of, queue_within
from model.stages import Stage, Status
from model.units import HOUR_S

BEFORE, AFTER = "before", "after"


class Span(NamedTuple):
    """A phase of the upgrade, or the time before or after it."""

    name: str
    start_s: float
    end_s: float


class SpanCost(NamedTuple):
    """What the offices got from the centre during a span; None where nothing happened that could be measured."""

    name: str
    start_s: float
    end_s: float
    ready_per_h: float | None
    """Records that became ready for the printer, an hour."""
    server_p50_s: float | None
    """Median time from the centre's receipt to the card being ready, of the records that became ready in the span."""
    server_p95_s: float | None
    """95th percentile of the same."""
    receipt_p95_s: float | None
    """95th percentile of the time from an office's first sending to the centre's receipt, of those received in it."""
    failed: int
    """Packets that an office gave up."""
    retries: int
    """Requests that an office had to make again."""
    queue_mean: float | None
    """Records at the centre, averaged over time."""
    queue_max: int
    longest_lock_s: float
    """The longest that anybody but the upgrade was seen waiting for a lock of the database, in wall time."""


class Signals(NamedTuple):
    """What is known besides the events; moments in scenario seconds."""

    retries_s: Sequence[float] = ()
    """When an office had to make a request again."""
    lock_waits: Sequence[tuple[float, float]] = ()
    """When somebody was seen waiting for a lock, and for how long by then, in wall time."""


NO_SIGNALS = Signals()


def spans_of(phases: Sequence[tuple[str, float, float | None]], day_end_s: float) -> list[Span]:
    """Return the hour before the upgrade, its phases and the time after it, until the day's end.

    A phase that has not ended lasts until the day's end, and nothing comes after it.

    Args:
        phases: name, start and end of each, in order.
        day_end_s: the end of what was played.
    """
    if not phases:
        return []
    start_s = phases[0][1]
    spans = [Span(BEFORE, start_s - HOUR_S, start_s)]
    spans += [Span(name, begin_s, day_end_s if end_s is None else end_s) for name, begin_s, end_s in phases]
    last_s = phases[-1][2]
    if last_s is not None and last_s < day_end_s:
        spans.append(Span(AFTER, last_s, day_end_s))
    return spans


def at_centre(events: pl.DataFrame) -> pl.DataFrame:
    """Put each record's way through the centre on one row.

    Columns: citizen, sent_s, received_s, ready_s, given_up_s and left_s (null where it has not come to that). A record
    that was given up and that the centre had all the same leaves when it is ready.
    """
    submitted = events.filter(pl.col("stage") == Stage.SUBMISSION, pl.col("source") != Source.SERVER)
    given_up = pl.col("outcome") == Status.SENT_FOR_ENROLLMENT
    sent = submitted.group_by("citizen").agg(
        sent_s=pl.col("started_s").min(), given_up_s=pl.col("finished_s").filter(given_up).max()
    )
    known = visits(events).select("citizen", "received_s", "ready_s")
    return sent.join(known, on="citizen", how="left").with_columns(left_s=pl.coalesce("ready_s", "given_up_s"))


def queue_at_centre(records: pl.DataFrame) -> Queue:
    """Return the queue of the records of `at_centre`."""
    return queue_of(records["sent_s"].to_numpy(), records["left_s"].fill_null(float("nan")).to_numpy())


def span_costs(
    records: pl.DataFrame, spans: Sequence[Span], speedup: float, signals: Signals = NO_SIGNALS
) -> list[SpanCost]:
    """Measure every span.

    Args:
        records: a day's records, see `at_centre`.
        spans: see `spans_of`.
        speedup: divides the server's times back to its own clock; 1 for a simulated day.
        signals: retries and lock waits, where they are known.
    """
    queue = queue_at_centre(records)
    return [_span_cost(records, queue, span, speedup, signals) for span in spans]


def by_slot(records: pl.DataFrame, slot_s: float, first_s: float, last_s: float) -> pl.DataFrame:
    """Count a day's records by slots of time, for charts.

    Columns: start_s, ready_per_h and server_p95_s (scenario seconds; null when nothing became ready in the slot).
    """
    first, last = int(first_s // slot_s), int(last_s // slot_s)
    slots = pl.DataFrame({"slot": range(first, last + 1)}, schema={"slot": pl.Int64})
    ready = records.drop_nulls(["received_s", "ready_s"]).select(
        slot=(pl.col("ready_s") / slot_s).floor().cast(pl.Int64),
        server_s=(pl.col("ready_s") - pl.col("received_s")).clip(lower_bound=0.0),
    )
    counted = ready.group_by("slot").agg(
        ready_per_h=pl.len() * HOUR_S / slot_s, server_p95_s=pl.col("server_s").quantile(0.95, "linear")
    )
    return (
        slots.join(counted, on="slot", how="left")
        .sort("slot")
        .select(pl.col("ready_per_h").fill_null(0.0), "server_p95_s", start_s=pl.col("slot") * slot_s)
    )


def _span_cost(records: pl.DataFrame, queue: Queue, span: Span, speedup: float, signals: Signals) -> SpanCost:
    name, start_s, end_s = span

    def within(column: str) -> pl.DataFrame:
        return records.filter(pl.col(column) >= start_s, pl.col(column) < end_s)

    ready, received = within("ready_s"), within("received_s")
    server_s = (ready["ready_s"] - ready["received_s"]).clip(0.0) / speedup
    mean, most = queue_within(queue, start_s, end_s)
    return SpanCost(
        name=name,
        start_s=start_s,
        end_s=end_s,
        ready_per_h=ready.height * HOUR_S / (end_s - start_s) if end_s > start_s else None,
        server_p50_s=server_s.quantile(0.5, "linear"),
        server_p95_s=server_s.quantile(0.95, "linear"),
        receipt_p95_s=((received["received_s"] - received["sent_s"]) / speedup).quantile(0.95, "linear"),
        failed=within("given_up_s").height,
        retries=sum(start_s <= moment_s < end_s for moment_s in signals.retries_s),
        queue_mean=mean,
        queue_max=most,
        longest_lock_s=max((wait_s for at_s, wait_s in signals.lock_waits if start_s <= at_s < end_s), default=0.0),
    )
