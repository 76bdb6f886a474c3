"""The report from a run's folder that was made by simulation alone: fast, and every part is there."""

import base64
import re
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from antrean.calibration.calibration_report import summary_of
from antrean.fault_day import DayFaults, FaultTimes
from antrean.held_out import SECOND_DAY
from antrean.national import Prediction, national_figures
from antrean.report import answer, write_report
from antrean.runs import Run, new_run
from antrean.summary import answer_table, duration, faults_of, first_days, lab_days, summarise, upgrade_cost
from antrean.validation.comparison import Pair
from model.centre import national_centre
from model.measures import DayMeasures
from model.nation import simulate
from model.normal_service import queue_within
from model.periods import scheduled_periods
from model.scenario_file import dump, load
from model.strategies import without_upgrade
from model.upgrade_cost import NO_SIGNALS, at_centre, queue_at_centre
from tests.antrean.calibrations import calibration

PREDICTION = Prediction(
    held_out=SECOND_DAY,
    verdict="The twin predicts this day.",
    errors={name: Pair(100.0, 94.0) for name in DayMeasures._fields[1:]} | {"unserved": Pair(0.0, 3.0)},
    focus={"wait_median_s": Pair(100.0, 110.0)},
    spread={part: {"wait_median_s": 0.07} for part in ("nation-normal", "nation-upgrade")},
    draws=20,
    offices=26,
    beyond={"nation-normal": ["64 records at once, against 2 workers"], "nation-upgrade": ["5.5 alone"]},
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give a run's folder in which simulated days stand for the measured ones."""
    scenario = load("april-2016")
    lab = scenario.model_copy(update={"offices": scenario.offices.model_copy(update={"which": ["35.07", "91.71"]})})
    run = new_run(tmp_path_factory.mktemp("results"), "april-2016")
    run.save_text("scenario.toml", dump(scenario))
    for name in ("lab.toml", "nation.toml"):
        run.save_text(name, dump(lab))
    machine = {"cores": 2, "processor": "x", "python": "3.11", "packages": {"antrean": "0"}}
    run.save_json("meta.json", {"scenario": "april-2016", "quick": True, "seed": 1, "machine": machine})
    centre = national_centre(scenario)
    usual = centre._replace(periods=scheduled_periods(without_upgrade(lab)))
    for part in ("lab-normal", "lab-second", "twin-second", "nation-normal"):
        run.save_events(part, simulate(without_upgrade(lab), usual, 1, replication=part.endswith("second")))
    for kind in ("lab", "twin", "nation"):
        run.save_events(f"{kind}-upgrade", simulate(lab, centre, 1))
    phases = [("expand", 8 * 3600.0, 8.2 * 3600.0), ("backfill", 8.2 * 3600.0, None)]
    upgrade = {"start_s": 8 * 3600.0, "end_s": None, "phases": phases, "plan": "online", "error": None}
    summary = summarise(
        run,
        capacity={"capacity_per_s": 10.0},
        load={"lab-normal": {"valid_for_latency": False, "dispatch_lag": {"p99_ms": 31.0}, "failed": 2}},
        upgrade=upgrade,
        calibration=summary_of(calibration()),
        nation_days=1,
    )
    summary["national"] = national_figures(first_days(summary), summary["focus"], PREDICTION)
    run.save_json("summary.json", summary)
    return run


def test_the_report_is_one_file_with_the_answer_first_and_its_pictures_inside(run: Run) -> None:
    page = write_report(run).read_text(encoding="utf-8")
    assert not re.search(r'src="(?!data:)', page)
    # What lies beside it, and no more.
    assert set(re.findall(r'href="([^"]+)"', page)) == {"calibration.toml", "validation/validation.html"}
    assert page.index("The answer") < page.index("<img")
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(pictures) == 5
    for picture in pictures:
        assert Image.open(BytesIO(base64.b64decode(picture))).width > 800
    assert "Kab. Malang" in page


def test_the_answer_and_the_table_are_made_of_the_summarys_figures(run: Run) -> None:
    summary = run.load_json("summary.json")
    measured = first_days(summary)["lab-upgrade"]
    columns, lines = answer_table(lab_days(first_days(summary)))
    assert columns == ["lab-normal", "lab-second", "lab-upgrade", "twin-second", "twin-upgrade"]
    cards = dict(lines)["Cards a day"]
    assert cards[columns.index("lab-upgrade")] == f"{measured['cards']:,}"
    assert duration(measured["wait_median_s"]) in answer(summary)[0]
    assert f"{measured['backlog_at_closing']:,} of {measured['arrivals']:,}" in answer(summary)[1]


def test_the_validations_error_stands_beside_every_national_figure(run: Run) -> None:
    page = write_report(run).read_text(encoding="utf-8")
    table = page[page.index("how far the twin can be believed") : page.index("Kab. Malang")]
    rows = {
        cells[0]: cells[1:]
        for row in re.findall(r"<tr>.*?</tr>", table)
        if (cells := re.findall(r"<td>(.*?)</td>", row))
    }
    day = first_days(run.load_json("summary.json"))["nation-normal"]
    assert rows["Wait, median"][0] == f"{duration(day['wait_median_s'])} ±7 % *"
    assert [cells[-1] for cells in rows.values()] == ["exact", *["-6 %"] * 4, "3 for 0", *["-6 %"] * 3]
    # Who comes is not extrapolated; all else is.
    assert [cells[0].endswith(" *") for cells in rows.values()] == [False] + [True] * 8
    assert "Extrapolated beyond what was calibrated: 64 records at once, against 2 workers; 5.5 alone." in table
    assert "validated to -6 % and -6 % on a second normal day" in answer(run.load_json("summary.json"))[2]
    assert "validated to -6 %, 3 for 0 and -6 % on" in answer(run.load_json("summary.json"))[3]


def test_the_first_office_has_its_own_errors(run: Run) -> None:
    page = write_report(run).read_text(encoding="utf-8")
    own = page[page.index("<h2>Kab. Malang") :]
    errors = re.findall(r"<td>Wait, (?:median|p95)</td>.*?<td>([^<]*)</td></tr>", own)
    assert errors[-2:] == ["+10 %", "not checked"]


def test_each_phase_of_the_upgrade_is_told_with_its_cost(run: Run) -> None:
    cost = run.load_json("summary.json")["upgrade_cost"]
    assert [span["name"] for span in cost["spans"]] == ["before", "expand", "backfill"]
    # It had not ended, so service was not normal again.
    assert cost["normal_again_s"] is None
    page = write_report(run).read_text(encoding="utf-8")
    table = page[page.index("What each phase of the upgrade cost") :]
    for span in cost["spans"]:
        assert f"<td>{span['name']}</td>" in table
        assert f"<td>{span['ready_per_h']:,.0f}</td>" in table
    assert "Normal service was not back when the day ended" in table


def test_normal_service_is_that_of_the_normal_day(run: Run) -> None:
    ended = {"start_s": 8 * 3600.0, "end_s": 9 * 3600.0, "plan": "online", "error": None}
    cost = upgrade_cost(run, ended | {"phases": [("expand", 8 * 3600.0, 9 * 3600.0)]}, NO_SIGNALS)
    assert cost is not None
    assert cost["usual_is_of"] == "the normal day"
    records = at_centre(run.load_events("lab-upgrade"))
    queue, usual = queue_at_centre(records), cost["usual_queue"]
    again_s = cost["normal_again_s"]
    assert again_s >= 9 * 3600
    assert queue_within(queue, again_s, again_s + 3600)[1] <= usual
    assert again_s == 9 * 3600 or queue_within(queue, again_s - 60, again_s)[1] > usual
    assert upgrade_cost(run, None, NO_SIGNALS) is None


def test_what_makes_figures_doubtful_is_warned_of_at_the_top(run: Run) -> None:
    page = write_report(run).read_text(encoding="utf-8")
    top = page[: page.index("The answer")]
    for warning in (
        "generator lagged (p99 31 ms)",
        "2 submissions failed",
        "had not ended",
        "quick run",
        "extrapolated",
    ):
        assert warning in top


def test_a_report_can_be_drawn_again_from_the_data_alone(run: Run) -> None:
    first = write_report(run).read_bytes()
    (run.folder / "report.html").unlink()
    assert write_report(Run(run.folder)).read_bytes() == first


def test_an_upgrade_that_failed_is_told_with_what_it_said(run: Run) -> None:
    upgrade: dict[str, Any] = {"start_s": 0.0, "end_s": None, "phases": [], "plan": "online", "error": "no space left"}
    told = summarise(run, {}, {}, upgrade, None, 1)
    assert any("The upgrade failed: no space left" in warning for warning in told["warnings"])
    assert not any("had not ended" in warning for warning in told["warnings"])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.418, "418 ms"), (3.21, "3.2 s"), (31.2, "31 s"), (720, "12 min"), (None, "-"), (float("nan"), "-")],
)
def test_durations_are_written_for_people(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


# A day with faults


FAULTS = DayFaults(
    [
        FaultTimes("latency", "matching", 8.5 * 3600, 9.5 * 3600, 0.1, None),
        FaultTimes("errors", "submission", 10 * 3600, 11 * 3600, None, 0.3),
    ],
    ["faults[2], link-cut, was not injected: the lab does not play office 35.73 (Kota Malang)."],
)


@pytest.fixture(scope="module")
def faults_run(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give the folder of a run without an upgrade, whose other day had faults; again simulated days stand there."""
    made = new_run(tmp_path_factory.mktemp("results"), "faults-day")
    lab = without_upgrade(load(str(run.folder / "lab.toml")))
    for name in ("scenario.toml", "lab.toml", "nation.toml"):
        made.save_text(name, dump(lab))
    made.save_json("meta.json", run.load_json("meta.json") | {"scenario": "faults-day"})
    same = {"lab-faults": "lab-upgrade", "twin-normal": "twin-second"}
    for part in ("lab-normal", "lab-faults", "twin-normal", "nation-normal"):
        made.save_events(part, run.load_events(same.get(part, part)))
    made.save_json("lab-faults/faults.json", FAULTS.as_json())
    made.save_json("summary.json", summarise(made, {}, {}, None, None, 1))
    return made


def test_a_day_with_faults_is_compared_with_the_normal_day(faults_run: Run) -> None:
    summary = faults_run.load_json("summary.json")
    assert list(summary["parts"]) == ["lab-normal", "lab-faults", "twin-normal", "nation-normal"]
    first, second = answer(summary)
    assert first.startswith("Measured: on the normal day")
    assert f"on the faults day within {duration(first_days(summary)['lab-faults']['wait_median_s'])}" in first
    assert "still waited" in second


def test_a_day_that_was_played_on_its_own_is_told_on_its_own(faults_run: Run) -> None:
    summary = faults_run.load_json("summary.json")
    summary["parts"] = {part: told for part, told in summary["parts"].items() if part != "lab-faults"}
    measured, simulated = answer(summary)
    days = first_days(summary)
    within = f"half of the citizens had their card within {duration(days['lab-normal']['wait_median_s'])}"
    assert measured.startswith(f"Measured: {within}")
    assert simulated.startswith("Simulated for the nation: half of the citizens had their card within")
    assert "still waited when the doors closed" in measured


def test_faults_are_told_with_kind_place_size_and_hours(faults_run: Run) -> None:
    page = write_report(faults_run).read_text(encoding="utf-8")
    table = page[page.index("Faults injected on the faults day") :]
    rows = [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)]
    assert [[" ".join(cell.split()) for cell in row] for row in rows[1:3]] == [
        ["1 latency", "matching", "100 ms a record", "08:30", "09:30"],
        ["2 errors", "submission", "30 % of the records", "10:00", "11:00"],
    ]
    said = " ".join(table.split())
    assert "takes 576 times as long of the day" in said
    assert "The twin and the nation know no faults" in said
    assert len(re.findall("<img", page)) == 4


def test_faults_and_those_left_out_are_warned_of(faults_run: Run) -> None:
    warnings = faults_run.load_json("summary.json")["warnings"]
    assert (
        "lab-faults: faults were injected (latency, matching; errors, submission), which twin and nation do not know."
        in warnings
    )
    assert f"lab-faults: {FAULTS.left_out[0]}" in warnings


def test_faults_are_kept_in_the_summary_too(faults_run: Run) -> None:
    assert faults_of(faults_run.load_json("summary.json")) == {"faults": FAULTS.injected}


def test_an_upgrade_day_with_faults_tells_that_its_costs_are_of_both(run: Run) -> None:
    upgrade: dict[str, Any] = {"start_s": 0.0, "end_s": None, "phases": [], "plan": "online", "error": None}
    kept = run.save_json("lab-upgrade/faults.json", FAULTS.as_json())
    told = summarise(run, {}, {}, upgrade, None, 1)
    kept.unlink()
    (warning,) = (warning for warning in told["warnings"] if "faults were injected" in warning)
    assert warning.startswith("lab-upgrade: ")
    assert warning.endswith("What the upgrade cost has their cost in it.")


def test_a_summary_of_before_there_were_faults_can_be_drawn(run: Run) -> None:
    summary = run.load_json("summary.json")
    run.save_json("summary.json", {key: value for key, value in summary.items() if key != "faults"})
    page = write_report(run).read_text(encoding="utf-8")
    run.save_json("summary.json", summary)
    assert "Faults injected" not in page
