"""Limits that a load never breaks: so many requests a second, and so large a share of them that may fail."""

import math
from collections import deque
from typing import NamedTuple

BUDGET_WINDOW_S = 10.0
"""Wall time over which the error budget looks back."""
FEWEST_REQUESTS = 20
"""In the window; of fewer, a share says nothing."""


class Tokens:
    """A bucket of tokens, one for each request; a token comes back a second after it was taken.

    A bucket that is refilled steadily lets twice its rate through in the second after a rest. This one never lets more
    through than its rate, in whichever second one looks.
    """

    def __init__(self, rate_per_s: float) -> None:
        """Allow at most `rate_per_s` requests in every second, above 0; below 1 it is one in a longer time."""
        tokens = max(1, math.floor(rate_per_s))
        self._back_after_s = max(1.0, tokens / rate_per_s)
        self._taken_s: deque[float] = deque(maxlen=tokens)

    def take(self, now_s: float) -> float:
        """Take a token for a request and return when it may be sent: `now_s` or later, and never before earlier ones.

        Args:
            now_s: seconds on any clock that does not run backwards.
        """
        free_s = self._taken_s[-1] if self._taken_s else now_s
        if len(self._taken_s) == self._taken_s.maxlen:
            free_s = max(free_s, self._taken_s[0] + self._back_after_s)
        sent_s = max(now_s, free_s)
        self._taken_s.append(sent_s)
        return sent_s


class Spent(NamedTuple):
    """Why a run was stopped: what the window held when the budget was spent."""

    requests: int
    failures: int
    share: float
    """The budget."""

    def __str__(self) -> str:
        return (
            f"{self.failures} of the last {BUDGET_WINDOW_S:g} seconds' {self.requests} requests failed "
            f"({self.failures / self.requests:.0%}); load.error_budget allows {self.share:.0%}"
        )


class ErrorBudget:
    """The largest share of failed requests in the last `BUDGET_WINDOW_S` seconds that a run goes on with."""

    def __init__(self, share: float) -> None:
        """Allow a share between 0 and 1."""
        self._share = share
        self._totals: deque[tuple[float, int, int]] = deque([(-math.inf, 0, 0)])

    def check(self, now_s: float, requests: int, failures: int) -> Spent | None:
        """Return what spent the budget, None while it holds.

        Args:
            now_s: seconds on a clock that does not run backwards.
            requests: how many were answered or given up since the run began.
            failures: how many of them failed.
        """
        self._totals.append((now_s, requests, failures))
        while len(self._totals) > 2 and self._totals[1][0] <= now_s - BUDGET_WINDOW_S:
            self._totals.popleft()
        _, requests_before, failures_before = self._totals[0]
        seen = Spent(requests - requests_before, failures - failures_before, self._share)
        if seen.requests >= FEWEST_REQUESTS and seen.failures > self._share * seen.requests:
            return seen
        return None
