"""Queue mining: when work began, recovered from when it was asked for and when it was done.

In a queue that serves in the order of arrival with c servers, a visit starts at its arrival, or when the c-th of those
before it leaves, whichever is later (Kiefer and Wolfowitz 1955; Senderovich et al., Queue Mining, 2014). Arrays have
an element a visit, in the order of arrival; times in seconds; a visit that had not finished has finish infinity.
"""

import bisect
import heapq

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
_DECIMALS = 6
"""Of a second: below a microsecond times differ by how computers round."""
_ENOUGH = 30
"""Visits on either side, below which two distributions are not worth comparing."""


def recover_starts(entered_s: Floats, finished_s: Floats, servers: int) -> Floats:
    """Return when each visit started; infinity for one that was still waiting when all was over."""
    started_s = np.empty_like(entered_s)
    # The `servers` latest departures among the earlier arrivals: once the earliest of them is gone, one is free.
    latest: list[float] = []
    for index, (entered, finished) in enumerate(zip(entered_s.tolist(), finished_s.tolist(), strict=True)):
        if len(latest) < servers:
            started_s[index] = entered
            heapq.heappush(latest, finished)
        else:
            started_s[index] = max(entered, latest[0])
            heapq.heappushpop(latest, finished)
    return started_s


def least_servers(finished_s: Floats) -> int:
    """Return the fewest servers that can have let visits leave in this order.

    Who leaves while k earlier arrivals are still there was served beside all of them: k + 1 servers at least.
    """
    most, earlier = 0, list[float]()
    for finished in finished_s.tolist():
        most = max(most, len(earlier) - bisect.bisect_right(earlier, finished))
        bisect.insort(earlier, finished)
    return most + 1


def estimate_servers(entered_s: Floats, finished_s: Floats) -> int:
    """Return how many servers the visits had, when nobody wrote it down.

    Of the numbers that the order of departures allows, the one for which visits that found a queue needed as long as
    visits that found none: how long a visit takes does not depend on what it finds. (The least distance between the
    two distributions, Kolmogorov and Smirnov's.)
    """
    least = least_servers(finished_s)
    present = _present(entered_s, finished_s)
    at_once = present < least
    over = np.isfinite(finished_s)
    alone_s = np.round((finished_s - entered_s)[at_once & over], _DECIMALS)
    best, best_distance = least, np.inf
    for servers in range(least, int(present.max(initial=0)) + 2):
        queued = ~at_once & over
        if min(queued.sum(), len(alone_s)) < _ENOUGH:
            break
        queued_s = (finished_s - recover_starts(entered_s, finished_s, servers))[queued]
        distance = float(stats.ks_2samp(alone_s, np.round(queued_s, _DECIMALS), method="asymp").statistic)
        if distance < best_distance:
            best, best_distance = servers, distance
    return best


def doubt(entered_s: Floats, finished_s: Floats, servers: int) -> float:
    """Return how far the recovered times may be wrong altogether: the standard deviation of the logarithm of a factor.

    Whether the queue really serves in the order of arrival shows in visits that found a queue: they should need as
    long as those that found none. What their means differ by is the doubt, and at least what they would by chance.
    """
    over = np.isfinite(finished_s)
    at_once = (_present(entered_s, finished_s) < least_servers(finished_s))[over]
    work_s = (finished_s - recover_starts(entered_s, finished_s, servers))[over]
    queued = int((~at_once).sum())
    if not queued:
        return 0.0
    cv = float(np.std(work_s) / np.mean(work_s))
    chance = cv * float(np.sqrt(1 / max(1, len(work_s) - queued) + 1 / queued))
    if queued == len(work_s):
        return chance
    return max(chance, abs(float(np.log(np.mean(work_s[at_once]) / np.mean(work_s[~at_once])))))


def most_at_once(started_s: Floats, finished_s: Floats) -> int:
    """Return how many visits were in service at the same time, at most."""
    moments = np.concatenate((started_s, finished_s))
    steps = np.concatenate((np.ones_like(started_s), -np.ones_like(finished_s)))
    # At one moment departures come first: a server that is given on serves one at a time.
    order = np.lexsort((steps, moments))
    return int(np.cumsum(steps[order]).max(initial=0))


def _present(entered_s: Floats, finished_s: Floats) -> NDArray[np.int64]:
    """How many earlier arrivals were still there when each arrived."""
    gone = np.searchsorted(np.sort(finished_s), entered_s, side="right")
    result: NDArray[np.int64] = np.arange(len(entered_s)) - gone
    return result
