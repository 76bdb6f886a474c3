"""The search's own bookkeeping: what it concludes from its steps, what it writes, what it resumes."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from antrean.capacity import META, Search, SearchOptions, highest_rate, search_capacity, summarise
from antrean.capacity_report import answer, write_capacity_report
from antrean.offer import Step, backlog
from antrean.runs import Run, machine
from antrean.verdict import Asked, Verdict
from model.scenario_file import dump, load
from model.strategies import changed
from tests.antrean.test_verdict import regular

APRIL = load("april-2016")


def step(number: int, rate_per_s: float, verdict: Verdict, throughput_per_s: float, inside: float) -> Step:
    broken = "backlog" if verdict is Verdict.EXCEEDED else ""
    return Step(
        number, rate_per_s, rate_per_s, throughput_per_s, 20.0, str(verdict), broken,
        0.5, 0.1, 0.9, 0.01, 0.0, 0.02, 0.0, 0.0, 0.003, inside, 0.1, 0.3, 0.5, 40.0, 3.0, True,
    )  # fmt: skip


STEPS = [
    step(1, 50.0, Verdict.SUSTAINED, 50.0, 3.0),
    step(2, 75.0, Verdict.SUSTAINED, 75.0, 7.0),
    step(3, 100.0, Verdict.EXCEEDED, 80.0, 90.0),
    step(4, 86.6, Verdict.EXCEEDED, 79.0, 40.0),
    step(5, 80.6, Verdict.UNDECIDED, 79.5, 20.0),
]


def test_the_summary_tells_the_interval_the_law_and_whether_there_is_more_to_do() -> None:
    told = summarise(Search(APRIL, 100.0, STEPS))
    assert told["knee_per_s"] == 75.0
    assert told["interval_per_s"] == [75.0, 86.6]
    assert told["complete"] is False
    assert told["scalability"]["contention"] > 0
    assert len(told["scalability"]["residuals_per_s"]) == len(STEPS)
    assert told["warnings"] == []


@pytest.mark.parametrize(
    ("steps", "warning"),
    [
        (STEPS[:2], "No rate that was offered is exceeded"),
        (STEPS[2:3], "No rate that was offered is sustained"),
        ([STEPS[3], STEPS[0], step(6, 120.0, Verdict.SUSTAINED, 120.0, 9.0)], "120.0/s was sustained although"),
        ([STEPS[0]._replace(valid_for_latency=False)], "The load generator lagged at 50.0/s"),
    ],
)
def test_what_stands_in_the_way_of_believing_it_is_told(steps: list[Step], warning: str) -> None:
    told = summarise(Search(APRIL, 100.0, steps))
    assert any(warning in line for line in told["warnings"])


def test_what_was_offered_is_told_by_its_shares() -> None:
    mix = {"enrollment": 0.5, "replacement": 0.25, "replacement_away": 0.25}
    mixed = changed(APRIL, {"demand": {"mix": mix}})
    told = summarise(Search(mixed, 100.0, STEPS))
    # 5.4 turns the others away at the door.
    assert told["offered"] == pytest.approx({"enrollment": 2 / 3, "replacement": 1 / 3})
    assert answer(told)[0].startswith(
        "The server sustains 75.0 citizens a second (67% enrollment, 33% replacement) and does not sustain 86.6"
    )
    assert summarise(Search(APRIL, 100.0, STEPS))["offered"] == {"enrollment": 1.0}


def test_a_mix_of_which_the_version_offers_nothing_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    foreign = changed(APRIL, {"demand": {"mix": {"enrollment": 0.0, "foreign_resident": 1.0}}})
    with pytest.raises(ValueError, match="offers nothing of demand"):
        search_capacity("april-2016", foreign, SearchOptions(tmp_path), Console(quiet=True))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("enrollments_only", "share"), [(False, 0.6), (True, 1.0)])
def test_enrollments_only_are_offered_where_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enrollments_only: bool, share: float
) -> None:
    def no_lab(*_: object) -> None:
        raise OSError("no lab")

    monkeypatch.setattr("antrean.capacity.open_lab", no_lab)
    mixed = changed(APRIL, {"demand": {"mix": {"enrollment": 0.6, "replacement": 0.4}}})
    with pytest.raises(OSError, match="no lab"):
        search_capacity("mixed", mixed, SearchOptions(tmp_path, enrollments_only=enrollments_only), Console(quiet=True))
    [folder] = (tmp_path / "mixed").iterdir()
    assert load(str(folder / "scenario.toml")).demand.mix.enrollment == share
    assert json.loads((folder / "summary.json").read_text())["offered"]["enrollment"] == share


def test_too_few_steps_fit_no_law() -> None:
    told = summarise(Search(APRIL, 100.0, STEPS[:3]))
    assert told["scalability"] is None
    assert "too few" in told["no_scalability"]


def test_the_busiest_second_of_the_highest_rate_keeps_to_the_scenarios() -> None:
    rate = highest_rate(500.0)
    assert rate + 5 * rate**0.5 == pytest.approx(500.0)


def test_the_backlog_is_who_came_and_has_not_left() -> None:
    seen = Asked(np.array([0.5, 0.6, 1.5]), np.array([1.2, np.inf, 1.9]), np.zeros(3, dtype=bool))
    assert backlog(seen, 2.0).to_dicts() == [
        {"second": 1, "arrived": 2, "left": 0, "backlog": 2},
        {"second": 2, "arrived": 1, "left": 2, "backlog": 1},
    ]


def test_the_report_is_made_from_the_folder_alone(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.save_json(META, {"scenario": "april-2016", "seed": 1, "machine": machine(), "ended": "complete"})
    run.save_text("scenario.toml", dump(APRIL))
    run.save_json("summary.json", summarise(Search(APRIL, 100.0, STEPS)))
    pl.DataFrame(STEPS, schema=list(Step._fields), orient="row").write_parquet(tmp_path / "steps.parquet")
    seconds = [backlog(regular(100, 0.2), 20.0).select(pl.lit(one.number).alias("step"), pl.all()) for one in STEPS]
    pl.concat(seconds).write_parquet(tmp_path / "backlog.parquet")

    page = write_capacity_report(run).read_text(encoding="utf-8")

    assert "sustains 75.0 enrollments a second and does not sustain 86.6" in page
    assert page.count("data:image/png;base64,") == 3
    assert "http" not in page.replace("http-equiv", "")


def test_a_search_of_another_machine_is_not_resumed(tmp_path: Path) -> None:
    folder = tmp_path / "april-2016" / "capacity-20260101-000000"
    folder.mkdir(parents=True)
    other = machine() | {"processor": "Another 9000"}
    (folder / META).write_text(json.dumps({"machine": other, "ended": "KeyboardInterrupt"}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"begun on another machine \(Another 9000\)"):
        search_capacity("april-2016", APRIL, SearchOptions(tmp_path, resume=True), Console(quiet=True))
