"""Arrivals: which citizens come to which office when, and what they need; a pure function of scenario and seed.

Citizens come by a non-homogeneous Poisson process whose rate is linear between the knots of the scenario's curve, in
the office's local time, and are drawn by inverting the expected count (Cinlar, Introduction to Stochastic Processes,
1975, ch. 4; Law, section 8.6.2). The server's load and the simulation's citizens are the same ones.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.scenario import Scenario, local_midnight_s
from model.staffing import OfficePlan, plan_offices
from model.stages import CENTRAL_STAGES
from model.streams import stream
from model.units import HOUR_S

Floats = NDArray[np.float64]


class Citizen(NamedTuple):
    """One person's visit, with everything about it that is chance."""

    name: str
    """Unique in the scenario: "35.07-d0-0012" is the thirteenth of day 0 in office 35.07."""
    office: str
    arrival_s: float
    """When the person takes a ticket, in seconds since the scenario's start."""
    capture_s: float
    """How long the capture takes at the counter."""
    duplicate_of: str | None
    """The earlier citizen whom this one really is, enrolled under another number."""
    work: tuple[float, ...]
    """Standard normal deviates, one per stage of `CENTRAL_STAGES`: how heavy the record is for the centre."""


class ArrivalCurve:
    """A piecewise-linear rate over the local day, normalised so that it integrates to one."""

    def __init__(self, knots: Iterable[tuple[float, float]]) -> None:
        """Make the curve through `knots`: (seconds since midnight, relative rate), times ascending."""
        times, rates = zip(*knots, strict=True)
        self._times_s: Floats = np.asarray(times, dtype=np.float64)
        self._rates: Floats = np.asarray(rates, dtype=np.float64)
        areas = np.diff(self._times_s) * (self._rates[1:] + self._rates[:-1]) / 2
        self._rates = self._rates / areas.sum()
        self._cumulative: Floats = np.concatenate(([0.0], np.cumsum(areas / areas.sum())))

    def share_until(self, time_s: Floats) -> Floats:
        """Return the share of the day's arrivals expected before each local time."""
        times = np.clip(time_s, self._times_s[0], self._times_s[-1])
        segment, slope = self._segment(np.searchsorted(self._times_s, times, side="right") - 1)
        along_s = times - self._times_s[segment]
        share: Floats = self._cumulative[segment] + along_s * (self._rates[segment] + slope * along_s / 2)
        return share

    def invert(self, share: Floats) -> Floats:
        """Return the local time before which each share of the day's arrivals is expected."""
        segment, slope = self._segment(np.searchsorted(self._cumulative, share, side="right") - 1)
        rest = share - self._cumulative[segment]
        rate = self._rates[segment]
        # The stable root of rate*t + slope*t^2/2 = rest: it holds for slope 0 and for rate 0 as well.
        root = rate + np.sqrt(np.maximum(rate**2 + 2 * slope * rest, 0.0))
        along_s = np.divide(2 * rest, root, out=np.zeros_like(rest), where=root > 0)
        # Rounding must not carry anybody past the segment's end: behind it the doors may be closed.
        times: Floats = np.minimum(self._times_s[segment] + along_s, self._times_s[segment + 1])
        return times

    def _segment(self, index: NDArray[np.intp]) -> tuple[NDArray[np.intp], Floats]:
        segment = np.clip(index, 0, len(self._times_s) - 2)
        rise = self._rates[segment + 1] - self._rates[segment]
        return segment, rise / (self._times_s[segment + 1] - self._times_s[segment])


def citizens_of(
    scenario: Scenario, plan: OfficePlan, day: int, replication: int = 0, work_replication: int | None = None
) -> list[Citizen]:
    """Return the citizens who come to one office on one day, in the order of their arrival.

    With a `work_replication` the same people come with records that are as heavy as in that repetition.
    """
    code = plan.office.code
    came = stream(scenario.seed, replication, "arrivals", code, day)
    count = int(came.poisson(plan.arrivals_per_day))
    local_s = ArrivalCurve(scenario.demand.curve_knots).invert(np.sort(came.random(count)))
    arrival_s = local_s + local_midnight_s(scenario, plan.office.zone.utc_offset_s, day)
    capture = scenario.service.capture
    capture_s = stream(scenario.seed, replication, "capture", code, day).triangular(
        capture.low_s, capture.mode_s, capture.high_s, count
    )
    heavy = replication if work_replication is None else work_replication
    work = stream(scenario.seed, heavy, "centre", code, day).standard_normal((count, len(CENTRAL_STAGES)))
    names = [f"{code}-d{day}-{number:04d}" for number in range(count)]
    doubles = _duplicates(scenario, names, code, day, replication)
    return [
        Citizen(name, code, arrival, duration, double, tuple(deviates))
        for name, arrival, duration, double, deviates in zip(
            names, arrival_s.tolist(), capture_s.tolist(), doubles, work.tolist(), strict=True
        )
    ]


def citizens(scenario: Scenario, plans: dict[str, OfficePlan], day: int, replication: int = 0) -> list[Citizen]:
    """Return the citizens of all planned offices on one day, in the order of their arrival."""
    everybody = [citizen for plan in plans.values() for citizen in citizens_of(scenario, plan, day, replication)]
    return sorted(everybody, key=lambda citizen: (citizen.arrival_s, citizen.name))


def peak_hour(scenario: Scenario, plans: dict[str, OfficePlan]) -> tuple[float, float]:
    """Return when the day's busiest hour begins (seconds since day 0's start) and its mean arrivals a second.

    Hours begin on the quarter hour of the start's zone.
    """
    starts_s = np.arange(-4 * HOUR_S, 28 * HOUR_S, HOUR_S / 4)
    expected = np.zeros_like(starts_s)
    curve = ArrivalCurve(scenario.demand.curve_knots)
    for offset_s, per_day in _arrivals_by_zone(plans).items():
        local_s = starts_s - local_midnight_s(scenario, offset_s, 0)
        expected += per_day * (curve.share_until(local_s + HOUR_S) - curve.share_until(local_s))
    busiest = int(np.argmax(expected))
    return float(starts_s[busiest]), float(expected[busiest]) / HOUR_S


def national_peak_per_s(scenario: Scenario) -> float:
    """Return the mean arrivals a second in the busiest hour of all 514 offices, whatever the scenario plays of them."""
    everywhere = scenario.offices.model_copy(update={"which": "all"})
    full = scenario.demand.model_copy(update={"volume": 1.0})
    nation = scenario.model_copy(update={"offices": everywhere, "demand": full})
    return peak_hour(nation, plan_offices(nation))[1]


def _arrivals_by_zone(plans: dict[str, OfficePlan]) -> dict[float, float]:
    per_day: dict[float, float] = {}
    for plan in plans.values():
        offset_s = plan.office.zone.utc_offset_s
        per_day[offset_s] = per_day.get(offset_s, 0.0) + plan.arrivals_per_day
    return per_day


def _duplicates(scenario: Scenario, names: list[str], code: str, day: int, replication: int) -> list[str | None]:
    """Choose who is really an earlier citizen of the same office and day; nobody is a duplicate of a duplicate."""
    dice = stream(scenario.seed, replication, "duplicates", code, day)
    doubles: list[str | None] = []
    originals: list[str] = []
    for name, chance, pick in zip(names, dice.random(len(names)), dice.random(len(names)), strict=True):
        if originals and chance < scenario.demand.duplicates:
            doubles.append(originals[int(pick * len(originals))])
        else:
            doubles.append(None)
            originals.append(name)
    return doubles
