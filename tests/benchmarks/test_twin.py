"""The campaign of the twin: its days, what its folder remembers, what is said. Simulated days stand for played ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from antrean.runs import machine
from benchmarks import twin_docs
from benchmarks.reference import reference_s
from benchmarks.twin_campaign import CAPACITY, PREDICTION, ROWS, Campaign, part_of
from benchmarks.twin_chart import write_chart
from benchmarks.twin_days import OTHER_OFFICES, Day, days, in_order, needed, normal_day, played, replication_of, why_not
from benchmarks.twin_figures import LEAST_RUNS, kind_of, result_of
from model.arrivals import citizens
from model.nation import simulate
from model.scenario import Scenario
from model.scenario_file import dump
from model.staffing import plan_offices
from model.strategies import changed, without_upgrade
from tests.antrean.validation.days import centre, lab

KINDS = {day.name: day for day in days()}


# The days


@pytest.fixture(scope="module")
def usual() -> Scenario:
    return normal_day()


def test_every_held_out_day_is_learned_from_days_that_are_not_held_out() -> None:
    learned = {name for day in days() for name in day.learned_from}
    assert learned == {day.name for day in days() if not day.held_out}
    assert {"overload", "online", "rolling", "big-bang", "mix", "workers", "offices"} == {
        day.name for day in days() if day.held_out
    }
    # An upgrade is known from a rehearsal of its own plan alone.
    assert KINDS["online"].learned_from == ("low", "knee", "rehearse-online")


def test_the_days_differ_from_the_normal_day_in_what_they_say(usual: Scenario) -> None:
    made = {name: day.made_of(usual) for name, day in KINDS.items()}
    assert made["knee"] == made["workers"] == usual
    assert [made[name].load.peak_share for name in ("low", "knee", "overload")] == [0.4, 0.85, 1.2]
    assert made["offices"].load.offices == OTHER_OFFICES
    assert not set(OTHER_OFFICES) & set(usual.load.offices)
    for plan in ("online", "rolling", "big-bang"):
        upgraded = made[plan]
        assert upgraded.upgrade is not None
        assert upgraded.upgrade.plan == plan
        assert without_upgrade(upgraded) == usual
        assert upgraded == made[f"rehearse-{plan}"]
        assert upgraded.seconds_at(upgraded.upgrade.start) == 8 * 3600


def test_an_overloaded_day_brings_more_than_the_server_can_do(usual: Scenario) -> None:
    def count(name: str) -> int:
        scenario = played(KINDS[name], usual, 40.0)
        return len(citizens(scenario, plan_offices(scenario), 0))

    assert count("low") < 0.6 * count("knee") < 0.6 * count("overload")


def test_no_two_days_of_a_campaign_have_the_same_citizens() -> None:
    found = [replication_of(day, number) for number in range(1, 6) for day in days()]
    assert len(set(found)) == len(found)


def test_every_second_round_goes_the_other_way() -> None:
    assert [day.name for day in in_order(2)] == [day.name for day in reversed(in_order(1))]


def test_one_day_needs_what_it_is_learned_from() -> None:
    assert needed("rolling") == ["rolling", "low", "knee", "rehearse-rolling"]
    with pytest.raises(ValueError, match="--only knee: there is no such day; there are overload"):
        needed("knee")


def test_a_day_that_the_load_side_cannot_play_is_left_out_with_a_reason(usual: Scenario) -> None:
    assert why_not(KINDS["knee"], usual) is None
    asked = Day("strange", True, lambda day: changed(day, {"demand": {"mix": {"enrollment": 0.5, "replacement": 0.5}}}))
    why = why_not(asked, usual)
    assert why is None or "enrollments only" in why


def test_the_reference_workload_takes_time() -> None:
    assert reference_s() > 0.0


# The folder


def keep(campaign: Campaign, number: int, name: str, chance: int) -> None:
    """Keep a simulated day as if it had been played."""
    day, scenario = KINDS[name], without_upgrade(lab())
    run = campaign.of(number, day)
    run.save_text(f"{part_of(day)}.toml", dump(scenario))
    run.save_events(part_of(day), simulate(scenario, centre(), 1, work_replication=chance))
    row = {"held_out": day.held_out, "reference_s": [0.1, 0.1], "valid_for_latency": True, "took_s": 60.0}
    campaign.keep(number, day, row, {"valid_for_latency": True})


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    """Give a campaign of which the days of normal height were played, and one that is held out."""
    begun = Campaign(tmp_path)
    begun.round(1).save_json(CAPACITY, {"capacity_per_s": 3.0, "reference_s": [0.1, 0.1]})
    for chance, name in enumerate(("low", "knee", "overload"), start=1):
        keep(begun, 1, name, chance)
    return begun


def silent(_share: float, _words: str) -> None:
    pass


@pytest.mark.usefixtures("campaign")
def test_what_was_played_is_remembered_and_the_rest_is_missing(tmp_path: Path) -> None:
    again = Campaign(tmp_path)
    assert again.height_per_s == 3.0
    assert again.has(1, KINDS["overload"])
    assert not again.has(1, KINDS["online"])
    assert not again.has(2, KINDS["overload"])
    rows = [json.loads(line) for line in (tmp_path / ROWS).read_text().splitlines()]
    assert [(row["round"], row["day"]) for row in rows] == [(1, "capacity"), (1, "low"), (1, "overload"), (1, "knee")]


def to_predict(campaign: Campaign) -> list[tuple[int, str]]:
    return [(number, day.name) for number, day in campaign.to_predict()]


def test_a_held_out_day_is_predicted_once_by_the_same_code(campaign: Campaign) -> None:
    assert to_predict(campaign) == [(1, "overload")]
    campaign.predict(1, KINDS["overload"], silent, replications=10)
    (row,) = [row for row in campaign.rows() if row["day"] == "overload"]
    assert abs(row["throughput_error"]) < 0.1
    assert 0 < row["coverage"]["all"] <= 1
    assert to_predict(campaign) == []
    # The calibration can be looked at, and is of the days that it was learned from.
    folder = campaign.of(1, KINDS["overload"]).folder / "lab-overload"
    assert "learned/lab-knee" in (folder / "calibration.toml").read_text()
    found = json.loads((folder / PREDICTION).read_text())
    (folder / PREDICTION).write_text(json.dumps(found | {"code": "of yesterday"}))
    assert to_predict(campaign) == [(1, "overload")]


def test_a_day_without_its_rehearsal_waits(campaign: Campaign) -> None:
    keep(campaign, 1, "online", 4)
    assert to_predict(campaign) == [(1, "overload")]


def test_what_cannot_be_predicted_says_why_and_stops_nothing(campaign: Campaign) -> None:
    run = campaign.of(1, KINDS["knee"])
    run.save_events("lab-knee", run.load_events("lab-knee").head(0))
    campaign.predict(1, KINDS["overload"], silent, replications=10)
    (row,) = [row for row in campaign.rows() if row["day"] == "overload"]
    assert "has no visit to validation" in row["not_predicted"]
    assert kind_of([row], 0.1)["runs"] == 0


def test_another_scenario_is_another_campaign(campaign: Campaign, usual: Scenario) -> None:
    campaign.begin(usual)
    campaign.begin(usual)
    with pytest.raises(ValueError, match="begun with another scenario or on another machine; --again begins anew"):
        campaign.begin(changed(usual, {"load": {"speedup": 2.0}}))


# What is said of it


def row_of(day: str, error: float, number: int = 1, **other: Any) -> dict[str, Any]:
    return {
        "round": number,
        "day": day,
        "throughput_error": error,
        "wait_median_s_error": error,
        "wait_p95_s_error": error,
        "coverage": {"all": 0.9, "cards": 0.8},
        "wasserstein_s": 60.0,
        "mean_wait_s": 600.0,
        "farthest_stage": "matching",
        "notes": ["Beyond the calibrated range: 4 workers, against 2."],
        "reference_s": [0.1, 0.1],
        "valid_for_latency": True,
        **other,
    }


def test_errors_of_both_signs_do_not_cancel() -> None:
    rows = [row_of("overload", error) for error in (-0.2, -0.2, 0.0, 0.2, 0.2)]
    found = kind_of(rows, 0.1)
    assert found["errors"]["throughput"] == 0.0
    assert found["error_sizes"]["throughput"] == 0.2
    assert found["reached"] == {"throughput": False, "wait_median_s": False, "wait_p95_s": False, "coverage": True}
    assert found["farthest_stage"] == ("matching", 5)
    assert found["wasserstein_share"] == pytest.approx(0.1)


def test_few_runs_reach_nothing() -> None:
    found = kind_of([row_of("overload", 0.01) for _ in range(LEAST_RUNS - 1)], 0.1)
    assert set(found["reached"].values()) == {None}


def test_disturbed_runs_are_counted_and_stay() -> None:
    rows = [row_of("overload", 0.01, reference_s=[0.1, s]) for s in (0.1, 0.12, 0.2)]
    found = kind_of(rows, 0.1)
    assert (found["runs"], found["disturbed"]) == (3, 1)


@pytest.fixture
def result(usual: Scenario) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [row_of("overload", 0.02, number) for number in range(1, 6)]
    rows += [row_of("online", -0.12, number) for number in range(1, 6)]
    rows.append(row_of("rolling", 0.01))
    rows.append({"round": 1, "day": "capacity", "capacity_per_s": 70.0, "reference_s": [0.1, 0.1]})
    return json.loads(json.dumps(result_of(rows, usual, {"mix": "the load side plays enrollments only"})))  # type: ignore[no-any-return] # JSON


def test_the_tables_say_what_is_reached_missed_and_left_out(result: dict[str, Any]) -> None:
    told = twin_docs.tables(result)
    assert machine()["processor"] in told
    lines = {line.split("|")[1].strip(): line for line in told.splitlines() if line.startswith("| ")}
    assert "| +2% (2%) reached |" in lines["overload"]
    assert "-12% (12%) not reached" in lines["online"]
    assert "| +1% (1%) |" in lines["rolling"]
    assert "Fewer than 5 runs, so no verdict: offices, workers, rolling, big-bang." in told
    assert "Wait p95: reached on overload, online; missed on none." in told
    assert "mix is left out: the load side plays enrollments only." in told
    assert {line.count("|") for line in lines.values()} == {10}


def test_only_what_is_between_the_marks_is_written(result: dict[str, Any]) -> None:
    text = twin_docs.DOCUMENT.read_text(encoding="utf-8")
    once = twin_docs.page(text, twin_docs.tables(result))
    assert twin_docs.page(once, twin_docs.tables(result)) == once
    assert once.startswith(text[: text.index(twin_docs.BEGIN)])
    assert once.endswith(text[text.index(twin_docs.END) :])


def test_the_committed_protocol_quotes_the_committed_results() -> None:
    text = twin_docs.DOCUMENT.read_text(encoding="utf-8")
    kept = twin_docs.RESULT
    written = twin_docs.tables(json.loads(kept.read_text())) if kept.exists() else twin_docs.NOTHING
    assert twin_docs.page(text, written) == text, "run: python -m benchmarks.twin_docs"


def test_the_chart_is_the_same_from_the_same_data(result: dict[str, Any], tmp_path: Path) -> None:
    for name in ("first.svg", "second.svg"):
        write_chart(result, tmp_path / name)
    drawn = (tmp_path / "first.svg").read_bytes()
    assert drawn == (tmp_path / "second.svg").read_bytes()
    assert b"overload" in drawn
    assert b"big-bang" not in drawn
