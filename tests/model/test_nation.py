import polars as pl
import pytest

from model.arrivals import citizens
from model.centre import CentreSpec, national_centre
from model.events import SCHEMA
from model.measures import measure_day, visits
from model.nation import simulate
from model.office_days import horizon_s
from model.scenario import Scenario
from model.staffing import office_day, plan_offices
from model.stages import Stage, Status
from model.strategies import without_upgrade


@pytest.fixture
def centre(small: Scenario) -> CentreSpec:
    """Give a centre that two offices cannot fill."""
    return national_centre(small)


def test_same_scenario_and_seed_give_the_same_events_bit_for_bit(small: Scenario, centre: CentreSpec) -> None:
    first, second = simulate(small, centre, days=2), simulate(small, centre, days=2)
    assert first.equals(second, null_equal=True)
    assert dict(first.schema) == SCHEMA


def test_another_replication_has_other_citizens(small: Scenario, centre: CentreSpec) -> None:
    first, second = (simulate(small, centre, 1, replication) for replication in (0, 1))
    assert not first["entered_s"].equals(second["entered_s"])


def test_the_centres_chance_alone_can_be_another(small: Scenario, centre: CentreSpec) -> None:
    usual, other = simulate(small, centre, 1), simulate(small, centre, 1, work_replication=1)
    assert simulate(small, centre, 1, work_replication=0).equals(usual)
    people = [events.filter(pl.col("stage") == Stage.ARRIVAL).drop("finished_s") for events in (usual, other)]
    assert people[0].equals(people[1])
    assert not other.equals(usual)


def test_everyone_who_came_is_served_refused_or_still_there(small: Scenario, centre: CentreSpec) -> None:
    events = simulate(small, centre, days=1)
    plans = plan_offices(small)
    day = measure_day(events, small, plans, 0)
    assert day.arrivals == len(citizens(small, plans, 0))
    assert day.arrivals == day.cards + day.refused + day.unserved


def test_stages_of_a_visit_follow_each_other_without_gaps_or_overlaps(small: Scenario, centre: CentreSpec) -> None:
    events = simulate(small, centre, days=1)
    order = {stage.value: number for number, stage in enumerate(Stage)}
    one_by_one = events.with_columns(number=pl.col("stage").cast(pl.String).replace_strict(order)).sort(
        "citizen", "number"
    )
    after_another = one_by_one.with_columns(previous_s=pl.col("finished_s").shift(1).over("citizen"))
    inside = after_another.filter(pl.col("stage") != Stage.ARRIVAL)
    assert (inside["entered_s"] == inside["previous_s"]).all()
    assert (events["entered_s"] <= events["started_s"]).all()
    assert (events["started_s"] <= events["finished_s"]).all()


def test_no_server_serves_two_at_once(small: Scenario, centre: CentreSpec) -> None:
    events = simulate(small, centre, days=1)
    captures = events.filter(pl.col("stage") == Stage.CAPTURE)
    plan = plan_offices(small)["35.07"]
    malang = captures.filter(pl.col("office") == "35.07")
    assert malang["server"].n_unique() == plan.counters
    for _, served in malang.sort("started_s").group_by("server"):
        assert (served["started_s"].slice(1) >= served["finished_s"].slice(0, served.height - 1)).all()


def test_only_evening_counters_take_people_in_the_evening_and_nobody_after_it(
    small: Scenario, centre: CentreSpec
) -> None:
    events = simulate(small, centre, days=1)
    plan = plan_offices(small)["35.07"]
    day = office_day(small, plan.office, 0)
    malang = events.filter((pl.col("office") == "35.07") & (pl.col("stage") == Stage.CAPTURE))
    evening = malang.filter(pl.col("started_s") >= day.evening_start_s)
    allowed = {f"35.07/counter-{number + 1}" for number in range(plan.evening_counters)}
    assert evening.height > 0
    assert set(evening["server"]) <= allowed
    assert (malang["started_s"] <= day.evening_end_s).all()
    assert (malang["started_s"] >= day.regular_start_s).all()


def test_people_sent_home_in_the_evening_come_back_when_the_doors_open(small: Scenario, centre: CentreSpec) -> None:
    # Half an hour for a capture: far more than the counters can do in a day.
    slow = small.service.capture.model_copy(update={"low_s": 1700.0, "mode_s": 1800.0, "high_s": 1900.0})
    plans = plan_offices(small)
    crowded = small.model_copy(update={"service": small.service.model_copy(update={"capture": slow})})
    known = {"35.07": small.offices.known["35.07"]}
    crowded = crowded.model_copy(
        update={
            "offices": small.offices.model_copy(update={"counter_utilisation": 1.5, "known": known}),
            "staffing": small.staffing.model_copy(update={"evening_share": 0.2}),
        }
    )
    events = simulate(crowded, centre, days=2)
    first_day = measure_day(events, crowded, plans, 0)
    assert first_day.unserved > 0
    second = office_day(crowded, plans["35.07"].office, 1)
    came_first = {citizen.name for citizen in citizens(crowded, plan_offices(crowded), 0)}
    next_morning = events.filter(
        pl.col("citizen").is_in(came_first)
        & (pl.col("stage") == Stage.CAPTURE)
        & (pl.col("outcome") == Status.BIO_CAPTURED)
        & (pl.col("office") == "35.07")
        & (pl.col("started_s") >= second.opens_s)
    )
    assert next_morning.height > 0
    assert float(next_morning["started_s"].min()) == second.opens_s  # type: ignore[arg-type] # a number


def test_a_duplicate_leaves_without_a_card(small: Scenario, centre: CentreSpec) -> None:
    many = small.model_copy(update={"demand": small.demand.model_copy(update={"duplicates": 0.2})})
    events = simulate(many, centre, days=1)
    doubles = {citizen.name for citizen in citizens(many, plan_offices(many), 0) if citizen.duplicate_of}
    left = visits(events).filter(pl.col("outcome") == Status.DUPLICATE_RECORD)
    assert len(doubles) > 50
    assert set(left["citizen"]) == doubles
    printed = events.filter(pl.col("stage") == Stage.PRINTING)
    assert doubles.isdisjoint(printed["citizen"])


def test_the_upgrade_makes_the_nation_wait_longer(april: Scenario) -> None:
    """The same citizens, a fifth of the nation's, with and without the upgrade's cost."""
    some = [code for code in plan_offices(april) if code.startswith("3")]
    fifth = april.model_copy(update={"offices": april.offices.model_copy(update={"which": some})})
    normal = without_upgrade(fifth)
    spec = national_centre(april)
    # As many slots as the share of the nation that takes part.
    share = sum(p.arrivals_per_day for p in plan_offices(fifth).values()) / april.demand.arrivals_per_day
    upgraded = spec._replace(slots=round(spec.slots * share))
    usual = upgraded._replace(periods=spec.periods[:1])
    plans = plan_offices(fifth)
    on_normal_day = measure_day(simulate(normal, usual, 1), normal, plans, 0)
    on_upgrade_day = measure_day(simulate(fifth, upgraded, 1), fifth, plans, 0)
    assert on_upgrade_day.arrivals == on_normal_day.arrivals
    assert on_upgrade_day.server_p95_s > 2 * on_normal_day.server_p95_s
    assert on_upgrade_day.wait_median_s > on_normal_day.wait_median_s


def test_malang_prints_into_the_evening_on_a_normal_day(april: Scenario, centre: CentreSpec) -> None:
    """Two printers at three minutes a card need ten hours for 400 cards: from 08:00 that is after 18:00."""
    malang = april.model_copy(update={"offices": april.offices.model_copy(update={"which": ["35.07"]})})
    events = simulate(without_upgrade(malang), centre, days=1)
    closes_s = office_day(malang, plan_offices(malang)["35.07"].office, 0).closes_s
    printed = events.filter(pl.col("stage") == Stage.PRINTING)
    assert float(printed["finished_s"].max()) > closes_s  # type: ignore[arg-type] # a number


def test_simulation_ends_with_the_last_evening_and_tells_its_progress(small: Scenario, centre: CentreSpec) -> None:
    told: list[float] = []
    events = simulate(small, centre, 1, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert float(events["finished_s"].max()) <= horizon_s(small, plan_offices(small), 1) + 1e-6  # type: ignore[arg-type]
