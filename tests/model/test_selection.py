"""KN against figures worked out by hand, and on normal toy systems with known means."""

import math

import numpy as np
import pytest

from model.selection import Selection, select

ONE = [10.0, 12.0, 11.0, 13.0, 12.0]
DIFFERENCES = np.array([1.0, 3.0, 2.0, 2.0, 2.0])
"""Their mean is 2, their variance 0.5."""


def _race(dice: np.random.Generator, means: list[float], first: int = 6) -> Selection:
    """Simulate normal schedules that meet the same citizens, as long as the selection asks for it."""
    draws = np.asarray(means) + dice.normal(0, 2, (1000, 1)) + dice.normal(0, 1, (1000, len(means)))
    given = [first] * len(means)
    while True:
        observations = [draws[:count, number].tolist() for number, count in enumerate(given)]
        found = select(observations, 1.0, 0.9, first, larger_is_better=False)
        if found.decided:
            return found
        for number in found.survivors:
            given[number] = found.replications + 1


def test_the_margin_is_kim_and_nelsons() -> None:
    # h^2 = 4 ((2 * 0.05)^(-2/4) - 1) = 8.6491; the margin after 5 is 0.25 (8.6491 * 0.5 / 0.5^2 / 5 - 1) = 0.61491.
    margin = 0.25 * (4 * (math.sqrt(10) - 1) * 0.5 / 0.25 / 5 - 1)
    assert margin == pytest.approx(0.61491, abs=1e-5)
    for gap, survivors in ((margin + 1e-6, (1,)), (margin - 1e-6, (1, 0))):
        other = (np.asarray(ONE) + DIFFERENCES - 2 + gap).tolist()
        assert select([ONE, other], 0.5, 0.95, 5, larger_is_better=True).survivors == survivors


def test_it_goes_on_until_the_margin_is_used_up_and_then_takes_the_best_mean() -> None:
    # 8.6491 * 0.5 / 0.5^2 = 17.3: undecided to 17, decided by the mean alone at 18.
    gaps = [*(DIFFERENCES - 2), *[0.0] * 12, 0.01]
    one = np.resize(ONE, 18)
    both = [one.tolist(), (one + gaps).tolist()]
    assert select([each[:17] for each in both], 0.5, 0.95, 5, larger_is_better=True) == ((0, 1), 17, False)
    assert select(both, 0.5, 0.95, 5, larger_is_better=True) == ((1,), 18, True)


def test_a_dropped_schedule_needs_no_more_replications() -> None:
    third = [value + 0.1 * wobble for value, wobble in zip(ONE, (1, -1, 1, -1, 0), strict=True)]
    found = select([[*ONE, 11.0], [value + 50 for value in ONE], [*third, 11.0]], 0.01, 0.95, 5, larger_is_better=False)
    assert set(found.survivors) == {0, 2}
    assert found.replications == 6


def test_schedules_that_do_the_very_same_are_told_as_equal() -> None:
    found = select([ONE, ONE, [value + 9 for value in ONE]], 1.0, 0.95, 5, larger_is_better=False)
    assert found.best == 0
    assert found == ((0, 1), 5, True)


def test_one_schedule_is_the_best_of_itself() -> None:
    assert select([ONE], 1.0, 0.95, 5, larger_is_better=True) == ((0,), 5, True)


def test_the_selection_is_right_as_often_as_it_says_where_it_is_hardest() -> None:
    """All others worse by just the indifference zone, the least favourable case."""
    dice = np.random.default_rng(4)
    right = sum(_race(dice, [0.0, 1.0, 1.0, 1.0]).best == 0 for _ in range(300))
    assert right / 300 > 0.9


def test_the_easier_the_choice_the_fewer_replications() -> None:
    hard, easy = (_race(np.random.default_rng(5), [0.0, gap, gap]).replications for gap in (1.0, 8.0))
    assert easy == 6
    assert hard > easy


@pytest.mark.parametrize(("first", "indifference", "given"), [(1, 1.0, ONE), (5, 0.0, ONE), (6, 1.0, ONE)])
def test_what_cannot_begin_says_why(first: int, indifference: float, given: list[float]) -> None:
    with pytest.raises(ValueError, match="selection needs"):
        select([given, given], indifference, 0.95, first, larger_is_better=True)
