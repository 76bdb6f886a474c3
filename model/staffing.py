"""Staffing: how many citizens, counters and printers each office has, and who works when.

One rule for load and simulation alike: a counter is a person who serves one citizen at a time; the first
`evening_counters` of them stay for the evening shift.
"""

import math
from typing import NamedTuple

from model.offices import Office, all_offices
from model.scenario import Scenario, local_midnight_s


class OfficePlan(NamedTuple):
    """An office as a scenario plays it."""

    office: Office
    arrivals_per_day: float
    """Citizens expected on a day."""
    counters: int
    """Operators in the regular shift, each with a capture station."""
    evening_counters: int
    """Operators of them who stay for the evening shift."""
    printers: int
    """Card printers."""


class OfficeDay(NamedTuple):
    """The moments of one office's day, in seconds since the scenario's start."""

    opens_s: float
    """The doors open."""
    closes_s: float
    """The doors close; who has a ticket is still served."""
    regular_start_s: float
    """The regular shift begins."""
    evening_start_s: float
    """The regular shift has ended and the evening shift, paid as overtime, begins."""
    evening_end_s: float
    """Who still waits is sent home, to come back tomorrow."""


def office_day(scenario: Scenario, office: Office, day: int) -> OfficeDay:
    """Return the moments of an office's day in its own time zone; day 0 is the scenario's first."""
    midnight_s = local_midnight_s(scenario, office.zone.utc_offset_s, day)
    opening, staffing = scenario.offices.opening, scenario.staffing
    return OfficeDay(
        opens_s=midnight_s + opening.start_s,
        closes_s=midnight_s + opening.end_s,
        regular_start_s=midnight_s + staffing.regular.start_s,
        evening_start_s=midnight_s + staffing.regular.end_s,
        evening_end_s=midnight_s + staffing.evening.end_s,
    )


def works(plan: OfficePlan, office_day: OfficeDay, counter: int, time_s: float) -> bool:
    """Tell whether the operator of a counter (numbered from 0) takes citizens at a moment; who is begun is finished."""
    if office_day.regular_start_s <= time_s < office_day.evening_start_s:
        return counter < plan.counters
    if office_day.evening_start_s <= time_s < office_day.evening_end_s:
        return counter < plan.evening_counters
    return False


def plan_offices(scenario: Scenario) -> dict[str, OfficePlan]:
    """Equip every office that takes part, by code.

    The nation's arrivals are spread over all 514 offices by population, less what is known of single offices; then
    each office's counters and printers follow from its own arrivals.
    """
    taking_part = list(all_offices()) if scenario.offices.which == "all" else scenario.offices.which
    nominal_per_day = _arrivals_per_day(scenario)
    return {code: _equip(scenario, all_offices()[code], nominal_per_day[code]) for code in taking_part}


def _arrivals_per_day(scenario: Scenario) -> dict[str, float]:
    known = {
        code: office.arrivals_per_day
        for code, office in scenario.offices.known.items()
        if office.arrivals_per_day is not None
    }
    others = {code: office.population_thousands for code, office in all_offices().items() if code not in known}
    per_thousand = max(0.0, scenario.demand.arrivals_per_day - sum(known.values())) / max(1, sum(others.values()))
    return known | {code: thousands * per_thousand for code, thousands in others.items()}


def _equip(scenario: Scenario, office: Office, nominal_per_day: float) -> OfficePlan:
    volume = scenario.demand.volume
    arrivals_per_day = nominal_per_day * volume
    capture_s_per_day = arrivals_per_day * scenario.service.capture.mean_s
    printing_s_per_day = arrivals_per_day * scenario.service.printing_s
    regular_s, opening_s = scenario.staffing.regular.length_s, scenario.offices.opening.length_s
    counters = _enough(capture_s_per_day / (regular_s * scenario.offices.counter_utilisation))
    known = scenario.offices.known.get(office.code)
    if known and known.printers is not None:
        printers = max(1, round(known.printers * volume))
    else:
        printers = _enough(printing_s_per_day / (opening_s * scenario.offices.printer_utilisation))
    return OfficePlan(
        office=office,
        arrivals_per_day=arrivals_per_day,
        counters=counters,
        evening_counters=math.ceil(counters * scenario.staffing.evening_share - 1e-9),
        printers=printers,
    )


def _enough(servers: float) -> int:
    return max(1, math.ceil(servers - 1e-9))
