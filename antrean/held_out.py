"""Held out: the hours of a run that its calibration does not see, and how far off the twin is in what they measure."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from antrean.validation.comparison import Pair
from antrean.validation.validate import DayValidated
from model.measures import DayMeasures, measure_day
from model.scenario import Scenario
from model.staffing import OfficePlan, plan_offices
from model.units import HOUR_S


class HeldOut(NamedTuple):
    """What a run keeps from its calibration."""

    part: str
    since_s: float
    """Only the part's citizens who came from this moment on (scenario seconds); the calibration may see it until
    then."""
    words: str
    """What it is called, after "on"."""


SECOND_DAY = HeldOut("lab-second", -math.inf, "a second normal day, with other citizens, that it was not calibrated on")
AFTERNOON = HeldOut("lab-normal", 13 * HOUR_S, "the normal day's afternoon, when it was calibrated on the morning")
"""For a quick run, which has no time for another day."""


def calibrated_on(held_out: HeldOut, *, upgraded: bool) -> Mapping[str, float]:
    """Return the parts that a run is calibrated from, and until which moment of each."""
    seen_s = held_out.since_s if held_out.part == "lab-normal" else math.inf
    return {"lab-normal": seen_s} | ({"lab-upgrade": math.inf} if upgraded else {})


def errors(day: DayValidated, codes: list[str] | None = None) -> dict[str, Pair]:
    """Hold every measure of a validated day against its mean over the predicted days.

    Args:
        day: as it was measured and predicted.
        codes: of the offices that are looked at; left out, all.

    Returns a pair by the name of the measure (of `DayMeasures`, times in scenario seconds); none when nobody came to
    any of the offices.
    """
    plans = {code: plan for code, plan in plan_offices(day.scenario).items() if codes is None or code in codes}
    if not plans:
        return {}
    try:
        measured = _measured(day.measured, day.scenario, plans)
        predicted = [_measured(events, day.scenario, plans) for events in day.predicted]
    except ValueError:
        return {}
    names = DayMeasures._fields[1:]
    return {
        name: Pair(getattr(measured, name), float(np.mean([getattr(one, name) for one in predicted]))) for name in names
    }


def _measured(events: pl.DataFrame, scenario: Scenario, plans: dict[str, OfficePlan]) -> DayMeasures:
    return measure_day(events.filter(pl.col("office").is_in(list(plans))), scenario, plans, 0)
