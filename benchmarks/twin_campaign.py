"""The twin's campaign as it stands in its folder: what was played, what is missing, what is predicted of it.

campaign.json      the scenario, the machine, the height of every day: an enrollments' rate of the first round
round-N/capacity.json       what that round's capacity search found, and how quiet the machine was
round-N/learned/lab-DAY/    a day that is calibrated on; the folder is a run for `antrean calibrate`
round-N/held-out/lab-DAY/   a day that is predicted; the folder is a run for `antrean validate`
        events.parquet, played.json, prediction.json
rows.ndjson        a line for every run, made anew from these after each
"""

import hashlib
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from antrean.calibration import calibration_report
from antrean.calibration.from_runs import calibrate_runs
from antrean.calibration.visits import measured_parts
from antrean.play import Show
from antrean.runs import Run, machine
from antrean.studies import model_digest
from antrean.validation.comparison import farthest_stage
from antrean.validation.validate import validate_day
from benchmarks.twin_days import Day, days
from model.scenario import Scenario
from model.scenario_file import dump

CAMPAIGN, CAPACITY, PLAYED, PREDICTION, ROWS = (
    "campaign.json", "capacity.json", "played.json", "prediction.json", "rows.ndjson",
)  # fmt: skip
REPLICATIONS = 40
PREDICTS = (
    "antrean/calibration",
    "antrean/validation",
    "antrean/calibrated_server.py",
    "antrean/calibrated_upgrade.py",
)
"""What a prediction depends on besides the model."""


class Campaign:
    """The campaign's folder."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, made if it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self.run = Run(folder)

    def begin(self, usual: Scenario) -> None:
        """Begin the campaign, or go on with it.

        Raises:
            ValueError: it was begun with another scenario or on another machine: its rounds would not be alike.
        """
        scenario, here = dump(usual), machine()
        if not (self.run.folder / CAMPAIGN).exists():
            self.run.save_json(CAMPAIGN, {"scenario": scenario, "machine": here})
        begun = self.run.load_json(CAMPAIGN)
        there = begun["machine"]
        if begun["scenario"] != scenario or any(here[key] != there[key] for key in ("cores", "processor")):
            raise ValueError(
                f"{self.run.folder} was begun with another scenario or on another machine; --again begins anew"
            )

    @property
    def height_per_s(self) -> float | None:
        """What the first round's capacity search found, by which every day is made; None before it has."""
        first = self.run.folder / "round-1" / CAPACITY
        return float(json.loads(first.read_text())["capacity_per_s"]) if first.exists() else None

    def round(self, number: int) -> Run:
        """Return the folder of a round."""
        return Run(self.run.part(f"round-{number}"))

    def of(self, number: int, day: Day) -> Run:
        """Return the run that a day of a round belongs to."""
        return Run(self.round(number).part("held-out" if day.held_out else "learned"))

    def has(self, number: int, day: Day) -> bool:
        """Say whether a day of a round was played."""
        return (self.of(number, day).folder / part_of(day) / PLAYED).exists()

    def keep(self, number: int, day: Day, row: dict[str, Any], load: dict[str, Any]) -> None:
        """Keep what is known of a day that was played, its events lying there already; then every row."""
        run = self.of(number, day)
        summary = run.load_json("summary.json") if (run.folder / "summary.json").exists() else {"load": {}}
        run.save_json("summary.json", summary | {"load": summary["load"] | {part_of(day): load}})
        # Last, for it says that the day is there.
        run.save_json(f"{part_of(day)}/{PLAYED}", row)
        self.write_rows()

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for every run, in the order of rounds and days, with its prediction if there is one."""
        return list(self._rows())

    def _rows(self) -> Iterator[dict[str, Any]]:
        rounds = sorted(int(path.name.removeprefix("round-")) for path in self.run.folder.glob("round-*"))
        for number in rounds:
            if (self.round(number).folder / CAPACITY).exists():
                yield {"round": number, "day": "capacity", **self.round(number).load_json(CAPACITY)}
            for day in days():
                if not self.has(number, day):
                    continue
                run = self.of(number, day)
                found = {"round": number, "day": day.name, **run.load_json(f"{part_of(day)}/{PLAYED}")}
                predicted = run.folder / part_of(day) / PREDICTION
                yield found | (json.loads(predicted.read_text())["row"] if predicted.exists() else {})

    def write_rows(self) -> None:
        """Write rows.ndjson anew."""
        self.run.save_text(ROWS, "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in self.rows()))

    def to_predict(self) -> list[tuple[int, Day]]:
        """Return the held-out days whose calibration days are there, and of which today's model has said nothing."""
        rounds = sorted(int(path.name.removeprefix("round-")) for path in self.run.folder.glob("round-*"))
        return [
            (number, day)
            for number in rounds
            for day in days()
            if day.held_out and self.has(number, day) and self._learned(number, day) and not self._known(number, day)
        ]

    def predict(self, number: int, day: Day, show: Show, replications: int = REPLICATIONS) -> None:
        """Calibrate on what the day is learned from, predict it, and keep how far off that is, or why it cannot be."""
        run, part = self.of(number, day), part_of(day)
        try:
            found = self._predicted(number, day, show, replications)
        except ValueError as error:
            # Too little was measured on some day; the others of the campaign do not suffer for it.
            found = {"row": {"not_predicted": str(error)}}
        run.save_json(f"{part}/{PREDICTION}", {"code": code_digest()} | found)
        self.write_rows()

    def _predicted(self, number: int, day: Day, show: Show, replications: int) -> dict[str, Any]:
        run, part = self.of(number, day), part_of(day)
        learned = {f"lab-{name}": float("inf") for name in day.learned_from}
        found = calibrate_runs([Run(self.round(number).part("learned"))], learned)
        calibration_report.write(found, run.folder / part / "calibration.toml")
        scenario = dict(measured_parts(run, [part]))[part]

        def said(share: float) -> None:
            show(share, day.name)

        validated = validate_day(run, part, scenario, found.calibration, replications, said)
        figures, stage = validated.comparison.figures, farthest_stage(validated.comparison)
        stay = figures[f"{stage}_mean_s"]
        row = {
            **{f"{name}_error": figures[name].error for name in ("throughput", "wait_median_s", "wait_p95_s")},
            "coverage": validated.comparison.coverage,
            "wasserstein_s": validated.comparison.distance_s[0],
            "mean_wait_s": validated.comparison.mean_wait_s,
            "farthest_stage": stage,
            "farthest_s": (stay.predicted - stay.measured) * scenario.load.speedup,
            "notes": validated.notes,
        }
        return {"row": row, **validated.as_json()}

    def _learned(self, number: int, day: Day) -> bool:
        return all(self.has(number, other) for other in days() if other.name in day.learned_from)

    def _known(self, number: int, day: Day) -> bool:
        predicted = self.of(number, day).folder / part_of(day) / PREDICTION
        return predicted.exists() and json.loads(predicted.read_text())["code"] == code_digest()


def part_of(day: Day) -> str:
    """Return the name of a day's part of its run."""
    return f"lab-{day.name}"


def code_digest() -> str:
    """Return a fingerprint of all the code that a prediction depends on."""
    digest, root = hashlib.sha256(model_digest().encode()), Path(str(files("antrean"))).parent
    for name in PREDICTS:
        for file in sorted(root.joinpath(name).rglob("*.py")) or [root / name]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
