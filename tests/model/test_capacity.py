"""`[capacity]`: what is impossible is refused, and a scenario without the table has its limits."""

import pytest

from model.scenario_file import ScenarioError, dump, load, parse


def test_a_scenario_without_the_table_has_the_limits_of_the_shipped_one() -> None:
    text = dump(load("april-2016"))
    without = text[: text.index("[capacity]")]
    assert parse(without, "without").capacity == load("april-2016").capacity


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('longest = "80 s"', 'longest = "10 s"', "longest is shorter than step"),
        ('p95 = "2 s"', 'p95 = "30 s"', "step is not longer than p95"),
        ("confidence = 0.95", "confidence = 1.5", "capacity.confidence"),
    ],
)
def test_what_cannot_be_searched_is_refused(old: str, new: str, problem: str) -> None:
    text = dump(load("april-2016"))
    assert old in text
    with pytest.raises(ScenarioError, match=problem):
        parse(text.replace(old, new), "bad")


def test_a_step_is_judged_each_time_it_has_doubled() -> None:
    april = load("april-2016").capacity
    assert april.looks_s() == [20.0, 40.0, 80.0]
    assert april.model_copy(update={"longest_s": 79.0}).looks_s() == [20.0, 40.0]


def test_quick_is_coarser_and_changes_nothing_else() -> None:
    full = load("april-2016").capacity
    coarse = full.coarser()
    assert (coarse.step_s, coarse.longest_s, coarse.resolution) == (8.0, 16.0, 0.15)
    assert coarse.confidence == full.confidence
    assert coarse.p95_s == full.p95_s
