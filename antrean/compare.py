"""`antrean compare`: simulate a scenario under several schedules until it is clear which is the best."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from antrean import studies
from antrean.experiment import Experiment, Lineup, lineup
from antrean.play import Show
from antrean.ranking import Ranking, precise, rank
from antrean.replications import Rows, Task, run, workers
from antrean.runs import Run
from model.performance import performance
from model.scenario import Scenario
from model.selection import Selection, select

KIND = "compare"


def begin(results: Path, scenario_name: str, scenario: Scenario, experiment: Experiment) -> Run:
    """Make the folder of a new comparison.

    Raises:
        ValueError: the experiment cannot be made.
    """
    experiment.check()
    lineup(scenario, experiment)
    return studies.begin(results, KIND, scenario_name, scenario, experiment._asdict())


def resume(folder: Path, changed: Mapping[str, Any]) -> tuple[Run, Scenario, Experiment]:
    """Take up an interrupted comparison; `changed` are the parts of its experiment that are asked for anew.

    Raises:
        ValueError: see `antrean.studies.resume`.
    """
    begun, scenario, asked = studies.resume(folder, KIND, changed, fixed={"days", "offices"})
    experiment = Experiment(**asked)
    experiment.check()
    return begun, scenario, experiment


def compare(begun: Run, scenario: Scenario, experiment: Experiment, processes: int, show: Show) -> Ranking:
    """Simulate what the experiment needs and is not in the folder yet, and rank the schedules.

    The answer is the same for any number of processes.
    """
    chosen = lineup(scenario, experiment)
    rows = Rows(begun.folder / "rows.parquet")
    with workers(processes) as executor:
        replications, selection = _Collection(rows, chosen, experiment, executor, processes, show).collect()
    return rank(rows, chosen, experiment, replications, selection)


class _Collection:
    """Simulates until two rules are content: the half-widths of all schedules, then the selection of the best."""

    def __init__(
        self, rows: Rows, chosen: Lineup, experiment: Experiment, executor: Executor | None, processes: int, show: Show
    ) -> None:
        self._rows = rows
        self._candidates = list(chosen.candidates)
        self._all = chosen.candidates | chosen.yardsticks
        self._experiment = experiment
        self._executor = executor
        self._processes = processes
        self._show = show

    def collect(self) -> tuple[int, Selection]:
        """Return how many replications all schedules have, and how far the selection came."""
        experiment, names = self._experiment, list(self._all)
        replications = experiment.minimum
        self._simulate(names, replications)
        while replications < experiment.maximum and not precise(self._rows, names, experiment, replications):
            replications += 1
            self._simulate(names, replications)
        selection = self._select()
        while not selection.decided and selection.replications < experiment.maximum:
            self._simulate([self._candidates[number] for number in selection.survivors], selection.replications + 1)
            selection = self._select()
        self._show(1.0, f"{replications} replications of {len(names)} schedules")
        return replications, selection

    def _simulate(self, names: Sequence[str], replications: int) -> None:
        """See that the schedules have so many replications; who has idle processes simulates ahead."""
        experiment = self._experiment
        until = min(experiment.maximum, replications + self._processes // len(names) - 1)
        tasks = [
            Task(self._all[name], experiment.days, number)
            for number in range(max(replications, until))
            for name in names
            if not self._rows.has(name, number)
        ]
        for task, measures in run(tasks, self._executor):
            self._rows.add(task.schedule.name, task.replication, measures)
            words = f"replication {replications} of at most {experiment.maximum}, {len(names)} schedules"
            self._show(replications / experiment.maximum, words)

    def _select(self) -> Selection:
        experiment = self._experiment
        return select(
            [self._rows.values(name, experiment.measure, experiment.maximum) for name in self._candidates],
            experiment.zone(self._rows),
            experiment.confidence,
            experiment.minimum,
            performance(experiment.measure).larger_is_better,
        )
