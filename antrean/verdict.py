"""The verdict on one step of an open load: sustained, exceeded, or not to be told yet.

A step is cut into a few long batches, whose means are nearly independent although what happens in a queue is not
(batch means; Law, Simulation Modeling and Analysis, ch. 9). Three things are estimated from them, each with a lower and
an upper bound at a stated error: how fast the backlog grows, the share of citizens for whom it took too long, the share
that failed.

- *Sustained* when all three upper bounds keep the limits. One that breaks its limit passes with at most the error, so
  all of them together do.
- *Exceeded* when a lower bound breaks its limit: of three chances to be wrong, each gets a third of the error.

For the backlog the limit is an equivalence: it counts as one that does not grow when it certainly grows by less than a
small share of the offered rate, and as growing when it certainly grows at all. The growth of a batch is what arrived
less what was finished in it; their sum is the whole rise, and where the server is busy all the time they are
independent. Where it is not, a batch that rises is followed by one that falls, and the bounds are wider than they need
to be: the error is then smaller than stated.
"""

import math
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

BATCHES = 8
LIMITS = 3
"""Growth, late, failed."""

Floats = NDArray[np.float64]


class Verdict(StrEnum):
    """What a step has shown."""

    SUSTAINED = "sustained"
    EXCEEDED = "exceeded"
    UNDECIDED = "undecided"


class Bounds(NamedTuple):
    """An estimate, and what it is not below and not above, each with an error of its own."""

    estimate: float
    low: float
    high: float


class Asked(NamedTuple):
    """What became of what citizens asked in a step; each is an array with an element a citizen, in seconds."""

    due_s: Floats
    """When the citizen arrived."""
    left_s: Floats
    """When the centre had decided or sent the card to be printed, or the request had failed; infinite while none."""
    failed: NDArray[np.bool_]


class Limits(NamedTuple):
    """What a sustained rate has to keep."""

    within_s: float
    """What takes longer is late ..."""
    late_share: float
    """... and no more than this share may be."""
    failed_share: float
    growth_share: float
    """A backlog that grows by less than this share of the offered rate counts as one that does not grow."""


class Judged(NamedTuple):
    """A step's verdict and what it rests on."""

    verdict: Verdict
    broken: tuple[str, ...]
    """Which limits are certainly broken: "backlog", "p95", "errors"."""
    growth_per_s: Bounds
    late: Bounds
    failed: Bounds


def judge(seen: Asked, window_s: tuple[float, float], limits: Limits, error: float) -> Judged:
    """Judge what was seen of a step.

    Args:
        seen: everything asked since the load began, warm-up included.
        window_s: from the end of the warm-up to now.
        limits: what has to be kept.
        error: with which probability the verdict may be wrong.
    """
    begins_s, ends_s = window_s
    edges_s = np.linspace(begins_s, ends_s, BATCHES + 1)
    errors = (error / LIMITS, error)
    arrived, left = _counts(seen.due_s, edges_s), _counts(seen.left_s, edges_s)
    growth = mean_bounds((arrived - left) / np.diff(edges_s), *errors)
    # Of those that came last it is not known yet whether they will be late.
    known_edges_s = np.linspace(begins_s, max(begins_s, ends_s - limits.within_s), BATCHES + 1)
    late = seen.left_s - seen.due_s > limits.within_s
    late_share = share_bounds(_counts(seen.due_s[late], known_edges_s), _counts(seen.due_s, known_edges_s), *errors)
    failed_share = share_bounds(_counts(seen.due_s[seen.failed], edges_s), arrived, *errors)
    most_growth_per_s = limits.growth_share * float(arrived.sum()) / (ends_s - begins_s)
    kept = (
        growth.high < most_growth_per_s,
        late_share.high <= limits.late_share,
        failed_share.high <= limits.failed_share,
    )
    broken = {
        "backlog": growth.low > 0 and not kept[0],
        "p95": late_share.low > limits.late_share,
        "errors": failed_share.low > limits.failed_share,
    }
    verdict = Verdict.SUSTAINED if all(kept) else Verdict.UNDECIDED
    if any(broken.values()):
        verdict = Verdict.EXCEEDED
    return Judged(verdict, tuple(name for name, is_so in broken.items() if is_so), growth, late_share, failed_share)


def mean_bounds(batches: Floats, low_error: float, high_error: float) -> Bounds:
    """Bound a mean by Student's t of its batches."""
    mean = float(batches.mean())
    spread = float(batches.std(ddof=1)) / math.sqrt(len(batches))
    low, high = (spread * float(stats.t.isf(error, len(batches) - 1)) for error in (low_error, high_error))
    return Bounds(mean, mean - low, mean + high)


def share_bounds(hits: Floats, of: Floats, low_error: float, high_error: float) -> Bounds:
    """Bound a share, by its batches and as if all were independent (Clopper and Pearson 1934): the wider counts.

    Batches alone would be certain of a share that they have not seen; independence alone would overlook that failures
    come in clusters. Nothing seen is a share between 0 and 1.
    """
    total, hit = float(of.sum()), float(hits.sum())
    if not total:
        return Bounds(0.0, 0.0, 1.0)
    low = float(stats.beta.ppf(low_error, hit, total - hit + 1)) if hit else 0.0
    high = float(stats.beta.isf(high_error, hit + 1, total - hit)) if hit < total else 1.0
    seen = of > 0
    if seen.sum() > 1:
        clustered = mean_bounds(hits[seen] / of[seen], low_error, high_error)
        low, high = min(low, clustered.low), max(high, clustered.high)
    return Bounds(hit / total, max(0.0, low), min(1.0, high))


def _counts(moments_s: Floats, edges_s: Floats) -> Any:
    """Count moments between neighbouring edges."""
    return np.diff(np.searchsorted(np.sort(moments_s), edges_s)).astype(np.float64)
