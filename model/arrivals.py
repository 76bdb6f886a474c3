"""Arrivals: which citizens come to which office when, and what they need; a pure function of scenario and seed.

Citizens come by a non-homogeneous Poisson process whose rate is linear between the knots of the scenario's curve, in
the office's local time, and are drawn by inverting the expected count (Cinlar, Introduction to Stochastic Processes,
1975, ch. 4; Law, section 8.6.2). The server's load and the simulation's citizens are the same ones.

Whoever would come is numbered, and every need is a quantile of the person's own draw from a stream of its own. So two
schedules meet the same citizens with the same needs (common random numbers), and a busier day only adds to them.
"""

import math
from collections.abc import Iterable
from itertools import compress, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.appointments import Slot, book
from model.errands import NEEDS, Errand
from model.needs import counter_times_s, decisions_s, drawn_errands, patience_s
from model.offices import Zone
from model.scenario import Scenario
from model.staffing import OfficePlan, counter_mean_s, office_day, office_midnight_s, on_duty, plan_offices
from model.stages import CENTRAL_STAGES, Stage
from model.streams import stream
from model.units import HOUR_S

Floats = NDArray[np.float64]


class Citizen(NamedTuple):
    """One person's visit, with everything about it that is chance."""

    name: str
    """Unique in the scenario: "35.07-d0-0012" is somebody of day 0 in office 35.07, whatever the day's schedule."""
    office: str
    arrival_s: float
    """When the person takes a ticket, in seconds since the scenario's start."""
    capture_s: float
    """How long the capture takes at the counter; for an errand without one, the look at the papers."""
    duplicate_of: str | None
    """The earlier citizen whom this one really is, enrolled under another number."""
    work: tuple[float, ...]
    """Standard normal deviates, one per stage of `CENTRAL_STAGES`: how heavy the record is for the centre."""
    errand: Errand = Errand.ENROLLMENT
    """What the person comes for."""
    patience_s: float = math.inf
    """How long the person waits for a counter before leaving."""
    constancy: float = 0.0
    """A draw between 0 and 1: who was sent home n times comes back if it is below the n-th power of the share."""
    waits: bool = True
    """Whether the person waits in the office for the card, or goes home and comes another day."""
    decision_s: float = 0.0
    """How long an adjudicator takes for the record; 0 for a record that needs none."""
    requests: tuple[float, ...] = (0.0, 0.0)
    """Standard normal deviates: how heavy the submission and the hand-over are for the centre's web server."""


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
    today = office_day(scenario, plan.office, day)

    def draws(source: str, repetition: int = replication) -> np.random.Generator:
        return stream(scenario.seed, repetition, source, code, day)

    heavy = replication if work_replication is None else work_replication

    count = 0 if today.closed else _unit_rate_count(draws("count"), plan.arrivals_per_day)
    local_s = ArrivalCurve(scenario.demand.curve_knots).invert(draws("moment").random(count))
    wishes_s = local_s + office_midnight_s(scenario, plan.office, day)
    errands = drawn_errands(scenario, draws("errand").random(count))
    habits = draws("habits").random((count, 4))
    arrivals_s, comes = _appointed(scenario, plan, day, wishes_s, habits[:, 0], habits[:, 1])
    names = [f"{code}-d{day}-{number:04d}" for number in range(count)]
    crowd = map(
        Citizen,
        names,
        repeat(code),
        arrivals_s.tolist(),
        counter_times_s(scenario, errands, draws("capture").random(count)),
        repeat(None),
        map(tuple, draws("centre", heavy).standard_normal((count, len(CENTRAL_STAGES))).tolist()),
        errands,
        patience_s(scenario, draws("patience").random(count)),
        habits[:, 2].tolist(),
        (habits[:, 3] < scenario.service.waiting_for_card).tolist(),
        decisions_s(scenario, errands, draws("adjudication").random((count, 2))),
        map(tuple, draws("requests", heavy).standard_normal((count, 2)).tolist()),
    )
    present = sorted(compress(crowd, comes.tolist()), key=lambda citizen: (citizen.arrival_s, citizen.name))
    chances = dict(zip(names, draws("duplicates").random((count, 2)).tolist(), strict=True))
    return _with_duplicates(present, scenario.demand.duplicates, chances)


def absent_of(scenario: Scenario, plan: OfficePlan, day: int, replication: int = 0) -> list[Citizen]:
    """Return the cards that one office orders at a day's opening for people recorded earlier, who are not there."""
    today = office_day(scenario, plan.office, day)
    count = 0 if today.closed else int((day + 1) * plan.batch_per_day) - int(day * plan.batch_per_day)
    code = plan.office.code
    work = stream(scenario.seed, replication, "batch", code, day).standard_normal((count, len(CENTRAL_STAGES)))
    return [
        # What is left to do is what a replacement needs: no capture, no search.
        Citizen(
            f"{code}-d{day}-batch-{number:04d}",
            code,
            today.opens_s,
            0.0,
            None,
            tuple(deviates),
            Errand.REPLACEMENT,
            waits=False,
        )
        for number, deviates in enumerate(work.tolist())
    ]


def citizens(scenario: Scenario, plans: dict[str, OfficePlan], day: int, replication: int = 0) -> list[Citizen]:
    """Return the citizens of all planned offices on one day, in the order of their arrival."""
    everybody = [citizen for plan in plans.values() for citizen in citizens_of(scenario, plan, day, replication)]
    return sorted(everybody, key=lambda citizen: (citizen.arrival_s, citizen.name))


def peak_hour(scenario: Scenario, plans: dict[str, OfficePlan]) -> tuple[float, float]:
    """Return when the day's busiest hour begins (seconds since day 0's start) and its mean arrivals a second.

    Hours begin on the quarter hour of the start's zone. Citizens are taken to come when they like.
    """
    starts_s = np.arange(-4 * HOUR_S, 28 * HOUR_S, HOUR_S / 4)
    expected = np.zeros_like(starts_s)
    curve = ArrivalCurve(scenario.demand.curve_knots)
    by_zone: dict[Zone, list[OfficePlan]] = {}
    for plan in plans.values():
        by_zone.setdefault(plan.office.zone, []).append(plan)
    for alike in by_zone.values():
        local_s = starts_s - office_midnight_s(scenario, alike[0].office, 0)
        per_day = sum(plan.arrivals_per_day for plan in alike)
        expected += per_day * (curve.share_until(local_s + HOUR_S) - curve.share_until(local_s))
    busiest = int(np.argmax(expected))
    return float(starts_s[busiest]), float(expected[busiest]) / HOUR_S


def national_peak_per_s(scenario: Scenario) -> float:
    """Return the mean arrivals a second in the busiest hour of all 514 offices, whatever the scenario plays of them.

    Zones are taken as they are, not as a schedule staggers them: the centre is as large as it is.
    """
    everywhere = scenario.offices.model_copy(update={"which": "all", "stagger_s": {}})
    full = scenario.demand.model_copy(update={"volume": 1.0})
    nation = scenario.model_copy(update={"offices": everywhere, "demand": full})
    return peak_hour(nation, plan_offices(nation))[1]


def _unit_rate_count(draws: np.random.Generator, mean: float) -> int:
    """A Poisson count that only grows with its mean: how many points of a unit-rate process lie below it."""
    reached, count = 0.0, 0
    while True:
        points = reached + np.cumsum(draws.exponential(size=int(mean + 6 * math.sqrt(mean)) + 8))
        if points[-1] > mean:
            return count + int(np.searchsorted(points, mean, side="right"))
        reached, count = float(points[-1]), count + len(points)


def _appointed(
    scenario: Scenario, plan: OfficePlan, day: int, wishes_s: Floats, punctuality: Floats, presence: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """When everybody comes, and whether: as they wish, or somewhen in the slot that they were booked for."""
    appointments = scenario.demand.appointments
    if appointments is None or not len(wishes_s):
        return wishes_s, np.ones(len(wishes_s), dtype=bool)
    slots = book(wishes_s.tolist(), _slots(scenario, plan, day))
    starts_s, ends_s = (np.array([slot[edge] for slot in slots]) for edge in (0, 1))
    return starts_s + punctuality * (ends_s - starts_s), presence >= appointments.no_shows


def _slots(scenario: Scenario, plan: OfficePlan, day: int) -> list[Slot]:
    """An office's slots: while the doors are open and a counter is on duty, at least one citizen each."""
    appointments = scenario.demand.appointments
    assert appointments is not None, "asked for only where there are appointments"  # noqa: S101 - narrows the type
    today = office_day(scenario, plan.office, day)
    length_s = appointments.slot_s
    per_counter = appointments.quota * length_s / counter_mean_s(scenario)
    starts_s = (
        today.opens_s + number * length_s for number in range(int((today.closes_s - today.opens_s) // length_s))
    )
    counters = [(start_s, on_duty(plan, today, start_s)) for start_s in starts_s]
    return [Slot(start_s, start_s + length_s, max(1, int(on * per_counter))) for start_s, on in counters if on] or [
        Slot(today.opens_s, today.closes_s, 1)
    ]


def _with_duplicates(crowd: list[Citizen], share: float, chances: dict[str, list[float]]) -> list[Citizen]:
    """Choose who is really an earlier citizen of the same office and day; nobody is a duplicate of a duplicate."""
    originals: list[str] = []
    marked = []
    for citizen in crowd:
        chance, pick = chances[citizen.name]
        matched = Stage.MATCHING in NEEDS[citizen.errand].stages
        if matched and originals and chance < share:
            marked.append(citizen._replace(duplicate_of=originals[int(pick * len(originals))]))
            continue
        if matched:
            originals.append(citizen.name)
        marked.append(citizen)
    return marked
