"""The comparison of the upgrade's plans, from simulated days in place of played ones."""

from pathlib import Path

import pytest

from antrean.runs import Run
from benchmarks.upgrade import VARIANTS, scenario_of
from benchmarks.upgrade_chart import write_chart
from benchmarks.upgrade_figures import NONE, markdown, summarise
from model.centre import national_centre
from model.nation import simulate
from model.periods import scheduled_periods
from model.scenario_file import dump, load
from model.strategies import without_upgrade
from model.units import HOUR_S


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give the folder of a day without an upgrade, one whose upgrade took two hours, and one that did not end."""
    april = load("april-2016")
    lab = april.model_copy(update={"offices": april.offices.model_copy(update={"which": ["35.07", "91.71"]})})
    run = Run(tmp_path_factory.mktemp("plans"))
    run.save_text("lab.toml", dump(lab))
    run.save_json("capacity.json", {"capacity_per_s": 10.0})
    usual = national_centre(lab)._replace(periods=scheduled_periods(without_upgrade(lab)))
    events = simulate(without_upgrade(lab), usual, 1)
    for name, end_s in ((NONE, None), ("big-bang", 10 * HOUR_S), ("online", None)):
        phases = [["one", 8 * HOUR_S, end_s]]
        upgrade = {"start_s": 8 * HOUR_S, "end_s": end_s, "phases": phases, "plan": name, "error": None}
        run.save_events(name, events)
        content = {
            "upgrade": None if name == NONE else upgrade,
            "load": {"failed": 3, "retries": 2},
            "signals": {"retries_s": [9 * HOUR_S], "lock_waits": [(7 * HOUR_S, 9.0), (9 * HOUR_S, 0.5)]},
            "load_average": 0.0,
        }
        run.save_json(f"{name}/played.json", content)
    return run


def test_the_days_are_held_against_the_one_without_an_upgrade(run: Run) -> None:
    days = summarise(run, [NONE, "big-bang", "online"])["days"]
    day, speedup = days["big-bang"], load(str(run.folder / "lab.toml")).load.speedup
    assert (day["length_h"], day["length_wall_s"]) == (2.0, pytest.approx(2 * HOUR_S / speedup))
    # What was seen before the upgrade began is not its doing.
    assert day["longest_lock_s"] == 0.5
    during = next(span for span in day["spans"] if span["name"] == "during")
    assert during["ready_per_h"] == day["same_hours_without"][1]["ready_per_h"]
    assert during["retries"] == 1
    # Played like the day without an upgrade, so service never left the usual.
    assert day["normal_again_s"] == 10 * HOUR_S
    assert (days["online"]["length_h"], days["online"]["normal_again_s"]) == (None, None)


def test_the_table_has_a_line_a_plan_and_says_what_did_not_end(run: Run) -> None:
    header, _, *lines = markdown(summarise(run, [NONE, "big-bang", "online"])).splitlines()
    assert {line.count("|") for line in lines} == {header.count("|")}
    cells = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")] for line in lines}
    assert list(cells) == [NONE, "big-bang", "online"]
    assert "100%, p95 1.0x" in cells["big-bang"]
    assert {"2.0 h", "10:00", "500 ms"} <= set(cells["big-bang"])
    assert {"not ended", "not on the day"} <= set(cells["online"])


def test_the_chart_is_the_same_from_the_same_data(run: Run, tmp_path: Path) -> None:
    result = summarise(run, [NONE, "big-bang", "online"])
    for name in ("first.svg", "second.svg"):
        write_chart(run, result, tmp_path / name)
    drawn = (tmp_path / "first.svg").read_bytes()
    assert drawn == (tmp_path / "second.svg").read_bytes()
    assert b"big-bang" in drawn


def test_the_variants_differ_in_plan_and_hours_only() -> None:
    april = load("april-2016")
    plans = {name: scenario_of(variant, april).upgrade for name, variant in VARIANTS.items()}
    assert plans.pop(NONE) is None
    assert [upgrade.plan for upgrade in plans.values() if upgrade] == ["big-bang", "rolling", "online", "online"]
    assert april.upgrade is not None
    same = {"plan": april.upgrade.plan, "hours": april.upgrade.hours}
    assert all(upgrade and upgrade.model_copy(update=same) == april.upgrade for upgrade in plans.values())
