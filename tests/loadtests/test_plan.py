"""The plan: what the campaign hands over, and the command it starts."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from loadtests.plan import LoadPlan, command
from model.arrivals import citizens
from model.clock import Clock
from model.scenario import Scenario
from model.scenario_file import dump
from model.staffing import plan_offices


@pytest.fixture
def plan(tmp_path: Path, lab: Scenario) -> LoadPlan:
    (tmp_path / "scenario.toml").write_text(dump(lab), encoding="utf-8")
    return LoadPlan(
        scenario=tmp_path / "scenario.toml",
        mode="day",
        origin_wall_s=1_700_000_000.25,
        origin_scenario_s=21_600.0,
        out=tmp_path / "out",
    )


def test_a_plan_survives_its_file(plan: LoadPlan, tmp_path: Path) -> None:
    plan.write(tmp_path / "plan.json")
    assert LoadPlan.read(tmp_path / "plan.json") == plan


def test_an_unknown_key_or_mode_is_refused(plan: LoadPlan, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="mode"):
        LoadPlan.model_validate(plan.model_dump() | {"mode": "night"})
    (tmp_path / "plan.json").write_text(plan.model_dump_json().replace('"day":', '"dya":'), encoding="utf-8")
    with pytest.raises(ValidationError, match="dya"):
        LoadPlan.read(tmp_path / "plan.json")


def test_the_plan_and_its_scenario_make_the_clock(plan: LoadPlan, lab: Scenario) -> None:
    assert plan.load_scenario() == lab
    assert plan.clock(lab) == Clock(lab.load.speedup, 1_700_000_000.25, 21_600.0)


def test_the_command_asks_for_an_operator_a_counter_and_a_window_and_a_forwarder_an_office(
    plan: LoadPlan, tmp_path: Path
) -> None:
    plan.write(tmp_path / "plan.json")
    argv = command(tmp_path / "plan.json", "http://127.0.0.1:8000", tmp_path / "out")

    offices = plan_offices(plan.load_scenario())
    users = str(sum(office.counters for office in offices.values()) + 2 * 2)
    assert argv[:3] == [sys.executable, "-m", "locust"]
    assert argv[argv.index("--users") + 1] == argv[argv.index("--spawn-rate") + 1] == users
    assert argv[argv.index("--plan") + 1] == str(tmp_path / "plan.json")
    assert Path(argv[argv.index("-f") + 1]).is_file()


def test_several_days_bring_each_days_citizens_in_the_order_of_arrival(plan: LoadPlan, lab: Scenario) -> None:
    both = plan.model_copy(update={"day": 1, "days": 2}).citizens(lab)
    plans = plan_offices(lab)
    assert {citizen.name for citizen in both} == {
        citizen.name for day in (1, 2) for citizen in citizens(lab, plans, day)
    }
    assert both == sorted(both, key=lambda citizen: citizen.arrival_s)


def test_the_end_is_the_nations_last_evening_whatever_a_worker_plays_of_it(plan: LoadPlan, lab: Scenario) -> None:
    both = lab.model_copy(update={"offices": lab.offices.model_copy(update={"which": ["35.07", "91.71"]})})
    eastern = plan.model_copy(update={"offices": ["91.71"], "days": 3})
    assert eastern.ends_s(both) == 2 * 86_400 + both.staffing.evening.end_s


def test_capacity_takes_as_many_users_as_are_in_flight(plan: LoadPlan, lab: Scenario) -> None:
    assert plan.model_copy(update={"mode": "capacity", "in_flight": 7}).users(lab) == 7


def test_the_campaign_can_import_what_it_needs_without_locust() -> None:
    code = "import sys, loadtests.plan, loadtests.record; sys.exit(bool({'locust', 'gevent'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_module_hides_one_of_the_standard_library() -> None:
    import loadtests

    folder = Path(str(loadtests.__file__)).parent
    assert not {path.stem for path in folder.rglob("*.py")} - {"__init__"} & sys.stdlib_module_names
