import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.centre import national_centre
from model.offices import all_offices
from model.scenario import Scenario
from model.staffing import (
    OfficePlan,
    counter_mean_s,
    office_day,
    on_duty,
    plan_offices,
    shift_changes_s,
    works,
)
from model.strategies import changed
from model.units import parse_window

MALANG, SURABAYA, DENPASAR, SORONG = "35.07", "35.78", "51.71", "96.71"
HOUR_S = 3600.0


def with_volume(scenario: Scenario, volume: float) -> Scenario:
    return scenario.model_copy(update={"demand": scenario.demand.model_copy(update={"volume": volume})})


def with_offices(scenario: Scenario, **changes: object) -> Scenario:
    return scenario.model_copy(update={"offices": scenario.offices.model_copy(update=changes)})


def with_evening_share(scenario: Scenario, share: float) -> Scenario:
    return scenario.model_copy(
        update={"staffing": scenario.staffing.model_copy(update={"evening_share": share})},
    )


@pytest.fixture(scope="module")
def usual(april: Scenario) -> Scenario:
    """Give April 2016 with the guesses that these tests compute with, whatever the shipped ones are."""
    offices = {"counter_utilisation": 0.80, "printer_utilisation": 0.90, "opening": parse_window("08:00-18:00")}
    shifts = {
        "regular": parse_window("08:00-17:00"),
        "evening": parse_window("17:00-22:00"),
        "evening_share": 0.5,
    }
    return with_offices(april, **offices).model_copy(update={"staffing": april.staffing.model_copy(update=shifts)})


def test_the_nations_offices_share_its_42_000_citizens(usual: Scenario) -> None:
    plans = plan_offices(usual)
    assert list(plans) == list(all_offices())
    assert sum(plan.arrivals_per_day for plan in plans.values()) == pytest.approx(42_000)


def test_an_office_of_which_nothing_is_known_gets_its_share_by_population(usual: Scenario) -> None:
    plans = plan_offices(usual)
    others = 284_978 - all_offices()[MALANG].population_thousands
    share = all_offices()[SURABAYA].population_thousands / others
    assert plans[SURABAYA].arrivals_per_day == pytest.approx((42_000 - 400) * share)


def test_malang_keeps_its_400_applicants_and_two_printers(usual: Scenario) -> None:
    malang = plan_offices(usual)[MALANG]
    assert malang.arrivals_per_day == 400
    assert malang.printers == 2


def test_malangs_two_printers_print_ten_hours_without_a_break(usual: Scenario) -> None:
    malang = plan_offices(usual)[MALANG]
    assert malang.arrivals_per_day * usual.service.printing_s / malang.printers == 10 * HOUR_S


def test_counters_are_the_fewest_that_keep_the_regular_shift_as_busy_as_asked(usual: Scenario) -> None:
    for code, plan in plan_offices(usual).items():
        busy_s = plan.arrivals_per_day * (5 + 7 + 10) / 3 * 60
        allowed_s = 9 * HOUR_S * 0.80
        assert plan.counters * allowed_s >= busy_s, code
        assert plan.counters == 1 or (plan.counters - 1) * allowed_s < busy_s, code


def test_printers_are_the_fewest_that_keep_the_opening_hours_as_busy_as_asked(usual: Scenario) -> None:
    for code, plan in plan_offices(usual).items():
        busy_s = plan.arrivals_per_day * 180
        allowed_s = 10 * HOUR_S * 0.90
        if code != MALANG:
            assert plan.printers * allowed_s >= busy_s, code
            assert plan.printers == 1 or (plan.printers - 1) * allowed_s < busy_s, code


def test_an_office_exactly_as_busy_as_asked_gets_no_counter_more(usual: Scenario) -> None:
    # 400 x 440 s = 176,000 s of capture in a shift of 32,400 s: 5 counters are busy for 1.086... of it.
    exact = 400 * 440 / (5 * 9 * HOUR_S)
    assert plan_offices(with_offices(usual, counter_utilisation=exact))[MALANG].counters == 5
    assert plan_offices(with_offices(usual, counter_utilisation=exact - 0.001))[MALANG].counters == 6


@pytest.mark.parametrize(("share", "stay"), [(0.0, 0), (0.1, 1), (0.5, 4), (1.0, 7), (2 / 7, 2)])
def test_a_share_of_malangs_seven_counters_stays_for_the_evening_rounded_up(
    usual: Scenario, share: float, stay: int
) -> None:
    assert plan_offices(with_evening_share(usual, share))[MALANG].evening_counters == stay


def test_rounding_keeps_nobody_in_the_evening_whom_the_share_does_not_ask_for(usual: Scenario) -> None:
    # In floating point 100 x 0.07 is a little more than 7.
    busy = with_offices(usual, counter_utilisation=400 * 440 / (100 * 9 * HOUR_S))
    malang = plan_offices(with_evening_share(busy, 0.07))[MALANG]
    assert (malang.counters, malang.evening_counters) == (100, 7)


def test_only_the_named_offices_take_part_with_the_arrivals_they_have_in_the_nation(usual: Scenario) -> None:
    nation = plan_offices(usual)
    few = plan_offices(with_offices(usual, which=[SURABAYA, MALANG]))
    assert few == {code: nation[code] for code in (SURABAYA, MALANG)}
    assert list(few) == [SURABAYA, MALANG]


def test_half_the_volume_halves_arrivals_and_what_serves_them(usual: Scenario) -> None:
    whole, half = (plan_offices(with_volume(usual, volume))[SURABAYA] for volume in (1.0, 0.5))
    assert half.arrivals_per_day == whole.arrivals_per_day / 2
    assert half.counters in (whole.counters // 2, whole.counters // 2 + 1)
    assert half.printers in (whole.printers // 2, whole.printers // 2 + 1)


def test_known_printers_shrink_with_the_volume_but_one_always_stays(usual: Scenario) -> None:
    assert plan_offices(with_volume(usual, 0.5))[MALANG].printers == 1
    assert plan_offices(with_volume(usual, 0.01))[MALANG].printers == 1
    assert plan_offices(with_volume(usual, 2.0))[MALANG].printers == 4


@given(st.floats(0.001, 5))
def test_every_office_can_serve_whatever_the_volume(usual: Scenario, volume: float) -> None:
    for plan in plan_offices(with_volume(with_offices(usual, which=[MALANG, SURABAYA, SORONG]), volume)).values():
        assert plan.counters >= 1
        assert plan.printers >= 1
        assert plan.evening_counters <= plan.counters


@pytest.mark.parametrize(("code", "hours_before_wib"), [(MALANG, 0), (DENPASAR, 1), (SORONG, 2)])
def test_an_offices_day_runs_on_its_own_zones_clock(usual: Scenario, code: str, hours_before_wib: int) -> None:
    day = office_day(usual, all_offices()[code], 0)
    moments_s = (day.opens_s, day.closes_s, day.regular_start_s, day.evening_start_s, day.evening_end_s)
    assert [moment_s / HOUR_S + hours_before_wib for moment_s in moments_s] == [8, 18, 8, 17, 22]


def test_the_next_days_moments_come_24_hours_later(usual: Scenario) -> None:
    first, third = (office_day(usual, all_offices()[DENPASAR], day) for day in (0, 2))
    assert third.opens_s - first.opens_s == 48 * HOUR_S
    assert third.evening_end_s - first.evening_end_s == 48 * HOUR_S


@pytest.mark.parametrize(
    ("hour", "at_work"),
    [(7.99, 0), (8, 7), (12, 7), (16.99, 7), (17, 4), (21.99, 4), (22, 0), (23.5, 0)],
)
def test_all_counters_work_the_regular_shift_and_the_first_of_them_the_evening(
    usual: Scenario, hour: float, at_work: int
) -> None:
    plan: OfficePlan = plan_offices(usual)[MALANG]
    day = office_day(usual, plan.office, 0)
    working = [counter for counter in range(plan.counters) if works(plan, day, counter, hour * HOUR_S)]
    assert working == list(range(at_work))


def test_nobody_takes_citizens_in_a_break_and_the_counters_make_up_for_it(usual: Scenario) -> None:
    paused = changed(usual, {"staffing": {"breaks": ["12:00-13:00"]}})
    plan = plan_offices(paused)[MALANG]
    day = office_day(paused, plan.office, 0)
    assert [on_duty(plan, day, hour * HOUR_S) for hour in (11.99, 12, 12.99, 13)] == [
        plan.counters,
        0,
        0,
        plan.counters,
    ]
    assert [moment_s / HOUR_S for moment_s in shift_changes_s(day)] == [8, 12, 13, 17, 22]
    # 400 x 440 s in eight hours, 80% busy.
    assert (plan_offices(usual)[MALANG].counters, plan.counters) == (7, 8)


def test_nobody_works_on_a_closed_day(usual: Scenario) -> None:
    closed = changed(usual, {"offices": {"closed_on": ["tuesday"]}})
    plan = plan_offices(closed)[MALANG]
    monday, tuesday = (office_day(closed, plan.office, day) for day in (0, 1))
    assert on_duty(plan, monday, 9 * HOUR_S) == 7
    assert on_duty(plan, tuesday, 33 * HOUR_S) == 0


def test_fridays_breaks_are_the_usual_ones_unless_told(usual: Scenario) -> None:
    office = all_offices()[MALANG]
    lunch = changed(usual, {"staffing": {"breaks": ["12:00-13:00"]}})
    prayer = changed(lunch, {"staffing": {"friday_breaks": []}})
    # Day 4 of a scenario that begins on a Monday.
    assert [len(office_day(scenario, office, 4).breaks_s) for scenario in (usual, lunch, prayer)] == [0, 1, 0]


def test_errands_without_capture_need_fewer_counters(usual: Scenario) -> None:
    half = changed(usual, {"demand": {"mix": {"enrollment": 0.5, "replacement": 0.5}}})
    assert counter_mean_s(usual) == usual.service.capture.mean_s
    assert counter_mean_s(half) == pytest.approx((440 + 200) / 2)
    assert plan_offices(half)[MALANG].counters == 5


def test_cards_for_absent_people_are_shared_like_citizens_and_printers_suffice_for_them(usual: Scenario) -> None:
    more = changed(usual, {"demand": {"batch_cards": "42000/day"}})
    plans = plan_offices(more)
    assert sum(plan.batch_per_day for plan in plans.values()) == pytest.approx(42_000)
    assert plans[SURABAYA].batch_per_day == plans[SURABAYA].arrivals_per_day
    assert plans[SURABAYA].printers >= 2 * plan_offices(usual)[SURABAYA].printers - 1


def test_blank_cards_are_counted_in_days_of_the_offices_own_arrivals_or_as_known(usual: Scenario) -> None:
    tables = {"offices": {"cards": {"stock": 2.0, "delivery": 1.0}, "known": {MALANG: {"delivery": 500}}}}
    plans = plan_offices(changed(usual, tables))
    assert (plans[MALANG].cards, plans[MALANG].delivery) == (800, 500)
    assert plans[SURABAYA].cards == round(2 * plans[SURABAYA].arrivals_per_day)
    assert plan_offices(usual)[MALANG].cards is None


def test_a_rush_meets_the_offices_and_the_centre_of_a_usual_day(april: Scenario) -> None:
    rush = changed(april, {"demand": {"arrivals": "84000/day", "usual": "42000/day"}})
    usual, rushed = plan_offices(april), plan_offices(rush)
    for code, plan in usual.items():
        assert rushed[code] == plan._replace(arrivals_per_day=2 * plan.arrivals_per_day)
    assert national_centre(rush) == national_centre(april)


def test_a_usual_day_of_nobody_and_one_without_the_known_offices_are_refused(april: Scenario) -> None:
    with pytest.raises(ValueError, match="usual is nobody"):
        changed(april, {"demand": {"usual": "0/day"}})
    with pytest.raises(ValueError, match=r"demand\.usual: 300/day is less than the offices in offices\.known"):
        changed(april, {"demand": {"usual": "300/day"}})
