"""What a validation leaves behind: validation.json, and validation.html for people."""

import json
from pathlib import Path
from typing import Any

from antrean import charts
from antrean.calibration.calibration_file import Calibration
from antrean.report import picture, render
from antrean.runs import Run
from antrean.summary import duration
from antrean.validation.bands import STAGES
from antrean.validation.comparison import GOALS, Comparison, Pair
from antrean.validation.validate import DayValidated, capacity_words
from antrean.validation.validation_charts import day_over_prediction
from model.office_days import horizon_s
from model.staffing import plan_offices

SCHEMA_VERSION = 1
LABELS = {
    "throughput": "Cards while citizens came",
    "wait_median_s": "Wait, median",
    "wait_p95_s": "Wait, p95",
    "centre_p50_s": "Receipt to ready, median",
    "centre_p95_s": "Receipt to ready, p95",
    **{f"{stage}_mean_s": f"{stage.capitalize()}, mean stay" for stage in STAGES},
}
COVERAGE_LABELS = {
    "cards": "cards an hour",
    "waiting": "citizens without card",
    "wait_s": "median wait",
    "centre_s": "median time in the centre",
    "all": "all together",
}


def write(out: Path, run: Run, file: Path, calibration: Calibration, days: list[DayValidated]) -> Path:
    """Write both files into a folder, made if it is missing; returns the page's path."""
    out.mkdir(parents=True, exist_ok=True)
    kept = Run(out)
    content = {
        "schema_version": SCHEMA_VERSION,
        "run": str(run.folder),
        "calibration": str(file),
        "days": {day.part: json.loads(json.dumps(day.as_json())) for day in days},
    }
    kept.save_json("validation.json", content)
    with charts.style():
        shown = [_shown(day) for day in days]
    page = render(
        "validation.html",
        title=days[0].scenario.scenario.title,
        run=run.folder,
        calibration=file,
        capacity=capacity_words(calibration),
        days=shown,
    )
    return kept.save_text("validation.html", page)


def lines(comparison: Comparison) -> list[tuple[str, str, str, str, str]]:
    """Return the table of a day: label, measured, predicted, error and goal."""
    return [
        (
            LABELS[name],
            _value(name, pair.measured),
            _value(name, pair.predicted),
            pair.words,
            f"{100 * GOALS[name]:.0f} %" if name in GOALS else "",
        )
        for name, pair in comparison.figures.items()
    ]


def _value(name: str, value: float) -> str:
    return f"{value:,.0f}" if name == "throughput" else duration(value)


def _shown(day: DayValidated) -> dict[str, Any]:
    end_s = horizon_s(day.scenario, plan_offices(day.scenario), 1)
    figure = day_over_prediction(day.comparison, day.measured, day.predicted, day.scenario, end_s)
    distance = Pair(day.comparison.mean_wait_s, day.comparison.distance_s[0])
    return {
        "part": day.part,
        "verdict": day.verdict,
        "notes": day.notes,
        "lines": lines(day.comparison),
        "distance": [duration(value) for value in day.comparison.distance_s],
        "distance_share": f"{100 * distance.predicted / distance.measured:.0f} %",
        "coverage": [
            (COVERAGE_LABELS[name], f"{100 * share:.0f} %") for name, share in day.comparison.coverage.items()
        ],
        "picture": picture(day.part, figure, "")["source"],
    }
