"""Performance measures of a run small enough to work out by hand: two days of office 35.07."""

import polars as pl
import pytest

from model.centre import national_centre
from model.events import Source, StageEvent, to_frame
from model.performance import PERFORMANCE, SimulatedRun, Unit, performance
from model.scenario import Scenario
from model.staffing import plan_offices
from model.stages import Stage, Status

H = 3600.0


def row(citizen: str, stage: Stage, started_h: float, finished_h: float, outcome: Status) -> StageEvent:
    times_s = (started_h * H, started_h * H, started_h * H, finished_h * H)
    server = "35.07/counter-1" if stage is Stage.CAPTURE else "x"
    return StageEvent(citizen, "35.07", stage, *times_s, server, outcome, Source.SIMULATION, "", "")


def came(citizen: str, hour: float) -> StageEvent:
    return row(citizen, Stage.ARRIVAL, hour, hour, Status.UNREGISTERED)


def got_card(citizen: str, hour: float) -> StageEvent:
    return row(citizen, Stage.HANDOVER, hour, hour, Status.CARD_ISSUED)


@pytest.fixture
def run(april: Scenario) -> SimulatedRun:
    """Give a citizen served on the first day, one on the day after, and one who still waits at the second 22:00."""
    malang = april.model_copy(update={"offices": april.offices.model_copy(update={"which": ["35.07"]})})
    events = to_frame(
        [
            came("a", 9),
            row("a", Stage.CAPTURE, 9, 18, Status.BIO_CAPTURED),
            row("a", Stage.MATCHING, 17, 19, Status.PRINT_READY_RECORD),
            got_card("a", 20),
            came("b", 10),
            got_card("b", 24 + 9),
            came("c", 24 + 12),
        ]
    )
    return SimulatedRun(events, malang, national_centre(malang)._replace(slots=2), plan_offices(malang), days=2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cards_a_day", 1.0),
        ("wait_median", 11 * H),  # of 11, 23 and at least 10 hours
        ("wait_p95", (11 + 0.9 * 12) * H),
        ("same_day", 1 / 3),
        ("backlog_at_end", 1.0),
        ("overtime_h", 0.5),  # the counter from 17:00 to 18:00, on one of two days
        ("centre_utilisation", 1 / (2 * 20)),  # of two slots in two days of ten hours; after 18:00 does not count
        ("upgrade_h", 58.0),
    ],
)
def test_each_measure_is_what_it_is_by_hand(run: SimulatedRun, name: str, value: float) -> None:
    assert PERFORMANCE[name].of(run) == pytest.approx(value)


def test_the_order_of_the_events_changes_nothing(run: SimulatedRun) -> None:
    turned = SimulatedRun(run.events.reverse(), run.scenario, run.centre, plan_offices(run.scenario), days=2)
    for measure in PERFORMANCE.values():
        assert measure.of(turned) == pytest.approx(measure.of(run), nan_ok=True)


def test_an_unknown_measure_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no measure 'wait'; there are wait_median, wait_p95"):
        performance("wait")


@pytest.mark.parametrize(
    ("unit", "written", "value"),
    [(Unit.SECONDS, "2 h", 7200.0), (Unit.HOURS, "30 min", 0.5), (Unit.SHARE, 0.99, 0.99), (Unit.COUNT, "12", 12.0)],
)
def test_planners_write_values_with_their_units(unit: Unit, written: object, value: float) -> None:
    assert unit.parse(written) == value


@pytest.mark.parametrize(("unit", "written"), [(Unit.SECONDS, 120), (Unit.COUNT, "many")])
def test_a_value_without_its_unit_is_refused(unit: Unit, written: object) -> None:
    with pytest.raises(ValueError, match="is not a"):
        unit.parse(written)


def test_all_measures_are_frozen_numbers(run: SimulatedRun) -> None:
    assert all(isinstance(measure.of(run), float) for measure in PERFORMANCE.values())
    assert isinstance(run.waits_s, pl.Series)
