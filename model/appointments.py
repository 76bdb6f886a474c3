"""Appointments: which slot of the day each citizen gets who would have come at another moment."""

from collections.abc import Sequence
from typing import NamedTuple


class Slot(NamedTuple):
    """A stretch of an office's day for which citizens are booked."""

    start_s: float
    end_s: float
    quota: int
    """How many may be booked."""


def book(wishes_s: Sequence[float], slots: Sequence[Slot]) -> list[Slot]:
    """Give everybody the free slot nearest to the moment they wish, first booked, first served.

    When all slots are full, the day is overbooked evenly: the slot with the smallest share of its quota is next.
    """
    booked = [0] * len(slots)
    given = []
    for wish_s in wishes_s:
        free = [number for number, slot in enumerate(slots) if booked[number] < slot.quota]
        if free:
            number = min(free, key=lambda number: _distance_s(slots[number], wish_s))
        else:
            number = min(range(len(slots)), key=lambda number: booked[number] / slots[number].quota)
        booked[number] += 1
        given.append(slots[number])
    return given


def _distance_s(slot: Slot, wish_s: float) -> float:
    return max(slot.start_s - wish_s, wish_s - slot.end_s, 0.0)
