"""A deliberate cost: makes a step more expensive by a share of its own CPU, in real work, to test those who watch it.

It is nothing that a server should ever have: `benchmarks/gate.py` sets it to find out how small a slow-down the gate
sees. `ANTREAN_DELIBERATE_COST_SHARE` is refused unless `ANTREAN_ALLOW_DELIBERATE_COST` is set to yes.
"""

import hashlib
import os
import time

ALLOWED_BY = "ANTREAN_ALLOW_DELIBERATE_COST"
_PIECE = b"\x00" * 2_048
"""Hashed in a few microseconds."""


class NotAllowedError(ValueError):
    """A step is to be made slower, and nobody has allowed it."""

    def __init__(self) -> None:
        super().__init__(
            f"ANTREAN_DELIBERATE_COST_SHARE makes the server slower on purpose; set {ALLOWED_BY}=yes if you mean it"
        )


class DeliberateCost:
    """Adds CPU work to whatever is done within it."""

    def __init__(self, share: float) -> None:
        """Add this share of the CPU-seconds that the work itself takes; 0 adds nothing.

        Raises:
            NotAllowedError: it is not 0, and the environment does not allow it.
        """
        if share and os.environ.get(ALLOWED_BY) != "yes":
            raise NotAllowedError
        self._share = share

    def __enter__(self) -> None:
        self._began_s = time.thread_time()

    def __exit__(self, *_: object) -> None:
        if not self._share:
            return
        now_s = time.thread_time()
        until_s = now_s + self._share * (now_s - self._began_s)
        while time.thread_time() < until_s:
            hashlib.sha256(_PIECE).digest()
