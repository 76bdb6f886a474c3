"""What a calibration leaves behind: calibration.toml, and a picture of every fit over its data beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from antrean import charts
from antrean.calibration import calibration_charts, calibration_file
from antrean.calibration.calibrate import Calibrated
from antrean.calibration.calibration_file import Calibration


def write(found: Calibrated, out: Path) -> Path:
    """Write both; returns the picture's path."""
    out.write_text(calibration_file.dump(found.calibration), encoding="utf-8")
    picture = out.with_suffix(".png")
    with charts.style():
        calibration_charts.fits_over_data(found.fits, found.work_s).savefig(picture)
    return picture


def in_words(estimate: Sequence[float], factor: float = 1.0) -> str:
    """Write an estimate with its interval: "1.2 (1.1 to 1.3)"."""
    value, low, high = (f"{part * factor:.3g}" for part in estimate)
    return f"{value} ({low} to {high})"


def summary_of(calibration: Calibration) -> dict[str, Any]:
    """Return what a run's summary and report tell of its calibration; times in wall seconds, with their intervals."""
    return {
        "workers": calibration.origin.workers,
        "stages": {name: {"mean_s": stage.mean_s, "cv": stage.cv} for name, stage in calibration.stages.items()},
        "cores": calibration.concurrency.cores,
        "slope": calibration.concurrency.slope,
        "phases": [
            {"version": phase.version, "phase": phase.phase, "slowdown": phase.slowdown} for phase in calibration.phases
        ],
        "most_per_s": calibration.origin.most_per_s,
    }
