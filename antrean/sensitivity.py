"""`antrean sensitivity`: how far a conclusion depends on what the scenario guesses.

Two designs. One guess at a time at its bounds, the others as in the scenario: the bars of the tornado chart. And
Morris' elementary effects over all ranges together (Morris, Factorial sampling plans for preliminary computational
experiments, Technometrics 33, 1991; mu* by Campolongo et al. 2007; both in SALib): mu* is how much a guess moves the
conclusion over its whole range on average, sigma how much that depends on the other guesses.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from SALib.analyze import morris as analysis  # type: ignore[import-untyped] # SALib ships no types
from SALib.sample import morris as sampling  # type: ignore[import-untyped] # SALib ships no types

from antrean import studies
from antrean.goal import problems_told
from antrean.play import Show
from antrean.replications import Rows, Task, run, workers
from antrean.runs import Run
from model.centre import national_centre
from model.choices import Choice, read_choice, with_choices
from model.optimise import Written
from model.performance import performance
from model.scenario import Scenario
from model.scenario_file import ScenarioError
from model.schedules import Schedule, quick_look, schedule
from model.sensitivity import Sensitivity
from model.streams import stream

KIND = "sensitivity"
LEVELS = 4
"""Into how many levels Morris' design cuts a range."""
Point = dict[str, Written]


class Options(NamedTuple):
    """What is asked for beside the scenario's `[sensitivity]`."""

    days: int
    offices: list[str] | None
    """Codes of the offices that take part, for a quick look; None for all of the scenario's."""


class Effect(NamedTuple):
    """What one guess does to the conclusion."""

    guess: str
    low: Written
    high: Written
    at_low: float
    """The conclusion with the guess at its least value and all others as in the scenario."""
    at_high: float
    mu_star: float
    mu_star_half_width: float
    """Of the 95 % interval of mu*, by the bootstrap."""
    sigma: float


class Conclusion(NamedTuple):
    """How one measure's difference between the two schedules depends on the guesses."""

    measure: str
    difference: float
    """With the guesses as in the scenario."""
    combinations: int
    """Combinations of guesses that were simulated."""
    same_sign: int
    """In how many of them the difference has the same sign."""
    effects: list[Effect]
    """The guess that moves the conclusion most, first."""


class Design(NamedTuple):
    """The combinations of guesses that are simulated."""

    guesses: list[Choice]
    morris: NDArray[np.float64]
    """Morris' design: a row a combination, a column a guess, from 0 at its least value to 1 at its largest."""

    @property
    def points(self) -> list[Point]:
        """The scenario as it is, each guess at its least and its largest value, then Morris' rows."""
        alone = [{guess.key: guess.written(steps)} for guess in self.guesses for steps in (0, guess.steps)]
        together = [
            {
                guess.key: guess.written(round(level * guess.steps))
                for guess, level in zip(self.guesses, row, strict=True)
            }
            for row in self.morris.tolist()
        ]
        return [{}, *alone, *together]

    @property
    def problem(self) -> dict[str, Any]:
        """The guesses as SALib takes them."""
        return problem_of(self.guesses)


def begin(results: Path, scenario_name: str, scenario: Scenario, options: Options) -> Run:
    """Make the folder of a new analysis.

    Raises:
        ScenarioError: `[sensitivity]` is missing or wrong.
    """
    design(scenario)
    return studies.begin(results, KIND, scenario_name, scenario, options._asdict())


def resume(folder: Path, changed: Mapping[str, Any]) -> tuple[Run, Scenario, Options]:
    """Take up an analysis that was interrupted.

    Raises:
        ValueError: see `antrean.studies.resume`.
    """
    begun, scenario, asked = studies.resume(folder, KIND, changed, fixed={"days", "offices"})
    return begun, scenario, Options(**asked)


def design(scenario: Scenario) -> Design:
    """Return the combinations of guesses, always the same for the same scenario.

    Raises:
        ScenarioError: `[sensitivity]` is missing or wrong; all problems at once.
    """
    asked = asked_of(scenario)
    problems: list[str] = []
    guesses: list[Choice] = []
    for key, bounds in asked.guesses.items():
        with problems_told("sensitivity.guesses", problems):
            guess = read_choice(key, bounds)
            for steps in (0, guess.steps):
                with_choices(scenario, {key: guess.written(steps)})
            guesses.append(guess)
    for name in asked.measures:
        with problems_told("sensitivity.measures", problems):
            performance(name)
    for name in (asked.schedule, asked.against):
        with problems_told("sensitivity", problems):
            schedule(scenario, national_centre(scenario), name)
    if problems:
        raise ScenarioError("to analyse its sensitivity", problems)
    seed = int(stream(scenario.seed, 0, "sensitivity").integers(2**32))
    return Design(guesses, sampling.sample(problem_of(guesses), asked.trajectories, num_levels=LEVELS, seed=seed))


def problem_of(guesses: list[Choice]) -> dict[str, Any]:
    """Describe the guesses as SALib takes them, each between 0 and 1."""
    return {
        "num_vars": len(guesses),
        "names": [guess.key for guess in guesses],
        "bounds": [[0.0, 1.0]] * len(guesses),
    }


def analyse(begun: Run, scenario: Scenario, options: Options, processes: int, show: Show) -> list[Conclusion]:
    """Simulate every combination that is not in the folder yet, and say what the guesses do."""
    asked, planned = asked_of(scenario), design(scenario)
    rows = Rows(begun.folder / "rows.parquet")
    tasks = [
        Task(at_point, options.days, replication)
        for number, point in enumerate(planned.points)
        for at_point in _schedules(scenario, options, number, point)
        for replication in range(asked.replications)
        if not rows.has(at_point.name, replication)
    ]
    with workers(processes) as executor:
        for done, (task, measures) in enumerate(run(tasks, executor), start=1):
            rows.add(task.schedule.name, task.replication, measures)
            show(done / len(tasks), f"{done} of {len(tasks)} simulations")
    show(1.0, f"{len(planned.points)} combinations of {len(planned.guesses)} guesses")
    return [_conclusion(rows, planned, asked, measure) for measure in asked.measures]


def _schedules(scenario: Scenario, options: Options, number: int, point: Point) -> list[Schedule]:
    """The two schedules where the guesses are true: there the centre is another one, too."""
    asked, guessed = asked_of(scenario), with_choices(scenario, point)
    base, centre = guessed, national_centre(guessed)
    if options.offices is not None:
        base, centre = quick_look(guessed, options.offices)
    return [schedule(base, centre, name)._replace(name=_name(name, number)) for name in (asked.schedule, asked.against)]


def _conclusion(rows: Rows, planned: Design, asked: Sensitivity, measure: str) -> Conclusion:
    def mean(name: str, number: int) -> float:
        return float(np.mean(rows.values(_name(name, number), measure, asked.replications)))

    count = len(planned.points)
    outputs = np.array([mean(asked.schedule, number) - mean(asked.against, number) for number in range(count)])
    alone = 2 * len(planned.guesses) + 1
    found = analysis.analyze(planned.problem, planned.morris, outputs[alone:], num_levels=LEVELS, seed=1)
    effects = [
        Effect(
            guess=guess.key,
            low=guess.written(0),
            high=guess.written(guess.steps),
            at_low=float(outputs[1 + 2 * number]),
            at_high=float(outputs[2 + 2 * number]),
            mu_star=float(found["mu_star"][number]),
            mu_star_half_width=float(found["mu_star_conf"][number]),
            sigma=float(found["sigma"][number]),
        )
        for number, guess in enumerate(planned.guesses)
    ]
    return Conclusion(
        measure=measure,
        difference=float(outputs[0]),
        combinations=count,
        same_sign=int(np.sum(np.sign(outputs) == np.sign(outputs[0]))),
        effects=sorted(effects, key=lambda effect: -abs(effect.at_high - effect.at_low)),
    )


def _name(schedule_name: str, number: int) -> str:
    return f"{schedule_name}@{number}"


def asked_of(scenario: Scenario) -> Sensitivity:
    """Return the scenario's `[sensitivity]`.

    Raises:
        ScenarioError: there is none.
    """
    if scenario.sensitivity is None:
        missing = "sensitivity: is missing; docs/scenario.md tells what [sensitivity] holds"
        raise ScenarioError("to analyse its sensitivity", [missing])
    return scenario.sensitivity
