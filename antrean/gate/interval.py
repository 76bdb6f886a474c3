"""Intervals of a ratio from paired rounds: the trimmed mean of its logarithms, by the bootstrap-t.

A round gives the logarithm of B's figure over A's. Played in the order ABBA, what drifts steadily cancels in it; were A
and B the same, the two could be exchanged, so that it is symmetric about 0 whatever the noise is. The mean without the
fifth at each end (Yuen 1974) is then right, and a round into which somebody else's work fell counts no more than
another. Its bounds are quantiles of the trimmed means of resampled rounds (percentile bootstrap; with trimmed means:
Wilcox, Introduction to Robust Estimation and Hypothesis Testing, ch. 4), or Student's t with the winsorized variance
(Yuen 1974, again): the wider counts, since resamples of few rounds know little about the tails.
"""

import math

import numpy as np
from scipy import stats

from antrean.verdict import Bounds, Floats

TRIM = 0.2
"""Of the rounds, at each end."""
RESAMPLES = 4_000
LEAST_ROUNDS = 8


def ratio_bounds(logs: Floats, error: float, dice: np.random.Generator) -> Bounds:
    """Return a ratio, and what it is not below and not above, each with this error.

    Args:
        logs: of each round's ratio, natural logarithms; `LEAST_ROUNDS` at least.
        error: of each bound.
        dice: of the resampling.

    Raises:
        ValueError: too few rounds.
    """
    if len(logs) < LEAST_ROUNDS:
        raise ValueError(f"{len(logs)} rounds are too few for an interval; at least {LEAST_ROUNDS}")
    (centre,), spread = _trimmed_means(logs[None, :]), _standard_error(logs)
    by_t = spread * float(stats.t.isf(error, len(logs) - 2 * _cut(logs) - 1))
    means = _trimmed_means(logs[dice.integers(len(logs), size=(RESAMPLES, len(logs)))])
    low, high = (float(bound) for bound in np.quantile(means, (error, 1 - error)))
    return Bounds(math.exp(centre), math.exp(min(low, centre - by_t)), math.exp(max(high, centre + by_t)))


def _cut(logs: Floats) -> int:
    """How many rounds at each end do not count."""
    return int(TRIM * logs.shape[-1])


def _trimmed_means(samples: Floats) -> Floats:
    """The trimmed mean of each row."""
    cut, count = _cut(samples), samples.shape[1]
    means: Floats = np.sort(samples, axis=1)[:, cut : count - cut].mean(axis=1)
    return means


def _standard_error(logs: Floats) -> float:
    """Of the trimmed mean, by the winsorized variance."""
    cut, count = _cut(logs), len(logs)
    ordered = np.sort(logs)
    winsorized = np.clip(ordered, ordered[cut], ordered[count - cut - 1])
    return float(winsorized.std(ddof=1)) / ((1 - 2 * cut / count) * math.sqrt(count))
