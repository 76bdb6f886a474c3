from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from model.arrivals import ArrivalCurve, Citizen, absent_of, citizens, citizens_of, national_peak_per_s, peak_hour
from model.errands import Errand
from model.offices import Zone, all_offices
from model.scenario import Scenario
from model.staffing import OfficePlan, office_day, plan_offices
from model.strategies import changed
from model.streams import stream

HOUR_S = 3600.0
MALANG, SURABAYA, DENPASAR, SORONG = "35.07", "35.78", "51.71", "96.71"
# The level of the statistical tests. Their seed is fixed; with another seed a right program fails one in a thousand.
LEVEL = 0.001


def plan_of(code: str, per_day: float) -> OfficePlan:
    return OfficePlan(all_offices()[code], per_day, counters=1, evening_counters=1, printers=1)


def with_seed(scenario: Scenario, seed: int) -> Scenario:
    return scenario.model_copy(update={"scenario": scenario.scenario.model_copy(update={"seed": seed})})


def with_demand(scenario: Scenario, **changes: object) -> Scenario:
    return scenario.model_copy(update={"demand": scenario.demand.model_copy(update=changes)})


@pytest.fixture(scope="module")
def nation(april: Scenario) -> list[Citizen]:
    """Give everybody of the first day."""
    return citizens(april, plan_offices(april), 0)


# The curve


@st.composite
def curves(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Draw a curve of two to eight knots, some of whose rates are zero, at quarter hours of the day."""
    quarters = sorted(draw(st.sets(st.integers(0, 96), min_size=2, max_size=8)))
    rates = [draw(st.sampled_from([0.0, 0.0, 1.0, 1.0]) | st.floats(1e-3, 1e3)) for _ in quarters]
    assume(any(rates))
    return [(quarter * 900.0, rate) for quarter, rate in zip(quarters, rates, strict=True)]


SHARES = st.floats(0, 1, exclude_max=True)


@given(curves(), SHARES)
def test_inverting_a_share_gives_the_moment_until_which_that_share_comes(
    knots: list[tuple[float, float]], share: float
) -> None:
    curve = ArrivalCurve(knots)
    moment_s = curve.invert(np.array([share]))
    assert curve.share_until(moment_s)[0] == pytest.approx(share, abs=1e-9)


@given(curves(), st.floats(0, 1))
def test_inverting_the_share_until_a_moment_gives_that_moment_where_somebody_comes_then(
    knots: list[tuple[float, float]], along: float
) -> None:
    curve = ArrivalCurve(knots)
    first_s, last_s = knots[0][0], knots[-1][0]
    moment_s = np.array([first_s + along * (last_s - first_s)])
    around = curve.share_until(np.array([moment_s[0] - 60, moment_s[0] + 60]))
    assume(around[1] - around[0] > 1e-6)
    assert curve.invert(curve.share_until(moment_s))[0] == pytest.approx(moment_s[0], abs=1.0)


@given(curves(), st.lists(SHARES, min_size=2, max_size=20))
def test_inverting_keeps_the_order_and_the_hours_of_the_curve(
    knots: list[tuple[float, float]], shares: list[float]
) -> None:
    moments_s = ArrivalCurve(knots).invert(np.array(sorted(shares)))
    assert (np.diff(moments_s) >= 0).all()
    assert moments_s[0] >= knots[0][0]
    assert moments_s[-1] <= knots[-1][0]


@given(curves(), SHARES)
def test_nobody_comes_while_the_rate_is_zero(knots: list[tuple[float, float]], share: float) -> None:
    moment_s = float(ArrivalCurve(knots).invert(np.array([share]))[0])
    for (start_s, start_rate), (end_s, end_rate) in pairwise(knots):
        if start_rate == end_rate == 0:
            assert not start_s < moment_s < end_s


def test_a_triangle_is_inverted_as_on_paper() -> None:
    # The rate rises from 0 to its peak at 2 h and falls to 0 at 4 h: the share until t is t^2/8 (h), mirrored.
    curve = ArrivalCurve([(0, 0), (2 * HOUR_S, 7), (4 * HOUR_S, 0)])
    assert curve.invert(np.array([0.0, 0.125, 0.5, 0.875])) / HOUR_S == pytest.approx([0, 1, 2, 3])
    assert curve.share_until(np.array([-1.0, 1, 2, 3, 4, 99]) * HOUR_S) == pytest.approx([0, 0.125, 0.5, 0.875, 1, 1])


def test_a_flat_curve_is_a_straight_line() -> None:
    curve = ArrivalCurve([(8 * HOUR_S, 3), (18 * HOUR_S, 3)])
    assert curve.invert(np.array([0.0, 0.25, 0.5])) / HOUR_S == pytest.approx([8, 10.5, 13])


def test_a_pause_in_the_middle_is_jumped_over() -> None:
    curve = ArrivalCurve([(8 * HOUR_S, 1), (10 * HOUR_S, 0), (14 * HOUR_S, 0), (16 * HOUR_S, 1)])
    just_before, just_after = curve.invert(np.array([0.5 - 1e-9, 0.5 + 1e-9])) / HOUR_S
    assert just_before == pytest.approx(10, abs=0.001)
    assert just_after == pytest.approx(14, abs=0.001)


# Who comes


def test_the_same_seed_brings_the_same_citizens_bit_for_bit(april: Scenario) -> None:
    plan = plan_offices(april)[MALANG]
    assert citizens_of(april, plan, 1, 2) == citizens_of(april, plan, 1, 2)


def test_another_seed_replication_day_or_office_brings_others(april: Scenario) -> None:
    malang, surabaya = plan_of(MALANG, 100), plan_of(SURABAYA, 100)
    crowds = [
        citizens_of(april, malang, 0),
        citizens_of(with_seed(april, april.seed + 1), malang, 0),
        citizens_of(april, malang, 0, replication=1),
        citizens_of(april, malang, 1),
        citizens_of(april, surabaya, 0),
    ]
    arrivals = {round(person.arrival_s % 86400, 6) for crowd in crowds for person in crowd}
    captures = {person.capture_s for crowd in crowds for person in crowd}
    deviates = {person.work for crowd in crowds for person in crowd}
    everybody = sum(map(len, crowds))
    assert len(arrivals) == len(captures) == len(deviates) == everybody


def test_more_citizens_in_one_office_leave_those_of_the_others_untouched(april: Scenario) -> None:
    plans = plan_offices(april)
    few = {code: plans[code] for code in (MALANG, SURABAYA, DENPASAR)}
    more = few | {MALANG: few[MALANG]._replace(arrivals_per_day=1000)}
    before, after = (citizens(april, planned, 0) for planned in (few, more))
    elsewhere = [person for person in before if person.office != MALANG]
    assert [person for person in after if person.office != MALANG] == elsewhere
    assert len(after) > len(before)


def test_other_service_times_leave_arrivals_and_the_centres_work_untouched(april: Scenario) -> None:
    longer = april.service.capture.model_copy(update={"high_s": 1200.0})
    slower = april.model_copy(update={"service": april.service.model_copy(update={"capture": longer})})
    before, after = (citizens_of(scenario, plan_of(MALANG, 400), 0) for scenario in (april, slower))
    assert [person._replace(capture_s=0) for person in before] == [person._replace(capture_s=0) for person in after]
    assert all(short.capture_s < long.capture_s for short, long in zip(before, after, strict=True))


@given(st.floats(1, 400), st.floats(1, 400))
def test_a_busier_day_brings_the_same_citizens_and_more(april: Scenario, one: float, other: float) -> None:
    quiet, busy = (citizens_of(april, plan_of(MALANG, per_day), 0) for per_day in sorted((one, other)))
    known = {person.name: person._replace(duplicate_of=None) for person in busy}
    assert [known[person.name] for person in quiet] == [person._replace(duplicate_of=None) for person in quiet]


@pytest.mark.parametrize(
    "tables",
    [
        {"demand": {"curve": {"08:00": 1.0, "18:00": 1.0}}},
        {"demand": {"appointments": {"slot": "30 min", "quota": 0.9}}},
        {"offices": {"stagger": {"WIB": "1 h"}}},
    ],
)
def test_another_schedule_meets_the_same_citizens_with_the_same_needs(april: Scenario, tables: dict[str, Any]) -> None:
    def needs(scenario: Scenario) -> dict[str, Citizen]:
        crowd = citizens_of(scenario, plan_of(MALANG, 400), 0)
        return {person.name: person._replace(arrival_s=0.0, duplicate_of=None) for person in crowd}

    scheduled = changed(april, tables)
    assert needs(scheduled) == needs(april)
    assert citizens_of(scheduled, plan_of(MALANG, 400), 0) != citizens_of(april, plan_of(MALANG, 400), 0)


def test_a_change_of_the_mix_changes_only_whose_errand_it_is(april: Scenario) -> None:
    before = {person.name: person for person in citizens_of(april, plan_of(MALANG, 400), 0)}
    mixed = changed(april, {"demand": {"mix": {"enrollment": 0.75, "replacement": 0.25}}})
    after = {person.name: person for person in citizens_of(mixed, plan_of(MALANG, 400), 0)}
    same = [name for name in after if after[name].errand is Errand.ENROLLMENT]
    assert set(after) == set(before)
    assert stats.binomtest(len(same), len(after), 0.75).pvalue > LEVEL
    assert [after[name]._replace(duplicate_of=None) for name in same] == [
        before[name]._replace(duplicate_of=None) for name in same
    ]


def test_the_mix_gives_every_errand_its_share(april: Scenario) -> None:
    shares = {"enrollment": 0.6, "replacement": 0.2, "replacement_away": 0.15, "foreign_resident": 0.05}
    mixed = changed(april, {"demand": {"mix": shares}})
    crowd = citizens_of(mixed, plan_of(MALANG, 20_000), 0)
    seen = [sum(person.errand is errand for person in crowd) for errand in Errand]
    assert stats.chisquare(seen, [shares[errand] * len(crowd) for errand in Errand]).pvalue > LEVEL


def test_patience_is_exponential_and_endless_where_nobody_leaves(april: Scenario) -> None:
    assert {person.patience_s for person in citizens_of(april, plan_of(MALANG, 400), 0)} == {np.inf}
    patient = changed(april, {"demand": {"patience": "1 h"}})
    patience_s = [person.patience_s for person in citizens_of(patient, plan_of(MALANG, 10_000), 0)]
    assert stats.kstest(np.array(patience_s) / HOUR_S, "expon").pvalue > LEVEL


def test_appointments_fill_no_slot_beyond_its_quota_and_nobody_is_booked_into_the_break(april: Scenario) -> None:
    tables = {
        "demand": {"appointments": {"slot": "30 min", "quota": 0.9}},
        "staffing": {"breaks": ["12:00-13:00"]},
    }
    booked = changed(april, tables)
    plan = plan_offices(booked)[MALANG]
    hours = np.array([person.arrival_s for person in citizens_of(booked, plan, 0)]) / HOUR_S
    slots, _ = np.histogram(hours, bins=np.arange(8, 18.5, 0.5))
    mean_s = (5 + 7 + 10) / 3 * 60
    assert slots[:8].max() <= int(plan.counters * 0.9 * 1800 / mean_s)
    assert slots[8:10].tolist() == [0, 0]
    assert len(hours) == len(citizens_of(april, plan, 0))


def test_a_share_of_the_appointments_is_not_kept(april: Scenario) -> None:
    def names(no_shows: float) -> set[str]:
        booked = changed(april, {"demand": {"appointments": {"slot": "1 h", "quota": 1.0, "no_shows": no_shows}}})
        return {person.name for person in citizens_of(booked, plan_of(MALANG, 5000), 0)}

    everybody, most = names(0.0), names(0.1)
    assert most < everybody
    assert stats.binomtest(len(everybody - most), len(everybody), 0.1).pvalue > LEVEL


def test_on_a_closed_day_nobody_comes(april: Scenario) -> None:
    closed = changed(april, {"offices": {"closed_on": ["tuesday"]}})
    assert [len(citizens_of(closed, plan_of(MALANG, 400), day)) > 0 for day in range(3)] == [True, False, True]


def test_cards_for_absent_people_come_to_their_number_over_the_days(april: Scenario) -> None:
    plan = plan_of(MALANG, 400)._replace(batch_per_day=2.5)
    assert [len(absent_of(april, plan, day)) for day in range(4)] == [2, 3, 2, 3]
    assert {person.waits for person in absent_of(april, plan, 0)} == {False}


def test_zones_come_later_where_the_scenario_staggers_them_and_the_centre_stays_as_large(april: Scenario) -> None:
    later = changed(april, {"offices": {"stagger": {"WIB": "1 h"}}})
    assert [person.arrival_s for person in citizens_of(later, plan_of(MALANG, 400), 0)] == pytest.approx(
        [person.arrival_s + HOUR_S for person in citizens_of(april, plan_of(MALANG, 400), 0)]
    )
    assert citizens_of(later, plan_of(DENPASAR, 400), 0) == citizens_of(april, plan_of(DENPASAR, 400), 0)
    assert peak_hour(later, plan_offices(later))[1] < peak_hour(april, plan_offices(april))[1]
    assert national_peak_per_s(later) == national_peak_per_s(april)


def test_each_source_of_chance_has_a_stream_of_its_own(april: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[tuple[object, ...]] = []

    def recorded(*name: Any) -> np.random.Generator:
        used.append(name)
        return stream(*name)

    monkeypatch.setattr("model.arrivals.stream", recorded)
    citizens_of(april, plan_of(MALANG, 10), 1, replication=2)
    sources = [name[2] for name in used]
    assert len(sources) == len(set(sources)) == 11
    assert {(seed, replication, *entity) for seed, replication, _, *entity in used} == {(april.seed, 2, MALANG, 1)}


def test_names_are_unique_and_tell_office_day_and_number(april: Scenario, nation: list[Citizen]) -> None:
    assert len({person.name for person in nation}) == len(nation)
    second_day = citizens_of(april, plan_of(MALANG, 50), 1)
    assert {person.name for person in second_day} == {f"35.07-d1-{number:04d}" for number in range(len(second_day))}


def test_citizens_come_in_the_order_of_their_arrival(nation: list[Citizen]) -> None:
    assert all(earlier.arrival_s <= later.arrival_s for earlier, later in pairwise(nation))


# When they come


@pytest.mark.parametrize("code", [MALANG, DENPASAR, SORONG])
@pytest.mark.parametrize("day", [0, 2])
def test_everybody_comes_while_the_doors_are_open_in_the_offices_own_zone(april: Scenario, code: str, day: int) -> None:
    moments = office_day(april, all_offices()[code], day)
    crowd = citizens_of(april, plan_of(code, 5000), day)
    assert min(person.arrival_s for person in crowd) >= moments.opens_s
    assert max(person.arrival_s for person in crowd) <= moments.closes_s
    # ... and so many come that both edges are reached.
    assert min(person.arrival_s for person in crowd) < moments.opens_s + 60
    assert max(person.arrival_s for person in crowd) > moments.closes_s - 60


@pytest.mark.parametrize("code", [MALANG, SORONG])
def test_arrivals_follow_the_curve_hour_by_hour(april: Scenario, code: str) -> None:
    opens_s = office_day(april, all_offices()[code], 0).opens_s
    hours = [(person.arrival_s - opens_s) / HOUR_S for person in citizens_of(april, plan_of(code, 20_000), 0)]
    seen, _ = np.histogram(hours, bins=10, range=(0, 10))
    rates = np.array(list(april.demand.curve.values()))
    trapezoids = (rates[1:] + rates[:-1]) / 2
    assert stats.chisquare(seen, trapezoids / trapezoids.sum() * len(hours)).pvalue > LEVEL


def test_arrivals_follow_the_curve_within_the_hours_as_well(april: Scenario) -> None:
    crowd = citizens_of(april, plan_of(MALANG, 20_000), 0)
    # Integrated on a grid of seconds, independently of ArrivalCurve.
    grid_s = np.arange(8 * HOUR_S, 18 * HOUR_S + 1)
    times_s, rates = zip(*april.demand.curve_knots, strict=True)
    cumulative = np.cumsum(np.interp(grid_s, times_s, rates))
    shares = np.interp([person.arrival_s for person in crowd], grid_s, cumulative / cumulative[-1])
    assert stats.kstest(shares, "uniform").pvalue > LEVEL


def test_counts_of_an_office_and_day_are_poisson(april: Scenario) -> None:
    expected = np.array([plan.arrivals_per_day for plan in plan_offices(april).values()])
    seen = np.array([len(citizens_of(april, plan, 0)) for plan in plan_offices(april).values()])
    dispersion = float(((seen - expected) ** 2 / expected).sum())
    assert LEVEL / 2 < stats.chi2.sf(dispersion, len(expected)) < 1 - LEVEL / 2


def test_gaps_between_citizens_are_those_of_a_poisson_process(april: Scenario) -> None:
    flat = with_demand(april, curve={"08:00": 1.0, "18:00": 1.0})
    arrivals_s = [person.arrival_s for person in citizens_of(flat, plan_of(MALANG, 10_000), 0)]
    mean_s = 10 * HOUR_S / 10_000
    assert stats.kstest(np.diff(arrivals_s) / mean_s, "expon").pvalue > LEVEL


def test_the_nations_day_brings_about_42_000_citizens(nation: list[Citizen]) -> None:
    assert abs(len(nation) - 42_000) < 4 * np.sqrt(42_000)


def test_malangs_day_brings_about_400(nation: list[Citizen]) -> None:
    assert abs(sum(person.office == MALANG for person in nation) - 400) < 4 * np.sqrt(400)


def test_half_the_volume_brings_half_the_citizens(april: Scenario) -> None:
    half = with_demand(april, volume=0.5)
    assert abs(len(citizens(half, plan_offices(half), 0)) - 21_000) < 4 * np.sqrt(21_000)


# What they need


def test_captures_take_between_5_and_10_minutes_most_often_7(april: Scenario, nation: list[Citizen]) -> None:
    capture_s = np.array([person.capture_s for person in nation])
    triangle = stats.triang(c=(7 - 5) / (10 - 5), loc=300, scale=300)
    assert stats.kstest(capture_s, triangle.cdf).pvalue > LEVEL
    assert april.service.capture.mean_s == pytest.approx(float(triangle.mean()))


def test_the_centres_work_is_drawn_independently_for_each_stage_from_the_standard_normal(
    nation: list[Citizen],
) -> None:
    work = np.array([person.work for person in nation])
    assert work.shape == (len(nation), 3)
    assert min(stats.kstest(column, "norm").pvalue for column in work.T) > LEVEL / 3
    assert np.abs(np.corrcoef(work.T)[np.triu_indices(3, 1)]).max() < 4 / np.sqrt(len(nation))


def test_one_in_a_hundred_is_somebody_enrolled_already(april: Scenario, nation: list[Citizen]) -> None:
    duplicates = sum(person.duplicate_of is not None for person in nation)
    assert april.demand.duplicates == 0.01
    assert stats.binomtest(duplicates, len(nation), 0.01).pvalue > LEVEL


def test_a_duplicate_is_an_earlier_citizen_of_the_same_office_who_is_no_duplicate(april: Scenario) -> None:
    crowd = citizens_of(with_demand(april, duplicates=0.5), plan_of(MALANG, 400), 0)
    originals: set[str | None] = set()
    for person in crowd:
        if person.duplicate_of is None:
            originals.add(person.name)
        else:
            assert person.duplicate_of in originals
    assert 0 < len(originals) < len(crowd)


def test_without_duplicates_nobody_is_one(april: Scenario) -> None:
    crowd = citizens_of(with_demand(april, duplicates=0.0), plan_of(MALANG, 400), 0)
    assert {person.duplicate_of for person in crowd} == {None}


def test_an_office_where_nobody_is_expected_has_no_citizens(april: Scenario) -> None:
    assert citizens_of(april, plan_of(MALANG, 0), 0) == []


# The busiest hour


def test_the_nations_busiest_hour_begins_when_the_doors_of_java_open(april: Scenario) -> None:
    start_s, per_s = peak_hour(april, plan_offices(april))
    assert start_s == 8 * HOUR_S
    assert per_s == pytest.approx(national_peak_per_s(april))


@pytest.mark.parametrize(("code", "wib_hour"), [(MALANG, 8.25), (DENPASAR, 7.25), (SORONG, 6.25)])
def test_one_offices_busiest_hour_is_around_nine_on_its_own_clock(april: Scenario, code: str, wib_hour: float) -> None:
    curve = {"08:00": 1.8, "09:00": 2.0, "10:00": 1.5, "18:00": 0.0}
    start_s, per_s = peak_hour(with_demand(april, curve=curve), {code: plan_of(code, 1200)})
    # The quarter hours before and after 09:00 are the busiest: 08:15 to 09:15 beats 08:00 to 09:00.
    busiest = 0.75 * (1.85 + 2.0) / 2 + 0.25 * (2.0 + 1.875) / 2
    day = (1.8 + 2.0) / 2 + (2.0 + 1.5) / 2 + 8 * (1.5 + 0.0) / 2
    assert start_s == wib_hour * HOUR_S
    assert per_s == pytest.approx(1200 * busiest / day / HOUR_S)


def test_the_busiest_hour_is_the_busiest_of_the_citizens_who_come(april: Scenario, nation: list[Citizen]) -> None:
    start_s, per_s = peak_hour(april, plan_offices(april))
    arrivals_s = np.array([person.arrival_s for person in nation])
    in_hour = ((arrivals_s >= start_s) & (arrivals_s < start_s + HOUR_S)).sum()
    assert abs(in_hour - per_s * HOUR_S) < 4 * np.sqrt(per_s * HOUR_S)


def test_the_nations_peak_is_the_same_whatever_the_scenario_plays_of_it(april: Scenario) -> None:
    one_office = april.offices.model_copy(update={"which": [MALANG]})
    part = with_demand(april.model_copy(update={"offices": one_office}), volume=0.1)
    assert national_peak_per_s(part) == national_peak_per_s(april)


def test_zones_east_of_java_come_earlier_on_javas_clock(nation: list[Citizen]) -> None:
    zones = {code: office.zone for code, office in all_offices().items()}
    first = {
        zone: min(person.arrival_s for person in nation if zones[person.office] is zone) // HOUR_S for zone in Zone
    }
    assert first == {Zone.WIT: 6, Zone.WITA: 7, Zone.WIB: 8}
