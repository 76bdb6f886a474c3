"""Figures: how the offices of a day stand at this moment, for those who watch."""

from loadtests.day import Day
from loadtests.hall import Hall
from loadtests.news import OfficeFigures
from model.staffing import works


def office_figures(day: Day) -> list[OfficeFigures]:
    """Return how each office stands now."""
    now_s = day.clock.now_s()
    return [_figures(hall, now_s) for hall in day.halls.values()]


def _figures(hall: Hall, now_s: float) -> OfficeFigures:
    waiting, at_centre = hall.waiting, len(hall.at_centre)
    evening = hall.day.evening_start_s <= now_s < hall.day.evening_end_s
    return OfficeFigures(
        office=hall.code,
        name=hall.plan.office.name,
        waiting=waiting,
        at_centre=at_centre,
        open_counters=sum(works(hall.plan, hall.day, counter, now_s) for counter in range(hall.plan.counters)),
        overtime=evening and waiting + at_centre > 0,
    )
