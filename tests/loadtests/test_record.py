"""The record: rows, counts and what a sudden end leaves."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.record import EVENTS, RETRIES, Record, read_events, read_retries_s
from model.arrivals import Citizen
from model.clock import Clock
from model.errands import Errand
from model.events import SCHEMA, Exit, Source, to_frame
from model.stages import Stage, Status

AYU = Citizen("35.07-d0-0000", "35.07", 1_000.0, 400.0, None, ())
BUDI = AYU._replace(name="35.07-d0-0001")
COUNTER, WINDOW = "35.07/counter-1", "35.07/window"


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    record = Record(tmp_path, Clock(100.0, 0.0, 0.0))
    yield record
    record.close()


def served(record: Record, citizen: Citizen, outcome: Status) -> None:
    record.arrival(citizen, 1_001.0)
    record.capture(citizen, 1_200.0, 1_600.0, COUNTER)
    record.sent()
    record.submission(citizen, 1_600.0, 1_610.0, 1_650.0, COUNTER)
    record.handover(citizen, 2_000.0, 2_040.0, 2_050.0, WINDOW, outcome)


def summary(record: Record, folder: Path) -> dict[str, object]:
    record.write_summary()
    told: dict[str, object] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return told


def test_a_visit_is_a_row_a_stage(record: Record, tmp_path: Path) -> None:
    served(record, AYU, Status.CARD_ISSUED)
    record.flush()

    rows = list(read_events(tmp_path))

    assert [(row.stage, row.outcome, row.server) for row in rows] == [
        (Stage.ARRIVAL, Status.UNREGISTERED, "door"),
        (Stage.CAPTURE, Status.BIO_CAPTURED, COUNTER),
        (Stage.SUBMISSION, Status.RECEIVED_AT_CENTRAL, COUNTER),
        (Stage.HANDOVER, Status.CARD_ISSUED, WINDOW),
    ]
    assert [row[3:7] for row in rows] == [
        (1_000.0, 1_001.0, 1_001.0, 1_001.0),
        (1_000.0, 1_200.0, 1_200.0, 1_600.0),
        (1_600.0, 1_610.0, 1_610.0, 1_650.0),
        (2_000.0, 2_040.0, 2_040.0, 2_050.0),
    ]
    assert {row.source for row in rows} == {Source.LOAD}
    assert dict(to_frame(rows).schema) == SCHEMA


def test_counts_and_latencies_follow_from_the_visits(record: Record, tmp_path: Path) -> None:
    served(record, AYU, Status.CARD_ISSUED)
    served(record, BUDI, Status.DUPLICATE_RECORD)
    told = json.loads(json.dumps(summary(record, tmp_path)))

    counts = {name: told[name] for name in ("arrivals", "submitted", "issued", "refused", "failed", "unanswered")}
    assert counts == {"arrivals": 2, "submitted": 2, "issued": 1, "refused": 1, "failed": 0, "unanswered": 0}
    assert record.unfinished == 0
    assert told["dispatch_lag"]["p99_ms"] == pytest.approx(10.0, rel=1e-3)
    submission = told["steps"]["submission"]
    assert submission["intended"]["p50_ms"] == pytest.approx(500, rel=1e-3)
    assert submission["actual"]["p50_ms"] == pytest.approx(400, rel=1e-3)
    assert told["steps"]["handover"]["intended"]["count"] == 1


def test_the_lines_time_is_not_the_servers(record: Record, tmp_path: Path) -> None:
    record.arrival(AYU, 1_000.0)
    record.sent()
    record.submission(AYU, 1_600.0, 1_700.0, 1_900.0, COUNTER, through_s=1_850.0)
    record.flush()
    told = json.loads(json.dumps(summary(record, tmp_path)))["steps"]["submission"]
    assert told["intended"]["max_ms"] == pytest.approx(3_000)
    assert told["actual"]["max_ms"] == pytest.approx(500)
    [row] = [row for row in read_events(tmp_path) if row.stage is Stage.SUBMISSION]
    assert row[3:7] == (1_600.0, 1_700.0, 1_850.0, 1_900.0)


def test_who_goes_without_a_counter_is_a_row_with_the_reason_and_counted(record: Record, tmp_path: Path) -> None:
    for citizen, why in ((AYU, Exit.LEFT), (BUDI, Exit.SENT_HOME), (BUDI, Exit.SENT_HOME_FOR_GOOD)):
        record.arrival(citizen, 1_000.0)
        record.exit(citizen, 1_000.0, 2_000.0, why)
    record.flush()
    rows = [row for row in read_events(tmp_path) if row.stage is Stage.CAPTURE]
    assert [(row.server, row.outcome) for row in rows] == [
        (why, Status.UNREGISTERED) for why in (Exit.LEFT, Exit.SENT_HOME, Exit.SENT_HOME_FOR_GOOD)
    ]
    assert {row[3:7] for row in rows} == {(1_000.0, 2_000.0, 2_000.0, 2_000.0)}
    assert (record.left, record.sent_home, record.sent_home_for_good) == (1, 2, 1)
    # Who comes back is not done.
    assert record.unfinished == 1
    # Nobody was captured.
    assert "capture" not in json.loads(json.dumps(summary(record, tmp_path)))["steps"]


def test_the_time_at_home_is_no_latency_of_the_handover(record: Record, tmp_path: Path) -> None:
    at_home = AYU._replace(waits=False)
    served(record, AYU, Status.CARD_ISSUED)
    served(record, at_home, Status.CARD_ISSUED)
    record.flush()
    told = json.loads(json.dumps(summary(record, tmp_path)))["steps"]["handover"]["intended"]
    # From the decision, and from coming back; at a hundred times the speed.
    assert (told["count"], told["max_ms"], told["p50_ms"]) == (2, 500, pytest.approx(100, rel=2e-3))
    assert {row.entered_s for row in read_events(tmp_path) if row.stage is Stage.HANDOVER} == {2_000.0}


@pytest.mark.parametrize(("lag_s", "valid"), [(1.9, True), (2.1, False)])
def test_a_lagging_generator_makes_latencies_invalid(record: Record, tmp_path: Path, lag_s: float, valid: bool) -> None:
    record.arrival(AYU, AYU.arrival_s + lag_s)
    assert summary(record, tmp_path)["valid_for_latency"] is valid
    assert record.late == (not valid)


def test_a_packet_given_up_is_a_failure_until_its_card_turns_up(record: Record, tmp_path: Path) -> None:
    record.arrival(AYU, 1_000.0)
    record.sent()
    record.gave_up(AYU, 1_600.0, 1_600.0, 1_900.0, COUNTER)
    assert (record.failed, record.unfinished) == (1, 0)
    steps = json.loads(json.dumps(summary(record, tmp_path)["steps"]))
    failed = steps["submission"]["failed"]
    assert [failed[start]["count"] for start in ("intended", "actual")] == [1, 1]
    assert failed["actual"]["p99_ms"] == pytest.approx(3_000, rel=1e-3)
    assert steps["submission"]["intended"]["count"] == 0

    record.handover(AYU, 2_000.0, 2_040.0, 2_050.0, WINDOW, Status.CARD_ISSUED)

    assert (record.failed, record.issued, record.unfinished) == (0, 1, 0)
    record.flush()
    assert [row.outcome for row in read_events(tmp_path)][1] is Status.SENT_FOR_ENROLLMENT


def test_an_errand_without_a_packet_has_a_step_of_its_own(record: Record, tmp_path: Path) -> None:
    for number, errand in enumerate((Errand.REPLACEMENT, Errand.REPLACEMENT_AWAY, Errand.CORRECTION)):
        served(record, AYU._replace(name=f"35.07-d0-{number:04d}", errand=errand), Status.CARD_ISSUED)
    record.sent()
    record.gave_up(BUDI._replace(errand=Errand.CORRECTION), 1_600.0, 1_600.0, 1_900.0, COUNTER)
    steps = json.loads(json.dumps(summary(record, tmp_path)["steps"]))
    assert "submission" not in steps
    assert [steps[name]["actual"]["count"] for name in ("replacement", "correction")] == [2, 1]
    assert steps["correction"]["failed"]["actual"]["count"] == 1
    record.flush()
    rows = list(read_events(tmp_path))
    assert {row.outcome for row in rows if row.stage is Stage.CAPTURE} == {Status.PROCESSING}
    assert sum(row.stage is Stage.SUBMISSION for row in rows) == 4


def test_who_is_turned_away_has_come_and_gone(record: Record, tmp_path: Path) -> None:
    record.arrival(AYU, 1_001.0)
    record.exit(AYU, AYU.arrival_s, 1_001.0, Exit.TURNED_AWAY)
    assert (record.turned_away, record.unfinished) == (1, 0)
    assert summary(record, tmp_path)["turned_away"] == 1
    record.flush()
    gone = list(read_events(tmp_path))[1]
    assert (gone.stage, gone.server, gone.outcome) == (Stage.CAPTURE, Exit.TURNED_AWAY, Status.UNREGISTERED)
    assert (gone.entered_s, gone.started_s, gone.finished_s) == (1_000.0, 1_001.0, 1_001.0)


def test_what_was_flushed_is_readable_after_a_kill_in_the_middle_of_a_line(record: Record, tmp_path: Path) -> None:
    served(record, AYU, Status.CARD_ISSUED)
    record.flush()
    with (tmp_path / EVENTS).open("ab") as file:
        file.write(b'{"citizen": "35.07-d0-0001", "off')

    assert len(list(read_events(tmp_path))) == 4


def test_progress_and_summary_are_replaced_whole(record: Record, tmp_path: Path) -> None:
    record.write_progress(1_000.0, waiting=0)
    record.arrival(AYU, 1_000.0)
    record.write_progress(1_100.0, waiting=1)

    assert json.loads((tmp_path / "progress.json").read_text(encoding="utf-8")) == {
        "scenario_s": 1_100.0,
        "waiting": 1,
        "arrivals": 1,
        "submitted": 0,
        "issued": 0,
        "refused": 0,
        "failed": 0,
    }
    assert not list(tmp_path.glob("*.part"))


def test_requests_made_again_are_written_with_their_moments(record: Record, tmp_path: Path) -> None:
    assert read_retries_s(tmp_path / "nothing") == []
    began_s = 100 * time.time()
    record.failed_request(0.1)
    record.failed_request(0.1)
    record.flush()
    with (tmp_path / RETRIES).open("ab") as file:
        file.write(b"17.2")
    first_s, second_s = read_retries_s(tmp_path)
    # To the millisecond, by the scenario's clock.
    assert began_s - 0.001 <= first_s <= second_s <= 100 * time.time() + 0.001
    assert summary(record, tmp_path)["retries"] == 2


def test_a_failed_request_is_counted_and_its_time_kept_apart(record: Record, tmp_path: Path) -> None:
    served(record, AYU, Status.CARD_ISSUED)
    record.failed_request(0.5)
    record.failed_request(2.0, False)
    told = json.loads(json.dumps(summary(record, tmp_path)))

    assert told["retries"] == 1
    assert told["failed_requests"]["count"] == 2
    assert told["failed_requests"]["max_ms"] == 2_000
    assert told["steps"]["submission"]["actual"]["max_ms"] < 500
