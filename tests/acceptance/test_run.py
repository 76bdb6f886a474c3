"""`antrean run --quick` as a user would run it: the whole chain on real parts, and what it leaves behind."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from antrean.gate.run_figures import KINDS, figures_of
from antrean.runs import Run
from model import events
from model.arrivals import citizens
from model.measures import visits
from model.scenario_file import load
from model.staffing import plan_offices
from model.stages import Stage, Status

pytestmark = pytest.mark.acceptance
RUN_WITHIN_S = 240.0


@pytest.fixture(scope="module")
def temporary() -> Iterator[Path]:
    """Give a folder for the program's temporary files, so that what it leaves behind can be seen."""
    folder = Path(tempfile.mkdtemp(prefix="antrean-acceptance-"))
    yield folder
    shutil.rmtree(folder)


def start(results: Path, temporary: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "antrean", "run", "april-2016", "--quick", "--results", str(results)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )


def left_over(temporary: Path) -> list[str]:
    """Name what a run left behind: temporary files, and processes that use them."""
    found = [str(path) for path in temporary.iterdir()]
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or [])
        if str(temporary) in command and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(command)
    return found


def only_run(results: Path) -> Path:
    (folder,) = (results / "april-2016").iterdir()
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, temporary: Path) -> tuple[str, Path]:
    """Give what a whole quick run printed, and its folder."""
    results = tmp_path_factory.mktemp("results")
    process = start(results, temporary)
    printed, _ = process.communicate(timeout=RUN_WITHIN_S)
    assert process.returncode == 0, printed
    return printed, only_run(results)


@pytest.fixture(scope="module")
def summary(finished: tuple[str, Path]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((finished[1] / "summary.json").read_text())
    return content


def test_the_terminal_shows_every_step_and_the_answer(finished: tuple[str, Path], summary: dict[str, Any]) -> None:
    printed, folder = finished
    for step in (
        "Seed",
        "Measure capacity",
        "Normal day",
        "Upgrade day",
        "Simulate the same days",
        "the nation",
        "Report",
    ):
        assert step in printed
    for part in ("lab-normal", "lab-upgrade", "nation-upgrade"):
        assert f"{summary['parts'][part][0]['cards']:,}" in printed
    assert str(folder / "report.html") in printed


def test_the_report_can_be_read_back_and_tells_the_summarys_figures(
    finished: tuple[str, Path], summary: dict[str, Any]
) -> None:
    page = (finished[1] / "report.html").read_text(encoding="utf-8")
    cards = re.search(r"<td>Cards a day</td>(.*?)</tr>", page, re.DOTALL)
    assert cards
    cells = [int(cell.replace(",", "")) for cell in re.findall(r"<td>([\d,]+)</td>", cards[1])]
    parts = {part: days[0]["cards"] for part, days in summary["parts"].items()}
    assert cells == [parts.pop(part) for part in [*parts] if not part.startswith("nation")]
    # The nation's figures have a table of their own, each with the validation's error.
    assert parts
    assert all(f"{cards:,}" in page for cards in parts.values())
    assert page.count("data:image/png;base64,") == 5


@pytest.mark.parametrize("part", ["lab-normal", "lab-upgrade"])
def test_every_citizen_of_the_scenario_came_and_nobody_is_lost(
    finished: tuple[str, Path], summary: dict[str, Any], part: str
) -> None:
    folder = finished[1]
    lab = load(str(folder / "lab.toml"))
    expected = {citizen.name for citizen in citizens(lab, plan_offices(lab), 0)}
    measured = events.read(folder / part / "events.parquet")
    assert set(visits(measured)["citizen"]) == expected
    day = summary["parts"][part][0]
    assert day["arrivals"] == len(expected) == day["cards"] + day["refused"] + day["unserved"]


def test_the_centre_did_every_step_of_a_card_exactly_once(finished: tuple[str, Path]) -> None:
    measured = events.read(finished[1] / "lab-normal" / "events.parquet")
    issued = visits(measured).filter(pl.col("outcome") == Status.CARD_ISSUED)["citizen"]
    per_stage = measured.filter(pl.col("citizen").is_in(issued.implode())).group_by("citizen", "stage").len()
    assert set(per_stage["len"]) == {1}
    assert per_stage.height == len(set(Stage) - {Stage.LOGIN}) * issued.len()


def test_the_gate_knows_what_the_normal_day_cost(finished: tuple[str, Path], summary: dict[str, Any]) -> None:
    cost, day = summary["cost"]["lab-normal"], summary["parts"]["lab-normal"][0]
    assert cost["cards"] == day["cards"]
    assert cost["requests"] > 2 * day["cards"]
    assert cost["cpu_s"] > cost["cards"] * cost["reference_s"] / 10
    known = figures_of(Run(finished[1]))
    assert set(known.figures) == set(KINDS)
    assert known.figures["cpu_per_card_ms"] == pytest.approx(1_000 * cost["cpu_s"] / cost["cards"])


def test_each_person_gets_one_card_and_the_planted_duplicates_none(finished: tuple[str, Path]) -> None:
    """Whose packet reaches the centre first gets the card: that need not be who came first."""
    folder = finished[1]
    lab = load(str(folder / "lab.toml"))
    person = {citizen.name: citizen.duplicate_of or citizen.name for citizen in citizens(lab, plan_offices(lab), 0)}
    left = visits(events.read(folder / "lab-normal" / "events.parquet"))
    issued = [person[name] for name in left.filter(pl.col("outcome") == Status.CARD_ISSUED)["citizen"]]
    refused = left.filter(pl.col("outcome") != Status.CARD_ISSUED)
    assert len(issued) == len(set(issued))
    assert set(refused["outcome"]) == {Status.DUPLICATE_RECORD}
    assert {person[name] for name in refused["citizen"]} <= {p for name, p in person.items() if name != p}
    assert refused.height == left.height - len(set(person.values()))


def test_the_normal_days_peak_hour_brings_the_share_of_capacity_that_was_asked_for(
    finished: tuple[str, Path], summary: dict[str, Any]
) -> None:
    lab = load(str(finished[1] / "lab.toml"))
    arrivals_s = [citizen.arrival_s for citizen in citizens(lab, plan_offices(lab), 0)]
    busiest = max(sum(begin <= moment < begin + 3600 for moment in arrivals_s) for begin in range(0, 86400, 900))
    expected = 0.85 * summary["capacity"]["capacity_per_s"] * 3600 / lab.load.speedup
    # A Poisson count: four standard deviations, and the busiest hour of several is above its mean.
    assert abs(busiest - expected) < 4 * expected**0.5


def test_the_upgrade_worked_while_the_offices_did(finished: tuple[str, Path], summary: dict[str, Any]) -> None:
    """By how much it slowed them is measured and reported; on a machine that others use too it cannot be promised."""
    measured = events.read(finished[1] / "lab-upgrade" / "events.parquet")
    assert {"expand", "backfill"} <= {phase for phase, _, _ in summary["upgrade"]["phases"]}
    assert measured.filter(pl.col("phase") == "backfill").height > 0
    assert set(measured.filter(pl.col("source") == "server")["version"]) <= {"5.4", "5.5"}
    assert summary["upgrade"]["start_s"] == pytest.approx(8 * 3600, abs=3600)


def test_locusts_own_statistics_are_kept(finished: tuple[str, Path], summary: dict[str, Any]) -> None:
    stats = pl.read_csv(finished[1] / "lab-normal" / "load" / "locust_stats.csv")
    sent = stats.filter(pl.col("Name") == "/v1/enrollments")["Request Count"].item()
    assert sent == summary["parts"]["lab-normal"][0]["arrivals"]


def test_the_nation_has_all_offices_at_full_scale(finished: tuple[str, Path]) -> None:
    nation = events.read(finished[1] / "nation-upgrade" / "events.parquet")
    assert nation["office"].n_unique() == 514
    assert nation.filter(pl.col("stage") == Stage.ARRIVAL).height > 40_000


def test_no_key_is_among_the_results(finished: tuple[str, Path]) -> None:
    files = [path for path in finished[1].rglob("*") if path.is_file()]
    plan = json.loads((finished[1] / "lab-normal" / "load" / "plan.json").read_text())
    assert plan["keys_file"]
    assert not any(re.search(rb"ank_[0-9a-f]{12}_", path.read_bytes()) for path in files)


def test_a_finished_run_leaves_nothing_behind(finished: tuple[str, Path], temporary: Path) -> None:
    assert finished
    assert left_over(temporary) == []


def wait_for(condition: Any, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)


def seeding(folder: Path) -> bool:
    return (folder / "logs" / "seed.log").exists()


def twenty_cards_issued(folder: Path) -> bool:
    progress = folder / "lab-normal" / "load" / "progress.json"
    return progress.exists() and json.loads(progress.read_text())["issued"] >= 20


@pytest.mark.parametrize("moment", [seeding, twenty_cards_issued])
def test_ctrl_c_leaves_what_was_measured_and_nothing_else(moment: Any, tmp_path: Path, temporary: Path) -> None:
    process = start(tmp_path, temporary)
    try:
        wait_for(lambda: (tmp_path / "april-2016").exists(), 60)
        wait_for(lambda: moment(only_run(tmp_path)), 120)
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Stopped" in printed
    assert "Traceback" not in printed
    assert left_over(temporary) == []
    folder = only_run(tmp_path)
    assert json.loads((folder / "meta.json").read_text())["ended"] == "KeyboardInterrupt"
    if moment is twenty_cards_issued:
        measured = events.read(folder / "lab-normal" / "events.parquet")
        issued = measured.filter((pl.col("stage") == Stage.HANDOVER) & (pl.col("outcome") == Status.CARD_ISSUED))
        assert issued.height >= 20
        assert json.loads((folder / "summary.json").read_text())["parts"]["lab-normal"][0]["cards"] >= 20
