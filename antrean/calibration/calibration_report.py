"""What a calibration leaves behind: calibration.toml, and a picture of every fit over its data beside it."""

from pathlib import Path

from antrean import charts
from antrean.calibration import calibration_charts, calibration_file
from antrean.calibration.calibrate import Calibrated


def write(found: Calibrated, out: Path) -> Path:
    """Write both; returns the picture's path."""
    out.write_text(calibration_file.dump(found.calibration), encoding="utf-8")
    picture = out.with_suffix(".png")
    with charts.style():
        calibration_charts.fits_over_data(found.fits, found.work_s).savefig(picture)
    return picture
