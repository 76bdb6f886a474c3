"""The faults of a scenario: their kinds, and when they are."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from model.faults import LONGEST_DELAY_S, FailingStage, Fault, Latency, SlowStage
from model.scenario import Scenario, disagreements
from model.scenario_file import dump, load, parse
from model.section import sections_in
from model.stages import Stage
from model.strategies import without_faults

FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)


@pytest.fixture(scope="module")
def day() -> Scenario:
    return load("faults-day")


def test_the_shipped_day_has_one_of_each_kind_within_the_doors_opening_hours(day: Scenario) -> None:
    kinds = [fault.kind for fault in day.faults]
    assert kinds == list(sections_in(Fault))
    for fault in day.faults:
        opening = day.offices.opening
        assert opening.start_s <= day.seconds_at(fault.start) < day.seconds_at(fault.end) <= opening.end_s


def test_the_shipped_day_breaks_nothing_but_what_the_lab_always_plays(day: Scenario) -> None:
    offices = {office for fault in day.faults if (office := getattr(fault, "office", None))}
    assert offices == {day.load.offices[0]}


def test_what_is_written_is_read_back_as_it_was(day: Scenario) -> None:
    written = dump(day)
    assert written.count("[[faults]]") == len(day.faults)
    assert 'delay = "100 ms"' in written.splitlines()
    assert parse(written, "back") == day


def test_without_faults_nothing_else_is_changed(day: Scenario) -> None:
    calm = without_faults(day)
    assert calm.faults == []
    assert calm.model_dump(exclude={"faults"}) == day.model_dump(exclude={"faults"})
    assert parse(dump(calm), "back") == calm


def test_the_stages_are_those_of_a_record_and_slow_where_they_can_fail() -> None:
    assert set(get_args(FailingStage)) < set(get_args(SlowStage)) < set(Stage)


@pytest.mark.parametrize(("delay", "allowed"), [("10 s", True), ("10.1 s", False), ("1 ms", True), ("0 s", False)])
def test_a_stage_waits_no_longer_than_the_server_lets_it(day: Scenario, delay: str, allowed: bool) -> None:
    (latency,) = (fault for fault in day.faults if isinstance(fault, Latency))
    told: dict[str, Any] = latency.model_dump(by_alias=True) | {"delay": delay}
    if allowed:
        made = FAULT.validate_python(told)
        assert isinstance(made, Latency)
        assert 0 < made.delay_s <= LONGEST_DELAY_S
        return
    with pytest.raises(ValidationError):
        FAULT.validate_python(told)


@pytest.mark.parametrize(("start_h", "end_h", "within"), [(0, 24, True), (-1, 10, False), (10, 25, False)])
def test_a_fault_is_within_the_scenarios_days(day: Scenario, start_h: int, end_h: int, within: bool) -> None:
    start = day.scenario.start
    moved = {"start": start + timedelta(hours=start_h), "end": start + timedelta(hours=end_h)}
    faults = [day.faults[0], day.faults[1].model_copy(update=moved)]
    told = disagreements({"faults": faults, "scenario": day.scenario})
    assert [problem.partition(":")[0] for problem in told] == ([] if within else ["faults[1]"])
