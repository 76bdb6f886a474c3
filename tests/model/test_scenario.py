from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from model.arrivals import citizens
from model.demand import Mix
from model.equipment import Offices
from model.offices import Zone, all_offices
from model.scenario import Scenario, disagreements, local_midnight_s
from model.section import Section
from model.service import Spread
from model.staffing import plan_offices
from model.strategies import changed

HOUR_S = 3600.0
WIB = timezone(timedelta(hours=7))


def sections_within(annotation: Any) -> list[type[BaseModel]]:
    """Give the sections that a field's type names, at any depth: Upgrade in `Upgrade | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in sections_within(part)]


def keys_of(section: type[BaseModel], path: str = "") -> Iterator[tuple[str, str | None]]:
    """Walk every key of a section and what is said of it; a table may say it in its class."""
    for name, field in section.model_fields.items():
        key = f"{path}{field.alias or name}"
        inner = sections_within(field.annotation)
        yield key, field.description or (inner[0].__doc__ if inner else None)
        for table in inner:
            yield from keys_of(table, f"{key}." if len(inner) == 1 else f"{key}[{table.__name__}].")


# Its keys


@pytest.mark.parametrize(("key", "said"), list(keys_of(Scenario)))
def test_every_key_says_in_a_sentence_what_it_means(key: str, said: str | None) -> None:
    assert said is not None, f"{key} has no docstring"
    assert said[0] in '`"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789', f"{key}: {said!r} does not begin as a sentence"
    assert said.strip().endswith("."), f"{key}: {said!r} does not end as a sentence"


class _Undocumented(Section):
    """`[weather]`: a table with a key of which nobody says anything."""

    rain: bool = False


def test_a_key_that_is_not_documented_is_found_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of every key is no empty one: one key without a sentence, deep in the scenario, fails it."""
    field = Offices.model_fields["offline"]
    monkeypatch.setattr(field, "annotation", list[_Undocumented])
    said = dict(keys_of(Scenario))
    assert [key for key in said if said[key] is None] == ["offices.offline.rain"]
    with pytest.raises(AssertionError, match=r"offices\.offline\.rain has no docstring"):
        test_every_key_says_in_a_sentence_what_it_means("offices.offline.rain", said["offices.offline.rain"])


def test_the_walk_over_the_keys_comes_to_tables_of_tables() -> None:
    keys = [key for key, _ in keys_of(Scenario)]
    assert {"offices.known.arrivals", "service.capture.mode", "upgrade.cost.during", "load.quick.speedup"} <= set(keys)
    assert {"offices.offline.offices", "offices.cards.unprinted", "centre.login", "demand.usual"} <= set(keys)
    assert {"faults[Latency].delay", "faults[LinkCut].office"} <= set(keys)
    assert len(keys) == len(set(keys))


def test_a_value_cannot_be_changed(april: Scenario) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        april.centre.slots = 3  # type: ignore[misc]


# Its moments


def test_seconds_are_counted_from_the_start(april: Scenario) -> None:
    assert april.seconds_at(datetime(2016, 4, 5, 8, 30, tzinfo=WIB)) == 32.5 * HOUR_S
    assert april.seconds_at(datetime(2016, 4, 3, 17, 0, tzinfo=UTC)) == 0.0


@given(st.integers(-86_400, 14 * 86_400))
def test_a_moment_and_its_seconds_since_the_start_are_each_others_inverse(april: Scenario, seconds: int) -> None:
    moment = april.moment_at(seconds)
    assert april.seconds_at(moment) == seconds
    assert moment.utcoffset() == timedelta(hours=7)


@pytest.mark.parametrize(("zone", "hour"), [(Zone.WIB, 0), (Zone.WITA, -1), (Zone.WIT, -2)])
def test_a_day_begins_earlier_in_the_east(april: Scenario, zone: Zone, hour: int) -> None:
    assert local_midnight_s(april, zone.utc_offset_s, 0) == hour * HOUR_S
    assert local_midnight_s(april, zone.utc_offset_s, 2) == (48 + hour) * HOUR_S


# What must hold within a table and between tables (what a file with an error is told: test_scenario_file.py)


def test_a_spread_has_the_mean_of_its_triangle() -> None:
    assert Spread.model_validate({"low": "5 min", "mode": "7 min", "high": "10 min"}).mean_s == pytest.approx(440)


@pytest.mark.parametrize(
    ("low", "mode", "high"), [("7 min", "5 min", "10 min"), ("5 min", "11 min", "10 min"), ("5 min", "5 min", "5 min")]
)
def test_a_spread_that_descends_or_has_no_width_is_refused(low: str, mode: str, high: str) -> None:
    with pytest.raises(ValidationError, match="must not descend"):
        Spread.model_validate({"low": low, "mode": mode, "high": high})


def test_a_mix_that_does_not_add_up_says_to_what_it_does() -> None:
    with pytest.raises(ValidationError, match=r"add up to 0\.5; they must add up to 1"):
        Mix(enrollment=0.5)


def test_the_shipped_scenario_agrees_with_itself_and_missing_tables_are_no_disagreement(april: Scenario) -> None:
    tables = {name: getattr(april, name) for name in Scenario.model_fields}
    assert disagreements(tables) == []
    longer = april.offices.model_copy(update={"opening": april.offices.opening._replace(end_s=23 * HOUR_S)})
    assert len(disagreements(tables | {"offices": longer})) == 1
    assert disagreements({"offices": longer}) == []


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        ({"staffing": {"breaks": ["07:00-09:00"]}}, "staffing.breaks: 07:00-09:00 is not within staffing.regular"),
        ({"staffing": {"friday_breaks": ["16:00-17:00"]}}, "staffing.friday_breaks: 16:00-17:00 is not within"),
        ({"staffing": {"avoid": ["00:00-12:00", "12:00-24:00"]}}, "staffing.avoid: leaves no time of day at which"),
        (
            {"staffing": {"avoid": ["17:00-23:00"]}, "offices": {"upload": ["19:00-22:00"]}},
            "staffing.avoid: leaves no time of day at which an office of WIB may send",
        ),
        (
            {"demand": {"appointments": {"slot": "11 h", "quota": 1.0}}},
            "demand.appointments.slot: is longer than offices.opening",
        ),
        (
            {"offices": {"closed_on": ["monday", "tuesday", "wednesday"]}},
            "offices.closed_on: the offices are closed on all of the scenario's days",
        ),
        ({"offices": {"known": {"35.07": {"cards": 10}}}}, "tells of blank cards, which nobody counts without"),
        ({"centre": {"background": {"08:00": 0.1, "07:00": 0.1}}}, "background needs its times of day in order"),
        ({"centre": {"background": {"08:00": 1.0}}}, "background leaves no slot"),
        ({"demand": {"mix": {"replacement": 0.5}}}, r"the shares add up to 1\.5"),
    ],
)
def test_keys_that_do_not_go_together_are_told(april: Scenario, tables: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        changed(april, tables)


def test_avoided_hours_outside_those_of_sending_leave_time_enough(april: Scenario) -> None:
    changed(april, {"staffing": {"avoid": ["08:00-18:00"]}, "offices": {"upload": ["18:00-24:00"]}})


# What is known of April 2016 (docs/domain.md)


def test_april_2016_runs_from_monday_4_to_wednesday_6_april_on_javas_clock(april: Scenario) -> None:
    days = [april.moment_at(day * 86_400) for day in range(april.scenario.days)]
    assert [moment.strftime("%A %d %B %Y") for moment in days] == [
        "Monday 04 April 2016",
        "Tuesday 05 April 2016",
        "Wednesday 06 April 2016",
    ]
    assert april.utc_offset_s == Zone.WIB.utc_offset_s


def test_april_2016_upgrades_to_version_5_5_from_monday_to_wednesday(april: Scenario) -> None:
    assert april.upgrade is not None
    assert april.upgrade.to == "5.5"
    assert april.centre.version != april.upgrade.to
    start, end = (
        april.moment_at(april.seconds_at(moment)) for moment in (april.upgrade.start, april.upgrade.expected_end)
    )
    assert (start.strftime("%A"), end.strftime("%A")) == ("Monday", "Wednesday")


def test_april_2016_plays_all_514_offices(april: Scenario) -> None:
    assert set(plan_offices(april)) == set(all_offices())


def test_april_2016_gives_malang_400_applicants_a_day_and_two_printers_of_three_minutes_a_card(april: Scenario) -> None:
    malang = april.offices.known["35.07"]
    assert (malang.arrivals_per_day, malang.printers) == (400, 2)
    assert april.service.printing_s == 180


def test_april_2016_captures_within_five_to_ten_minutes(april: Scenario) -> None:
    assert (april.service.capture.low_s, april.service.capture.high_s) == (300, 600)


def test_april_2016_has_an_evening_shift_from_17_00(april: Scenario) -> None:
    assert april.staffing.evening.start_s == 17 * HOUR_S
    assert april.staffing.evening.end_s >= 20 * HOUR_S


def test_april_2016_names_the_reported_peaks_for_the_charts(april: Scenario) -> None:
    assert [(peak.start_s / HOUR_S, peak.end_s / HOUR_S) for peak in april.centre.peaks] == [(8, 10), (16, 18)]


def busiest_two_hours(arrivals_s: np.ndarray[Any, np.dtype[np.float64]], first: int, last: int) -> int:
    """Give the full hour, between two, that begins the two busiest hours of arrivals."""
    counts, _ = np.histogram(arrivals_s, bins=24, range=(0, 24 * HOUR_S))
    return max(range(first, last), key=lambda hour: int(counts[hour] + counts[hour + 1]))


@pytest.fixture(scope="module")
def arrivals_s(april: Scenario) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Give when the whole nation takes its tickets on the first day, on Java's clock."""
    return np.array([person.arrival_s for person in citizens(april, plan_offices(april), 0)])


def test_april_2016_brings_most_citizens_of_the_morning_from_08_to_10(
    arrivals_s: np.ndarray[Any, np.dtype[np.float64]],
) -> None:
    assert busiest_two_hours(arrivals_s, 0, 12) == 8


def test_april_2016_brings_most_citizens_of_the_afternoon_from_16_to_18(
    arrivals_s: np.ndarray[Any, np.dtype[np.float64]],
) -> None:
    assert busiest_two_hours(arrivals_s, 12, 23) == 16
