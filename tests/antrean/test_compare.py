"""A comparison from the question to the page, on two offices and short days; interrupted, and taken up again."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
from PIL import Image
from typer.testing import CliRunner

from antrean.cli import app
from antrean.compare import begin, compare, resume
from antrean.compare_report import ranking_table, save_comparison
from antrean.experiment import AS_IS, Experiment, lineup
from antrean.ranking import Ranking, Verdict
from antrean.replications import Rows
from antrean.runs import Run
from model.performance import PERFORMANCE
from model.scenario import Scenario
from model.scenario_file import dump, load
from model.strategies import STRATEGIES
from tests.alive import gone

EXPERIMENT = Experiment(
    schedules=["evening-shift", "waiting-first", "without-upgrade"],
    days=1,
    offices=["35.07", "91.71"],
    measure="wait_p95",
    confidence=0.9,
    minimum=3,
    maximum=5,
    precision=0.02,
    indifference=None,
)


@pytest.fixture(scope="module")
def april() -> Scenario:
    return load("april-2016")


@pytest.fixture(scope="module")
def compared(april: Scenario, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Ranking]:
    begun = begin(tmp_path_factory.mktemp("results"), "april-2016", april, EXPERIMENT)
    ranking = compare(begun, april, EXPERIMENT, 1, _ignore)
    save_comparison(begun, april, EXPERIMENT, ranking)
    return begun, ranking


def _ignore(_share: float, _words: str) -> None:
    pass


def test_schedules_meet_the_same_citizens(compared: tuple[Run, Ranking]) -> None:
    rows = Rows(compared[0].folder / "rows.parquet").frame()
    # Everybody is served within the day here, so that cards count who came.
    per_replication = rows.group_by("replication").agg(pl.col("cards_a_day").n_unique())
    assert per_replication["cards_a_day"].to_list() == [1] * per_replication.height
    assert rows.filter(pl.col("schedule") == AS_IS)["cards_a_day"].n_unique() > 1


def test_the_ranking_is_made_of_what_was_simulated(compared: tuple[Run, Ranking]) -> None:
    begun, ranking = compared
    rows = Rows(begun.folder / "rows.parquet")
    assert {each.name: each.verdict for each in ranking.standings}["without-upgrade"] is Verdict.YARDSTICK
    assert 3 <= ranking.replications <= 5
    waits = rows.values(AS_IS, "wait_p95", ranking.replications)
    assert ranking.named(AS_IS).measures["wait_p95"].mean == pytest.approx(sum(waits) / len(waits))


def test_any_number_of_processes_gives_the_same_ranking(
    april: Scenario, tmp_path: Path, compared: tuple[Run, Ranking]
) -> None:
    begun = begin(tmp_path, "april-2016", april, EXPERIMENT)
    assert compare(begun, april, EXPERIMENT, 3, _ignore) == compared[1]


def test_what_is_there_already_is_not_simulated_again(
    compared: tuple[Run, Ranking], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("simulated again")

    monkeypatch.setattr("antrean.replications.replicate", never)
    begun, scenario, experiment = resume(compared[0].folder, {})
    assert compare(begun, scenario, experiment, 1, _ignore) == compared[1]


def test_another_measure_is_asked_of_the_same_rows(compared: tuple[Run, Ranking], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(compared[0].folder, tmp_path / "copy"))
    changed = {"measure": "overtime_h", "maximum": 3, "schedules": ["evening-shift"]}
    begun, scenario, experiment = resume(copy, changed)
    ranking = compare(begun, scenario, experiment, 1, _ignore)
    assert (ranking.measure, ranking.replications) == ("overtime_h", 3)
    again = resume(copy, {"indifference": "90 min"})[2]
    assert again.zone(Rows(copy / "rows.parquet")) == 1.5  # hours, the unit of the measure in the folder


def test_a_comparison_made_by_another_model_is_not_continued(
    compared: tuple[Run, Ranking], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antrean.studies.model_digest", lambda: "another")
    with pytest.raises(ValueError, match="another version of model"):
        resume(compared[0].folder, {})
    with pytest.raises(ValueError, match="holds nothing to resume"):
        resume(tmp_path, {})


def test_days_of_a_comparison_cannot_change_on_the_way(compared: tuple[Run, Ranking]) -> None:
    with pytest.raises(ValueError, match="days cannot change"):
        resume(compared[0].folder, {"days": 2})


def test_the_page_is_one_file_with_the_advice_first(compared: tuple[Run, Ranking]) -> None:
    page = (compared[0].folder / "comparison.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert page.index("Advice") < page.index("<table") < page.index("<img")
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert [Image.open(BytesIO(base64.b64decode(picture))).width > 800 for picture in pictures] == [True, True]
    assert "A quick look at 2 offices" in page
    assert "end before the upgrade does in as-is, evening-shift and waiting-first" in page
    # Everybody waits for the card here, so nobody is let past.
    assert "in every replication and every measure: waiting-first." in page
    assert "waiting-first (= as-is)" in page
    for measure in PERFORMANCE.values():
        assert measure.label in page
    # Nobody is ever turned away here: that is a sentence and no column.
    assert re.search(r"Zero in all of them: .*Turned away", page)
    assert "<th>Turned away</th>" not in page


def test_the_json_has_the_figures_of_the_table(compared: tuple[Run, Ranking]) -> None:
    begun, ranking = compared
    told = json.loads((begun.folder / "comparison.json").read_text(encoding="utf-8"))
    first = told["ranking"]["standings"][0]
    assert first["name"] == ranking.best.name
    assert first["measures"]["wait_p95"]["mean"] == pytest.approx(ranking.best.measures["wait_p95"].mean)
    columns, lines = ranking_table(ranking, ["wait_p95"])
    assert columns == ["Verdict", "p95 wait"]
    assert lines[0][0] == f"1 {ranking.best.name}"


def test_without_names_every_strategy_that_changes_something_takes_part(april: Scenario) -> None:
    everything = EXPERIMENT._replace(schedules=[])
    chosen = lineup(april.model_copy(update={"upgrade": None}), everything)
    assert next(iter(chosen.candidates)) == AS_IS
    assert "evening-shift" in chosen.candidates
    assert not chosen.yardsticks
    assert chosen.left_out["without-upgrade"] == "changes nothing in this scenario"


def test_a_schedule_that_puts_the_upgrade_off_beyond_the_days_is_not_compared(
    april: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    def next_week(scenario: Scenario) -> Scenario:
        assert scenario.upgrade is not None
        later = {name: getattr(scenario.upgrade, name) + timedelta(days=7) for name in ("start", "expected_end")}
        return scenario.model_copy(update={"upgrade": scenario.upgrade.model_copy(update=later)})

    monkeypatch.setitem(STRATEGIES, "next-week", next_week)
    chosen = lineup(april, EXPERIMENT._replace(schedules=[]))
    assert chosen.left_out["next-week"].startswith("its upgrade begins at 2016-04-11 08:00")
    with pytest.raises(ValueError, match="ask for more --days"):
        lineup(april, EXPERIMENT._replace(schedules=["next-week"]))
    assert "next-week" in lineup(april, EXPERIMENT._replace(schedules=["next-week"], days=8)).candidates


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"minimum": 1}, r"replications 1\.\.5: write MIN\.\.MAX"),
        ({"confidence": 95.0}, "below 1, such as 0.95"),
        ({"precision": 0.0}, "must be above 0"),
        ({"measure": "joy"}, "no measure 'joy'"),
    ],
)
def test_what_cannot_be_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        EXPERIMENT._replace(**changed).check()


@pytest.fixture
def two_offices(tmp_path: Path, april: Scenario) -> Path:
    offices = april.offices.model_copy(update={"which": ["35.07", "91.71"]})
    path = tmp_path / "two.toml"
    path.write_text(dump(april.model_copy(update={"offices": offices})))
    return path


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "antrean", "compare", *arguments]


def test_ctrl_c_keeps_what_was_simulated_and_resume_goes_on_from_there(two_offices: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    many = ["--replications", "200..200", "--days", "1", "--strategies", "evening-shift", "--workers", "2"]
    interrupted = subprocess.Popen(
        _command(str(two_offices), *many, "--results", str(results)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    while not list(results.glob("two/compare-*/rows.parquet")):
        assert interrupted.poll() is None, interrupted.communicate()
        time.sleep(0.05)
    children = psutil.Process(interrupted.pid).children(recursive=True)
    interrupted.send_signal(signal.SIGINT)
    out, err = interrupted.communicate(timeout=60)
    assert interrupted.returncode == 130, err
    assert "Traceback" not in err
    # The workers are gone before it is; multiprocessing's resource tracker ends as soon as it sees that.
    assert all(gone(child.pid, within_s=60) for child in children)
    (folder,) = results.glob("two/compare-*")
    assert f"antrean compare --resume {folder}" in out
    before = pl.read_parquet(folder / "rows.parquet")
    assert 0 < before.height < 400
    resumed = subprocess.run(
        _command("--resume", str(folder), "--replications", "2..2", "--workers", "1"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert resumed.returncode == 0, resumed.stderr
    after = pl.read_parquet(folder / "rows.parquet")
    assert before.join(after, on=before.columns, how="anti", nulls_equal=True).is_empty()
    assert (folder / "comparison.html").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--replications", "5"], r"write MIN\.\.MAX"),
        (["--offices", "some"], r"a share such as 0\.1, or codes"),
        (["--strategies", "day-off"], "day-off"),
        (["--measure", "wait_p95", "--indifference", "5"], "is not a duration"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_is_written(
    two_offices: Path, tmp_path: Path, options: list[str], said: str
) -> None:
    arguments = ["compare", str(two_offices), "--results", str(tmp_path / "results"), *options]
    with pytest.raises(ValueError, match=said):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert not (tmp_path / "results").exists()
