import math
from collections.abc import Generator

import polars as pl
import pytest
from simpy import Environment, Event

from model.arrivals import Citizen, national_peak_per_s
from model.centre import Centre, CentreSpec, national_centre, on_duty_at
from model.errands import Errand
from model.events import EventLog, Source
from model.offices import Zone
from model.periods import Period, scheduled_periods
from model.scenario import Scenario
from model.stages import CENTRAL_STAGES, Stage, Status
from model.strategies import changed, without_upgrade

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


def test_a_zone_that_stands_still_leaves_the_slots_to_the_others() -> None:
    still = (Period(-math.inf, "5.4", "standstill", math.inf), Period(60.0, "5.5", "", 1.0))
    java_waits = SPEC._replace(by_zone={Zone.WIB: still, Zone.WITA: (NORMAL,), Zone.WIT: (NORMAL,)})
    events = worked(java_waits, record("java"), record("papua")._replace(office="91.71"))
    ready_s = events.filter(pl.col("stage") == Stage.PERSONALISATION).select("citizen", "finished_s")
    assert dict(ready_s.iter_rows()) == {"papua": 10.0, "java": 70.0}


def test_records_that_stood_still_go_on_in_their_order() -> None:
    still = SPEC._replace(periods=(NORMAL, Period(1.0, "5.4", "standstill", math.inf), Period(60.0, "5.5", "", 1.0)))
    events = worked(still, record("a"), record("b"), record("c"), apart_s=0.1)
    matched = events.filter(pl.col("stage") == Stage.PERSONALISATION)
    assert matched["citizen"].to_list() == ["a", "b", "c"]


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


# Capacity over time


def test_others_take_their_share_of_the_slots_by_the_hour_every_day_and_the_upgrade_its_own() -> None:
    spec = SPEC._replace(
        slots=10,
        background=((8 * 3600.0, 0.4), (17 * 3600.0, 0.1)),
        periods=(NORMAL, Period(20 * 3600.0, "5.4", "upgrade", 1.0, lost=0.5), Period(22 * 3600.0, "5.5", "", 1.0)),
    )
    hours = (7, 8, 12, 17, 20, 22, 31, 32)
    assert [on_duty_at(spec, spec.servers[0], hour * 3600.0) for hour in hours] == [9, 6, 6, 9, 4, 9, 9, 6]
    assert on_duty_at(spec._replace(waiting_first=True), spec.servers[0], 12 * 3600.0) == 10


def test_slots_that_are_taken_serve_nobody_until_they_are_given_back() -> None:
    spec = SPEC._replace(slots=2, background=((0.0, 0.5), (3600.0, 0.0)), variation=0.0)
    env, log = Environment(), EventLog(Source.SIMULATION)
    centre = Centre(env, spec, log)
    env.process(centre.staff_slots(1))
    for number in range(1000):
        env.process(centre.process(record(f"r{number:03d}")))
    env.run()
    events = log.frame()
    # An hour of work of one slot, and what is left of 10,000 s by both.
    early_s = events.select(pl.col("finished_s").clip(0, 3600) - pl.col("started_s").clip(0, 3600)).to_series()
    assert early_s.sum() == 3600
    assert events["finished_s"].max() == pytest.approx(3600 + (10_000 - 3600) / 2, abs=10)


def test_cold_caches_slow_the_first_records_of_the_new_version() -> None:
    cold = Period(100.0, "5.5", "", 1.0, cold=3.0, cold_since_s=100.0, warm_up_s=50.0)
    events = worked(SPEC._replace(periods=(NORMAL, cold)), record("a"), record("b"), apart_s=100.0)
    took_s = (events["finished_s"] - events["started_s"]).to_list()
    assert took_s[:3] == [2.0, 3.0, 5.0]
    assert took_s[3] == 6.0
    assert 3.0 < took_s[4] < 9.0


def test_waiting_records_make_all_slower_where_the_centre_crowds() -> None:
    events = worked(SPEC._replace(crowding=0.5), record("a"), record("b"), record("c"), apart_s=0.1)
    took_s = (events["finished_s"] - events["started_s"]).to_list()
    # Nobody waits when the first record begins, then two, while the second is worked on one, and in the end nobody.
    assert took_s == pytest.approx([2, 6, 10, 3, 4.5, 7.5, 2, 3, 5])


def test_records_of_citizens_who_wait_go_first_where_the_centre_knows_them() -> None:
    people = [record("busy"), record("absent")._replace(waits=False), record("present")]
    assert worked(SPEC, *people, apart_s=0.5)["citizen"].unique(maintain_order=True).to_list() == [
        "busy",
        "absent",
        "present",
    ]
    first = worked(SPEC._replace(waiting_first=True), *people, apart_s=0.5)
    assert first["citizen"].unique(maintain_order=True).to_list() == ["busy", "present", "absent"]


def test_no_more_records_are_inside_than_are_admitted() -> None:
    env, log = Environment(), EventLog(Source.SIMULATION)
    centre = Centre(env, SPEC._replace(slots=5, admitted=2), log)
    entered: list[tuple[str, float]] = []

    def bring(citizen: Citizen) -> Generator[Event, object, None]:
        place = yield from centre.enter(citizen)
        entered.append((citizen.name, env.now))
        yield from centre.process(citizen, place)

    for name in "abc":
        env.process(bring(record(name)))
    env.run(until=1)
    assert not centre.has_room
    env.run()
    assert entered == [("a", 0), ("b", 0), ("c", 10.0)]
    assert centre.has_room


# Adjudication


def test_a_similar_record_waits_for_a_person_in_their_hours_and_is_matched_again(april: Scenario) -> None:
    adjudication = {"share": 1.0, "people": 1, "hours": "08:00-16:00", "decision": "10 min"}
    scenario = changed(april, {"centre": {"adjudication": adjudication}})
    env, log = Environment(), EventLog(Source.SIMULATION)
    centre = Centre(env, SPEC._replace(adjudicators=1), log)
    env.process(centre.staff_adjudicators(scenario, 2))
    for name in "ab":
        env.process(centre.process(record(name)._replace(decision_s=600.0)))
    env.run()
    events = log.frame()
    a = events.filter(pl.col("citizen") == "a")
    assert a["stage"].to_list() == [Stage.VALIDATION, Stage.MATCHING, Stage.MATCHING, Stage.PERSONALISATION]
    assert a["outcome"].to_list() == [
        Status.RECEIVED_AT_CENTRAL,
        Status.ADJUDICATE_RECORD,
        Status.PRINT_READY_RECORD,
        Status.SENT_FOR_CARD_PRINTING,
    ]
    assert a["entered_s"].to_list()[2] == 8 * 3600 + 600
    b = events.filter(pl.col("citizen") == "b")
    assert b["entered_s"].to_list()[2] == 8 * 3600 + 1200


def test_a_replacement_is_only_personalised() -> None:
    events = worked(SPEC, record("a")._replace(errand=Errand.REPLACEMENT))
    assert events["stage"].to_list() == [Stage.PERSONALISATION]
    assert events["outcome"].to_list() == [Status.SENT_FOR_CARD_PRINTING]


def test_a_rolling_upgrade_gives_each_office_the_version_of_its_zone(april: Scenario) -> None:
    rolling = changed(april, {"upgrade": {"plan": "rolling"}})
    centre = Centre(Environment(initial_time=40 * 3600.0), national_centre(rolling), EventLog(Source.SIMULATION))
    stranger = record("a")._replace(errand=Errand.REPLACEMENT_AWAY)
    by_office = {code: centre.offers(stranger._replace(office=code)) for code in ("96.71", "51.71", "35.07")}
    assert by_office == {"96.71": True, "51.71": True, "35.07": False}
