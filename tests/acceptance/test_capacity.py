"""`antrean capacity` as a user would run it: interrupted after a step, resumed to its end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from antrean.knee import knee
from antrean.verdict import Verdict
from model.scenario_file import dump, load
from model.strategies import changed

pytestmark = pytest.mark.acceptance
WITHIN_S = 270.0


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a scenario whose search is short: steps of three seconds, a wide interval, limits that any machine keeps.

    Its citizens come for several things, and some of them are turned away.
    """
    mix = {"enrollment": 0.5, "replacement": 0.2, "correction": 0.1, "foreign_resident": 0.2}
    april = changed(load("april-2016"), {"demand": {"mix": mix}})
    limits = {"warm_up_s": 1.0, "step_s": 3.0, "longest_s": 3.0, "resolution": 0.9, "growth": 0.5, "errors": 0.5}
    load_side = april.load.model_copy(update={"capacity_window_s": 2.0, "max_rate_per_s": 60.0})
    path = tmp_path_factory.mktemp("scenario") / "small.toml"
    scenario = april.model_copy(
        update={
            "centre": april.centre.model_copy(update={"residents": 10_000}),
            "capacity": april.capacity.model_copy(update=limits),
            "load": load_side,
        }
    )
    path.write_text(dump(scenario), encoding="utf-8")
    return path


def start(scenario: Path, results: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "antrean", "capacity", str(scenario), "--results", str(results), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )


def test_an_interrupted_search_keeps_its_steps_and_goes_on(small: Path, tmp_path: Path) -> None:
    first = start(small, tmp_path)
    try:
        ends_s = time.monotonic() + WITHIN_S / 2
        while not list(tmp_path.glob("small/capacity-*/steps.parquet")):
            assert first.poll() is None, first.communicate()[0]
            assert time.monotonic() < ends_s, "no step is finished"
            time.sleep(0.1)
        first.send_signal(signal.SIGINT)
        said, _ = first.communicate(timeout=30)
    finally:
        first.kill()
        first.communicate()
    assert first.returncode == 130, said
    assert "--resume" in said
    (folder,) = tmp_path.glob("small/capacity-*")
    kept = pl.read_parquet(folder / "steps.parquet")
    assert kept.height >= 1

    second = start(small, tmp_path, "--resume")
    said, _ = second.communicate(timeout=WITHIN_S)

    assert second.returncode == 0, said
    assert list(tmp_path.glob("small/capacity-*")) == [folder]
    steps = pl.read_parquet(folder / "steps.parquet")
    assert steps.head(kept.height).equals(kept)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["offered"] == pytest.approx({"enrollment": 0.625, "replacement": 0.25, "correction": 0.125})
    # What was sent is what was said to be offered, and a server that is not flooded takes all of it.
    told = [
        json.loads((folder / f"step-{number}" / "summary.json").read_text(encoding="utf-8"))
        for number in steps["number"]
    ]
    sent = {
        step: sum(one["steps"][step]["actual"]["count"] for one in told if step in one["steps"])
        for step in ("submission", "replacement", "correction")
    }
    assert min(sent.values()) > 0
    assert sent["submission"] > sent["replacement"]
    assert steps.sort("rate_per_s")["failed_share"][0] == 0.0
    verdicts = {rate: Verdict(verdict) for rate, verdict in steps.select("rate_per_s", "verdict").iter_rows()}
    assert summary["complete"] is True
    assert summary["interval_per_s"] == list(knee(verdicts)[:2])
    assert json.loads((folder / "meta.json").read_text(encoding="utf-8"))["ended"] == "complete"
    backlog = pl.read_parquet(folder / "backlog.parquet")
    assert set(backlog["step"]) == set(steps["number"])
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") >= 2
    assert all(f"{rate:.1f}" in page for rate in steps["offered_per_s"])


def test_without_an_interrupted_search_there_is_nothing_to_resume(small: Path, tmp_path: Path) -> None:
    process = start(small, tmp_path, "--resume")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "has no interrupted capacity search; start one without --resume" in said
