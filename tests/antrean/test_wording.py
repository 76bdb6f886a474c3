import math

import pytest

from antrean.wording import enumerated, shown, shown_amount, shown_difference, shown_interval
from model.replicate import Interval


@pytest.mark.parametrize(
    ("measure", "value", "text"),
    [
        ("wait_p95", 2460.0, "41 min"),
        ("wait_p95", 0.2, "0 s"),
        ("same_day", 0.992, "99.2 %"),
        ("overtime_h", 1596.7, "1,597 h"),
        ("overtime_h", 0.5, "0.5 h"),
        ("cards_a_day", 41573.0, "41,573"),
        ("cards_a_day", math.nan, "-"),
    ],
)
def test_a_value_is_written_with_its_unit(measure: str, value: float, text: str) -> None:
    assert shown(measure, value) == text


def test_intervals_and_differences_show_their_ends_and_signs() -> None:
    assert shown_interval("wait_p95", Interval(2460.0, 2340.0, 2580.0)) == "41 min (39 min to 43 min)"
    assert shown_interval("upgrade_h", Interval(58.0, 58.0, 58.0)) == "58 h"
    assert shown_difference("wait_p95", Interval(-720.0, -840.0, 0.1)) == "-12 min (-14 min to 0 s)"
    assert shown_difference("upgrade_h", Interval(0.0, 0.0, 0.0)) == "0 h"
    assert shown_amount("wait_p95", Interval(-720.0, -840.0, -600.0)) == "12 min (10 min to 14 min)"


def test_names_are_enumerated_as_in_a_sentence() -> None:
    assert [enumerated(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
