"""What `[optimise]` asks for, read and tried on the scenario before anything is simulated."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from model.choices import Choice, read_choice, with_choices
from model.optimise import Optimise
from model.performance import performance
from model.scenario import Scenario
from model.scenario_file import ScenarioError


class Limit(NamedTuple):
    """What a measure must keep."""

    measure: str
    value: float

    def excess(self, measures: Mapping[str, float]) -> float:
        """Return by how much the limit is broken, in the measure's unit; kept at zero and below."""
        over = measures[self.measure] - self.value
        return -over if performance(self.measure).larger_is_better else over


class Goal(NamedTuple):
    """What is searched, read from `[optimise]`."""

    choices: list[Choice]
    objectives: list[str]
    limits: list[Limit]
    trials: int
    replications: int


def read_goal(optimise: Optimise | None, base: Scenario) -> Goal:
    """Read what is searched, and try each choice's bounds on the scenario.

    Raises:
        ScenarioError: there is no `[optimise]`, or something in it is wrong; all problems at once.
    """
    if optimise is None:
        raise ScenarioError("to optimise", ["optimise: is missing; docs/scenario.md tells what [optimise] holds"])
    problems: list[str] = []
    choices: list[Choice] = []
    limits: list[Limit] = []
    for key, bounds in optimise.choices.items():
        with problems_told("optimise.choices", problems):
            choice = read_choice(key, bounds)
            for steps in (0, choice.steps):
                with_choices(base, {key: choice.written(steps)})
            choices.append(choice)
    for name, written in optimise.limits.items():
        with problems_told("optimise.limits", problems):
            limits.append(Limit(name, performance(name).unit.parse(written)))
    for name in optimise.objectives:
        with problems_told("optimise.objectives", problems):
            performance(name)
    if problems:
        raise ScenarioError("to optimise", list(dict.fromkeys(problems)))
    return Goal(choices, optimise.objectives, limits, optimise.trials, optimise.replications)


@contextmanager
def problems_told(key: str, problems: list[str]) -> Iterator[None]:
    """Add what is wrong in the block to the problems."""
    try:
        yield
    except ScenarioError as error:
        problems += [f"{key}: {line}" for line in error.problems]
    except ValueError as error:
        problems.append(f"{key}: {error}")
