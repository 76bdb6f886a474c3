"""The comparison against published tables, figures worked out by hand, and normal toy systems with known means."""

import math

import numpy as np
import pytest
from scipy import stats

from model.comparison import differences, gaps_to_best, one_sided_t, precise, replications_for_best
from model.replicate import interval

PAIR = np.array([[10.0, 12.0], [11.0, 15.0], [12.0, 15.0], [13.0, 14.0]])
"""Differences 2, 4, 3, 1: mean 2.5, variance 5/3."""


def toy(dice: np.random.Generator, means: list[float], replications: int, shared: float = 2.0) -> np.ndarray:
    """Give normal schedules that meet the same citizens: what they share has the standard deviation `shared`."""
    same = dice.normal(0, shared, (replications, 1))
    return np.asarray(means) + same + dice.normal(0, 1, (replications, len(means)))


def test_differences_are_paired_ts_of_bonferroni() -> None:
    three = np.column_stack((PAIR, PAIR[:, 0] + 1))
    found = differences(three, reference=0, confidence=0.95)
    half = stats.t.ppf(1 - 0.05 / 2 / 2, 3) * math.sqrt(5 / 3 / 4)
    assert found[0] == (0.0, 0.0, 0.0)
    assert found[1] == pytest.approx((2.5, 2.5 - half, 2.5 + half))
    assert found[2] == pytest.approx((1.0, 1.0, 1.0))


def test_differences_cover_together_as_often_as_they_say() -> None:
    dice = np.random.default_rng(1)
    truth = [0.0, 1.0, -1.0, 0.5, 0.0]
    together = sum(
        all(
            found.covers(gap)
            for found, gap in zip(differences(toy(dice, truth, 8), 0, 0.9)[1:], truth[1:], strict=True)
        )
        for _ in range(1500)
    )
    # Bonferroni errs on the safe side; alone each would cover in 0.9, together then in about 0.7.
    assert 0.9 < together / 1500 < 0.96


@pytest.mark.parametrize(
    ("correlated", "degrees", "published"),
    [
        (1, 10, 1.81), (2, 10, 2.15), (3, 10, 2.34), (4, 10, 2.47), (5, 10, 2.56),
        (2, 5, 2.44), (3, 5, 2.68), (4, 5, 2.85), (2, 20, 2.03), (3, 20, 2.19), (4, 20, 2.30),
    ],
)  # fmt: skip
def test_the_critical_value_is_that_of_dunnetts_one_sided_table(
    correlated: int, degrees: int, published: float
) -> None:
    assert one_sided_t(correlated, degrees, 0.95) == pytest.approx(published, abs=0.006)


def test_the_gap_to_the_best_of_two_is_a_one_sided_t() -> None:
    half = stats.t.ppf(0.95, 3) * math.sqrt(5 / 3 / 4)
    small, large = gaps_to_best(PAIR, larger_is_better=False, confidence=0.95)
    assert small == pytest.approx((-2.5, -2.5 - half, 0.0))
    assert large == pytest.approx((2.5, 0.0, 2.5 + half))
    assert gaps_to_best(PAIR, larger_is_better=True)[1] == pytest.approx((2.5, 0.0, 2.5 + half))


def test_gaps_to_the_best_cover_together_as_often_as_they_say() -> None:
    dice = np.random.default_rng(2)
    truth = [3.0, 3.0, 3.5, 5.0]
    gaps = [mean - min(other for place, other in enumerate(truth) if place != own) for own, mean in enumerate(truth)]
    covered = 0
    for _ in range(1000):
        found = gaps_to_best(toy(dice, truth, 10), larger_is_better=False, confidence=0.9)
        covered += all(each.covers(gap) for each, gap in zip(found, gaps, strict=True))
    assert covered / 1000 > 0.9


def test_replications_for_the_best_of_two_follow_from_the_variance_of_their_difference() -> None:
    needed = (stats.t.ppf(0.95, 3) / 0.5) ** 2 * 5 / 3
    assert replications_for_best(PAIR, indifference=0.5, confidence=0.95) == math.ceil(needed) == 37
    assert replications_for_best(PAIR, indifference=100.0, confidence=0.95) == 4


def test_the_two_stage_selection_is_right_as_often_as_it_says() -> None:
    dice = np.random.default_rng(3)
    truth, indifference, right = [0.0, 1.0, 1.0, 1.0], 1.0, 0
    for _ in range(400):
        first = toy(dice, truth, 5)
        more = toy(dice, truth, max(1, replications_for_best(first, indifference, 0.9)) - 5 + 1)[:-1]
        right += int(np.argmin(np.concatenate((first, more)).mean(axis=0))) == 0
    assert right / 400 > 0.9


def test_precise_is_when_the_half_width_is_small_beside_the_mean_or_small_at_all() -> None:
    column = PAIR[:, [0]]
    half = stats.t.ppf(0.975, 3) * math.sqrt(5 / 3 / 4)
    at_least = half / 11.5
    assert precise(column, relative=at_least / (1 - at_least) + 1e-9, absolute=0.0)
    assert not precise(column, relative=at_least, absolute=0.0)
    assert precise(column, relative=0.0, absolute=half + 1e-9)
    assert not precise(np.column_stack((column, column * [[1], [9], [1], [1]])), relative=0.3, absolute=0.0)


def test_the_sequential_rule_stops_at_an_interval_that_covers_nearly_as_often_as_it_says() -> None:
    dice = np.random.default_rng(6)
    covered = near = 0
    for _ in range(400):
        values = dice.normal(10, 3, (200, 1))
        stopped = next(count for count in range(5, 200) if precise(values[:count], 0.1, 0.0, 0.95))
        found = interval(values[:stopped, 0].tolist(), 0.95)
        covered += found.covers(10.0)
        near += abs(found.mean - 10) <= 0.1 * 10
    assert covered / 400 > 0.9
    assert near / 400 > 0.9


def test_meeting_the_same_citizens_makes_differences_far_surer() -> None:
    dice = np.random.default_rng(9)
    together = toy(dice, [0.0, 1.0], 20)
    apart = np.column_stack((toy(dice, [0.0], 20), toy(dice, [1.0], 20)))
    assert differences(together, 0)[1].half_width < 0.6 * differences(apart, 0)[1].half_width


def test_what_cannot_be_compared_says_why() -> None:
    with pytest.raises(ValueError, match="two replications at least"):
        gaps_to_best(PAIR[:1], larger_is_better=True)
