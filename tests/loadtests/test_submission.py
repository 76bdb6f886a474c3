"""Submission: tried again while it may help, no longer, and never all at the same moment."""

import pytest

from loadtests.submission import ATTEMPTS, backoffs_s, submit
from loadtests.targets import TargetError
from model.stages import Status

REFERENCE = "35.07-d0-0000"


class Balky:
    """Asks for something that succeeds after so many failures."""

    def __init__(self, failures: int, *, passing: bool = True) -> None:
        self.attempts = 0
        self._failures = failures
        self._passing = passing

    def __call__(self) -> Status:
        self.attempts += 1
        if self.attempts <= self._failures:
            raise TargetError("503", passing=self._passing)
        return Status.RECEIVED_AT_CENTRAL


def test_a_passing_failure_is_tried_again_after_growing_waits() -> None:
    waits_s: list[float] = []
    failed: list[bool] = []
    ask = Balky(failures=3)

    status = submit(ask, REFERENCE, 1, waits_s.append, lambda took_s, again: failed.append(again and took_s >= 0))

    assert status is Status.RECEIVED_AT_CENTRAL
    assert failed == [True] * 3
    assert waits_s == list(backoffs_s(1, REFERENCE))[:3]
    assert all(0.05 * 2**n <= wait_s <= 0.1 * 2**n for n, wait_s in enumerate(waits_s))


def test_it_gives_up_after_the_last_attempt() -> None:
    ask = Balky(failures=100)
    told: list[bool] = []
    with pytest.raises(TargetError):
        submit(ask, REFERENCE, 1, lambda _: None, lambda _took_s, again: told.append(again))
    assert ask.attempts == ATTEMPTS
    assert told == [True] * (ATTEMPTS - 1) + [False]


def test_a_refusal_is_not_tried_again() -> None:
    ask = Balky(failures=100, passing=False)
    with pytest.raises(TargetError):
        submit(ask, REFERENCE, 1, lambda _: None, lambda _took_s, _again: None)
    assert ask.attempts == 1


def test_two_operators_do_not_come_back_together() -> None:
    assert list(backoffs_s(1, "35.07-d0-0000")) != list(backoffs_s(1, "35.07-d0-0001"))
