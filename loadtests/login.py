"""Login: an operator presents a password, again and again until the centre has let the operator in."""

import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from loadtests.submission import FIRST_BACKOFF_S, Failed
from loadtests.targets import TargetError
from model.streams import stream

LONGEST_BACKOFF_S = 3.2
"""Wall time."""


@runtime_checkable
class LetsIn(Protocol):
    """A target at which operators log in; an adapter need not be one."""

    def log_in(self, operator: str, password: str) -> None:
        """Open a session, in which all that follows is asked; raises TargetError like a target's other methods."""


def log_in(
    target: LetsIn, operator: str, password: str, seed: int, sleep: Callable[[float], object], failed: Failed
) -> None:
    """Log in, however often it takes: an operator who is not in can do nothing else.

    `failed` is told of each attempt that failed. Half of each wait is chance, lest a storm that was turned away come
    back at the same moment.

    Raises:
        TargetError: the centre refused the password.
    """
    dice = stream(seed, 0, "login", operator)
    wait_s = FIRST_BACKOFF_S
    while True:
        asked_s = time.monotonic()
        try:
            return target.log_in(operator, password)
        except TargetError as error:
            failed(time.monotonic() - asked_s, error.passing)
            if not error.passing:
                raise
        sleep(wait_s * dice.uniform(0.5, 1.0))
        wait_s = min(2 * wait_s, LONGEST_BACKOFF_S)
