"""`antrean optimise`: search the choices of `[optimise]` for schedules that none beats in all objectives.

The sampler is a tree-structured Parzen estimator for several objectives under constraints (Ozaki et al., Multiobjective
tree-structured Parzen estimator, JAIR 73, 2022; Watanabe and Hutter, c-TPE, IJCAI 2023; both in optuna). Trials come
one after the other and each trial's replications side by side, so that the search is the same for any number of
processes; each trial has a sampler of its own seed, so that it is also the same when it was interrupted.
"""

import logging
import math
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, NamedTuple

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from antrean.goal import Goal
from antrean.play import Show
from antrean.ranking import dominates
from antrean.replications import Task, run
from model.centre import CentreSpec
from model.choices import with_choices
from model.optimise import Written
from model.performance import performance
from model.scenario import Scenario
from model.scenario_file import ScenarioError
from model.schedules import Schedule, schedule, with_centre
from model.streams import stream

STUDY = "schedules"


class Tried(NamedTuple):
    """One combination of choices and what came of it."""

    values: dict[str, Written]
    measures: dict[str, float]
    """Means over the replications."""
    kept: bool
    """It keeps all limits."""
    on_front: bool
    """It keeps the limits, and no other one that does is as good in all objectives and better in one; of several that
    come to the same, the first that was tried."""


class Optimum(NamedTuple):
    """What a search found."""

    reference: dict[str, float]
    """The measures of the schedule that the search began with."""
    tried: list[Tried]
    impossible: int
    """Combinations that make no valid scenario."""

    @property
    def front(self) -> list[Tried]:
        """The Pareto set."""
        return [each for each in self.tried if each.on_front]


class Search:
    """A search that keeps every trial in a file and goes on from there."""

    def __init__(self, base: Scenario, centre: CentreSpec, strategy: str, goal: Goal, days: int, journal: Path) -> None:
        """Take up the search in `journal`, or begin one there.

        Args:
            base: the scenario; `strategy` is applied to it before anything is searched.
            centre: the centre of all schedules.
            strategy: its name, see `model.schedules.schedule`.
            goal: what is searched.
            days: how many are simulated.
            journal: optuna's file.
        """
        self._reference = schedule(base, centre, strategy)
        self._goal = goal
        self._days = days
        optuna.logging.set_verbosity(logging.WARNING)
        self._study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(journal))),
            study_name=STUDY,
            directions=["maximize" if performance(name).larger_is_better else "minimize" for name in goal.objectives],
            load_if_exists=True,
        )
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._study.tell(trial.number, state=TrialState.FAIL)  # interrupted: it is tried again

    def run(self, executor: Executor | None, show: Show) -> Optimum:
        """Try what is missing to the goal's number of trials, and return the Pareto set of all."""
        reference = self._simulate(self._reference, executor)
        while (number := len(self._finished())) < self._goal.trials:
            show(number / self._goal.trials, f"trial {number + 1} of {self._goal.trials}")
            self._try(number, executor)
        show(1.0, f"{self._goal.trials} trials of {self._goal.replications} replications")
        return self._optimum(reference)

    def _try(self, number: int, executor: Executor | None) -> None:
        seed = stream(self._reference.scenario.seed, 0, "optimise", number).integers(2**32)
        self._study.sampler = optuna.samplers.TPESampler(seed=int(seed))
        trial = self._study.ask()
        values = {
            choice.key: choice.written(trial.suggest_int(choice.key, 0, choice.steps)) for choice in self._goal.choices
        }
        try:
            changed = with_choices(self._reference.scenario, values)
        except ScenarioError as error:
            trial.set_user_attr("problems", error.problems)
            self._study.tell(trial, state=TrialState.FAIL)
            return
        same = next((done for done in self._done() if done.params == trial.params), None)
        measures: dict[str, float] = (
            same.user_attrs["measures"]
            if same
            else self._simulate(with_centre("trial", changed, self._reference.centre), executor)
        )
        trial.set_user_attr("measures", measures)
        for limit in self._goal.limits:
            trial.set_constraint(limit.measure, limit.excess(measures))
        self._study.tell(trial, [measures[name] for name in self._goal.objectives])

    def _simulate(self, tried: Schedule, executor: Executor | None) -> dict[str, float]:
        """Return the mean of every measure, added up in the order of the replications."""
        tasks = [Task(tried, self._days, number) for number in range(self._goal.replications)]
        rows = {task.replication: measures for task, measures in run(tasks, executor)}
        return {name: math.fsum(rows[number][name] for number in sorted(rows)) / len(rows) for name in rows[0]}

    def _finished(self) -> list[FrozenTrial]:
        """Trials that need not be tried again: those that are done and those that were impossible."""
        return [
            trial
            for trial in self._study.get_trials(deepcopy=False)
            if trial.state is TrialState.COMPLETE or "problems" in trial.user_attrs
        ]

    def _done(self) -> list[FrozenTrial]:
        return [trial for trial in self._finished() if trial.state is TrialState.COMPLETE]

    def _optimum(self, reference: dict[str, float]) -> Optimum:
        done = list({tuple(trial.params.values()): trial for trial in reversed(self._done())}.values())[::-1]
        kept = [trial for trial in done if not any(excess > 0 for excess in trial.constraints.values())]
        # Of combinations that come to the same, the first stands for all.
        points = {self._cost(trial): trial.number for trial in reversed(kept)}
        front = {number for cost, number in points.items() if not any(dominates(other, cost) for other in points)}
        steps = {choice.key: choice for choice in self._goal.choices}
        tried = [
            Tried(
                values={key: steps[key].written(count) for key, count in trial.params.items()},
                measures=trial.user_attrs["measures"],
                kept=trial in kept,
                on_front=trial.number in front,
            )
            for trial in sorted(done, key=lambda trial: self._cost(trial))
        ]
        return Optimum(reference, tried, len(self._finished()) - len(self._done()))

    def _cost(self, trial: FrozenTrial) -> tuple[float, ...]:
        measures: dict[str, Any] = trial.user_attrs["measures"]
        return tuple(
            -measures[name] if performance(name).larger_is_better else measures[name] for name in self._goal.objectives
        )
