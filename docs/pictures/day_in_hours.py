"""Draw the README's picture from a run's data: python docs/pictures/day_in_hours.py results/april-2016/<run>."""

import sys
from pathlib import Path

from antrean.charts import day_in_hours, style
from antrean.report import upgrade_window
from antrean.runs import Run
from model.scenario_file import load


def main(folder: Path) -> None:
    """Write day-in-hours.png beside this file."""
    run = Run(folder)
    lab = load(str(folder / "lab.toml"))
    frames = {day: run.load_events(f"lab-{day}") for day in ("normal", "upgrade")}
    with style():
        figure = day_in_hours(frames, lab, upgrade_window(run.load_json("summary.json")), lab.load.speedup)
        figure.savefig(Path(__file__).with_name("day-in-hours.png"), dpi=100)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
