"""Measures of a day small enough to work out by hand: office 35.07, doors 08:00-18:00, evening 17:00-22:00."""

import math

import polars as pl
import pytest

from model.events import Source, StageEvent, to_frame
from model.measures import by_hour, measure_day, visits
from model.scenario import Scenario
from model.staffing import plan_offices
from model.stages import Stage, Status

H = 3600.0


def row(
    citizen: str, stage: Stage, entered_h: float, started_h: float, finished_h: float, outcome: Status
) -> StageEvent:
    times_s = (entered_h * H, started_h * H, started_h * H, finished_h * H)
    server = {Stage.CAPTURE: "35.07/counter-1", Stage.PRINTING: "35.07/printer-1"}.get(stage, "x")
    return StageEvent(citizen, "35.07", stage, *times_s, server, outcome, Source.LOAD, "", "")


def came(citizen: str, hour: float) -> StageEvent:
    return row(citizen, Stage.ARRIVAL, hour, hour, hour, Status.UNREGISTERED)


def got_card(citizen: str, hour: float) -> StageEvent:
    return row(citizen, Stage.HANDOVER, hour, hour, hour, Status.CARD_ISSUED)


@pytest.fixture
def day() -> pl.DataFrame:
    """Give four citizens: a card in the morning, one in the evening, a refusal, and one who waits until night."""
    return to_frame(
        [
            came("a", 9),
            row("a", Stage.CAPTURE, 9, 9.5, 9.6, Status.BIO_CAPTURED),
            row("a", Stage.SUBMISSION, 9.6, 9.6, 9.7, Status.RECEIVED_AT_CENTRAL),
            row("a", Stage.PERSONALISATION, 9.7, 9.8, 9.9, Status.SENT_FOR_CARD_PRINTING),
            row("a", Stage.PRINTING, 9.9, 9.9, 9.95, Status.CARD_PRINTED),
            got_card("a", 10),
            came("b", 16),
            row("b", Stage.CAPTURE, 16, 18.4, 18.5, Status.BIO_CAPTURED),
            row("b", Stage.SUBMISSION, 18.5, 18.5, 18.5, Status.RECEIVED_AT_CENTRAL),
            row("b", Stage.PERSONALISATION, 18.5, 18.5, 19.5, Status.SENT_FOR_CARD_PRINTING),
            row("b", Stage.PRINTING, 19.5, 19.5, 20, Status.CARD_PRINTED),
            got_card("b", 20),
            came("c", 12),
            row("c", Stage.SUBMISSION, 12.2, 12.2, 12.2, Status.RECEIVED_AT_CENTRAL),
            row("c", Stage.MATCHING, 12.2, 12.2, 12.5, Status.DUPLICATE_RECORD),
            row("c", Stage.HANDOVER, 13, 13, 13, Status.DUPLICATE_RECORD),
            came("d", 17),
        ]
    )


@pytest.fixture
def malang(april: Scenario) -> Scenario:
    return april.model_copy(update={"offices": april.offices.model_copy(update={"which": ["35.07"]})})


def test_a_day_is_measured_as_by_hand(day: pl.DataFrame, malang: Scenario) -> None:
    measured = measure_day(day, malang, plan_offices(malang), 0)
    assert (measured.arrivals, measured.cards, measured.refused, measured.unserved) == (4, 2, 1, 1)
    # Waits of 1, 4 and 1 hours, and at least 5 hours of who is still there at 22:00.
    assert measured.wait_median_s == pytest.approx(2.5 * H)
    assert measured.wait_p95_s == pytest.approx((4 + 0.85) * H)
    assert measured.backlog_at_closing == 2
    # The counter until 18:30, the printers' clerk until 20:00, both from 17:00.
    assert measured.overtime_h == pytest.approx(1.5 + 3)
    # Receipt to ready: 0.2, 1 and 0.3 hours.
    assert measured.server_p50_s == pytest.approx(0.3 * H)
    assert measured.server_p95_s == pytest.approx((0.3 + 0.9 * 0.7) * H)


def test_a_record_that_never_became_ready_counts_until_the_evening_ends(malang: Scenario) -> None:
    stuck = to_frame([came("a", 9), row("a", Stage.SUBMISSION, 10, 10, 10, Status.RECEIVED_AT_CENTRAL)])
    assert measure_day(stuck, malang, plan_offices(malang), 0).server_p50_s == pytest.approx(12 * H)


def test_a_failed_submission_is_not_received(malang: Scenario) -> None:
    failed = to_frame([came("a", 9), row("a", Stage.SUBMISSION, 10, 10, 11, Status.SENT_FOR_ENROLLMENT)])
    assert visits(failed)["received_s"].to_list() == [None]
    assert math.isnan(measure_day(failed, malang, plan_offices(malang), 0).server_p95_s)


def test_the_next_day_inherits_who_was_left_over(day: pl.DataFrame, malang: Scenario) -> None:
    next_day = to_frame([came("e", 24 + 9), got_card("e", 24 + 10), got_card("d", 24 + 8.5)])
    both = pl.concat([day, next_day])
    plans = plan_offices(malang)
    assert measure_day(both, malang, plans, 0).unserved == 1
    second = measure_day(both, malang, plans, 1)
    assert (second.arrivals, second.cards, second.unserved) == (1, 2, 0)
    assert second.wait_median_s == pytest.approx(1 * H)


def test_a_day_without_arrivals_is_an_error(day: pl.DataFrame, malang: Scenario) -> None:
    with pytest.raises(ValueError, match="nobody arrived on day 2"):
        measure_day(day, malang, plan_offices(malang), 2)


def test_hours_count_who_came_who_got_a_card_and_who_waits(day: pl.DataFrame) -> None:
    hours = by_hour(day, range(8, 21))
    assert dict(zip(hours["hour"], hours["arrivals"], strict=True))[9] == 1
    assert hours["arrivals"].sum() == 4
    assert hours["cards"].to_list() == [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert hours["waiting"].to_list() == [0, 1, 0, 0, 1, 0, 0, 0, 1, 2, 2, 2, 1]
    ready_at_nine = hours.filter(pl.col("hour") == 9)
    assert ready_at_nine["server_p95_s"].item() == pytest.approx(0.2 * H)
    assert hours.filter(pl.col("hour") == 10)["server_p95_s"].item() is None
