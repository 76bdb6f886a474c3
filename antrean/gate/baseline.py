"""Baselines: what several runs of a known-good build measured, in a file; and a run held against one.

A run is one number a measure, so the interval of its ratio to the baseline is one of prediction: where another run of
the baseline's own build would lie, by Student's t on the logarithms (Hahn and Meeker, Statistical Intervals, ch. 4).
Three runs can say little, five or more are better.
"""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats

from antrean.gate.decision import Line, judge
from antrean.gate.findings import Findings
from antrean.gate.run_figures import RunFigures, measures_of
from antrean.runs import RESULTS
from antrean.verdict import Bounds
from model.gate import Gate

SCHEMA_VERSION = 1
BASELINES = RESULTS / "baselines"
LEAST_RUNS = 3


class Baseline(NamedTuple):
    """Runs of a known-good build."""

    name: str
    made: str
    """When, UTC."""
    scenario: str
    runs: Sequence[RunFigures]

    def save(self, path: Path) -> None:
        """Write the file, at once."""
        content = {"schema_version": SCHEMA_VERSION} | self._asdict() | {"runs": [run._asdict() for run in self.runs]}
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        unfinished.replace(path)


def make_baseline(name: str, runs: Sequence[RunFigures]) -> Baseline:
    """Make a baseline of runs.

    Raises:
        ValueError: they are too few, or of different scenarios or machines.
    """
    if len(runs) < LEAST_RUNS:
        raise ValueError(f"a baseline takes at least {LEAST_RUNS} runs, better more; this is {len(runs)}")
    for what in ("scenario", "fingerprint"):
        different = {getattr(run, what) for run in runs}
        if len(different) > 1:
            raise ValueError(f"a baseline is of one {what}; these runs have {', '.join(sorted(different))}")
    return Baseline(name, f"{datetime.now(UTC):%Y-%m-%d %H:%M}", runs[0].scenario, runs)


def load_baseline(path: Path) -> Baseline:
    """Read a baseline's file.

    Raises:
        ValueError: it is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        runs = [RunFigures(**run) for run in content["runs"]]
        return Baseline(content["name"], content["made"], content["scenario"], runs)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no baseline ({error!r}); antrean baseline makes one") from None


def check(run: RunFigures, baseline: Baseline, gate: Gate, title: str) -> Findings:
    """Hold a run against a baseline.

    Raises:
        ValueError: it is of another scenario, or the scenario has no limits.
    """
    if run.scenario != baseline.scenario:
        raise ValueError(f"run {run.run} is of {run.scenario}, baseline {baseline.name} of {baseline.scenario}")
    same_machine = run.fingerprint == baseline.runs[0].fingerprint
    known_everywhere = set(run.figures).intersection(*(each.figures for each in baseline.runs))
    wanted = measures_of(gate.limits, same_machine)
    measures = {figure: measure for figure, measure in wanted.items() if figure in known_everywhere}
    if not measures:
        raise ValueError("the run's scenario has no [gate.limits] that can be judged here; april-2016 has some to copy")
    lines = []
    for figure, measure in measures.items():
        known = np.array([each.figures[figure] for each in baseline.runs])
        bounds = predicted_ratio(known, run.figures[figure], gate.error / len(measures))
        lines.append(
            Line(
                measure,
                math.exp(float(np.log(known).mean())),
                run.figures[figure],
                bounds,
                judge(bounds, measure),
                len(known),
            )
        )
    notes = []
    if not same_machine:
        elsewhere = baseline.runs[0].fingerprint
        notes.append(f"Absolute times are not compared: {run.fingerprint} here, {elsewhere} for the baseline.")
    known_good = f"baseline {baseline.name}, {len(baseline.runs)} runs"
    return Findings(title, known_good, f"run {run.run}", gate.error, len(baseline.runs), 0.0, lines, notes)


def predicted_ratio(known: np.typing.NDArray[np.float64], value: float, error: float) -> Bounds:
    """Return the ratio of a new value to the known ones' geometric mean, with bounds of this error each."""
    logs = np.log(known)
    count = len(logs)
    spread = float(logs.std(ddof=1)) * math.sqrt(1 + 1 / count) * float(stats.t.isf(error, count - 1))
    ratio = math.log(value) - float(logs.mean())
    return Bounds(math.exp(ratio), math.exp(ratio - spread), math.exp(ratio + spread))
