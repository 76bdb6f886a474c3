"""A run of two days small enough to work out by hand: office 35.07, doors 08:00-18:00, evening 17:00-22:00."""

import math

import polars as pl
import pytest

from model.events import Exit, Source, StageEvent, to_frame
from model.measures import measure_day
from model.run_measures import measure_run
from model.scenario import Scenario
from model.staffing import plan_offices
from model.stages import Stage, Status
from model.strategies import changed

H = 3600.0


def row(
    citizen: str, stage: Stage, entered_h: float, started_h: float, finished_h: float, server: str, outcome: Status
) -> StageEvent:
    times_s = (entered_h * H, started_h * H, started_h * H, finished_h * H)
    return StageEvent(citizen, "35.07", stage, *times_s, server, outcome, Source.SIMULATION, "", "")


def came(citizen: str, hour: float) -> StageEvent:
    return row(citizen, Stage.ARRIVAL, hour, hour, hour, "door", Status.UNREGISTERED)


def served(citizen: str, hour: float, printed: float, got: float) -> list[StageEvent]:
    """Give somebody who comes, is called half an hour later, and gets a card."""
    return [
        came(citizen, hour),
        row(citizen, Stage.CAPTURE, hour, hour + 0.5, hour + 0.6, "35.07/counter-1", Status.BIO_CAPTURED),
        row(
            citizen,
            Stage.PERSONALISATION,
            hour + 0.6,
            hour + 0.6,
            hour + 1.6,
            "centre/slot-1",
            Status.SENT_FOR_CARD_PRINTING,
        ),
        row(citizen, Stage.PRINTING, printed - 0.1, printed - 0.1, printed, "35.07/printer-1", Status.CARD_PRINTED),
        row(citizen, Stage.HANDOVER, printed, got, got, "35.07/window", Status.CARD_ISSUED),
    ]


def exits(citizen: str, came_h: float, since_h: float, gone_h: float, why: Exit) -> list[StageEvent]:
    return [
        came(citizen, came_h),
        row(citizen, Stage.CAPTURE, since_h, gone_h, gone_h, why, Status.UNREGISTERED),
    ]


@pytest.fixture
def run() -> pl.DataFrame:
    """Give five citizens of the first day and two of the second."""
    return to_frame(
        [
            *served("a", 9, printed=11, got=12),
            *served("b", 10, printed=21, got=21.5),
            *exits("left", 9, 9, 13, Exit.LEFT),
            *exits("foreign", 9, 9, 9, Exit.TURNED_AWAY),
            *exits("gone", 16, 16, 22, Exit.SENT_HOME_FOR_GOOD),
            *served("c", 24 + 9, printed=24 + 23, got=24 + 33),
            came("d", 24 + 16),
        ]
    )


@pytest.fixture
def malang(april: Scenario) -> Scenario:
    return changed(april, {"offices": {"which": ["35.07"]}, "staffing": {"overtime_cost": 10.0}})


def test_a_run_is_measured_as_by_hand(run: pl.DataFrame, malang: Scenario) -> None:
    measured = measure_run(run, malang, plan_offices(malang), 2, slots=2)
    assert (measured.days, measured.arrivals, measured.left, measured.turned_away) == (2, 7, 1, 1)
    assert measured.sent_home_for_good == 1
    assert measured.cards_per_day == 1.0
    assert measured.same_day == pytest.approx(2 / 7)
    # Waits of 3 and 11.5 h; until the last evening of the others, who are five but for the one turned away.
    assert measured.wait_median_s == pytest.approx((11.5 + 13) / 2 * H)
    # Half an hour thrice, four hours, six and six.
    assert measured.queue_median_s == pytest.approx((0.5 + 4) / 2 * H)
    # The clerk until 21:00 on the first day; one card at night on the second, six minutes.
    assert measured.overtime_h == pytest.approx(4 + 0.1)
    assert measured.overtime_cost == pytest.approx(41)
    # c's card is printed on the second day; d's is not.
    assert measured.backlog == 1
    # On the first day five were done with, which is 1.5 more than come on a mean day.
    assert measured.days_to_clear == pytest.approx(1 / 1.5)
    # An hour of one of two slots on both days twice, of ten hours.
    assert measured.utilisation == pytest.approx((2 + 1) / 2 / 20)
    # The centre has a, b and c for an hour each, but when it received them was not seen.
    assert math.isnan(measured.server_p95_s)
    assert measured.upgrade_s == 58 * H


def test_what_the_centre_has_not_done_by_the_end_has_taken_until_then(malang: Scenario) -> None:
    at_centre = [
        *(row(name, Stage.SUBMISSION, 9, 9, 10, "web", Status.RECEIVED_AT_CENTRAL) for name in ("a", "d")),
        row("a", Stage.PERSONALISATION, 10, 10, 12, "centre/slot-1", Status.SENT_FOR_CARD_PRINTING),
    ]
    events = to_frame([came("a", 9), came("d", 9), *at_centre])
    # Two hours, and twelve until the evening's end at least.
    measured = measure_run(events, malang, plan_offices(malang), 1)
    assert measured.server_p95_s == pytest.approx((2 + 0.95 * 10) * H)


def test_a_backlog_that_no_day_would_shrink_is_never_gone(malang: Scenario) -> None:
    stuck = to_frame([came("a", 9), came("b", 24 + 9)])
    assert measure_run(stuck, malang, plan_offices(malang), 2).days_to_clear == math.inf
    done = to_frame(served("a", 9, printed=11, got=12))
    assert measure_run(done, malang, plan_offices(malang), 1).days_to_clear == 0


def test_a_day_counts_who_left_and_who_was_sent_home(run: pl.DataFrame, malang: Scenario) -> None:
    first, second = (measure_day(run, malang, plan_offices(malang), day) for day in (0, 1))
    assert (first.left, first.turned_away, first.sent_home, first.unserved) == (1, 1, 1, 0)
    assert (second.left, second.turned_away, second.sent_home, second.unserved) == (0, 0, 0, 2)
    assert first.backlog_at_closing == 2
    assert first.same_day == pytest.approx(2 / 5)


def test_closed_days_are_no_days_of_the_run(run: pl.DataFrame, malang: Scenario) -> None:
    closed = changed(malang, {"offices": {"closed_on": ["wednesday"]}})
    assert measure_run(run, closed, plan_offices(closed), 3).days == 2
    assert measure_day(run, closed, plan_offices(closed), 2).arrivals == 0
