"""Shares: which offices each worker of a fleet plays, a pure function, so that everybody agrees without asking."""

from collections.abc import Mapping
from typing import NamedTuple

from model.staffing import OfficePlan


class Share(NamedTuple):
    """What one worker plays; citizens come from the scenario's seed, so all shares together are the same for any split.

    A citizen, and the one whose duplicate it is, belong to one office, and an office to one worker.
    """

    offices: list[str]
    operators: int
    max_requests_per_s: float
    """The worker's part of `[load] max_rate`; all parts together are no more than it."""


def share_out(plans: Mapping[str, OfficePlan], workers: int, max_rate_per_s: float) -> list[Share]:
    """Share offices out by arrivals, so that all workers have about as much to do: the biggest first, to the idlest.

    Args:
        plans: all offices that are played.
        workers: how many play them, 1 at least; a worker's index is its place in the list returned.
        max_rate_per_s: requests a second of all workers together.

    Raises:
        ValueError: there are more workers than offices.
    """
    if workers > len(plans):
        raise ValueError(
            f"{workers} workers are too many: an office is played by one worker, and there are {len(plans)} offices"
        )
    shares: list[list[str]] = [[] for _ in range(workers)]
    arrivals = [0.0] * workers
    for code, plan in sorted(plans.items(), key=lambda item: (-item[1].arrivals_per_day, item[0])):
        idlest = min(range(workers), key=lambda index: (arrivals[index], index))
        shares[idlest].append(code)
        arrivals[idlest] += plan.arrivals_per_day
    return [
        Share(
            offices=codes,
            operators=sum(plans[code].counters for code in codes),
            max_requests_per_s=max_rate_per_s * own / sum(arrivals),
        )
        for codes, own in zip(shares, arrivals, strict=True)
    ]
