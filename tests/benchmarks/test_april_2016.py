"""The case of April 2016: its figures worked out by hand, its claims on written rows, its page against its result."""

import json
from pathlib import Path

import pytest

from antrean.replications import Rows
from antrean.sensitivity import Conclusion, Effect
from benchmarks.april_2016 import ROOT, result_of, simulate_case
from benchmarks.april_2016_chart import write_charts
from benchmarks.april_2016_claims import CLAIMS, NORMAL, UPGRADE, Verdict, examine
from benchmarks.april_2016_figures import MALANG, case_figures, office_days, records_per_hour
from benchmarks.april_2016_tables import FIGURES, claims_table, figures_table, guesses_table, slower_table
from model.events import Source, StageEvent, to_frame
from model.scenario import Scenario
from model.scenario_file import load
from model.staffing import plan_offices
from model.stages import Stage, Status
from model.strategies import changed

H = 3600.0
COUNTERS = 7
"""Malang's, by the scenario."""


@pytest.fixture(scope="module")
def malang() -> Scenario:
    return changed(load("april-2016"), {"offices": {"which": [MALANG]}, "scenario": {"days": 1}})


def event(citizen: str, stage: Stage, started_h: float, finished_h: float, server: str, outcome: Status) -> StageEvent:
    times_s = (started_h * H, started_h * H, started_h * H, finished_h * H)
    return StageEvent(citizen, MALANG, stage, *times_s, server, outcome, Source.SIMULATION, "", "")


def enrolled(citizen: str, called_h: float, received_h: float, ready_h: float, counter: int = 1) -> list[StageEvent]:
    """Give somebody who comes when called, sent at the moment of the receipt; the centre works until `ready_h`."""
    return [
        event(citizen, Stage.ARRIVAL, called_h, called_h, "door", Status.UNREGISTERED),
        event(citizen, Stage.CAPTURE, called_h, received_h, f"{MALANG}/counter-{counter}", Status.BIO_CAPTURED),
        event(citizen, Stage.SUBMISSION, received_h, received_h, "centre/web", Status.RECEIVED_AT_CENTRAL),
        event(citizen, Stage.PERSONALISATION, received_h, ready_h, "centre/slot-1", Status.SENT_FOR_CARD_PRINTING),
        event(citizen, Stage.PRINTING, ready_h, ready_h + 0.1, f"{MALANG}/printer-1", Status.CARD_PRINTED),
        event(citizen, Stage.HANDOVER, ready_h + 0.1, ready_h + 0.2, f"{MALANG}/window", Status.CARD_ISSUED),
    ]


DAY = [
    *enrolled("a", 8.0, 8.5, 9.5),
    *enrolled("b", 14.0, 14.25, 14.5),
    *enrolled("c", 16.75, 17.25, 18.25),  # begun in the afternoon, sent in the evening
    *enrolled("d", 17.25, 17.5, 17.75, counter=2),
]


def test_operator_hours_are_all_in_the_afternoon_and_until_the_last_record_in_the_evening(malang: Scenario) -> None:
    plans = plan_offices(malang)
    assert plans[MALANG].counters == COUNTERS
    found = records_per_hour(to_frame(DAY), office_days(malang, plans, 1))
    assert found == pytest.approx(
        {
            "per_staffed_hour_afternoon": 1 / (4 * COUNTERS),
            "per_working_hour_afternoon": 1 / 0.25,
            "per_staffed_hour_evening": 2 / (0.25 + 0.5),
            "per_working_hour_evening": 2 / (0.5 + 0.25),
        }
    )


def test_the_days_figures_are_as_by_hand(malang: Scenario) -> None:
    found = case_figures(to_frame(DAY), malang, plan_offices(malang), days=1, slots=2)
    assert found["malang_last_card_h"] == pytest.approx(1.35)
    assert found["malang_evening_cards"] == 2
    # An hour of work for two slots in two hours; in the afternoon's peak an hour and a quarter.
    assert found["load 08:00-10:00"] == pytest.approx(1 / 4)
    assert found["load 16:00-18:00"] == pytest.approx(1.25 / 4)
    assert found["centre_p95_s 08:00-10:00"] == H
    assert found["waiting_at_closing"] == 1
    assert found["unserved_at_night"] == 0


def test_a_malang_that_the_figures_do_not_hold_is_no_number(malang: Scenario) -> None:
    elsewhere = to_frame([row._replace(office="35.78") for row in DAY])
    surabaya = changed(malang, {"offices": {"which": ["35.78"]}})
    found = case_figures(elsewhere, surabaya, plan_offices(surabaya), 1, 2)
    assert found["malang_last_card_h"] != found["malang_last_card_h"]


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    """Give three replications in which the upgrade makes each figure larger by about a half."""
    rows = Rows(tmp_path / "rows.parquet")
    names = {*FIGURES, "malang_per_staffed_hour_afternoon", "malang_per_staffed_hour_evening"}
    for replication, wobble in enumerate((0.0, 0.01, -0.01)):
        normal = dict.fromkeys(names, 0.8 + wobble)
        rows.add(NORMAL, replication, normal)
        rows.add(UPGRADE, replication, {name: value + 0.5 + wobble for name, value in normal.items()})
    return rows


def test_claims_are_reproduced_refuted_or_open_by_their_intervals(rows: Rows) -> None:
    verdicts = {each.claim.name: each.verdict for each in examine(rows, 3)}
    assert verdicts["saturated_morning"] is Verdict.REPRODUCED  # 1.3 of the capacity
    assert verdicts["behind_at_closing"] is Verdict.REPRODUCED  # half a citizen more, surely
    assert verdicts["malang_past_closing"] is Verdict.NOT_REPRODUCED  # 17:48
    assert verdicts["evening_per_staffed_hour"] is Verdict.NOT_REPRODUCED  # exactly as many
    assert all(each.found.low <= each.found.mean <= each.found.high for each in examine(rows, 3))


def test_a_difference_that_may_be_chance_is_open(rows: Rows) -> None:
    for replication, more in enumerate((-1.0, 0.5, 1.0)):
        figures = {name: rows.values(UPGRADE, name)[replication] for name in FIGURES}
        rows.add(UPGRADE, replication, figures | {"unserved_at_night": 0.8 + more})
    verdicts = {each.claim.name: each.verdict for each in examine(rows, 3)}
    assert verdicts["behind_at_night"] is Verdict.OPEN


def test_the_days_are_simulated_once_and_go_into_result_tables_and_chart(malang: Scenario, tmp_path: Path) -> None:
    file = tmp_path / "case.parquet"

    def silent(_share: float, _words: str) -> None:
        pass

    def no_more(_share: float, _words: str) -> None:
        raise AssertionError("nothing is missing")

    rows = simulate_case(malang, [MALANG], 2, file, 1, silent)
    assert simulate_case(malang, [MALANG], 2, file, 1, no_more).frame().equals(rows.frame())
    effect = Effect("upgrade.cost.during", 1.2, 2.0, 60.0, 600.0, 300.0, 30.0, 12.0)
    conclusions = [Conclusion("wait_median", 120.0, 3, 3, [effect])]
    result = result_of(malang, rows, 2, {"1.5": rows}, conclusions)
    assert list(result["claims"]) == [claim.name for claim in CLAIMS]
    assert claims_table(result).count("\n") == len(CLAIMS) + 1
    assert figures_table(result).count("\n") == len(FIGURES) + 1
    assert slower_table(result).splitlines()[2].startswith("| 1.5 | ")
    assert "| `upgrade.cost.during` | 1.2 to 2 | +1.00 | +10.00 | 5.00 ± 0.50 | 0.20 |" in guesses_table(result)
    assert malang.sensitivity is not None
    once = [path.read_bytes() for path in write_charts(result, conclusions, malang.sensitivity, tmp_path)]
    assert [path.read_bytes() for path in write_charts(result, conclusions, malang.sensitivity, tmp_path)] == once


def test_the_page_quotes_the_result_as_it_was_written() -> None:
    result = json.loads((ROOT / "results" / "benchmarks" / "april-2016.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "april-2016.md").read_text(encoding="utf-8")
    for table in (claims_table(result), figures_table(result), slower_table(result), guesses_table(result)):
        assert table in page
