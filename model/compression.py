"""The lab's share of the nation: which offices, how many of their citizens and which speedup a load test can play.

A server in the lab has a capacity of its own. The lab plays as many whole offices as fill it the way the nation fills
its centre, and scales the rest by a volume near one, so that a counter and a printer stay as busy as they really are.
See docs/time-compression.md.
"""

from model.arrivals import national_peak_per_s, peak_hour, usually
from model.scenario import Scenario
from model.staffing import plan_offices

SHORTEST_LOOK_S = 0.1
"""Wall time: a compressed day must not turn a look every two minutes into a flood of requests."""


def quick(scenario: Scenario) -> Scenario:
    """Return the scenario with the figures of `[load.quick]`: a coarser run in less time."""
    figures = scenario.load.quick
    return scenario.model_copy(
        update={
            "centre": scenario.centre.model_copy(update={"residents": figures.residents}),
            "load": scenario.load.model_copy(
                update={"speedup": figures.speedup, "capacity_window_s": figures.capacity_window_s}
            ),
        }
    )


def all_lab_offices(scenario: Scenario) -> Scenario:
    """Return the scenario in every office that the lab may play, with all their citizens."""
    return _with_offices(scenario, len(scenario.load.offices), 1.0)


def lab_scenario(scenario: Scenario, capacity_per_s: float) -> Scenario:
    """Return the scenario as the lab plays it against a server of this capacity.

    Args:
        scenario: the nation's.
        capacity_per_s: enrollments a second (of wall time) that the server can sustain.

    The peak hour of its normal day brings `[load] peak` of the capacity; with "real", as many citizens a second as
    the nation's peak hour.

    Raises:
        ValueError: the peak would exceed `[load] max_rate`.
    """
    share = scenario.load.peak_share
    target_per_s = national_peak_per_s(scenario) if share is None else share * capacity_per_s
    if target_per_s > scenario.load.max_rate_per_s:
        raise ValueError(
            f"the peak hour would bring {target_per_s:.1f} citizens a second, more than load.max_rate "
            f"({scenario.load.max_rate_per_s:g}); raise max_rate or lower load.peak"
        )
    target_volume = {
        count: target_per_s / (_peak_per_s(scenario, count) * scenario.load.speedup)
        for count in range(1, len(scenario.load.offices) + 1)
    }
    count = min(target_volume, key=lambda count: max(target_volume[count], 1 / target_volume[count]))
    return _with_offices(scenario, count, target_volume[count])


def window_interval_s(scenario: Scenario) -> float:
    """Return how often the lab's hand-over windows look, in scenario seconds: no oftener than the server can bear.

    A lab's scenario has it as its `service.handover` already, so that its simulation looks as seldom.
    """
    return max(scenario.service.handover_s, SHORTEST_LOOK_S * scenario.load.speedup)


def _peak_per_s(scenario: Scenario, count: int) -> float:
    lab = usually(_with_offices(scenario, count, 1.0))
    return peak_hour(lab, plan_offices(lab))[1]


def _with_offices(scenario: Scenario, count: int, volume: float) -> Scenario:
    cards = scenario.offices.cards
    # A lab's server has printed what was ordered before the first morning.
    fresh = {"which": scenario.load.offices[:count], "cards": cards and cards.model_copy(update={"unprinted": 0.0})}
    return scenario.model_copy(
        update={
            "offices": scenario.offices.model_copy(update=fresh),
            "demand": scenario.demand.model_copy(update={"volume": volume}),
            "service": scenario.service.model_copy(update={"handover_s": window_interval_s(scenario)}),
        }
    )
