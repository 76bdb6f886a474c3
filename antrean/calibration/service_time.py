"""Service times: which distribution tells them best, and how well.

Three families with two parameters each (lognormal, gamma, Weibull), fitted by maximum likelihood, where a visit that
had not finished counts with the probability of lasting longer than it was seen (right-censoring; Lawless, Statistical
Models and Methods for Lifetime Data, ch. 2). The data's own distribution competes with them as what it is, a
histogram: its bars are parameters too. All arrays are in seconds.
"""

import math
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.float64]
Family: TypeAlias = Literal["lognormal", "gamma", "weibull", "empirical"]
PARAMETRIC: tuple[Family, ...] = ("lognormal", "gamma", "weibull")
_SCIPY: dict[str, Any] = {"lognormal": stats.lognorm, "gamma": stats.gamma, "weibull": stats.weibull_min}
SHARES = tuple(np.round(np.linspace(0.0, 1.0, 41), 3).tolist())
"""At which shares the empirical distribution is kept as quantiles, linear between them."""
_NO_SPREAD = 1e-6
"""Standard deviation of the logarithms."""
LEAST_VISITS = 30
"""Finished visits below which no distribution is fitted."""


class Fit(NamedTuple):
    """A distribution fitted to service times."""

    family: Family
    parameters: tuple[float, ...]
    """Shape and scale (seconds) as scipy has them; for the empirical one its quantiles (seconds) at `SHARES`."""
    mean_s: float
    cv: float
    """Coefficient of variation."""
    log_likelihood: float
    free: int
    """How many parameters were chosen by the data."""
    visits: int

    @property
    def aic(self) -> float:
        """Akaike's criterion; less is better."""
        return 2 * self.free - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion; less is better, and a parameter costs the more, the more data there are."""
        return self.free * math.log(self.visits) - 2 * self.log_likelihood

    def share_within(self, times_s: Floats) -> Floats:
        """Return the probability that a visit takes no longer than each of these times."""
        if self.family == "empirical":
            known: Floats = np.interp(times_s, self.parameters, SHARES)
            return known
        shares: Floats = _SCIPY[self.family].cdf(times_s, self.parameters[0], scale=self.parameters[1])
        return shares

    def quantiles_s(self, shares: Floats) -> Floats:
        """Return the times within which these shares of the visits are done."""
        if self.family == "empirical":
            known: Floats = np.interp(shares, SHARES, self.parameters)
            return known
        times_s: Floats = _SCIPY[self.family].ppf(shares, self.parameters[0], scale=self.parameters[1])
        return times_s


def fit_all(times_s: Floats, unfinished_s: Floats) -> list[Fit]:
    """Fit every family, the best by Schwarz's criterion first; to times that are all the same only the empirical one.

    Args:
        times_s: of visits that finished; positive.
        unfinished_s: how long the others had lasted when they were last seen.

    Raises:
        ValueError: fewer than `LEAST_VISITS` have finished.
    """
    if len(times_s) < LEAST_VISITS:
        raise ValueError(
            f"only {len(times_s)} visits have finished, and a distribution needs {LEAST_VISITS}; give more runs or a "
            "longer log"
        )
    # What always takes the same has no spread to fit, and a likelihood without bounds.
    constant = float(np.std(np.log(times_s))) < _NO_SPREAD
    families: tuple[Family, ...] = ("empirical",) if constant else (*PARAMETRIC, "empirical")
    fits = [fit(family, times_s, unfinished_s) for family in families]
    return sorted(fits, key=lambda candidate: candidate.bic)


def fit(family: Family, times_s: Floats, unfinished_s: Floats, start: tuple[float, ...] | None = None) -> Fit:
    """Fit one family by maximum likelihood; `start` is where the search begins, such as the fit of similar data."""
    if family == "empirical":
        return _empirical(times_s, unfinished_s)
    distribution = _SCIPY[family]
    data: Any = times_s
    if len(unfinished_s):
        data = stats.CensoredData(uncensored=times_s, right=unfinished_s)
    shape, scale = start if start is not None else (_first_shape(family, times_s), float(np.mean(times_s)))
    shape, _, scale = distribution.fit(data, shape, floc=0, scale=scale)
    log_likelihood = float(
        distribution.logpdf(times_s, shape, scale=scale).sum()
        + distribution.logsf(unfinished_s, shape, scale=scale).sum()
    )
    mean_s, variance = distribution.stats(shape, scale=scale, moments="mv")
    cv = math.sqrt(float(variance)) / float(mean_s)
    visits = len(times_s) + len(unfinished_s)
    return Fit(family, (float(shape), float(scale)), float(mean_s), cv, log_likelihood, 2, visits)


def profile(family: Family, times_s: Floats) -> float:
    """Return the greatest log-likelihood that a family can give to finished visits; closed form or a few Newton steps.

    For comparing thousands of ways to look at the same data, where `fit` would take too long.
    """
    logs, count = np.log(times_s), len(times_s)
    if family == "lognormal":
        variance = max(float(np.var(logs)), 1e-12)
        return -count * (0.5 * math.log(2 * math.pi * variance) + 0.5) - float(logs.sum())
    if family == "gamma":
        return _gamma_profile(float(np.mean(times_s)), float(np.mean(logs)), count)
    return _weibull_profile(times_s, logs)


def _gamma_profile(mean_s: float, mean_log: float, count: int) -> float:
    gap = max(math.log(mean_s) - mean_log, 1e-9)
    # Minka, Estimating a Gamma distribution (2002): a start that is 1.5% off, and Newton's steps on 1/shape.
    shape = (3 - gap + math.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
    for _ in range(4):
        slope = 1 / shape - float(special.polygamma(1, shape))
        shape -= (math.log(shape) - float(special.digamma(shape)) - gap) / slope
    scale = mean_s / shape
    return count * ((shape - 1) * mean_log - mean_s / scale - shape * math.log(scale) - math.lgamma(shape))


def _weibull_profile(times_s: Floats, logs: Floats) -> float:
    relative = logs - logs.mean()
    shape = 1.2 / max(float(np.std(logs)), 1e-6)
    for _ in range(30):
        weights = np.exp(shape * relative)
        first = float((weights * relative).sum() / weights.sum())
        second = float((weights * relative**2).sum() / weights.sum())
        # The likelihood's derivative is 1/shape - first, and falls steadily.
        step = (1 / shape - first) / (1 / shape**2 + second - first**2)
        shape = max(shape + step, shape / 4)
        if abs(step) < 1e-7 * shape:
            break
    log_scale = math.log(float(np.mean(np.exp(shape * relative)))) / shape + float(logs.mean())
    return len(times_s) * (math.log(shape) - shape * log_scale - 1) + (shape - 1) * float(logs.sum())


def _first_shape(family: Family, times_s: Floats) -> float:
    spread = max(float(np.std(np.log(times_s))), 1e-3)
    return {"lognormal": spread, "gamma": 1 / spread**2, "weibull": 1.2 / spread}[family]


def _empirical(times_s: Floats, unfinished_s: Floats) -> Fit:
    """The data's own distribution: Kaplan and Meier's, which for finished visits alone is the usual one.

    As a density it is a histogram of 2 n^(1/3) bars (Rice's rule) of equal width on a logarithmic axis. All bars but
    one are free, and so are both ends.
    """
    data = stats.CensoredData(uncensored=times_s, right=unfinished_s)
    curve = stats.ecdf(data).cdf
    steps_s, within = np.asarray(curve.quantiles), np.asarray(curve.probabilities)
    # Beyond the last finished visit nothing is known: what is left there counts as lasting that long.
    masses = np.diff(within, prepend=0.0)
    masses[-1] += 1 - within[-1]
    within = np.cumsum(masses)
    mean_s = float((masses * steps_s).sum())
    cv = math.sqrt(max(float((masses * (steps_s - mean_s) ** 2).sum()), 0.0)) / mean_s
    quantiles_s = steps_s[np.minimum(np.searchsorted(within, np.asarray(SHARES) - 1e-9), len(steps_s) - 1)]
    bars, log_likelihood = _histogram(times_s, unfinished_s, steps_s, masses)
    visits = len(times_s) + len(unfinished_s)
    return Fit("empirical", tuple(quantiles_s.tolist()), mean_s, cv, log_likelihood, bars + 1, visits)


def _histogram(times_s: Floats, unfinished_s: Floats, steps_s: Floats, masses: Floats) -> tuple[int, float]:
    """Return how many bars the histogram has, and its log-likelihood."""
    bars = math.ceil(2 * len(times_s) ** (1 / 3))
    least_s, most_s = float(times_s.min()), float(times_s.max())
    edges_s = np.geomspace(least_s * (1 - 1e-9), most_s * (1 + 1e-9), bars + 1)
    per_bar = np.histogram(steps_s, edges_s, weights=masses)[0]
    density = per_bar / np.diff(edges_s)
    bar_of = np.clip(np.searchsorted(edges_s, times_s, side="right") - 1, 0, bars - 1)
    longer = 1 - np.interp(unfinished_s, edges_s, np.concatenate(([0.0], np.cumsum(per_bar))))
    return bars, float(np.log(density[bar_of]).sum() + np.log(np.maximum(longer, 1 / len(times_s))).sum())
