"""Batch orders: an office has cards made for people recorded earlier, at opening; nobody waits for them."""

from functools import partial

import gevent

from loadtests.day import Day
from loadtests.hall import Hall
from loadtests.steps import BATCH
from loadtests.submission import submit
from loadtests.targets import Target, TargetError
from model.arrivals import Citizen


class BatchOrders:
    """Orders an office's batch cards one after the other, on a terminal that somebody else sits at."""

    def __init__(self, day: Day, hall: Hall, centre: Target, supervised: Target) -> None:
        """Prepare an office's orders; the centre is reached as its operators do, and as its supervisor."""
        self._day = day
        self._hall = hall
        self._centre = centre
        self._supervised = supervised
        self._work: gevent.Greenlet | None = None

    def begin(self) -> None:
        """Go to work, in a greenlet of its own."""
        self._work = gevent.spawn(self._order)

    def leave(self) -> None:
        """Order nothing any more."""
        if self._work is not None:
            self._work.kill()

    def _order(self) -> None:
        for card in self._day.absent[self._hall.code]:
            self._day.clock.sleep_until(self._hall.online_s(card.arrival_s))
            self._order_one(card)

    def _order_one(self, card: Citizen) -> None:
        day, now_s = self._day, self._day.clock.now_s
        ask, sent_s = day.errands.prepare(card), now_s()
        count = day.record.measure
        try:
            submit(
                partial(ask, self._centre, self._supervised),
                card.name,
                day.scenario.seed,
                gevent.sleep,
                day.record.failed_request,
            )
        except TargetError:
            count = day.record.measure_failure
        ended_s, wall = now_s(), day.clock.clock.compressed
        count(BATCH, wall(ended_s - card.arrival_s), wall(ended_s - sent_s))
