import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errands import NEEDS, Errand
from model.offices import all_offices
from model.scenario import Scenario
from model.sending import Link, sending_s
from model.strategies import changed

HOUR_S = 3600.0
MALANG, SORONG = all_offices()["35.07"], all_offices()["96.71"]


def test_a_packet_is_sent_at_once_unless_the_scenario_says_otherwise(april: Scenario) -> None:
    assert sending_s(april, MALANG, 1234.5) == 1234.5


@pytest.mark.parametrize(("ready", "sent"), [(7.9, 7.9), (8, 10), (9.99, 10), (10, 10), (33, 34)])
def test_avoided_hours_count_on_the_starts_clock_everywhere(april: Scenario, ready: float, sent: float) -> None:
    avoiding = changed(april, {"staffing": {"avoid": ["08:00-10:00", "16:00-18:00"]}})
    assert [sending_s(avoiding, office, ready * HOUR_S) / HOUR_S for office in (MALANG, SORONG)] == [sent, sent]


def test_the_hours_of_sending_count_on_the_offices_own_clock(april: Scenario) -> None:
    evening = changed(april, {"offices": {"upload": ["20:00-24:00"]}})
    assert sending_s(evening, MALANG, 9 * HOUR_S) == 20 * HOUR_S
    assert sending_s(evening, SORONG, 9 * HOUR_S) == 18 * HOUR_S
    assert sending_s(evening, MALANG, 21 * HOUR_S) == 21 * HOUR_S


def test_both_rules_hold_at_once(april: Scenario) -> None:
    both = changed(april, {"offices": {"upload": ["16:00-24:00"]}, "staffing": {"avoid": ["16:00-18:00"]}})
    assert sending_s(both, MALANG, 9 * HOUR_S) == 18 * HOUR_S


@pytest.fixture(scope="module")
def slow(april: Scenario) -> Scenario:
    """A line on which a packet of 100 KB takes 400 s."""
    return changed(april, {"offices": {"link": "2 kbit/s"}})


def test_a_packet_begins_when_the_one_before_is_through(slow: Scenario) -> None:
    link = Link(slow)
    assert link.send(Errand.ENROLLMENT, 1_000.0) == (1_000.0, 1_400.0)
    assert link.send(Errand.ENROLLMENT, 1_100.0) == (1_400.0, 1_800.0)
    assert link.send(Errand.FOREIGN_RESIDENT, 5_000.0) == (5_000.0, 5_400.0)


def test_what_is_not_captured_does_not_fill_the_line(slow: Scenario) -> None:
    link = Link(slow)
    link.send(Errand.ENROLLMENT, 1_000.0)
    assert link.send(Errand.REPLACEMENT, 1_100.0) == (1_100.0, 1_100.0)
    assert link.send(Errand.ENROLLMENT, 1_100.0) == (1_400.0, 1_800.0)


def test_a_line_without_limit_takes_no_time(april: Scenario) -> None:
    link = Link(april)
    assert [link.send(Errand.ENROLLMENT, 7.0) for _ in range(2)] == [(7.0, 7.0)] * 2


@given(st.lists(st.tuples(st.floats(0, 1e5), st.sampled_from(list(Errand))), max_size=30))
def test_no_two_packets_are_on_the_line_at_once(slow: Scenario, asked: list[tuple[float, Errand]]) -> None:
    link = Link(slow)
    free_s = 0.0
    for now_s, errand in sorted(asked):
        begins_s, through_s = link.send(errand, now_s)
        assert begins_s >= now_s
        if NEEDS[errand].capture:
            assert begins_s >= free_s
            assert through_s == pytest.approx(begins_s + 400.0)
            free_s = through_s
