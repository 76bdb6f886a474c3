"""Walk-ins: the people whom a capacity measurement brings to the offices, and what they come for; nobody of any day."""

from collections.abc import Iterator
from itertools import count, repeat

from loadtests.plan import LoadPlan
from model.arrivals import Citizen
from model.errands import NEEDS, Errand, offers
from model.needs import drawn_errands
from model.scenario import Scenario
from model.staffing import plan_offices
from model.streams import stream

DRAWN_AT_ONCE = 1_000


def walk_ins(scenario: Scenario, offices: list[str], errands: Iterator[Errand] | None = None) -> Iterator[Citizen]:
    """Yield citizens without end, spread evenly over the offices; all to be enrolled unless there are `errands`."""
    for number, errand in zip(count(), errands or repeat(Errand.ENROLLMENT), strict=False):
        service = scenario.service.capture if NEEDS[errand].capture else scenario.service.papers
        yield Citizen(
            name=f"capacity-{number:05d}",
            office=offices[number % len(offices)],
            arrival_s=0.0,
            capture_s=service.mode_s,
            duplicate_of=None,
            work=(),
            errand=errand,
        )


def offered_shares(scenario: Scenario) -> dict[Errand, float]:
    """Return the shares of what the centre is asked for: the scenario's mix without those turned away at the door.

    Raises:
        ValueError: the centre's version offers nothing of the mix.
    """
    shares, version = scenario.demand.mix.shares, scenario.centre.version
    offered = {errand: share for errand, share in shares.items() if share and offers(version, errand)}
    if not offered:
        raise ValueError(f"version {version} (centre.version) offers nothing of demand.mix; everybody is turned away")
    return {errand: share / sum(offered.values()) for errand, share in offered.items()}


def offered_errands(scenario: Scenario) -> Iterator[Errand]:
    """Yield errands without end, drawn by `offered_shares`; always the same for the same seed and mix.

    Raises:
        ValueError: the centre's version offers nothing of the mix.
    """
    offered = offered_shares(scenario)
    dice = stream(scenario.seed, 0, "capacity errands")
    while True:
        drawn = drawn_errands(scenario, dice.random(DRAWN_AT_ONCE))
        yield from (errand for errand in drawn if errand in offered)


def arrivals_s(seed: int, replication: int, rate_per_s: float, length_s: float) -> Iterator[float]:
    """Yield the moments of a Poisson process of `rate_per_s` from 0 to `length_s`, always the same for the same rate.

    A longer length only adds later moments.
    """
    dice = stream(seed, replication, "open load", f"{rate_per_s:.6g}")
    moment_s = dice.exponential(1 / rate_per_s)
    while moment_s < length_s:
        yield moment_s
        moment_s += dice.exponential(1 / rate_per_s)


def open_arrivals(plan: LoadPlan, scenario: Scenario) -> list[Citizen]:
    """Return who arrives in an open load, with the errands of the scenario's mix, in the order of arrival.

    Raises:
        ValueError: the centre's version offers nothing of the mix.
    """
    moments_s = arrivals_s(scenario.seed, plan.replication, plan.rate_per_s, plan.length_s)
    people = walk_ins(scenario, list(plan_offices(scenario)), offered_errands(scenario))
    return [citizen._replace(arrival_s=moment_s) for moment_s, citizen in zip(moments_s, people, strict=False)]
