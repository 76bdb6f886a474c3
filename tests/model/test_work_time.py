import math

import numpy as np
import pytest
from scipy import special, stats

from model.work_time import GRID_Z, LAST_Z, Lognormal, Tabulated, tabulated


def test_a_lognormal_has_its_mean_and_variation() -> None:
    work = Lognormal(30.0, 0.5)
    deviates = special.ndtri((np.arange(20_000) + 0.5) / 20_000)
    times_s = np.array([work.at(z) for z in deviates.tolist()])
    assert times_s.mean() == pytest.approx(30.0, rel=1e-3)
    assert times_s.std() / times_s.mean() == pytest.approx(0.5, rel=0.01)
    assert Lognormal(7.0, 0.0).at(2.5) == 7.0


@pytest.fixture
def gamma() -> Tabulated:
    return tabulated(4.0, stats.gamma.ppf(special.ndtr(np.array(GRID_Z)), 2.0).tolist())


def test_a_table_is_the_distribution_it_was_made_of(gamma: Tabulated) -> None:
    for z in (-2.113, -0.77, 0.004, 1.3, 2.9):
        assert gamma.at(z) == pytest.approx(2.0 * stats.gamma.ppf(special.ndtr(z), 2.0), rel=2e-3)
    deviates = special.ndtri((np.arange(20_000) + 0.5) / 20_000)
    assert np.mean([gamma.at(z) for z in deviates.tolist()]) == pytest.approx(gamma.mean_s, rel=1e-3)


def test_deviates_beyond_the_table_are_taken_for_its_ends(gamma: Tabulated) -> None:
    assert gamma.at(9.0) == gamma.at(LAST_Z) == gamma.quantiles_s[-1]
    assert gamma.at(-9.0) == gamma.quantiles_s[0]


def test_times_so_much_longer_are_so_much_longer_at_every_deviate(gamma: Tabulated) -> None:
    assert gamma.times(3.0).at(0.7) == pytest.approx(3 * gamma.at(0.7))
    assert gamma.times(3.0).mean_s == 12.0
    assert Lognormal(2.0, 0.8).times(3.0).at(-1.2) == pytest.approx(3 * Lognormal(2.0, 0.8).at(-1.2))


def test_a_table_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"needs 161 quantiles.*not 3"):
        tabulated(1.0, [1.0, 2.0, 3.0])
    assert math.isclose(sum(GRID_Z), 0.0, abs_tol=1e-9)
