"""Rankings made from rows that are written down rather than simulated, for the tests of what is made of them."""

from pathlib import Path

import numpy as np

from antrean.experiment import Experiment, Lineup
from antrean.ranking import Ranking, rank
from antrean.replications import Rows
from model.centre import national_centre
from model.performance import PERFORMANCE
from model.scenario_file import load
from model.schedules import schedule
from model.selection import Selection, select

EXPERIMENT = Experiment([], 1, None, "wait_p95", 0.95, 10, 10, 0.05, indifference="2 min")
Means = dict[str, dict[str, float]]


def ranked(
    folder: Path,
    means: Means,
    noise: float = 10.0,
    experiment: Experiment = EXPERIMENT,
    yardsticks: Means | None = None,
    selection: Selection | None = None,
) -> Ranking:
    """Rank schedules whose measures have these means (others are 1), with shared noise and a little of their own.

    The selection is made from their values, unless one is given.
    """
    rows = Rows(folder / "rows.parquet")
    dice = np.random.default_rng(8)
    shared = dice.normal(0, noise, 10)
    for name, given in (means | (yardsticks or {})).items():
        own = dice.normal(0, noise / 10, 10)
        for replication in range(10):
            # What is given is waits in seconds and overtime in hours; the latter varies less.
            wobble = float(shared[replication] + own[replication])
            values = {each: given.get(each, 1.0) for each in PERFORMANCE}
            values["wait_p95"] += wobble
            values["overtime_h"] += wobble / 100
            rows.add(name, replication, values)
    april = load("april-2016")
    plain = schedule(april, national_centre(april), "as-is")
    chosen = Lineup(dict.fromkeys(means, plain), dict.fromkeys(yardsticks or {}, plain), {})
    observations = [rows.values(name, experiment.measure) for name in means]
    better = PERFORMANCE[experiment.measure].larger_is_better
    selection = selection or select(observations, experiment.zone(rows), 0.95, 10, better)
    return rank(rows, chosen, experiment, 10, selection)
