import math

import numpy as np
import pytest
from scipy import stats

from antrean.calibration.service_time import PARAMETRIC, SHARES, Family, fit, fit_all, profile

NONE = np.array([])
TRUTHS = {
    "lognormal": stats.lognorm(0.5, scale=2.0),
    "gamma": stats.gamma(3.0, scale=0.5),
    "weibull": stats.weibull_min(1.7, scale=2.0),
}


@pytest.mark.parametrize("family", PARAMETRIC)
def test_the_family_that_made_the_data_is_found_with_its_parameters(family: Family) -> None:
    times_s = TRUTHS[family].rvs(4000, random_state=np.random.default_rng(11))
    best = fit_all(times_s, NONE)[0]
    assert best.family == family
    # Four standard errors of a mean of 4000.
    assert best.mean_s == pytest.approx(TRUTHS[family].mean(), rel=4 * best.cv / math.sqrt(4000))
    assert best.cv == pytest.approx(TRUTHS[family].std() / TRUTHS[family].mean(), rel=0.08)
    assert best.share_within(best.quantiles_s(np.array([0.1, 0.9]))) == pytest.approx([0.1, 0.9])


@pytest.mark.parametrize("family", [*PARAMETRIC, "empirical"])
def test_unfinished_visits_count_with_what_they_had_lasted(family: Family) -> None:
    """Of visits watched for a limited time the long ones are missing; to leave them out makes the mean too small."""
    dice = np.random.default_rng(12)
    times_s = TRUTHS["gamma"].rvs(6000, random_state=dice)
    watched_s = dice.uniform(0.5, 6.0, 6000)
    over = times_s <= watched_s
    truth_s = float(times_s.mean())
    assert times_s[over].mean() < 0.9 * truth_s
    assert fit(family, times_s[over], watched_s[~over]).mean_s == pytest.approx(truth_s, rel=0.05)


def test_the_datas_own_distribution_wins_only_where_no_family_fits() -> None:
    dice = np.random.default_rng(13)
    two_kinds_s = np.concatenate((dice.normal(1.0, 0.1, 1500), dice.normal(5.0, 0.3, 500)))
    best = fit_all(two_kinds_s, NONE)[0]
    assert best.family == "empirical"
    assert best.mean_s == pytest.approx(two_kinds_s.mean())
    assert best.parameters == pytest.approx(np.quantile(two_kinds_s, SHARES, method="inverted_cdf"))
    one_kind_s = TRUTHS["lognormal"].rvs(2000, random_state=dice)
    assert fit_all(one_kind_s, NONE)[0].family == "lognormal"


def test_the_criteria_charge_for_parameters() -> None:
    found = fit("gamma", TRUTHS["gamma"].rvs(500, random_state=np.random.default_rng(14)), NONE)
    assert found.aic == pytest.approx(4 - 2 * found.log_likelihood)
    assert found.bic == pytest.approx(2 * math.log(500) - 2 * found.log_likelihood)


@pytest.mark.parametrize("family", PARAMETRIC)
def test_the_quick_likelihood_is_that_of_the_fit(family: Family) -> None:
    for truth in TRUTHS.values():
        times_s = truth.rvs(700, random_state=np.random.default_rng(15))
        assert profile(family, times_s) == pytest.approx(fit(family, times_s, NONE).log_likelihood, abs=0.01)


def test_times_that_are_always_the_same_are_kept_as_they_are() -> None:
    (only,) = fit_all(np.full(50, 2.5), NONE)
    assert only.family == "empirical"
    assert (only.mean_s, only.cv) == (2.5, 0.0)
    assert set(only.parameters) == {2.5}


def test_too_few_visits_are_refused_with_what_would_help() -> None:
    with pytest.raises(ValueError, match=r"only 3 visits have finished.*more runs or a longer log"):
        fit_all(np.array([1.0, 2.0, 3.0]), NONE)
