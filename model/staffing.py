"""Staffing: how many citizens, counters and printers each office has, and who works when.

One rule for load and simulation alike: a counter is a person who serves one citizen at a time; the first
`evening_counters` of them stay for the evening shift.
"""

import math
from typing import NamedTuple

from model.equipment import KnownOffice
from model.errands import NEEDS
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
    batch_per_day: float = 0.0
    """Cards a day for people who were recorded earlier."""
    cards: int | None = None
    """Blank cards on the first morning; None where they are not counted."""
    delivery: int = 0
    """Blank cards in a delivery."""
    unprinted: int = 0
    """Cards that are ready on the first morning."""


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
    breaks_s: tuple[tuple[float, float], ...] = ()
    """From when to when no counter takes anybody."""
    closed: bool = False
    """Whether nobody works and nobody comes on this day."""


def office_midnight_s(scenario: Scenario, office: Office, day: int) -> float:
    """Return when an office's day begins in its own zone, later by what the scenario staggers the zones."""
    stagger_s = scenario.offices.stagger_s.get(office.zone.value, 0.0)
    return local_midnight_s(scenario, office.zone.utc_offset_s, day) + stagger_s


def office_day(scenario: Scenario, office: Office, day: int) -> OfficeDay:
    """Return the moments of an office's day in its own time zone; day 0 is the scenario's first."""
    midnight_s = office_midnight_s(scenario, office, day)
    opening, staffing = scenario.offices.opening, scenario.staffing
    weekday = scenario.scenario.weekday(day)
    fridays = weekday == "friday" and staffing.friday_breaks is not None
    breaks = staffing.friday_breaks or [] if fridays else staffing.breaks
    return OfficeDay(
        opens_s=midnight_s + opening.start_s,
        closes_s=midnight_s + opening.end_s,
        regular_start_s=midnight_s + staffing.regular.start_s,
        evening_start_s=midnight_s + staffing.regular.end_s,
        evening_end_s=midnight_s + staffing.evening.end_s,
        breaks_s=tuple((midnight_s + pause.start_s, midnight_s + pause.end_s) for pause in breaks),
        closed=weekday in scenario.offices.closed_on,
    )


def on_duty(plan: OfficePlan, office_day: OfficeDay, time_s: float) -> int:
    """Return how many counters, counted from the first, take citizens at a moment; who is begun is finished."""
    if office_day.closed or any(start_s <= time_s < end_s for start_s, end_s in office_day.breaks_s):
        return 0
    if office_day.regular_start_s <= time_s < office_day.evening_start_s:
        return plan.counters
    if office_day.evening_start_s <= time_s < office_day.evening_end_s:
        return plan.evening_counters
    return 0


def works(plan: OfficePlan, office_day: OfficeDay, counter: int, time_s: float) -> bool:
    """Tell whether the operator of a counter (numbered from 0) takes citizens at a moment; who is begun is finished."""
    return counter < on_duty(plan, office_day, time_s)


def shift_changes_s(office_day: OfficeDay) -> list[float]:
    """Return the moments of a day, in order, at which the number of counters on duty can change."""
    shifts_s = (office_day.regular_start_s, office_day.evening_start_s, office_day.evening_end_s)
    return sorted({*shifts_s, *(moment_s for pause in office_day.breaks_s for moment_s in pause)})


def plan_offices(scenario: Scenario) -> dict[str, OfficePlan]:
    """Equip every office that takes part, by code.

    The nation's arrivals are spread over all 514 offices by population, less what is known of single offices; then
    each office's counters and printers follow from its own arrivals on a usual day.
    """
    taking_part = list(all_offices()) if scenario.offices.which == "all" else scenario.offices.which
    nominal_per_day = _usual_per_day(scenario)
    return {code: _equip(scenario, all_offices()[code], nominal_per_day[code]) for code in taking_part}


def counter_mean_s(scenario: Scenario) -> float:
    """Return the mean time of a citizen at a counter, whose errand may need no capture."""
    service, shares = scenario.service, scenario.demand.mix.shares
    captured = sum(share for errand, share in shares.items() if NEEDS[errand].capture)
    return captured * service.capture.mean_s + (1 - captured) * service.papers.mean_s


def _usual_per_day(scenario: Scenario) -> dict[str, float]:
    known = {
        code: office.arrivals_per_day
        for code, office in scenario.offices.known.items()
        if office.arrivals_per_day is not None
    }
    others = {code: office.population_thousands for code, office in all_offices().items() if code not in known}
    per_thousand = max(0.0, scenario.demand.usual_per_day - sum(known.values())) / max(1, sum(others.values()))
    return known | {code: thousands * per_thousand for code, thousands in others.items()}


def _equip(scenario: Scenario, office: Office, nominal_per_day: float) -> OfficePlan:
    demand, known = scenario.demand, scenario.offices.known.get(office.code, KnownOffice())
    volume, usual_per_day = demand.volume, nominal_per_day * demand.volume
    share = nominal_per_day / demand.usual_per_day if demand.usual_per_day else 0.0
    batch_per_day = demand.batch_cards_per_day * volume * share
    counter_s_per_day = usual_per_day * counter_mean_s(scenario)
    printing_s_per_day = (usual_per_day + batch_per_day) * scenario.service.printing_s
    breaks_s = sum(pause.length_s for pause in scenario.staffing.breaks)
    regular_s, opening_s = scenario.staffing.regular.length_s - breaks_s, scenario.offices.opening.length_s
    counters = _enough(counter_s_per_day / (regular_s * scenario.offices.counter_utilisation))
    if known.printers is not None:
        printers = max(1, round(known.printers * volume))
    else:
        printers = _enough(printing_s_per_day / (opening_s * scenario.offices.printer_utilisation))
    stock, delivery = _blank_cards(scenario, known, usual_per_day)
    return OfficePlan(
        office=office,
        arrivals_per_day=usual_per_day * demand.rush,
        counters=counters,
        evening_counters=math.ceil(counters * scenario.staffing.evening_share - 1e-9),
        printers=printers,
        batch_per_day=batch_per_day,
        cards=stock,
        delivery=delivery,
        unprinted=0 if scenario.offices.cards is None else round(scenario.offices.cards.unprinted * usual_per_day),
    )


def _blank_cards(scenario: Scenario, known: KnownOffice, usual_per_day: float) -> tuple[int | None, int]:
    """An office's stock and its deliveries; known ones are those of the whole office."""
    cards, volume = scenario.offices.cards, scenario.demand.volume
    if cards is None:
        return None, 0
    stock = cards.stock * usual_per_day if known.cards is None else known.cards * volume
    delivery = cards.delivery * usual_per_day if known.delivery is None else known.delivery * volume
    return round(stock), round(delivery)


def _enough(servers: float) -> int:
    return max(1, math.ceil(servers - 1e-9))
