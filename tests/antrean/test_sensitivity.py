"""The sensitivity analysis: against a model whose effects are known, and on two offices from the command line."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from antrean.cli import app
from antrean.sensitivity import Conclusion, Options, analyse, begin, design, resume
from antrean.sensitivity_report import effects_table, sentence
from model.performance import PERFORMANCE
from model.scenario import Scenario
from model.scenario_file import ScenarioError, load
from model.schedules import Schedule
from model.sensitivity import Sensitivity

ASKED = Sensitivity(
    schedule="as-is",
    against="without-upgrade",
    measures=["wait_p95"],
    guesses={
        "upgrade.cost.during": [1.0, 3.0],
        "staffing.evening_share": [0.0, 1.0],
        "centre.variation": [0.2, 1.0],
    },
    trajectories=5,
    replications=2,
)
OPTIONS = Options(1, ["35.07", "91.71"])


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load("april-2016").model_copy(update={"sensitivity": ASKED})


def _ignore(_share: float, _words: str) -> None:
    pass


def _known(schedule: Schedule, _days: int, replication: int) -> dict[str, float]:
    """Wait as a known function of the guesses: 600 s for each unit of the upgrade's cost, 60 s for the evening."""
    upgrade, share = schedule.scenario.upgrade, schedule.scenario.staffing.evening_share
    wait_s = 1000.0 * replication + (600.0 * upgrade.cost.during + 60.0 * share if upgrade else 0.0)
    return dict.fromkeys(PERFORMANCE, 0.0) | {"wait_p95": wait_s}


@pytest.fixture
def known(scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Conclusion:
    monkeypatch.setattr("antrean.replications.replicate", _known)
    begun = begin(tmp_path, "april-2016", scenario, OPTIONS)
    (found,) = analyse(begun, scenario, OPTIONS, 1, _ignore)
    return found


def test_the_effects_of_a_model_that_adds_up_are_found_exactly(known: Conclusion) -> None:
    assert [effect.guess for effect in known.effects] == [
        "upgrade.cost.during", "staffing.evening_share", "centre.variation"
    ]  # fmt: skip
    during, evening, variation = known.effects
    assert known.difference == pytest.approx(600 * 1.5 + 60 * 0.8)
    assert (during.at_low, during.at_high) == pytest.approx((600 + 48, 1800 + 48))
    # Over the whole range, the other guesses do not matter. Levels fall on steps of a hundredth of the range.
    assert during.mu_star == pytest.approx(1200, rel=0.02)
    assert evening.mu_star == pytest.approx(60, rel=0.02)
    assert during.sigma == pytest.approx(0, abs=12)
    assert (variation.mu_star, variation.sigma) == (0.0, 0.0)


def test_whether_the_conclusion_holds_everywhere_is_counted(known: Conclusion) -> None:
    assert known.combinations == 1 + 2 * 3 + 5 * 4
    assert known.same_sign == known.combinations
    told = sentence(known, ASKED)
    assert "same sign in all 27 combinations" in told
    assert "as-is less without-upgrade is +16 min" in told
    assert "same sign in 20 of 27" in sentence(known._replace(same_sign=20), ASKED)


def test_the_table_shows_the_range_and_both_ends(known: Conclusion) -> None:
    columns, lines = effects_table(known)
    assert columns[0] == "p95 wait"
    assert lines[0][:4] == ["upgrade.cost.during", "1 to 3", "+11 min", "+31 min"]


def test_the_design_is_the_same_every_time(scenario: Scenario) -> None:
    assert design(scenario).points == design(scenario).points
    assert design(scenario).points[:3] == [{}, {"upgrade.cost.during": 1.0}, {"upgrade.cost.during": 3.0}]


def test_an_interrupted_analysis_goes_on_where_it_stopped(
    scenario: Scenario, tmp_path: Path, known: Conclusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated = 0

    def count(*task: Any) -> dict[str, float]:
        nonlocal simulated
        simulated += 1
        if simulated == 30:
            raise KeyboardInterrupt
        return _known(*task)

    monkeypatch.setattr("antrean.replications.replicate", count)
    begun = begin(tmp_path / "other", "april-2016", scenario, OPTIONS)
    with pytest.raises(KeyboardInterrupt):
        analyse(begun, scenario, OPTIONS, 1, _ignore)
    assert analyse(*resume(begun.folder, {}), 1, _ignore) == [known]
    assert simulated < 2 * 27 * 2 + 30


def test_everything_that_is_wrong_is_told_at_once(scenario: Scenario) -> None:
    asked = {"guesses": {"upgrade.price": [1.0, 2.0]}, "measures": ["joy"], "schedule": "day-off"}
    with pytest.raises(ScenarioError) as told:
        design(scenario.model_copy(update={"sensitivity": ASKED.model_copy(update=asked)}))
    for said in ("sensitivity.guesses: upgrade.price", "sensitivity.measures: there is no measure 'joy'", "day-off"):
        assert said in str(told.value)


def test_a_scenario_without_sensitivity_is_refused(scenario: Scenario) -> None:
    with pytest.raises(ScenarioError, match="sensitivity: is missing"):
        design(scenario.model_copy(update={"sensitivity": None}))


def test_the_command_leaves_json_and_a_tornado(tmp_path: Path) -> None:
    path = tmp_path / "short.toml"
    text = (Path(__file__).parents[2] / "model" / "scenarios" / "april-2016.toml").read_text(encoding="utf-8")
    path.write_text(re.sub(r"trajectories = \d+\nreplications = \d+", "trajectories = 2\nreplications = 1", text))
    arguments = ["sensitivity", str(path), "--days", "1", "--offices", "35.07,91.71", "--workers", "1"]
    found = CliRunner(env={"COLUMNS": "200"}).invoke(
        app, [*arguments, "--results", str(tmp_path)], catch_exceptions=False
    )
    (folder,) = tmp_path.glob("short/sensitivity-*")
    told = json.loads((folder / "sensitivity.json").read_text(encoding="utf-8"))
    assert [each["measure"] for each in told["conclusions"]] == load(str(path)).sensitivity.measures  # type: ignore[union-attr] # it has the table
    assert "moves it most" in " ".join(found.output.split())
    with Image.open(folder / "tornado.png") as chart:
        assert chart.width > 800
