"""Residents: who of those who have a card asks for another; nobody twice in a run, whoever plays the offices.

A pure function of the list, the scenario's seed and who comes. It is dealt for all offices of a run at once, and each
worker of a fleet is told the same.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence

from loadtests.plan import LoadPlan
from loadtests.walk_ins import open_arrivals
from model.arrivals import Citizen, absent_of, citizens_of
from model.errands import NEEDS, Errand
from model.scenario import Scenario
from model.staffing import plan_offices
from model.streams import stream

REMEDY = "raise centre.residents, or name a longer --residents-file"


class TooFewResidentsError(ValueError):
    """More residents ask for a new card than the list has."""

    def __init__(self, where: str, needed: int, there: int) -> None:
        super().__init__(f"{needed} residents ask for a new card {where}, and the list has {there}; {REMEDY}")


class NoResidentsError(ValueError):
    """Residents ask for a new card, and nobody said who has one."""

    def __init__(self) -> None:
        super().__init__(
            "demand.mix or demand.batch_cards brings residents who need a new card, and it is not known who has one; "
            'name a list with --residents-file, JSON: {"35.07": ["3507...", ...]}'
        )


def needs_residents(scenario: Scenario) -> bool:
    """Tell whether anybody of a scenario asks for a new card."""
    shares = scenario.demand.mix.shares
    return bool(scenario.demand.batch_cards_per_day) or any(
        share and not NEEDS[errand].capture for errand, share in shares.items()
    )


def dealt(plan: LoadPlan, scenario: Scenario) -> dict[str, str]:
    """Return the NIK behind each citizen of a run who asks for a new card, in all offices, by the citizen's name.

    Raises:
        NoResidentsError: residents are needed and the plan names no list of them.
        TooFewResidentsError: the list is too short.
        ValueError: the file is no list.
        OSError: the list cannot be read.
    """
    if plan.mode == "capacity" or not needs_residents(scenario):
        return {}
    if plan.residents_file is None:
        raise NoResidentsError
    people = open_arrivals(plan, scenario) if plan.mode == "open" else _of_day(plan, scenario)
    askers = [citizen for citizen in people if not NEEDS[citizen.errand].capture]
    return deal(askers, plan.read_residents(), scenario.seed, plan.replication)


def deal(
    askers: Sequence[Citizen], residents: Mapping[str, Sequence[str]], seed: int, replication: int = 0
) -> dict[str, str]:
    """Return a NIK for each asker's name: of a resident at home in the asker's office, or, away, in any other.

    Args:
        askers: citizens who need a new card; who is first in the order of names is dealt to first.
        residents: NIKs by the code of the office where the resident is at home.
        seed: the scenario's.
        replication: whose citizens the askers are.

    Raises:
        TooFewResidentsError: an office has not enough residents, or the others together have not.
    """
    in_order = sorted(askers, key=lambda citizen: citizen.name)
    at_home = [citizen for citizen in in_order if citizen.errand is not Errand.REPLACEMENT_AWAY]
    left = {
        code: deque(niks[index] for index in _order(len(niks), seed, replication, code))
        for code, niks in residents.items()
    }
    for code, needed in Counter(citizen.office for citizen in at_home).items():
        if needed > (there := len(left.get(code, ()))):
            raise TooFewResidentsError(f"at home in office {code}", needed, there)
    given = {citizen.name: left[citizen.office].popleft() for citizen in at_home}
    elsewhere = [(code, nik) for code in sorted(left) for nik in left[code]]
    return given | _deal_away(
        [citizen for citizen in in_order if citizen.errand is Errand.REPLACEMENT_AWAY],
        deque(elsewhere[index] for index in _order(len(elsewhere), seed, replication, "away")),
    )


def _deal_away(askers: Sequence[Citizen], pool: deque[tuple[str, str]]) -> dict[str, str]:
    given = {}
    there = len(pool)
    for citizen in askers:
        # Who is at home here is left for the askers of other offices.
        for _ in range(len(pool)):
            home, nik = pool.popleft()
            if home != citizen.office:
                given[citizen.name] = nik
                break
            pool.append((home, nik))
        else:
            raise TooFewResidentsError("away from home", len(askers), there)
    return given


def _order(count: int, seed: int, replication: int, whose: str) -> list[int]:
    order: list[int] = stream(seed, replication, "residents asking", whose).permutation(count).tolist()
    return order


def _of_day(plan: LoadPlan, scenario: Scenario) -> list[Citizen]:
    """Everybody of the plan's days in all offices of the scenario, whichever of them the plan plays."""
    return [
        citizen
        for office in plan_offices(scenario).values()
        for of in (citizens_of, absent_of)
        for day in plan.numbers
        for citizen in of(scenario, office, day, plan.replication)
    ]
