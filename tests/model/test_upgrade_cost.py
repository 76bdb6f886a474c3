"""What an upgrade cost, from events whose figures are worked out by hand."""

import polars as pl
import pytest

from model.events import Source, StageEvent, to_frame
from model.normal_service import queue_within
from model.stages import Stage, Status
from model.units import HOUR_S
from model.upgrade_cost import AFTER, BEFORE, Signals, Span, at_centre, by_slot, queue_at_centre, span_costs, spans_of


def event(citizen: str, stage: Stage, start_s: float, end_s: float, outcome: Status, source: Source) -> StageEvent:
    return StageEvent(citizen, "35.07", stage, start_s, start_s, start_s, end_s, "x", outcome, source, "", "")


def record(
    citizen: str, sent_s: float, received_s: float | None, ready_s: float | None, given_up_s: float | None = None
) -> list[StageEvent]:
    """A citizen's events: the packet sent, received or given up, and the card ready for the printer."""
    rows = [event(citizen, Stage.ARRIVAL, sent_s, sent_s, Status.UNREGISTERED, Source.LOAD)]
    if received_s is not None:
        rows.append(
            event(citizen, Stage.SUBMISSION, sent_s, received_s, Status.RECEIVED_AT_CENTRAL, Source.LOAD),
        )
    if given_up_s is not None:
        rows.append(event(citizen, Stage.SUBMISSION, sent_s, given_up_s, Status.SENT_FOR_ENROLLMENT, Source.LOAD))
    if ready_s is not None:
        rows.append(
            event(citizen, Stage.PERSONALISATION, ready_s - 1, ready_s, Status.SENT_FOR_CARD_PRINTING, Source.SERVER)
        )
    return rows


def day(*records: list[StageEvent]) -> pl.DataFrame:
    return at_centre(to_frame([row for rows in records for row in rows]))


def test_the_spans_are_the_hour_before_the_phases_and_the_time_after() -> None:
    phases = [("expand", 7200.0, 7300.0), ("switch", 7300.0, 7400.0)]
    assert spans_of(phases, 9000.0) == [
        (BEFORE, 3600, 7200),
        ("expand", 7200, 7300),
        ("switch", 7300, 7400),
        (AFTER, 7400, 9000),
    ]
    assert spans_of([("big-bang", 7200.0, None)], 9000.0) == [(BEFORE, 3600, 7200), ("big-bang", 7200, 9000)]
    assert spans_of([], 9000.0) == []


def test_throughput_and_times_are_those_of_the_records_that_became_ready_in_the_span() -> None:
    records = day(
        *(record(f"A-{n}", 100.0, 110.0, 110.0 + 10 * n) for n in range(1, 6)),
        record("B-1", 100.0, 110.0, 5000.0),
    )
    cost = span_costs(records, [Span("backfill", 0.0, 1800.0)], speedup=10.0)[0]
    # Five records in half an hour, after 10, 20, 30, 40 and 50 s, a tenth of that by the server's clock.
    assert cost.ready_per_h == 10
    assert cost.server_p50_s == pytest.approx(3.0)
    assert cost.server_p95_s == pytest.approx(4.8)
    assert cost.receipt_p95_s == pytest.approx(1.0)
    assert (cost.failed, cost.retries, cost.longest_lock_s) == (0, 0, 0)


def test_the_queue_counts_packets_that_wait_for_the_receipt_and_lets_go_of_those_given_up() -> None:
    records = day(
        record("A-1", 0.0, 50.0, 100.0),
        record("A-2", 0.0, None, None, given_up_s=40.0),
        record("A-3", 20.0, None, 60.0, given_up_s=30.0),
        record("A-4", 90.0, None, None),
    )
    # Two for 20 s, three for 20 s, two for 20 s, one for 40 s. A-4 is still on its way and has no submission yet.
    assert queue_within(queue_at_centre(records), 0.0, 100.0) == (1.8, 3)


def test_failures_retries_and_locks_belong_to_the_span_in_which_they_happened() -> None:
    records = day(
        record("A-1", 0.0, 10.0, 20.0),
        record("A-2", 0.0, None, None, given_up_s=40.0),
        record("A-3", 0.0, None, None, given_up_s=140.0),
    )
    signals = Signals(retries_s=[5.0, 99.0, 100.0], lock_waits=[(10.0, 0.5), (20.0, 0.2), (150.0, 3.0)])
    first, second = span_costs(records, [Span("expand", 0.0, 100.0), Span("switch", 100.0, 200.0)], 1.0, signals)
    assert (first.failed, first.retries, first.longest_lock_s) == (1, 2, 0.5)
    assert (second.failed, second.retries, second.longest_lock_s) == (1, 1, 3.0)


def test_a_span_in_which_nothing_happened_has_no_times() -> None:
    records = day(record("A-1", 0.0, 10.0, 20.0))
    quiet = span_costs(records, [Span("index", HOUR_S, 2 * HOUR_S)], 1.0)[0]
    assert (quiet.ready_per_h, quiet.server_p50_s, quiet.server_p95_s, quiet.receipt_p95_s) == (0, None, None, None)
    assert (quiet.queue_mean, quiet.queue_max) == (0, 0)
    momentary = span_costs(records, [Span("expand", 15.0, 15.0)], 1.0)[0]
    assert (momentary.ready_per_h, momentary.queue_mean, momentary.queue_max) == (None, None, 1)


def test_slots_count_what_became_ready_in_them_and_are_there_when_nothing_did() -> None:
    records = day(
        record("A-1", 0.0, 10.0, 610.0), record("A-2", 0.0, 10.0, 710.0), record("A-3", 0.0, None, None, given_up_s=5.0)
    )
    table = by_slot(records, 600.0, 0.0, 1300.0)
    assert table.to_dict(as_series=False) == {
        "ready_per_h": [0, 12, 0],
        "server_p95_s": [None, pytest.approx(695.0), None],
        "start_s": [0, 600, 1200],
    }
