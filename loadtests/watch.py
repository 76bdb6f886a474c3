"""The watch over a run: keeps its files current, notices its end."""

from collections.abc import Callable
from typing import Protocol

import gevent

from loadtests.record import Record

LOOK_S = 0.1
REPORT_EVERY = 5
"""Looks: twice a second."""
SUMMARISE_EVERY = 50
"""Looks: every five seconds."""


class Play(Protocol):
    """A run in progress: a `Day` or a `Saturation`."""

    record: Record

    def background(self) -> list[Callable[[], None]]:
        """Return what goes on beside Locust's users, each the body of a greenlet."""

    def over(self) -> bool:
        """Tell whether there is nothing more to do."""

    def report(self) -> None:
        """Write the progress."""

    def summarise(self) -> None:
        """Write the summary."""


def watch(play: Play) -> None:
    """Write down what `play` does until it is over; the body of a greenlet."""
    looks = 0
    while not play.over():
        if looks % REPORT_EVERY == 0:
            play.record.flush()
            play.report()
        if looks % SUMMARISE_EVERY == 0:
            play.summarise()
        gevent.sleep(LOOK_S)
        looks += 1


def finish(play: Play) -> None:
    """Write down all that is left, when nobody works any more."""
    play.summarise()
    play.report()
    play.record.close()
