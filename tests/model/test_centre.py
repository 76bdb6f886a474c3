import math

import polars as pl
import pytest
from simpy import Environment

from model.arrivals import Citizen, national_peak_per_s
from model.centre import Centre, CentreSpec, national_centre
from model.events import EventLog, Source
from model.periods import Period, scheduled_periods
from model.scenario import Scenario
from model.stages import CENTRAL_STAGES, Stage, Status
from model.strategies import without_upgrade

NORMAL = Period(-math.inf, "5.4", "", 1.0)
SPEC = CentreSpec(
    slots=1,
    submission_s=1.0,
    stage_s={Stage.VALIDATION: 2.0, Stage.MATCHING: 3.0, Stage.PERSONALISATION: 5.0},
    notice_s=dict.fromkeys(CENTRAL_STAGES, 0.0),
    variation=0.0,
    periods=(NORMAL,),
)


def record(name: str, duplicate_of: str | None = None) -> Citizen:
    return Citizen(name, "35.07", 0.0, 300.0, duplicate_of, (0.0, 0.0, 0.0))


def worked(spec: CentreSpec, *records: Citizen, apart_s: float = 0.0) -> pl.DataFrame:
    """Let a centre work on records that come one after the other, `apart_s` between them."""
    env, log = Environment(), EventLog(Source.SIMULATION)
    centre = Centre(env, spec, log)
    for citizen in records:
        env.process(centre.process(citizen))
        if apart_s:
            env.run(until=env.now + apart_s)
    env.run()
    return log.frame()


def test_a_record_passes_the_stages_one_after_the_other() -> None:
    events = worked(SPEC, record("a"))
    assert events["stage"].to_list() == list(CENTRAL_STAGES)
    assert events["finished_s"].to_list() == [2.0, 5.0, 10.0]
    assert events["outcome"].to_list() == [
        Status.RECEIVED_AT_CENTRAL,
        Status.PRINT_READY_RECORD,
        Status.SENT_FOR_CARD_PRINTING,
    ]


def test_a_duplicate_ends_with_the_matching() -> None:
    events = worked(SPEC, record("b", duplicate_of="a"))
    assert events["outcome"].to_list() == [Status.RECEIVED_AT_CENTRAL, Status.DUPLICATE_RECORD]


def test_the_record_received_first_goes_first_at_every_stage() -> None:
    events = worked(SPEC, record("first"), record("second"), apart_s=1.0)
    assert events["citizen"].to_list() == ["first"] * 3 + ["second"] * 3


def test_the_upgrade_slows_what_starts_while_it_works_and_marks_it() -> None:
    upgraded = SPEC._replace(periods=(NORMAL, Period(2.0, "5.4", "upgrade", 2.0), Period(8.0, "5.5", "", 1.0)))
    events = worked(upgraded, record("a"))
    assert events["finished_s"].to_list() == [2.0, 8.0, 13.0]
    assert events["phase"].to_list() == ["", "upgrade", ""]
    assert events["version"].to_list() == ["5.4", "5.4", "5.5"]


def test_a_centre_that_stands_still_begins_nothing_until_it_goes_on() -> None:
    still = SPEC._replace(periods=(NORMAL, Period(2.0, "5.4", "standstill", math.inf), Period(60.0, "5.5", "", 1.0)))
    events = worked(still, record("a"))
    assert events["started_s"].to_list() == [0.0, 60.0, 63.0]
    assert events["version"].to_list() == ["5.4", "5.5", "5.5"]


def test_an_idle_centre_takes_its_time_to_notice_and_a_busy_one_goes_on_at_once() -> None:
    notice_s = {Stage.VALIDATION: 0.5, Stage.MATCHING: 0.25, Stage.PERSONALISATION: 0.125}
    alone = worked(SPEC._replace(notice_s=notice_s), record("a"))
    assert alone["started_s"].to_list() == [0.5, 2.75, 5.875]
    two = worked(SPEC._replace(notice_s=notice_s), record("a"), record("b"), apart_s=0.1)
    assert two.filter(pl.col("citizen") == "a")["started_s"].to_list() == [0.5, 2.5, 5.5]


def test_working_times_vary_around_their_mean_as_much_as_the_variation_says() -> None:
    deviates = [math.sqrt(2) * x for x in (-1.2, -0.4, 0.1, 0.6, 1.3)]
    spec = SPEC._replace(variation=0.5, slots=5)
    citizens = [Citizen(f"c{n}", "35.07", 0.0, 1.0, None, (z, z, z)) for n, z in enumerate(deviates)]
    events = worked(spec, *citizens).filter(pl.col("stage") == Stage.VALIDATION)
    sigma = math.sqrt(math.log(1.25))
    expected = sorted(2.0 * math.exp(sigma * z - sigma**2 / 2) for z in deviates)
    assert events["finished_s"].to_list() == pytest.approx(expected)


def test_the_national_centre_is_as_full_in_the_peak_hour_as_the_scenario_says(april: Scenario) -> None:
    spec = national_centre(april)
    assert national_peak_per_s(april) / spec.capacity_per_s == pytest.approx(april.centre.peak_utilisation)
    shares = {stage: mean_s / sum(spec.stage_s.values()) for stage, mean_s in spec.stage_s.items()}
    assert shares == pytest.approx({Stage.VALIDATION: 0.2, Stage.MATCHING: 0.2, Stage.PERSONALISATION: 0.6})


def test_periods_follow_the_planned_upgrade(april: Scenario) -> None:
    normal, during, after = scheduled_periods(april)
    assert (normal.version, normal.phase, normal.slowdown) == ("5.4", "", 1.0)
    assert (during.start_s, during.phase, during.slowdown) == (8 * 3600, "upgrade", 1.5)
    assert (after.start_s, after.version, after.slowdown) == (66 * 3600, "5.5", 1.1)
    assert scheduled_periods(without_upgrade(april)) == (normal,)
