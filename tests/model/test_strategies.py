from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.arrivals import citizens, peak_hour
from model.centre import national_centre
from model.measures import measure_day, quantile, visits
from model.nation import simulate
from model.run_measures import RunMeasures, measure_run
from model.scenario import Scenario
from model.scenario_file import dump, load, parse
from model.staffing import plan_offices
from model.stages import Stage
from model.strategies import STRATEGIES, changed, combine, without_upgrade
from model.units import HOUR_S


@pytest.fixture(scope="module")
def april_fortnight() -> Scenario:
    """Give the shipped scenario of two weeks, in which everything happens."""
    return load("april-fortnight")


def test_without_upgrade_everything_else_stays(april: Scenario) -> None:
    normal = without_upgrade(april)
    assert normal.upgrade is None
    assert normal.model_dump(exclude={"upgrade"}) == april.model_dump(exclude={"upgrade"})


def test_without_upgrade_leaves_the_scenario_itself_alone(april: Scenario) -> None:
    before = april.model_copy(deep=True)
    without_upgrade(april)
    assert april == before
    assert april.upgrade is not None


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_schedule_done_twice_is_the_schedule_done_once(april: Scenario, name: str) -> None:
    once = STRATEGIES[name](april)
    assert STRATEGIES[name](once) == once


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_schedule_says_in_a_sentence_what_it_does(name: str) -> None:
    said = STRATEGIES[name].__doc__ or ""
    assert said.endswith(".")
    assert "\n" not in said


def test_schedules_combine_one_after_the_other(april: Scenario) -> None:
    assert combine(["evening-shift", "without-upgrade"])(april) == without_upgrade(STRATEGIES["evening-shift"](april))
    assert combine([])(april) == april


def test_an_unknown_schedule_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no schedule evening; there are as-is, evening-shift"):
        combine(["evening"])


def test_a_change_that_does_not_fit_the_scenario_is_refused(april: Scenario) -> None:
    with pytest.raises(ValueError, match="staffing: the doors are open"):
        changed(april, {"staffing": {"evening": "17:00-17:30"}})


# What each schedule is good for, on the same citizens of ten offices that have a centre of their own


LAND = ["35.07", "73.71", "35.09", "91.71", "51.71", "35.15", "52.03", "96.71", "35.06", "32.01"]


class Played(NamedTuple):
    """A schedule's scenario, its events and their measures."""

    scenario: Scenario
    events: pl.DataFrame
    run: RunMeasures


@pytest.fixture(scope="module")
def land(april: Scenario) -> Scenario:
    """Give ten offices in three zones, on the upgrade's first day."""
    return changed(april, {"offices": {"which": LAND}, "centre": {"slots": 8}})


def play(scenario: Scenario, name: str, days: int = 1) -> Played:
    """Apply a schedule and simulate it with as much of the nation's centre as the offices have of its citizens."""
    scheduled = STRATEGIES[name](scenario)
    plans, spec = plan_offices(scheduled), national_centre(scheduled)
    share = sum(plan.arrivals_per_day for plan in plans.values()) / scheduled.demand.arrivals_per_day
    spec = spec._replace(stage_s={stage: mean_s / share for stage, mean_s in spec.stage_s.items()})
    events = simulate(scheduled, spec, days)
    return Played(scheduled, events, measure_run(events, scheduled, plans, days, spec.slots))


def started_h(played: Played, stage: Stage) -> pl.Series:
    return played.events.filter(pl.col("stage") == stage)["started_s"] / HOUR_S


def server_p95_s(played: Played, day: int = 0) -> float:
    return measure_day(played.events, played.scenario, plan_offices(played.scenario), day).server_p95_s


def test_the_evening_shift_serves_more_for_more_overtime(land: Scenario) -> None:
    day_only = changed(land, {"staffing": {"evening_share": 0.0}})
    before, after = play(day_only, "as-is"), play(day_only, "evening-shift")
    assert after.run.cards_per_day > before.run.cards_per_day
    assert after.run.overtime_h > before.run.overtime_h
    assert after.run.backlog < before.run.backlog


def test_who_avoids_the_peaks_sends_nothing_in_them_and_the_queue_at_the_counters_is_shorter(land: Scenario) -> None:
    # A packet takes two minutes to be received: the counters lose a quarter of their time.
    slow = changed(land, {"centre": {"stages": {"submission": "60 s"}}})
    before, after = play(slow, "as-is"), play(slow, "avoid-peaks")
    sent_h = started_h(after, Stage.SUBMISSION)
    assert sent_h.filter(sent_h.is_between(8, 10, closed="left") | sent_h.is_between(16, 18, closed="left")).is_empty()
    assert after.run.queue_p95_s < before.run.queue_p95_s


def test_staggered_zones_bring_a_lower_peak(april: Scenario) -> None:
    staggered = STRATEGIES["zone-staggered"](april)
    before, after = (peak_hour(scenario, plan_offices(scenario))[1] for scenario in (april, staggered))
    assert after < 0.97 * before


def test_appointments_shorten_the_queue_at_the_counters(land: Scenario) -> None:
    before, after = play(land, "as-is"), play(land, "appointments")
    assert after.run.queue_p95_s < 0.5 * before.run.queue_p95_s


def test_store_and_forward_frees_the_centre_by_day_and_gives_the_card_another_day(land: Scenario) -> None:
    before, after = play(land, "as-is", days=2), play(land, "store-and-forward", days=2)
    assert after.run.utilisation < 0.3 * before.run.utilisation
    assert after.run.queue_p95_s <= before.run.queue_p95_s
    assert after.run.same_day == 0.0
    assert after.run.cards_per_day > 0


def test_night_printing_prints_at_night(land: Scenario) -> None:
    # The prints of Java's offices, whose hours are those of the start's clock.
    played = play(land, "night-batch-print", days=2)
    java = played.events.filter((pl.col("stage") == Stage.PRINTING) & (pl.col("office") == "35.07"))
    hours = (java["started_s"] / HOUR_S) % 24
    assert java.height > 200
    assert hours.filter(hours.is_between(8, 17, closed="left")).is_empty()
    assert played.run.overtime_h > play(land, "as-is", days=2).run.overtime_h


def test_who_waits_is_served_sooner_when_waiting_citizens_go_first(land: Scenario) -> None:
    half = changed(land, {"service": {"waiting_for_card": 0.5}})
    waits = [person.name for person in citizens(half, plan_offices(half), 0) if person.waits]

    def p95_s(name: str) -> float:
        journeys = visits(play(half, name).events).filter(pl.col("citizen").is_in(waits))
        return quantile((journeys["ready_s"] - journeys["received_s"]).drop_nulls(), 0.95)

    assert p95_s("waiting-first") < 0.5 * p95_s("as-is")


def test_admission_control_keeps_a_centre_that_crowds_at_its_speed(land: Scenario) -> None:
    crowding = changed(land, {"centre": {"crowding": 0.05}})
    before, after = play(crowding, "as-is"), play(crowding, "admission-control")
    assert server_p95_s(after) < 0.5 * server_p95_s(before)
    assert after.run.cards_per_day > before.run.cards_per_day


def test_an_upgrade_at_night_takes_longer_and_costs_the_day_nothing(land: Scenario) -> None:
    before, after, usual = play(land, "as-is"), play(land, "upgrade-at-night"), play(land, "without-upgrade")
    assert after.run.upgrade_s > before.run.upgrade_s
    assert server_p95_s(after) < server_p95_s(before)
    assert after.run.wait_median_s == pytest.approx(usual.run.wait_median_s, rel=0.02)


def test_an_upgrade_by_zone_gives_the_east_the_new_version_first(land: Scenario) -> None:
    mix = {"enrollment": 0.8, "foreign_resident": 0.2}
    short = changed(land, {"demand": {"mix": mix}, "upgrade": {"work": "12 h"}})
    before, after = play(short, "as-is"), play(short, "upgrade-by-zone")
    assert before.run.upgrade_s == after.run.upgrade_s
    assert after.run.turned_away < before.run.turned_away


def test_an_upgrade_at_the_weekend_leaves_the_week_as_it_is_without(land: Scenario) -> None:
    after, usual = play(land, "upgrade-at-weekend", days=2), play(land, "without-upgrade", days=2)
    assert after.scenario.upgrade is not None
    assert after.scenario.upgrade.start.strftime("%A %H:%M") == "Friday 18:00"
    assert after.scenario.scenario.days == 8
    assert after.run._replace(upgrade_s=0.0) == usual.run
    assert after.run.upgrade_s == play(land, "as-is").run.upgrade_s


def test_a_throttled_backfill_takes_longer_and_slows_less(land: Scenario) -> None:
    before, after = play(land, "as-is"), play(land, "throttled-backfill")
    assert after.scenario.upgrade is not None
    assert after.scenario.upgrade.cost.during == pytest.approx(1.25)
    assert after.run.upgrade_s == pytest.approx(2 * before.run.upgrade_s)
    assert server_p95_s(after) < server_p95_s(before)
    assert after.run.wait_median_s < before.run.wait_median_s


def test_without_the_upgrade_the_centre_is_quick(land: Scenario) -> None:
    assert server_p95_s(play(land, "without-upgrade")) < 0.5 * server_p95_s(play(land, "as-is"))


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_schedule_brings_the_same_citizens(land: Scenario, name: str) -> None:
    scheduled = STRATEGIES[name](land)
    before = {person.name: person for person in citizens(land, plan_offices(land), 0)}
    after = {person.name: person for person in citizens(scheduled, plan_offices(scheduled), 0)}
    assert set(after) <= set(before)
    assert len(after) > 0.85 * len(before)
    assert all(after[name].capture_s == before[name].capture_s for name in after)
    assert all(after[name].work == before[name].work for name in after)


@given(st.lists(st.sampled_from(sorted(STRATEGIES)), max_size=5))
def test_schedules_combine_to_valid_scenarios_that_can_be_written_and_read(
    april_fortnight: Scenario, names: list[str]
) -> None:
    combined = combine(names)(april_fortnight)
    assert parse(dump(combined), "combined") == combined


def test_a_schedule_of_an_upgrade_leaves_a_scenario_without_one_alone(april: Scenario) -> None:
    normal = without_upgrade(april)
    for name in ("upgrade-at-night", "upgrade-by-zone", "upgrade-at-weekend", "throttled-backfill"):
        assert STRATEGIES[name](normal) == normal
