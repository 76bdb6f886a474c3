"""Submission: an operator asks something of the centre, and again for a while when the centre does not take it."""

import time
from collections.abc import Callable, Iterator

from loadtests.targets import TargetError
from model.stages import Status
from model.streams import stream

ATTEMPTS = 6
FIRST_BACKOFF_S = 0.1
"""Wall time, as the failures that it waits for are the server's, which are not compressed; doubled each time."""


Failed = Callable[[float, bool], object]
"""Is told of a request that failed: after how many seconds of wall time, and whether it will be made again."""


def backoffs_s(seed: int, reference: str) -> Iterator[float]:
    """Yield how long to wait before each further attempt, in seconds of wall time.

    Half of each is chance, lest all operators whom one failure sent away come back at the same moment.
    """
    dice = stream(seed, 0, "backoff", reference)
    for attempt in range(ATTEMPTS - 1):
        yield FIRST_BACKOFF_S * 2**attempt * dice.uniform(0.5, 1.0)


def submit(
    ask: Callable[[], Status], reference: str, seed: int, sleep: Callable[[float], object], failed: Failed
) -> Status:
    """Ask at most `ATTEMPTS` times and return where the record stands.

    Args:
        ask: sends a packet or an order; doing it again does no harm.
        reference: the record's.
        seed: the scenario's.
        sleep: waits for so many seconds of wall time.
        failed: is told of each attempt that failed.

    Raises:
        TargetError: the centre refused, or did not take it in the last attempt.
    """
    waits_s = None
    while True:
        sent_s = time.monotonic()
        try:
            return ask()
        except TargetError as error:
            waits_s = waits_s or backoffs_s(seed, reference)
            wait_s = next(waits_s, None) if error.passing else None
            failed(time.monotonic() - sent_s, wait_s is not None)
            if wait_s is None:
                raise
        sleep(wait_s)
