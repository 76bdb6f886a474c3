"""Allowances: how much each key may send, as token buckets in memory."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class Allowances:
    """A bucket a key: it holds `burst` requests and is refilled by `per_s` a second."""

    def __init__(self, per_s: float, burst: int, now: Callable[[], float] = time.monotonic) -> None:
        """Give every key a full bucket."""
        self._per_s = per_s
        self._burst = burst
        self._now = now
        self._buckets: dict[str, _Bucket] = {}

    def wait_s(self, key: str) -> float:
        """Take a request from the key's bucket and return 0; with none left, return after how many seconds there is."""
        now = self._now()
        bucket = self._buckets.setdefault(key, _Bucket(self._burst, now))
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.filled_at) * self._per_s)
        bucket.filled_at = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._per_s
        bucket.tokens -= 1
        return 0.0
