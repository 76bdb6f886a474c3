import math

import pytest

from model.performance import NEVER_DAYS, PERFORMANCE, Unit, performance
from model.run_measures import RunMeasures

RUN = RunMeasures(
    days=2,
    arrivals=800,
    cards_per_day=390.0,
    wait_median_s=900.0,
    wait_p95_s=7200.0,
    queue_median_s=60.0,
    queue_p95_s=600.0,
    same_day=0.9,
    overtime_h=30.0,
    overtime_cost=750.0,
    backlog=20,
    days_to_clear=1.5,
    left=3,
    turned_away=5,
    sent_home_for_good=4,
    utilisation=0.6,
    server_p95_s=240.0,
    upgrade_s=36_000.0,
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cards_a_day", 390.0),
        ("wait_median", 900.0),
        ("wait_p95", 7200.0),
        ("same_day", 0.9),
        ("backlog_at_end", 20.0),
        ("days_to_clear", 1.5),
        ("gave_up", 7.0),  # who left, and who did not come back
        ("turned_away", 5.0),
        ("overtime_h", 15.0),  # a day
        ("overtime_cost", 375.0),  # a day
        ("centre_utilisation", 0.6),
        ("centre_p95", 240.0),
        ("upgrade_h", 10.0),
    ],
)
def test_each_measure_is_read_from_the_run(name: str, value: float) -> None:
    read = PERFORMANCE[name].of(RUN)
    assert isinstance(read, float)
    assert read == value


def test_a_backlog_that_is_never_gone_is_a_number_that_a_mean_can_be_made_of() -> None:
    assert PERFORMANCE["days_to_clear"].of(RUN._replace(days_to_clear=math.inf)) == NEVER_DAYS


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
