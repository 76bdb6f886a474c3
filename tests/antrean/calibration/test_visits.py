import polars as pl
import pytest

from antrean.calibration import visits
from antrean.runs import Run, new_run
from model.events import Source, StageEvent, to_frame
from model.scenario_file import dump, load
from model.stages import Stage, Status

SPEEDUP = 64.0


def event(
    citizen: str, stage: Stage, at_s: float, outcome: Status, source: Source = Source.SERVER, phase: str = ""
) -> StageEvent:
    """Give a visit that waited a second and took another, in scenario time."""
    version = "" if source is Source.LOAD else "5.4"
    return StageEvent(
        citizen, "35.07", stage, at_s, at_s + 0.5, at_s + 1, at_s + 2, "w", outcome, source, version, phase
    )


def sent(citizen: str, at_s: float, outcome: Status = Status.RECEIVED_AT_CENTRAL) -> StageEvent:
    return event(citizen, Stage.SUBMISSION, at_s, outcome, Source.LOAD)


def test_times_are_the_servers_own_and_offices_are_left_out() -> None:
    events = [
        event("a", Stage.CAPTURE, 0.0, Status.BIO_CAPTURED, Source.LOAD),
        sent("a", 100.0),
        event("a", Stage.VALIDATION, 200.0, Status.ENROLL_FAILURE_AT_CENTRAL),
        event("a", Stage.PRINTING, 300.0, Status.CARD_PRINTED),
    ]
    found = visits.of_events(to_frame(events), "day", SPEEDUP)
    assert dict(found.schema) == visits.SCHEMA
    assert found["stage"].to_list() == ["submission", "validation"]
    assert found.row(1, named=True) | {"session": ""} == {
        "session": "",
        "record": "a",
        "stage": "validation",
        "server": "w",
        "entered_s": 200.0 / 64,
        "claimed_s": 200.5 / 64,
        "started_s": 201.0 / 64,
        "finished_s": 202.0 / 64,
        "version": "5.4",
        "phase": "",
    }


def test_a_record_that_went_on_and_was_not_seen_again_is_unfinished_where_it_went() -> None:
    events = [
        sent("a", 100.0),
        event("a", Stage.VALIDATION, 200.0, Status.RECEIVED_AT_CENTRAL),
        sent("b", 110.0),
        sent("c", 120.0, Status.SENT_FOR_ENROLLMENT),
    ]
    left = visits.of_events(to_frame(events), "day", SPEEDUP).filter(pl.col("finished_s").is_null())
    assert left.sort("record").select("record", "stage", "entered_s").rows() == [
        ("a", "matching", 202.0 / 64),
        ("b", "validation", 112.0 / 64),
    ]


def test_a_submission_has_the_phase_that_the_server_was_in() -> None:
    events = [
        event("x", Stage.VALIDATION, 100.0, Status.ENROLL_FAILURE_AT_CENTRAL),
        event("y", Stage.VALIDATION, 200.0, Status.ENROLL_FAILURE_AT_CENTRAL, phase="backfill"),
        sent("before", 50.0),
        sent("between", 150.0),
        sent("after", 250.0),
    ]
    found = visits.of_events(to_frame(events), "day", SPEEDUP).filter(pl.col("stage") == "submission")
    told = {row["record"]: (row["version"], row["phase"]) for row in found.iter_rows(named=True)}
    assert told == {"before": ("5.4", ""), "between": ("5.4", ""), "after": ("5.4", "backfill")}


def test_hand_overs_of_one_look_are_counted_one_after_the_other() -> None:
    """The clerk saw both at 100, and each request took as long as it took after the one before."""
    seen = [
        StageEvent(
            name, "35.07", Stage.HANDOVER, 90.0, 100.0, 100.0, end_s, "window", Status.CARD_ISSUED, Source.LOAD, "", ""
        )
        for name, end_s in (("b", 140.0), ("a", 110.0))
    ]
    found = visits.of_events(to_frame([*seen, event("x", Stage.VALIDATION, 1.0, Status.DUPLICATE_RECORD)]), "day", 1.0)
    requests = found.filter(pl.col("stage") == "handover").sort("record")
    assert requests.select("record", "started_s", "finished_s").rows() == [("a", 100.0, 110.0), ("b", 110.0, 140.0)]


def test_a_folder_without_a_measured_day_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ValueError, match=r"holds no measured day.*results/<scenario>/<run>"):
        visits.of_run(Run(tmp_path_factory.mktemp("empty")))


def test_a_day_that_stopped_before_a_stage_is_refused_by_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    run = new_run(tmp_path_factory.mktemp("results"), "april-2016")
    run.save_text("lab.toml", dump(load("april-2016")))
    run.save_events("lab-normal", to_frame([sent("a", 1.0)]))
    with pytest.raises(ValueError, match="lab-normal has no visit to validation, matching, personalisation"):
        visits.of_run(run)
