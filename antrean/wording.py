"""Measures as people read them: "41 min", "1,596 h", "99.2 %", with their intervals."""

from antrean.summary import duration
from model.performance import PERFORMANCE, Unit
from model.replicate import Interval

HALF_A_SECOND = 0.5
"""Waits are told to the second at best: what is shorter reads as zero."""


def shown(measure: str, value: float) -> str:
    """Write a measure's value with its unit."""
    unit = PERFORMANCE[measure].unit
    if unit is Unit.SECONDS:
        return "0 s" if abs(value) < HALF_A_SECOND else duration(value)
    if value != value:  # not a number
        return "-"
    if unit is Unit.SHARE:
        return f"{100 * value:.1f} %"
    number = f"{value:,.1f}" if abs(value) < 100 and value != round(value) else f"{value:,.0f}"
    return f"{number} h" if unit is Unit.HOURS else number


def shown_interval(measure: str, found: Interval) -> str:
    """Write a mean with its interval, "41 min (39 min to 43 min)"; the mean alone where all three read alike."""
    return _with_ends(*(shown(measure, value) for value in found))


def shown_difference(measure: str, found: Interval) -> str:
    """Write a difference with its signs: "-12 min (-14 min to -10 min)"."""
    return _with_ends(*(shown_value_with_sign(measure, value) for value in found))


def shown_amount(measure: str, found: Interval) -> str:
    """Write a difference's size, whatever its sign: "12 min (10 min to 14 min)"."""
    sizes = sorted((abs(found.low), abs(found.high))) if found.low * found.high > 0 else (found.low, found.high)
    return shown_interval(measure, Interval(abs(found.mean), *sizes))


def percent(share: float) -> str:
    """Write a probability: "95 %"."""
    return f"{100 * share:g} %"


def enumerated(names: list[str]) -> str:
    """Write names as a sentence does: "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _with_ends(mean: str, low: str, high: str) -> str:
    return mean if mean == low == high else f"{mean} ({low} to {high})"


def shown_value_with_sign(measure: str, value: float) -> str:
    """Write a difference: "-12 min"."""
    size = shown(measure, abs(value))
    if size == shown(measure, 0.0) or value != value:
        return size
    return f"{'+' if value > 0 else '-'}{size}"
