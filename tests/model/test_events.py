from pathlib import Path

import polars as pl
import pytest

from model.events import SCHEMA, EventLog, Source, StageEvent, read, to_frame, write
from model.stages import Stage, Status

CAPTURE = StageEvent(
    citizen="35.07-d0-0000",
    office="35.07",
    stage=Stage.CAPTURE,
    entered_s=28_800.0,
    claimed_s=28_801.5,
    started_s=28_801.5,
    finished_s=29_221.25,
    server="35.07/counter-1",
    outcome=Status.BIO_CAPTURED,
    source=Source.SIMULATION,
    version="",
    phase="",
)
MATCHING = StageEvent(
    citizen="35.07-d0-0000",
    office="35.07",
    stage=Stage.MATCHING,
    entered_s=29_230.0,
    claimed_s=29_231.0,
    started_s=29_232.0,
    finished_s=29_234.0,
    server="centre/slot-3",
    outcome=Status.PRINT_READY_RECORD,
    source=Source.SIMULATION,
    version="5.4",
    phase="upgrade",
)


def test_the_columns_are_the_fields_of_an_event() -> None:
    assert tuple(SCHEMA) == StageEvent._fields


def test_events_come_back_from_a_frame_as_they_went_in() -> None:
    assert [StageEvent(*row) for row in to_frame([CAPTURE, MATCHING]).rows()] == [CAPTURE, MATCHING]


def test_events_come_back_from_a_file_as_they_went_in(tmp_path: Path) -> None:
    write(to_frame([CAPTURE, MATCHING]), tmp_path / "events.parquet")
    frame = read(tmp_path / "events.parquet")
    assert [StageEvent(*row) for row in frame.rows()] == [CAPTURE, MATCHING]
    assert dict(frame.schema) == SCHEMA


def test_a_log_keeps_its_rows_in_order_however_many_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.events.PACKED_ROWS", 3)
    log = EventLog(Source.SIMULATION)
    for number in range(8):
        log.row(f"c{number}", "35.07", Stage.ARRIVAL, (number, number, number, number), "door", Status.UNREGISTERED)
        assert log.frame()["citizen"].to_list() == [f"c{earlier}" for earlier in range(number + 1)]
    assert dict(log.frame().schema) == SCHEMA
    assert EventLog(Source.LOAD).frame().is_empty()


def test_a_file_of_no_events_is_still_a_file_of_events(tmp_path: Path) -> None:
    write(to_frame([]), tmp_path / "events.parquet")
    frame = read(tmp_path / "events.parquet")
    assert frame.is_empty()
    assert dict(frame.schema) == SCHEMA


def test_a_log_gives_the_same_frame_as_its_events_one_by_one() -> None:
    log = EventLog(Source.SIMULATION)
    for event in (CAPTURE, MATCHING):
        times_s = (event.entered_s, event.claimed_s, event.started_s, event.finished_s)
        log.row(
            event.citizen, event.office, event.stage, times_s, event.server, event.outcome, event.version, event.phase
        )
    assert log.frame().equals(to_frame([CAPTURE, MATCHING]))
    assert log.frame().schema == to_frame([]).schema


def test_a_log_that_saw_nothing_still_has_the_columns() -> None:
    assert dict(EventLog(Source.LOAD).frame().schema) == SCHEMA


@pytest.mark.parametrize(
    ("spoil", "tells"),
    [
        (lambda frame: frame.drop("server"), "phase"),
        (lambda frame: frame.with_columns(wait_s=pl.lit(1.0)), "wait_s"),
        (lambda frame: frame.with_columns(pl.col("entered_s").cast(pl.Float32)), "entered_s Float32"),
    ],
    ids=["a column missing", "a column too many", "a column of another type"],
)
def test_a_file_with_other_columns_is_refused_and_named(tmp_path: Path, spoil: object, tells: str) -> None:
    assert callable(spoil)
    path = tmp_path / "other.parquet"
    spoil(to_frame([CAPTURE])).write_parquet(path)
    with pytest.raises(ValueError, match="does not hold stage events") as error:
        read(path)
    assert str(path) in str(error.value)
    assert tells in str(error.value)


def test_a_frame_without_a_column_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="server"):
        write(to_frame([CAPTURE]).drop("server"), tmp_path / "events.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_stage_that_does_not_exist_is_not_written(tmp_path: Path) -> None:
    frame = to_frame([CAPTURE]).with_columns(stage=pl.lit("teleportation"))
    with pytest.raises(pl.exceptions.InvalidOperationError, match="teleportation"):
        write(frame, tmp_path / "events.parquet")
