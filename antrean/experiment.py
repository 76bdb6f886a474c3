"""Experiments: which schedules of a scenario are compared, by what measure, and how surely."""

from typing import NamedTuple

from antrean.replications import Rows
from model.centre import national_centre
from model.performance import performance
from model.scenario import Scenario
from model.schedules import Schedule, quick_look, schedule
from model.strategies import STRATEGIES
from model.units import DAY_S

AS_IS = "as-is"
INDIFFERENCE = 0.05
"""Of as-is: differences below it do not matter, unless something else is asked for."""


class Experiment(NamedTuple):
    """What is compared, and how surely."""

    schedules: list[str]
    """Names such as "evening-shift+upgrade-at-night"; none for every strategy that changes something here."""
    days: int
    offices: list[str] | None
    """Codes of the offices that take part, for a quick look; None for all of the scenario's."""
    measure: str
    confidence: float
    minimum: int
    """Replications of every schedule; the selection's first stage."""
    maximum: int
    precision: float
    """The half-width of every schedule's mean measure over that mean, which more replications are to reach."""
    indifference: str | None
    """The smallest difference that matters, as planners write it ("5 min"); None for `INDIFFERENCE` of as-is."""

    def check(self) -> None:
        """Refuse what cannot be done.

        Raises:
            ValueError: says which option and what would be right.
        """
        performance(self.measure)
        if not 2 <= self.minimum <= self.maximum:
            raise ValueError(f"replications {self.minimum}..{self.maximum}: write MIN..MAX, 2 <= MIN <= MAX")
        if not 0.5 <= self.confidence < 1:
            raise ValueError(f"confidence is {self.confidence:g}; it must be at least 0.5 and below 1, such as 0.95")
        if self.precision <= 0 or (self.indifference and self._parsed(self.indifference) <= 0):
            raise ValueError("precision and indifference must be above 0")

    def zone(self, rows: Rows) -> float:
        """Return the smallest difference that matters, in the measure's unit; `rows` hold as-is' first stage."""
        if self.indifference:
            return self._parsed(self.indifference)
        as_is = rows.values(AS_IS, self.measure, self.minimum)
        return max(performance(self.measure).least, INDIFFERENCE * abs(sum(as_is) / len(as_is)))

    def _parsed(self, written: str) -> float:
        return performance(self.measure).unit.parse(written)


DEFAULTS = Experiment(
    schedules=[],
    days=1,
    offices=None,
    measure="wait_p95",
    confidence=0.95,
    minimum=5,
    maximum=30,
    precision=0.05,
    indifference=None,
)
"""What `antrean compare` does unless it is told otherwise; the days are the scenario's."""


class Lineup(NamedTuple):
    """The schedules that are compared."""

    candidates: dict[str, Schedule]
    yardsticks: dict[str, Schedule]
    """What nobody can choose, such as no upgrade at all: shown beside the candidates and not ranked."""
    left_out: dict[str, str]
    """Strategies that were not asked for by name and cannot be applied or change nothing: why."""


def lineup(scenario: Scenario, experiment: Experiment) -> Lineup:
    """Apply the strategies; as-is is always among them, and first.

    Raises:
        ValueError: a strategy that was asked for by name is unknown or cannot be applied.
    """
    base, centre = scenario, national_centre(scenario)
    if experiment.offices is not None:
        base, centre = quick_look(scenario, experiment.offices)
    found = Lineup({}, {}, {})
    for name in dict.fromkeys([AS_IS, *(experiment.schedules or STRATEGIES)]):
        try:
            changed = schedule(base, centre, name)
            _check_upgrade(changed, experiment.days)
        except ValueError as error:
            if experiment.schedules:
                raise
            found.left_out[name] = str(error).removeprefix(f"{name}: ")
            continue
        if not experiment.schedules and name != AS_IS and changed.scenario == base:
            found.left_out[name] = "changes nothing in this scenario"
        elif base.upgrade is not None and changed.scenario.upgrade is None:
            found.yardsticks[name] = changed
        else:
            found.candidates[name] = changed
    return found


def _check_upgrade(changed: Schedule, days: int) -> None:
    """Refuse a schedule whose upgrade has not begun when the days are over: it would seem to cost nothing."""
    upgrade = changed.scenario.upgrade
    if upgrade is not None and changed.scenario.seconds_at(upgrade.start) >= days * DAY_S:
        raise ValueError(
            f"{changed.name}: its upgrade begins at {upgrade.start:%Y-%m-%d %H:%M}, when the comparison has ended "
            f"(--days {days}); ask for more --days"
        )
