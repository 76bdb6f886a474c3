"""Selection of the best schedule: simulate all, drop what is clearly worse, go on with the rest until one is left."""

import math
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Selection(NamedTuple):
    """How far the selection has come; schedules are numbered as they were given."""

    survivors: tuple[int, ...]
    """Those not dropped, the best mean first."""
    replications: int
    """How many of each survivor were looked at."""
    decided: bool
    """Nothing more needs to be simulated: with the stated confidence the first survivor is the best or worse than it
    by less than the indifference zone. Several survivors gave the very same values."""

    @property
    def best(self) -> int:
        """The schedule with the best mean of those that are left."""
        return self.survivors[0]


def select(
    observations: Sequence[Sequence[float]],
    indifference: float,
    confidence: float,
    first: int,
    larger_is_better: bool,
) -> Selection:
    """Select the schedule with the best mean by the fully sequential procedure KN.

    It takes `first` replications of each schedule, then one by one; after each it drops whoever is behind another by
    more than a margin that shrinks to zero. If the best is ahead of all others by the indifference zone at least, it is
    selected with probability `confidence` or more, with common random numbers as without (Kim and Nelson, A fully
    sequential procedure for indifference-zone selection in simulation, ACM TOMACS 11, 2001; c = 1). The caller
    simulates as it goes: while the answer is not decided, it gives the survivors another replication and asks again.

    Args:
        observations: of each schedule its values in the order of the replications, as many as there are.
        indifference: the smallest difference that matters, above zero.
        confidence: the probability of a correct selection.
        first: replications from which the variances are estimated; fixed before the first is looked at.
        larger_is_better: else the smallest mean is the best.

    Raises:
        ValueError: `first` is below 2, the indifference zone is not above 0, or a schedule has fewer than `first`.
    """
    if first < 2 or indifference <= 0 or min(map(len, observations)) < first:
        raise ValueError(
            f"selection needs first >= 2, indifference > 0 and {first} values of every schedule to begin with; "
            f"got first = {first}, indifference = {indifference:g}, {sorted(map(len, observations))} values"
        )
    sign = 1.0 if larger_is_better else -1.0
    values = [sign * np.asarray(each, dtype=np.float64) for each in observations]
    needed = _replications_of_pairs(values, indifference, confidence, first)
    survivors = tuple(range(len(values)))
    replications = first
    while True:
        survivors = _screen(values, survivors, needed, replications, indifference)
        if len(survivors) == 1 or replications > needed.max():
            return Selection(survivors, replications, decided=True)
        if min(len(values[number]) for number in survivors) == replications:
            return Selection(survivors, replications, decided=False)
        replications += 1


def _replications_of_pairs(values: list[Floats], indifference: float, confidence: float, first: int) -> Floats:
    """h^2 S^2 / indifference^2 of every pair: after that many replications its margin is zero."""
    count = len(values)
    needed: Floats = np.zeros((count, count))
    if count > 1:
        eta = (math.pow(2 * (1 - confidence) / (count - 1), -2 / (first - 1)) - 1) / 2
        h_squared = 2 * eta * (first - 1)
        for one, other in combinations(range(count), 2):
            variance = float(np.var(values[one][:first] - values[other][:first], ddof=1))
            needed[one, other] = needed[other, one] = h_squared * variance / indifference**2
    return needed


def _screen(
    values: list[Floats], survivors: tuple[int, ...], needed: Floats, replications: int, indifference: float
) -> tuple[int, ...]:
    """Keep who is behind none of the others by more than the margin of the pair, the best mean first."""
    means = {number: float(values[number][:replications].mean()) for number in survivors}

    def kept(one: int) -> bool:
        return all(
            means[one] >= means[other] - max(0.0, indifference / 2 * (needed[one, other] / replications - 1))
            for other in survivors
        )

    return tuple(sorted(filter(kept, survivors), key=lambda number: (-means[number], number)))
