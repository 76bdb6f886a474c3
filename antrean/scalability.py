"""The Universal Scalability Law: throughput as a function of how many citizens are served at once.

X(N) = x1 N / (1 + contention (N - 1) + coherency N (N - 1)) (Gunther, Guerrilla Capacity Planning, 2007, ch. 4-6): what
one alone would reach, less what they wait for each other, less what they spend on agreeing. The law is about
concurrency, not about offered load: whatever an open load offers, the server sees as many citizens as are inside.
N is their mean over a step, by Little's law also the throughput times the mean time inside.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import curve_fit

PARAMETERS = 3


class Scalability(NamedTuple):
    """A fitted law."""

    single_per_s: float
    """Throughput of one alone."""
    contention: float
    """Share of the work that is done by one at a time; 1/contention bounds the speed-up."""
    coherency: float
    """What each pair costs; above zero, throughput falls again beyond some concurrency."""
    errors: tuple[float, float, float]
    """The standard errors of the three."""
    residuals_per_s: tuple[float, ...]
    """Measured less fitted throughput, in the order of the points."""
    rms_per_s: float
    """Their root mean square."""
    determination: float
    """R squared."""

    @property
    def peak(self) -> tuple[float, float] | None:
        """The concurrency of the highest throughput and that throughput; None when the law has no peak above 1."""
        if self.coherency <= 0 or self.contention >= 1:
            return None
        concurrency = math.sqrt((1 - self.contention) / self.coherency)
        at_peak = float(law(concurrency, self.single_per_s, self.contention, self.coherency))
        return (concurrency, at_peak) if concurrency > 1 else None


def law(concurrency: Any, single_per_s: float, contention: float, coherency: float) -> Any:
    """Return the throughput at a concurrency, a number or an array of them."""
    lost = contention * (concurrency - 1) + coherency * concurrency * (concurrency - 1)
    return single_per_s * concurrency / (1 + lost)


def fit(concurrency: Sequence[float], throughput_per_s: Sequence[float]) -> Scalability:
    """Fit the law to measured points by least squares, no parameter below zero.

    Raises:
        ValueError: there are fewer points than parameters and one, or they are all at nearly the same concurrency.
    """
    inside, rates = np.asarray(concurrency, dtype=float), np.asarray(throughput_per_s, dtype=float)
    if len(inside) <= PARAMETERS:
        raise ValueError(f"the law has {PARAMETERS} parameters; {len(inside)} points are too few to fit it")
    if inside.max() < 1.5 * inside.min():
        raise ValueError("all points are at nearly the same concurrency; the law cannot be told from them")
    start = (float((rates / inside).max()), 0.05, 1e-4)
    limits = ([0.0, 0.0, 0.0], [np.inf, 1.0, 1.0])
    found, covariance = curve_fit(law, inside, rates, p0=start, bounds=limits, x_scale=start, max_nfev=20_000)
    residuals = rates - law(inside, *found)
    variation = float(((rates - rates.mean()) ** 2).sum())
    single_per_s, contention, coherency = found.tolist()
    single_error, contention_error, coherency_error = np.sqrt(np.diag(covariance)).tolist()
    return Scalability(
        single_per_s,
        contention,
        coherency,
        errors=(single_error, contention_error, coherency_error),
        residuals_per_s=tuple(float(residual) for residual in residuals),
        rms_per_s=float(np.sqrt((residuals**2).mean())),
        determination=1 - float((residuals**2).sum()) / variation if variation else 1.0,
    )
