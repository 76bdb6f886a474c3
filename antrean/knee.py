"""The knee: the highest rate that is sustained, searched by steps and then by bisection.

What to try next follows from the rates judged so far and nothing else, so that an interrupted search goes on where it
was. A rate whose step stayed undecided is no end of the interval; the search goes on at both sides of it.
"""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from antrean.verdict import Verdict

LADDER = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
"""The steps, as multiples of the guess."""
MOST_STEPS = 16

Judgements = Mapping[float, Verdict]
"""The verdict on each rate tried, in citizens a second."""


class Knee(NamedTuple):
    """Where the knee lies, in citizens a second."""

    low_per_s: float | None
    """The highest rate that was sustained; None when none was."""
    high_per_s: float | None
    """The lowest rate above it that was exceeded; None when none was."""
    contradicted: tuple[float, ...]
    """Rates that were sustained although a lower one was exceeded: the server, or the machine, was not always alike."""


def knee(judged: Judgements) -> Knee:
    """Return the interval that the verdicts leave for the knee.

    Where they contradict each other, the lowest exceeded rate counts: a rate is sustained when all lower ones are.
    """
    exceeded = sorted(rate for rate, verdict in judged.items() if verdict is Verdict.EXCEEDED)
    high = exceeded[0] if exceeded else None
    sustained = sorted(rate for rate, verdict in judged.items() if verdict is Verdict.SUSTAINED)
    below = [rate for rate in sustained if high is None or rate < high]
    return Knee(below[-1] if below else None, high, tuple(rate for rate in sustained if rate not in below))


def next_rate(judged: Judgements, guess_per_s: float, resolution: float, highest_per_s: float) -> float | None:
    """Return the rate to try next; None when the knee is found, or cannot be found more closely.

    Args:
        judged: what was tried.
        guess_per_s: where the knee may lie; the ladder is made from it.
        resolution: how far the interval's ends may lie apart, as a share of the lower one.
        highest_per_s: no higher rate is tried.
    """
    if len(judged) >= MOST_STEPS:
        return None
    found = knee(judged)
    if found.high_per_s is None:
        return _next_rung(judged, guess_per_s, highest_per_s)
    if found.low_per_s is None:
        lowest = min(judged)
        return lowest / 2 if lowest > guess_per_s / 100 else None
    tried = [rate for rate in sorted(judged) if found.low_per_s <= rate <= found.high_per_s]
    lower, upper = max(pairwise(tried), key=lambda gap: gap[1] / gap[0])
    return math.sqrt(lower * upper) if upper > lower * (1 + resolution) else None


def _next_rung(judged: Judgements, guess_per_s: float, highest_per_s: float) -> float | None:
    highest_tried = max(judged, default=0.0)
    rungs = [min(share * guess_per_s, highest_per_s) for share in LADDER]
    return next((rung for rung in rungs if rung > highest_tried), None)
