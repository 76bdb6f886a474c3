import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from antrean.cli import app
from antrean.optimise import Options, begin, written
from model.scenario_file import ScenarioError, load


def _invoke(*arguments: str) -> str:
    found = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["optimise", *arguments], catch_exceptions=False)
    assert found.exit_code == 0
    return found.output


def test_the_command_prints_the_pareto_set_and_leaves_json_and_a_chart(tmp_path: Path) -> None:
    results = ["--results", str(tmp_path)]
    out = _invoke("april-2016", "--days", "1", "--offices", "35.07,91.71", "--trials", "4", "--workers", "1", *results)
    (folder,) = tmp_path.glob("april-2016/optimise-*")
    told = json.loads((folder / "optimum.json").read_text(encoding="utf-8"))
    front = [each for each in told["tried"] if each["on_front"]]
    assert front
    for each in front:
        assert each["values"]["staffing.evening.end"] in out
    assert "begins with" in out
    with Image.open(folder / "front.png") as chart:
        assert chart.width > 800
    more = _invoke("--resume", str(folder), "--trials", "6", "--workers", "1")
    again = json.loads((folder / "optimum.json").read_text(encoding="utf-8"))
    assert "front.png" in more
    assert len(again["tried"]) + again["impossible"] <= 6
    assert all(each["values"] in [other["values"] for other in again["tried"]] for each in told["tried"])


def test_a_scenario_without_optimise_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    calm = load("april-2016").model_copy(update={"optimise": None})
    with pytest.raises(ScenarioError, match="optimise: is missing"):
        begin(tmp_path / "results", "calm", calm, Options(1, None, None))
    assert not (tmp_path / "results").exists()


def test_values_are_written_for_people() -> None:
    start = load("april-2016").scenario.start
    assert [written(value) for value in (0.30000001, 3, "17:00", start)] == ["0.3", "3", "17:00", "2016-04-04 00:00"]
