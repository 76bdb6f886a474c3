"""Results folders: results/<scenario>/<run>/ holds everything a report is made of, readable without this program.

scenario.toml      the nation's scenario          lab.toml   the lab's share of it, as it was played
meta.json          machine, versions, seeds, what the run was asked for, how it ended
<part>/events.parquet   StageEvents of a part: lab-normal, lab-upgrade, twin-normal, ..., nation-upgrade
<part>/faults.json the faults that were injected, and when they really were
<part>/cost.json   CPU-seconds of the server on a measured day, counts, the reference workload
<part>/load/       what Locust and the load side wrote themselves
summary.json       the measures of every part     report.html   for people

results/<scenario>/duet-<run>/ holds a comparison of two servers: turns.parquet, findings.json, report.html and, for CI,
junit.xml and summary.md; RUN/check/ the same of a run held against a baseline. results/baselines/ holds the baselines
and history.parquet, a row a run.

results/<scenario>/compare-<run>/ holds a comparison of schedules instead: rows.parquet (the measures of every
replication), comparison.json, comparison.html; optimise-<run>/ a search: search.journal (every trial), optimum.json,
front.png; sensitivity-<run>/ an analysis: rows.parquet, sensitivity.json, tornado.png. See antrean/studies.py.

april-2016-case/ holds what `make april-2016` has simulated until now, a folder for each version of model and scenario.
"""

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from model import events

RESULTS = Path("results")


class Run:
    """One run's folder."""

    def __init__(self, folder: Path) -> None:
        """Use a folder that exists."""
        self.folder = folder

    @property
    def logs(self) -> Path:
        """Where the processes of the run write their logs."""
        return self.folder / "logs"

    def part(self, name: str) -> Path:
        """Return the folder of a part, made if it is missing."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def save_events(self, part: str, frame: pl.DataFrame) -> None:
        """Write a part's events."""
        events.write(frame, self.part(part) / "events.parquet")

    def save_frame(self, name: str, frame: pl.DataFrame) -> None:
        """Write the events of a run that has only one part."""
        events.write(frame, self.folder / name)

    def load_events(self, part: str) -> pl.DataFrame:
        """Read a part's events."""
        return events.read(self.folder / part / "events.parquet")

    def save_text(self, name: str, text: str) -> Path:
        """Write a text file of the run at once: it is either the old one or the new one, never half."""
        path = self.folder / name
        unfinished = path.with_suffix(path.suffix + ".part")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
        return path

    def save_json(self, name: str, content: dict[str, Any]) -> Path:
        """Write a JSON file of the run; not-a-number becomes null."""
        return self.save_text(name, json.dumps(_plain(content), indent=2, ensure_ascii=False) + "\n")

    def load_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file of the run."""
        content: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        return content


def new_run(results: Path, scenario_name: str, kind: str = "") -> Run:
    """Make the folder of a new run, named by its start in UTC; before it the kind of a run that is no campaign."""
    start = f"{kind}{'-' if kind else ''}{datetime.now(UTC):%Y%m%d-%H%M%S}"
    parent = results / scenario_name
    parent.mkdir(parents=True, exist_ok=True)
    folder, number = parent / start, 1
    while folder.exists():
        number += 1
        folder = parent / f"{start}-{number}"
    folder.mkdir()
    return Run(folder)


def machine() -> dict[str, Any]:
    """Describe the machine and the versions that a result depends on."""
    packages = ("antrean", "simpy", "locust", "numpy", "fastapi", "psycopg", "pillow")
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value != value:
        return None
    return value
