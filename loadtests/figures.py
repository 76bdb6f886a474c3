"""Figures: how the offices of a day stand at this moment, for those who watch."""

from loadtests.day import Day
from loadtests.hall import Hall
from loadtests.news import OfficeFigures
from model.staffing import on_duty


def office_figures(day: Day) -> list[OfficeFigures]:
    """Return how each office stands now."""
    now_s = day.clock.now_s()
    return [_figures(hall, now_s) for hall in day.halls.values()]


def _figures(hall: Hall, now_s: float) -> OfficeFigures:
    today = hall.days.at(now_s)
    evening = not today.closed and today.evening_start_s <= now_s < today.evening_end_s
    inside = hall.waiting or any(citizen.waits for citizen in hall.at_centre.values())
    return OfficeFigures(
        office=hall.code,
        name=hall.plan.office.name,
        waiting=hall.waiting,
        at_centre=len(hall.at_centre),
        open_counters=on_duty(hall.plan, today, now_s),
        in_store=len(hall.store),
        left=hall.left,
        to_come_back=len(hall.at_home),
        overtime=evening and bool(inside),
    )
