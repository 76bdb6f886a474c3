"""What the twin's campaign says: how far off the predictions of each kind of day are, and which goals are reached."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from antrean.runs import machine
from antrean.validation.comparison import COVERAGE_GOAL, GOALS
from benchmarks.twin_days import days
from model.scenario import Scenario

SCHEMA_VERSION = 1
LEAST_RUNS = 5
"""Runs below which a median says nothing about a goal."""
DISTURBED = 1.25
"""A run beside which the reference workload took so many times as long as at the campaign's best moment is told as
disturbed. It counts all the same: leaving runs out would be a choice."""
Row = Mapping[str, Any]


def result_of(rows: Sequence[Row], usual: Scenario, left_out: Mapping[str, str]) -> dict[str, Any]:
    """Return what twin.json holds.

    Args:
        rows: of every run, see `twin_campaign.Campaign.rows`.
        usual: the normal day that they are made of.
        left_out: the days that cannot be played, and why.
    """
    best_s = min((moment_s for row in rows for moment_s in row["reference_s"]), default=0.0)
    kinds = {
        day.name: kind_of([row for row in rows if row["day"] == day.name], best_s) | _why(left_out, day.name)
        for day in days()
        if day.held_out
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "machine": machine(),
        "scenario": usual.scenario.title,
        "residents": usual.centre.residents,
        "speedup": usual.load.speedup,
        "capacities_per_s": [row["capacity_per_s"] for row in rows if row["day"] == "capacity"],
        "reference_s": {
            "best": best_s,
            "median": statistics.median([s for row in rows for s in row["reference_s"]]) if rows else None,
        },
        "kinds": kinds,
        "runs": list(rows),
    }


def _why(left_out: Mapping[str, str], name: str) -> dict[str, str]:
    return {"left_out": left_out[name]} if name in left_out else {}


def kind_of(rows: Sequence[Row], best_s: float) -> dict[str, Any]:
    """Bring the runs of a kind of day together.

    The verdicts look at the median size of the errors: errors of both signs would hide behind the median error.
    """
    predicted = [row for row in rows if "coverage" in row]
    stages = Counter(row["farthest_stage"] for row in predicted)
    errors = {name: [row[f"{name}_error"] for row in predicted] for name in GOALS}
    coverage = [row["coverage"]["all"] for row in predicted]
    found: dict[str, Any] = {
        "runs": len(predicted),
        "played": len(rows),
        "disturbed": sum(max(row["reference_s"]) > DISTURBED * best_s for row in rows),
        "lagging": sum(row["valid_for_latency"] is False for row in rows),
        "errors": {name: _median(values) for name, values in errors.items()},
        "error_sizes": {name: _median([abs(value) for value in values]) for name, values in errors.items()},
        "coverage": _median(coverage),
        "coverage_by": {
            name: _median([row["coverage"][name] for row in predicted if name in row["coverage"]])
            for name in sorted({name for row in predicted for name in row["coverage"]} - {"all"})
        },
        "wasserstein_s": _median([row["wasserstein_s"] for row in predicted]),
        "wasserstein_share": _median([row["wasserstein_s"] / row["mean_wait_s"] for row in predicted]),
        "farthest_stage": stages.most_common(1)[0] if stages else None,
        "notes": sorted({note for row in predicted for note in row["notes"] if note.startswith("Beyond")}),
    }
    return found | {"reached": _reached(found)}


def _reached(found: Mapping[str, Any]) -> dict[str, bool | None]:
    """Whether each goal is reached; None where there are too few runs to say."""
    if found["runs"] < LEAST_RUNS:
        return dict.fromkeys((*GOALS, "coverage"))
    low, high = COVERAGE_GOAL
    sizes = {name: found["error_sizes"][name] <= goal for name, goal in GOALS.items()}
    return {**sizes, "coverage": low <= found["coverage"] <= high}


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None
