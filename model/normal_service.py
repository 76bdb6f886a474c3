"""Normal service: how long the centre's queue is, how long is usual, and the moment after an upgrade when it is again.

Moments are seconds on any one clock: the scenario's, or the server's own.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.units import HOUR_S

Moments = NDArray[np.float64]

HOLD_S = HOUR_S
"""How long the queue has to stay as usual before service counts as normal again."""
FEW_RECORDS = 5
"""So many records at the centre are no queue, whatever was usual."""


class Queue(NamedTuple):
    """How many records are at the centre: `records[i]` from `moments_s[i]` until the next moment, none before."""

    moments_s: Moments
    records: NDArray[np.int64]


def queue_of(entered_s: Moments, left_s: Moments) -> Queue:
    """Return the queue of records that entered and left at these moments; not-a-number for one that has not left."""
    moments_s = np.concatenate((entered_s, left_s[~np.isnan(left_s)]))
    return queue_of_changes(moments_s, np.repeat((1, -1), (len(entered_s), len(moments_s) - len(entered_s))))


def queue_of_changes(moments_s: Moments, changes: NDArray[np.int64]) -> Queue:
    """Return the queue to which so many records were added at these moments, or taken away."""
    # Leaving before entering where both happen at once, lest the queue look longer than it ever was.
    order = np.lexsort((changes, moments_s))
    return Queue(moments_s[order], np.cumsum(changes[order]))


def queue_within(queue: Queue, start_s: float, end_s: float) -> tuple[float | None, int]:
    """Return the mean over time and the maximum of the queue between two moments; no mean for a span without length."""
    inside = (queue.moments_s > start_s) & (queue.moments_s < end_s)
    edges_s = np.concatenate(([start_s], queue.moments_s[inside], [end_s]))
    records = np.concatenate(([records_at(queue, start_s)], queue.records[inside]))
    mean = float(np.average(records, weights=np.diff(edges_s))) if end_s > start_s else None
    return mean, int(records.max())


def usual_queue(queue: Queue, start_s: float = -np.inf, end_s: float = np.inf) -> int:
    """Return the longest queue that counts as normal service: the longest between two moments without an upgrade."""
    inside = (queue.moments_s > start_s) & (queue.moments_s < end_s)
    return max(FEW_RECORDS, records_at(queue, start_s), int(queue.records[inside].max(initial=0)))


def records_at(queue: Queue, moment_s: float) -> int:
    """Return how many records are at the centre at a moment."""
    index = int(np.searchsorted(queue.moments_s, moment_s, side="right")) - 1
    return int(queue.records[index]) if index >= 0 else 0


def normal_again_s(queue: Queue, usual: int, end_s: float, last_s: float) -> float | None:
    """Return the moment normal service is back: the first after the upgrade from which the queue is as usual.

    That is the first moment at or after the upgrade's end from which no more than `usual` records are at the centre
    for `HOLD_S` without a break, or until the last moment known if that comes sooner. None while it is not.

    Args:
        queue: of records at the centre.
        usual: see `usual_queue`.
        end_s: when the upgrade ended.
        last_s: until when the queue is known.
    """
    later = (queue.moments_s > end_s) & (queue.moments_s <= last_s)
    moments_s = np.concatenate(([end_s], queue.moments_s[later]))
    records = np.concatenate(([records_at(queue, end_s)], queue.records[later]))
    since_s: float | None = None
    for moment_s, count in zip(moments_s.tolist(), records.tolist(), strict=True):
        if since_s is not None and moment_s - since_s >= HOLD_S:
            return since_s
        if count > usual:
            since_s = None
        elif since_s is None:
            since_s = moment_s
    return since_s
