import math
from pathlib import Path

from antrean.runs import machine, new_run


def test_two_runs_in_the_same_second_get_two_folders(tmp_path: Path) -> None:
    first, second = new_run(tmp_path, "april-2016"), new_run(tmp_path, "april-2016")
    assert first.folder != second.folder
    assert first.folder.parent == second.folder.parent == tmp_path / "april-2016"


def test_json_is_readable_by_others_also_where_there_is_no_number(tmp_path: Path) -> None:
    run = new_run(tmp_path, "x")
    run.save_json("summary.json", {"wait_s": math.nan, "days": ({"cards": 3},)})
    assert run.load_json("summary.json") == {"wait_s": None, "days": [{"cards": 3}]}
    assert "NaN" not in (run.folder / "summary.json").read_text()


def test_saving_again_leaves_no_half_file(tmp_path: Path) -> None:
    run = new_run(tmp_path, "x")
    run.save_text("report.html", "old")
    run.save_text("report.html", "new")
    assert [path.name for path in run.folder.iterdir()] == ["report.html"]
    assert (run.folder / "report.html").read_text() == "new"


def test_the_machine_is_described_well_enough_to_compare_results() -> None:
    described = machine()
    assert described["cores"] >= 1
    assert described["processor"]
    assert described["packages"]["simpy"].startswith("4.")
