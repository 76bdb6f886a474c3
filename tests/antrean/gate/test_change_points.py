import numpy as np
import pytest

from antrean.gate.change_points import change_points, divergence_of_splits


def runs(*means: float, each: int = 15, seed: int = 1) -> list[float]:
    dice = np.random.default_rng(seed)
    return [float(value) for mean in means for value in dice.normal(mean, 0.02 * mean, each)]


def test_each_change_is_found_where_it_is() -> None:
    found = change_points(runs(100, 110, 95))
    assert [abs(each.begins - at) <= 1 for each, at in zip(found, (15, 30), strict=True)] == [True, True]
    assert found[0].ratio == pytest.approx(1.10, abs=0.02)
    assert found == change_points(runs(100, 110, 95))


def test_noise_alone_seldom_changes() -> None:
    # At a significance of 0.01, 3 of 20 happen in less than one of 1,000 trials.
    assert sum(bool(change_points(runs(100, each=30, seed=seed))) for seed in range(20)) < 3


def test_one_odd_run_is_no_change_and_a_short_history_has_none() -> None:
    assert change_points([*runs(100), 200.0, *runs(100, seed=2)]) == []
    assert change_points([1.0, 2.0, 3.0]) == []


def test_the_divergence_is_the_scaled_energy_distance() -> None:
    x, y = np.array([1.0, 4.0, 2.0]), np.array([7.0, 5.0, 9.0, 6.0])
    n, m = len(x), len(y)
    between = np.abs(x[:, None] - y[None, :]).mean()
    within_x = np.abs(x[:, None] - x[None, :]).sum() / (n * (n - 1))
    within_y = np.abs(y[:, None] - y[None, :]).sum() / (m * (m - 1))
    expected = n * m / (n + m) * (2 * between - within_x - within_y)
    assert divergence_of_splits(np.concatenate([x, y]), 1)[n - 1, n + m - 2] == pytest.approx(expected)
