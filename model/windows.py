"""Windows of the day as moments: whether one lies within, and when the next begins or ends.

Windows come back every day. `midnight_s` is any midnight of the clock that they are told on.
"""

import math
from collections.abc import Sequence

from model.units import DAY_S, DayWindow


def within(windows: Sequence[DayWindow], moment_s: float, midnight_s: float = 0.0) -> bool:
    """Tell whether a moment lies in one of the windows, whose end is outside."""
    time_s = (moment_s - midnight_s) % DAY_S
    return any(window.start_s <= time_s < window.end_s for window in windows)


def next_within_s(windows: Sequence[DayWindow], moment_s: float, midnight_s: float = 0.0) -> float:
    """Return the first moment from `moment_s` on that lies in one of the windows; of no windows, `moment_s`."""
    if not windows or within(windows, moment_s, midnight_s):
        return moment_s
    today_s = midnight_s + math.floor((moment_s - midnight_s) / DAY_S) * DAY_S
    starts_s = [today_s + day * DAY_S + window.start_s for day in (0, 1) for window in windows]
    return min(start_s for start_s in starts_s if start_s > moment_s)


def next_outside_s(windows: Sequence[DayWindow], moment_s: float, midnight_s: float = 0.0) -> float:
    """Return the first moment from `moment_s` on that lies in none of the windows.

    Raises:
        ValueError: the windows cover the whole day.
    """
    for _ in range(2 * len(windows) + 1):
        time_s = (moment_s - midnight_s) % DAY_S
        ends_s = [window.end_s for window in windows if window.start_s <= time_s < window.end_s]
        if not ends_s:
            return moment_s
        moment_s += max(ends_s) - time_s
    raise ValueError("the windows cover the whole day")


def spells_s(windows: Sequence[DayWindow], start_s: float, length_s: float) -> list[tuple[float, float]]:
    """Return the spells from `start_s` on that lie in the windows and are `length_s` long together.

    Of no windows, one spell. Windows are told on the clock whose midnight is 0.
    """
    if not windows:
        return [(start_s, start_s + length_s)]
    spells = []
    while length_s > 1e-6:
        start_s = next_within_s(windows, start_s)
        time_s = start_s % DAY_S
        open_until_s = start_s - time_s + max(w.end_s for w in windows if w.start_s <= time_s < w.end_s)
        end_s = min(open_until_s, start_s + length_s)
        spells.append((start_s, end_s))
        length_s -= end_s - start_s
        start_s = end_s
    return spells
