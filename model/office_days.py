"""The days of an office: in which one a moment lies, and to which moment those who wait are put off.

One rule for load and simulation alike.
"""

import math
from collections.abc import Iterator
from itertools import count

from model.arrivals import Citizen
from model.events import Exit
from model.offices import Office
from model.scenario import Scenario
from model.staffing import OfficeDay, OfficePlan, office_day, office_midnight_s
from model.units import DAY_S


class OfficeDays:
    """One office's calendar, without end; closed days are in it but in nothing that is looked up."""

    def __init__(self, scenario: Scenario, office: Office) -> None:
        """Make the calendar of an office; day 0 is the scenario's first."""
        self._scenario = scenario
        self._office = office
        self._midnight_s = office_midnight_s(scenario, office, 0)
        self._days: list[OfficeDay] = []

    def day(self, number: int) -> OfficeDay:
        """Return a day by its number."""
        while len(self._days) <= number:
            self._days.append(office_day(self._scenario, self._office, len(self._days)))
        return self._days[number]

    def at(self, moment_s: float) -> OfficeDay:
        """Return the local day of a moment; before the first day, the first."""
        return self.day(self._number(moment_s))

    def open_from(self, moment_s: float) -> Iterator[OfficeDay]:
        """Yield the days on which the office is open, from a moment's own day on."""
        return (today for today in map(self.day, count(self._number(moment_s))) if not today.closed)

    def next_opening_s(self, moment_s: float) -> float:
        """Return when the doors next open after a moment: who was sent home comes back then."""
        return next(today.opens_s for today in self.open_from(moment_s) if today.opens_s > moment_s)

    def next_look_s(self, moment_s: float, interval_s: float) -> float:
        """Return when the hand-over window looks for cards, from a moment on.

        It looks at opening and every `interval_s` from then on, as long as somebody works.
        """
        for today in self.open_from(moment_s):
            if moment_s <= today.opens_s:
                return today.opens_s
            look_s = today.opens_s + math.ceil((moment_s - today.opens_s) / interval_s) * interval_s
            if look_s <= today.evening_end_s:
                return look_s
        raise AssertionError("there is always a next day")

    def comes_back_s(self, citizen: Citizen, ready_s: float) -> float:
        """Return when who went home comes for a card that is ready at `ready_s`.

        On a later day, at the time of the first visit.
        """
        came = self.at(citizen.arrival_s)
        time_s = citizen.arrival_s - came.opens_s
        return next(
            today.opens_s + time_s
            for today in self.open_from(ready_s)
            if today.opens_s > came.opens_s and today.opens_s + time_s >= ready_s
        )

    def _number(self, moment_s: float) -> int:
        return max(0, math.floor((moment_s - self._midnight_s) / DAY_S))


def evening_exit(citizen: Citizen, evenings: int, returning: float) -> Exit:
    """Tell whether somebody who is sent home comes back when the doors next open.

    Args:
        citizen: who still waits for a counter when the evening ends.
        evenings: how often that has happened, this time included.
        returning: the share of those sent home who come back.
    """
    return Exit.SENT_HOME if citizen.constancy < returning**evenings else Exit.SENT_HOME_FOR_GOOD


def horizon_s(scenario: Scenario, plans: dict[str, OfficePlan], days: int) -> float:
    """Return when the last office's evening shift of the last of `days` days ends, in seconds since the start.

    What is not done by then is neither simulated nor played.
    """
    return max(office_day(scenario, plan.office, days - 1).evening_end_s for plan in plans.values())
