"""Printing hours and blank cards: when an office's printers are on, which cards are held back, when blanks come.

One rule for load and simulation alike; all moments are seconds since the scenario's start.
"""

from collections.abc import Iterable
from typing import NamedTuple

from model.arrivals import Citizen
from model.offices import Office
from model.scenario import Scenario
from model.staffing import OfficePlan, office_day, office_midnight_s
from model.units import DAY_S
from model.windows import next_within_s


class Switch(NamedTuple):
    """A moment at which an office's printers are switched, or stay as they are when one spell follows another."""

    moment_s: float
    on: bool


class Delivery(NamedTuple):
    """Blank cards that come to an office."""

    moment_s: float
    blanks: int


def printing_spells_s(scenario: Scenario, office: Office, days: Iterable[int]) -> list[tuple[float, float]]:
    """Return from when to when printers are on: in the shifts of open days, and in the hours of batch printing.

    Hours before the shift are the end of the night that follows the day. Spells may touch and overlap.
    """
    spells_s = []
    for day in days:
        today = office_day(scenario, office, day)
        if today.closed:
            continue
        spells_s.append((today.regular_start_s, today.evening_end_s))
        midnight_s = office_midnight_s(scenario, office, day)
        for window in scenario.offices.batch_printing:
            before = midnight_s + window.start_s < today.regular_start_s
            night_s = midnight_s + (DAY_S if before else 0.0)
            spells_s.append((night_s + window.start_s, night_s + window.end_s))
    return spells_s


def printers_on(spells_s: Iterable[tuple[float, float]], moment_s: float) -> bool:
    """Tell whether printers begin cards at a moment; a card that is begun is finished."""
    return any(start_s <= moment_s < end_s for start_s, end_s in spells_s)


def switches(scenario: Scenario, office: Office, days: Iterable[int]) -> list[Switch]:
    """Return when an office's printers are switched on and off, in order."""
    spells_s = printing_spells_s(scenario, office, days)
    moments_s = sorted({moment_s for spell in spells_s for moment_s in spell})
    return [Switch(moment_s, printers_on(spells_s, moment_s)) for moment_s in moments_s]


def is_held(scenario: Scenario, citizen: Citizen) -> bool:
    """Tell whether a citizen's card keeps to the hours of batch printing, as nobody waits for it."""
    return bool(scenario.offices.batch_printing) and not citizen.waits


def batch_from_s(scenario: Scenario, office: Office, moment_s: float) -> float:
    """Return from when on a card that is held and ready at a moment may be printed: that moment, or a later one."""
    midnight_s = office_midnight_s(scenario, office, 0)
    return next_within_s(scenario.offices.batch_printing, moment_s, midnight_s)


def deliveries(scenario: Scenario, plan: OfficePlan, days: Iterable[int]) -> list[Delivery]:
    """Return when blank cards come to an office on some of the scenario's days, in order; none on the first day."""
    cards = scenario.offices.cards
    if cards is None:
        return []
    return [
        Delivery(office_day(scenario, plan.office, day).opens_s, plan.delivery)
        for day in days
        if day and day % cards.every == 0
    ]
