"""Work times: how long a service takes alone, as a quantile of its distribution at a standard normal deviate.

A citizen brings the deviates (`Citizen.work`), so the same citizen is a heavy case whatever the distribution: common
random numbers. Times are in seconds of whoever uses them.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

LAST_Z = 4.0
"""Deviates beyond it, one of 30,000, are taken for it where a distribution is a table."""
_STEP_Z = 0.05
GRID_Z = tuple(round(-LAST_Z + number * _STEP_Z, 2) for number in range(round(2 * LAST_Z / _STEP_Z) + 1))
"""The deviates at which a table keeps its quantiles."""


_EDGES_Z = (-math.inf, *(z + _STEP_Z / 2 for z in GRID_Z[:-1]), math.inf)
_SHARES = tuple((math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2 for low, high in pairwise(_EDGES_Z))
"""How often a deviate is nearest to each of `GRID_Z`."""


class WorkTime(Protocol):
    """A distribution of work."""

    @property
    def mean_s(self) -> float:
        """Its mean."""

    def at(self, deviate: float) -> float:
        """Return the time that is as long among its own as a deviate is large among standard normal ones."""

    def times(self, factor: float) -> "WorkTime":
        """Return the distribution of times so much longer."""


class Lognormal:
    """A lognormal distribution by its mean and its coefficient of variation; without variation a constant."""

    def __init__(self, mean_s: float, variation: float) -> None:
        self.mean_s = mean_s
        self._variation = variation
        # exp(sigma z - sigma^2/2) has mean one; sigma^2 = ln(1 + cv^2).
        self._sigma = math.sqrt(math.log1p(variation**2))

    def at(self, deviate: float) -> float:
        """See `WorkTime`."""
        return self.mean_s * math.exp(self._sigma * deviate - self._sigma**2 / 2)

    def times(self, factor: float) -> "Lognormal":
        """See `WorkTime`."""
        return Lognormal(self.mean_s * factor, self._variation)


class Tabulated(NamedTuple):
    """Any distribution, by its quantiles at `GRID_Z`, linear between them."""

    mean_s: float
    quantiles_s: tuple[float, ...]

    def at(self, deviate: float) -> float:
        """See `WorkTime`."""
        place = (min(max(deviate, -LAST_Z), LAST_Z) + LAST_Z) / _STEP_Z
        index = min(int(place), len(self.quantiles_s) - 2)
        low_s, high_s = self.quantiles_s[index], self.quantiles_s[index + 1]
        return low_s + (place - index) * (high_s - low_s)

    def times(self, factor: float) -> "Tabulated":
        """See `WorkTime`."""
        return Tabulated(self.mean_s * factor, tuple(factor * quantile_s for quantile_s in self.quantiles_s))


def tabulated(mean_s: float, form: Sequence[float]) -> Tabulated:
    """Return a distribution of this mean whose quantiles at `GRID_Z` have the proportions of `form`.

    Raises:
        ValueError: `form` does not have one number for each of `GRID_Z`.
    """
    if len(form) != len(GRID_Z):
        raise ValueError(f"a table needs {len(GRID_Z)} quantiles, one for each of GRID_Z, not {len(form)}")
    factor = mean_s / sum(share * quantile for share, quantile in zip(_SHARES, form, strict=True))
    return Tabulated(mean_s, tuple(factor * quantile for quantile in form))
