"""The scalability law: found again in data made by it, and in a published fit."""

import numpy as np
import pytest

from antrean.scalability import fit, law


def test_the_law_by_hand() -> None:
    # 10 * 4 / (1 + 0.1 * 3 + 0.01 * 4 * 3) = 40 / 1.42.
    assert law(4, 10.0, 0.1, 0.01) == pytest.approx(28.169, rel=1e-4)
    assert law(1, 10.0, 0.1, 0.01) == 10.0


def test_data_made_by_the_law_give_it_back_without_residuals() -> None:
    concurrency = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
    found = fit(concurrency, [float(law(inside, 20.0, 0.05, 0.0008)) for inside in concurrency])
    assert found[:3] == pytest.approx((20.0, 0.05, 0.0008), rel=1e-3)
    assert found.rms_per_s < 1e-3
    assert found.determination == pytest.approx(1.0)
    # The peak by hand: sqrt((1 - 0.05) / 0.0008) = 34.46.
    assert found.peak is not None
    assert found.peak[0] == pytest.approx(34.46, rel=1e-2)


def test_a_published_fit_is_met() -> None:
    """SPEC SDM91: the R package usl, which fits all three parameters, gives 89.995, 0.02773 and 0.0001044."""
    concurrency = [1.0, 18.0, 36.0, 72.0, 108.0, 144.0, 216.0]
    throughput = [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2]
    found = fit(concurrency, throughput)
    assert found.single_per_s == pytest.approx(89.995, rel=1e-3)
    assert found.contention == pytest.approx(0.02773, rel=1e-3)
    assert found.coherency == pytest.approx(0.0001044, rel=1e-3)
    assert np.sum(found.residuals_per_s) == pytest.approx(
        sum(throughput) - float(law(np.array(concurrency), *found[:3]).sum())
    )


def test_a_server_that_scales_without_end_has_no_peak() -> None:
    found = fit([1.0, 2.0, 4.0, 8.0], [5.0, 10.0, 20.0, 40.0])
    assert found.contention == pytest.approx(0.0, abs=1e-6)
    assert found.peak is None or found.peak[0] > 1_000


@pytest.mark.parametrize(("concurrency", "problem"), [([1.0, 2.0, 3.0], "too few"), ([5.0, 5.1, 5.2, 5.3], "same")])
def test_points_that_cannot_tell_the_law_are_refused(concurrency: list[float], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        fit(concurrency, concurrency)
