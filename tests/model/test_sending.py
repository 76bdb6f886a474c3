import pytest

from model.offices import all_offices
from model.scenario import Scenario
from model.sending import sending_s
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
