"""Comparison: by how much schedules differ that were simulated with the same citizens.

All functions take values of one measure as an array of shape (replications, schedules): row r holds what every
schedule made of the same citizens (common random numbers), so that rows are independent and the columns are not.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, optimize, stats

from model.replicate import Interval, interval

Floats = NDArray[np.float64]
HERMITE_POINTS = 96
"""Of the Gauss-Hermite quadrature; 1e-10 of the probability is reached with 40."""


def differences(values: Floats, reference: int, confidence: float = 0.95) -> list[Interval]:
    """Return each schedule's mean difference from a reference schedule; together they cover with the confidence.

    Paired-t intervals, each at 1 - (1 - confidence) / (schedules - 1) after Bonferroni (Law, Simulation Modeling and
    Analysis, section 10.3.1). The reference's own is exactly zero.

    Raises:
        ValueError: fewer than two replications.
    """
    single = 1 - (1 - confidence) / max(1, values.shape[1] - 1)
    gaps = values - values[:, [reference]]
    return [interval(gaps[:, column].tolist(), single) for column in range(values.shape[1])]


def gaps_to_best(values: Floats, larger_is_better: bool, confidence: float = 0.95) -> list[Interval]:
    """Return each schedule's mean less that of the best other one, by multiple comparisons with the best.

    The intervals hold together with the confidence, and each ends at or crosses zero: where smaller is better, a
    schedule whose interval begins at zero is not the best, and one whose interval ends at zero is. They are those of
    Nelson and Matejcik, Using common random numbers for indifference-zone selection and multiple comparisons in
    simulation (Management Science 41, 1995), for a number of replications that is given, so that the half-width is
    g S / sqrt(replications) in place of the indifference zone. They assume that all differences vary alike
    (sphericity), to which the article finds the procedure robust.

    Raises:
        ValueError: fewer than two replications or two schedules.
    """
    replications, count = values.shape
    if replications < 2 or count < 2:
        raise ValueError(f"the best is compared among two schedules in two replications at least, not {values.shape}")
    sign = 1.0 if larger_is_better else -1.0
    half = _critical(count, replications, confidence) * math.sqrt(_difference_variance(values) / replications)
    means = sign * values.mean(axis=0)
    found = []
    for column in range(count):
        gap = float(means[column] - np.delete(means, column).max())
        low, high = min(0.0, gap - half), max(0.0, gap + half)
        found.append(Interval(gap, low, high) if larger_is_better else Interval(-gap, -high, -low))
    return found


def replications_for_best(first: Floats, indifference: float, confidence: float = 0.95) -> int:
    """Return how many replications the best schedule's selection needs, from a first stage of some.

    Who then takes the schedule with the best mean has, with the confidence, the best one or one that is worse by no
    more than `indifference`: Nelson and Matejcik (1995), step 3, N = max(n0, ceil((g S / indifference)^2)).
    """
    replications, count = first.shape
    needed: float = _critical(count, replications, confidence) ** 2 * _difference_variance(first) / indifference**2
    return max(len(first), math.ceil(needed))


def precise(values: Floats, relative: float, absolute: float, confidence: float = 0.95) -> bool:
    """Say whether every schedule's own mean is known to the relative or the absolute half-width, whichever is wider.

    A sequential rule: simulate until it says so. The half-width is held against relative / (1 + relative) of the
    estimated mean, so that it is `relative` of the true one (Law, section 9.4.1); the interval at which it stops
    covers somewhat less often than a fixed number of replications would, less so the more there are at least.
    """
    allowed = relative / (1 + relative)
    for column in values.T:
        found = interval(column.tolist(), confidence)
        if found.half_width > max(allowed * abs(found.mean), absolute):
            return False
    return True


@cache
def one_sided_t(correlated: int, degrees: int, confidence: float) -> float:
    """Return g with P(T_1 <= g, ..., T_p <= g) = confidence for t-variables that pairwise correlate by 1/2.

    The upper equicoordinate point of the multivariate t (Dunnett 1955, tables 1a and 1b; Hochberg and Tamhane,
    Multiple Comparison Procedures, 1987, appendix 3). T_i = (Z_i - Z_0) / (sqrt(2) s) with s^2 chi-squared over its
    degrees, so that given z_0 and s the T_i are independent; both are integrated out.
    """
    points, weights = np.polynomial.hermite_e.hermegauss(HERMITE_POINTS)
    weights = weights / weights.sum()
    spread = stats.chi(degrees, scale=1 / math.sqrt(degrees))
    lowest, highest = spread.ppf([1e-12, 1 - 1e-12])

    def covered(g: float) -> float:
        def given_spread(s: float) -> float:
            each = stats.norm.cdf(math.sqrt(2) * g * s + points)
            return float(weights @ each**correlated) * float(spread.pdf(s))

        return float(integrate.quad(given_spread, lowest, highest, epsabs=1e-9, epsrel=1e-8)[0])

    # One t alone is a lower bound, Bonferroni's an upper one.
    low = float(stats.t.ppf(confidence, degrees))
    high = float(stats.t.ppf(1 - (1 - confidence) / correlated, degrees))
    if correlated == 1:
        return low
    return float(optimize.brentq(lambda g: covered(g) - confidence, low, high, xtol=1e-8))


def _critical(count: int, replications: int, confidence: float) -> float:
    return one_sided_t(count - 1, (count - 1) * (replications - 1), confidence)


def _difference_variance(values: Floats) -> float:
    """S^2, the variance of a difference of two schedules pooled over all pairs: Nelson and Matejcik (1995), step 2."""
    replications, count = values.shape
    rest = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    return float(2 * (rest**2).sum() / ((count - 1) * (replications - 1)))
