import numpy as np
import pytest

from model.replicate import interval


def test_interval_is_students() -> None:
    found = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found.mean == 3.0
    assert found.low == pytest.approx(3.0 - 2.776445 * np.sqrt(2.5 / 5), rel=1e-6)
    assert found.high == pytest.approx(3.0 + 2.776445 * np.sqrt(2.5 / 5), rel=1e-6)


def test_interval_covers_the_true_mean_as_often_as_it_says() -> None:
    dice = np.random.default_rng(7)
    covered = sum(interval(dice.normal(10, 3, 8).tolist(), 0.9).covers(10.0) for _ in range(2000))
    assert 0.88 < covered / 2000 < 0.92


def test_one_value_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least two"):
        interval([1.0])
