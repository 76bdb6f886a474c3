"""The printing clerk: switches an office's printers, has the night's batch printed, and books blank cards.

The hours are those of `model/printing.py`, which the simulation keeps to as well.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

import gevent

from loadtests.day import Day
from loadtests.targets import PrintRoom, TargetError
from model.compression import window_interval_s
from model.printing import Delivery, batch_from_s, deliveries, printers_on, printing_spells_s
from model.scenario import Scenario
from model.staffing import OfficePlan

LEAVES_WITHIN_S = 2.0
"""Wall time."""


def wants_clerk(scenario: Scenario, days: Sequence[int]) -> bool:
    """Tell whether there is anything to do: else printers are on as long as the only day lasts, and blanks endless."""
    return bool(scenario.offices.batch_printing) or scenario.offices.cards is not None or len(days) > 1


class PrintingClerk:
    """One office's clerk, on a terminal that somebody else sits at; does what is due and what was missed."""

    def __init__(self, day: Day, plan: OfficePlan, room: PrintRoom, stockroom: PrintRoom) -> None:
        """Prepare an office's work.

        Args:
            day: what is played; tells which days.
            plan: the office.
            room: the centre as an operator of the office reaches it.
            stockroom: the same as somebody who may book deliveries.
        """
        self._day = day
        self._office = plan.office
        self._room = room
        self._stockroom = stockroom
        self._batches = bool(day.scenario.offices.batch_printing)
        self._interval_s = window_interval_s(day.scenario)
        self._spells_s = printing_spells_s(day.scenario, plan.office, day.days)
        # The first morning's blanks are there before the doors open.
        stock = [] if plan.cards is None else [Delivery(-math.inf, plan.cards)]
        self._deliveries = stock + deliveries(day.scenario, plan, day.days)
        self._booked = 0
        self._on: bool | None = None
        """What the centre confirmed last."""
        self._work: gevent.Greenlet | None = None

    def begin(self) -> None:
        """Go to work, in a greenlet of the clerk's own."""
        self._work = gevent.spawn(self._keep_hours)

    def leave(self) -> None:
        """Stop, and leave the printers on, as they were found; a server that does not answer is not waited for."""
        if self._work is None:
            return
        self._work.kill()
        self._work = None
        # Whether a switch that was under way has come to the centre, nobody knows.
        self._on = None
        with gevent.Timeout(LEAVES_WITHIN_S, False):
            self._switched(on=True)

    def _keep_hours(self) -> None:
        clock = self._day.clock
        next_s: float | None = -math.inf
        while next_s is not None:
            clock.sleep_until(next_s)
            now_s = clock.now_s()
            # What the centre did not do now is left to the next look.
            next_s = self._next_s(now_s) if self._catch_up(now_s) else now_s + self._interval_s

    def _next_s(self, now_s: float) -> float | None:
        """Return when there is something to do again; None after the last time that the printers are switched off."""
        moments_s = [moment_s for spell in self._spells_s for moment_s in spell if moment_s > now_s]
        if not moments_s:
            return None
        moments_s += [delivery.moment_s for delivery in self._deliveries[self._booked :]]
        if self._batches:
            batch_s = self._batch_from_s(now_s)
            moments_s.append(batch_s if batch_s > now_s else now_s + self._interval_s)
        return min(moments_s)

    def _catch_up(self, now_s: float) -> bool:
        """Do what is due; returns whether the centre did all of it."""
        done = self._switched(printers_on(self._spells_s, now_s)) and self._booked_until(now_s)
        if self._batches and self._batch_from_s(now_s) == now_s:
            done = self._asked(lambda: self._room.print_held(self._office.code)) and done
        return done

    def _switched(self, on: bool) -> bool:
        if on != self._on:
            if not self._asked(lambda: self._room.switch_printers(self._office.code, on)):
                return False
            self._on = on
        return True

    def _booked_until(self, now_s: float) -> bool:
        code, run = self._office.code, round(self._day.clock.clock.origin_wall_s * 1000)
        for delivery in self._deliveries[self._booked :]:
            if delivery.moment_s > now_s:
                break
            name = f"{code}-{run}-{self._booked}"
            if not self._asked(partial(self._stockroom.deliver, code, delivery.blanks, name)):
                return False
            self._booked += 1
        return True

    def _batch_from_s(self, moment_s: float) -> float:
        return batch_from_s(self._day.scenario, self._office, moment_s)

    def _asked(self, request: Callable[[], object]) -> bool:
        """Make a request; returns whether the centre did what was asked."""
        wall_s = self._day.clock.wall_s
        asked_s = wall_s()
        try:
            request()
        except TargetError:
            self._day.record.failed_request(wall_s() - asked_s)
            return False
        return True
