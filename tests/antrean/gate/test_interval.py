"""The interval: on simulated rounds whose truth is known it covers it as often as it says."""

import numpy as np
import pytest

from antrean.gate.interval import LEAST_ROUNDS, ratio_bounds
from antrean.verdict import Floats

RUNS = 400
ERROR = 0.05
MOST_WRONG = 33
"""Of 400 runs, more than this are wrong in one of 1,000 trials when each is with a chance of 0.05 (binomial)."""


def rounds(kind: str, count: int, seed: int) -> Floats:
    """Logarithms around ln 1.05: bell-shaped, or with tails as heavy as somebody else's work makes them."""
    dice = np.random.default_rng(seed)
    noise = dice.standard_normal(count) if kind == "normal" else dice.standard_t(2, count)
    logs: Floats = np.log(1.05) + 0.03 * noise
    return logs


@pytest.mark.parametrize("kind", ["normal", "heavy"])
@pytest.mark.parametrize("count", [LEAST_ROUNDS, 27, 91])
def test_each_bound_errs_no_more_often_than_it_says(kind: str, count: int) -> None:
    dice = np.random.default_rng(1)
    found = [ratio_bounds(rounds(kind, count, seed), ERROR, dice) for seed in range(RUNS)]
    assert sum(bounds.low > 1.05 for bounds in found) <= MOST_WRONG
    assert sum(bounds.high < 1.05 for bounds in found) <= MOST_WRONG


def test_more_rounds_make_it_narrower() -> None:
    dice = np.random.default_rng(1)
    few, many = (ratio_bounds(rounds("normal", count, 1), ERROR, dice) for count in (12, 200))
    assert many.high / many.low < few.high / few.low
    assert many.low < many.estimate < many.high


def test_one_disturbed_round_does_not_move_it() -> None:
    quiet = rounds("normal", 30, 1)
    disturbed = np.append(quiet[:-1], np.log(20.0))
    before, after = (ratio_bounds(logs, ERROR, np.random.default_rng(1)) for logs in (quiet, disturbed))
    assert after.estimate == pytest.approx(before.estimate, rel=0.01)


def test_too_few_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        ratio_bounds(np.zeros(LEAST_ROUNDS - 1), ERROR, np.random.default_rng(1))
