"""Offices without a line: which they are, when they send, and what becomes of their citizens."""

from typing import Any

import polars as pl
import pytest

from model.centre import national_centre
from model.measures import visits
from model.nation import simulate
from model.offices import Zone, all_offices
from model.offline import OFFICES, Offline
from model.scenario import Scenario
from model.scenario_file import ScenarioError, dump, parse
from model.sending import online_s, sending_s
from model.staffing import office_day, plan_offices
from model.stages import Stage, Status
from model.strategies import changed

H = 3600.0
DAY = 24 * H
MALANG, MAKASSAR = "35.07", "73.71"


def cut(scenario: Scenario, offices: list[str] | int, start_h: float, end_h: float) -> dict[str, Any]:
    start, end = (scenario.moment_at(hours * H) for hours in (start_h, end_h))
    return {"offices": offices, "start": start, "end": end}


def with_cuts(scenario: Scenario, *cuts: dict[str, Any], **tables: Any) -> Scenario:
    offices = {"which": [MALANG, MAKASSAR], "offline": list(cuts)} | tables.pop("offices", {})
    return changed(scenario, {"offices": offices, "upgrade": None} | tables)


def of_malang(events: pl.DataFrame, stage: Stage) -> pl.DataFrame:
    return events.filter((pl.col("stage") == stage) & (pl.col("office") == MALANG))


# Which


def test_there_are_as_many_offices_as_can_be_offline() -> None:
    assert len(all_offices()) == OFFICES


@pytest.mark.parametrize("count", [1, 50, 513, 514])
def test_a_count_takes_so_many_different_offices_over_all_zones(april: Scenario, count: int) -> None:
    entry = Offline.model_validate(cut(april, count, 0, 24))
    hit = [office for office in all_offices().values() if entry.hits(office.code)]
    assert len(hit) == count
    if count >= 50:
        shares = [sum(office.zone is zone for office in hit) / count for zone in Zone]
        nation = [sum(office.zone is zone for office in all_offices().values()) / OFFICES for zone in Zone]
        assert shares == pytest.approx(nation, abs=0.05)


def test_an_entry_is_read_back_as_it_was_written(april: Scenario) -> None:
    scenario = with_cuts(april, cut(april, 50, 8, 32), cut(april, [MALANG], 40, 48))
    assert parse(dump(scenario), "back") == scenario


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (
            "offices = 515",
            "offices.offline[0].offices: input should be less than or equal to 514, not 515; Which: a list",
        ),
        ("offices = 0", "offices.offline[0].offices: input should be greater than or equal to 1, not 0; Which: a list"),
        ("offices = []", "offices.offline[0].offices: list should have at least 1 item after validation, not 0"),
        ('offices = ["35.07", "35.07"]', "offices.offline[0].offices: names 35.07 more than once"),
        ('offices = ["35.0"]', "offices.offline[0].offices[0]: there is no office '35.0'; did you mean"),
        ('offices = "all"', "offices.offline[0].offices: input should be a valid integer, not 'all'; Which: a list"),
        ("", "offices.offline[0].offices: is missing; Which: a list"),
    ],
)
def test_what_cannot_be_offline_is_told_with_its_number(april_toml: str, entry: str, problem: str) -> None:
    lasting = "start = 2016-04-04T10:00:00+07:00\nend = 2016-04-04T11:00:00+07:00"
    told = problems_of(april_toml, f"{entry}\n{lasting}")
    assert len(told) == 1
    assert told[0].startswith(problem)


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        ("2016-04-04T10:00:00+07:00", "2016-04-04T10:00:00+07:00", "offices.offline[0]: end must come after start"),
        ("2016-04-04T10:00:00", "2016-04-04T11:00:00Z", "offices.offline[0].start: has no UTC offset"),
        (
            "2016-04-04T10:00:00Z",
            "2016-04-09T10:00:00Z",
            "offices.offline[0]: is not within the scenario's days, 2016-04-04T00:00:00+07:00 to 2016-04-07T00:00",
        ),
    ],
)
def test_when_an_office_cannot_be_offline_is_told(april_toml: str, start: str, end: str, problem: str) -> None:
    (told,) = problems_of(april_toml, f"offices = 5\nstart = {start}\nend = {end}")
    assert told.startswith(problem)


def problems_of(toml: str, entry: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        parse(f"{toml}\n[[offices.offline]]\n{entry}\n", "april")
    return caught.value.problems


# When it sends


def test_a_packet_goes_out_when_the_line_is_back(april: Scenario) -> None:
    scenario = with_cuts(april, cut(april, [MALANG], 8, 32), cut(april, [MALANG], 32, 34), cut(april, [MALANG], 9, 10))
    malang, makassar = all_offices()[MALANG], all_offices()[MAKASSAR]
    assert [sending_s(scenario, malang, hour * H) / H for hour in (7, 8, 9.5, 33, 34)] == [7, 34, 34, 34, 34]
    assert sending_s(scenario, makassar, 9 * H) == 9 * H
    assert online_s(scenario, malang, 9 * H) == 34 * H


def test_the_line_and_the_hours_of_sending_hold_at_once(april: Scenario) -> None:
    """The line is back at 14, when the offices keep their packets until 20; then it is down once more until 21."""
    keeping = {"upload": ["20:00-24:00"]}
    scenario = with_cuts(april, cut(april, 514, 8, 14), cut(april, 514, 19, 21), offices=keeping)
    assert sending_s(scenario, all_offices()[MALANG], 9 * H) == 21 * H


# What becomes of its citizens


def test_offline_offices_capture_all_day_and_send_everything_when_the_line_is_back(april: Scenario) -> None:
    scenario = with_cuts(april, cut(april, [MALANG], 0, 33))
    events, normal = (simulate(each, national_centre(each), 2) for each in (scenario, with_cuts(april)))
    on_first_day = pl.col("finished_s") < 24 * H
    captured = of_malang(events, Stage.CAPTURE).filter(on_first_day)
    # Nobody waits for a receipt, so that the counters are, if anything, quicker than on a normal day.
    assert captured.height == of_malang(normal, Stage.CAPTURE).filter(on_first_day).height > 300
    sent = of_malang(events, Stage.SUBMISSION)
    assert sent["started_s"].to_numpy().min() == 33 * H
    assert (sent["started_s"] == 33 * H).sum() > 300
    assert sent.height == of_malang(normal, Stage.SUBMISSION).height


def test_nobody_waits_in_an_office_whose_line_is_down(april: Scenario) -> None:
    scenario = with_cuts(april, cut(april, [MALANG], 0, 33))
    events = simulate(scenario, national_centre(scenario), 3)
    opens_s = [office_day(scenario, all_offices()[MALANG], day).opens_s for day in range(3)]
    journeys = visits(events).filter((pl.col("office") == MALANG) & (pl.col("arrived_s") < 24 * H))
    assert journeys["left_s"].null_count() == 0
    # They come another day, at the time of day at which they first came.
    came_s, left_s = (journeys[name].to_numpy() for name in ("arrived_s", "left_s"))
    assert set((left_s - came_s).round(3)) <= {DAY, 2 * DAY}
    assert (left_s >= opens_s[1]).all()


def test_the_window_learns_nothing_while_the_line_is_down(april: Scenario) -> None:
    """Records that were at the centre when the line went down are heard of when it is back; ready cards are printed."""
    scenario = with_cuts(april, cut(april, [MALANG], 10, 26), centre={"slots": 1})
    spec = national_centre(scenario)._replace(stage_s=dict.fromkeys(national_centre(scenario).stage_s, 60.0))
    events = simulate(scenario, spec, 3)
    centre_ended = pl.col("outcome") == Status.SENT_FOR_CARD_PRINTING
    decided = events.filter(
        centre_ended & (pl.col("office") == MALANG) & pl.col("finished_s").is_between(10 * H, 26 * H)
    )
    assert decided.height
    printed = of_malang(events, Stage.PRINTING).filter(pl.col("citizen").is_in(decided["citizen"].implode()))
    assert printed["entered_s"].to_numpy().min() >= 26 * H
    # Printing goes on with what the office knew before.
    assert of_malang(events, Stage.PRINTING)["finished_s"].is_between(10 * H, 11 * H).any()


def test_cards_of_people_who_are_not_there_are_ordered_when_the_line_is_back(april: Scenario) -> None:
    scenario = with_cuts(april, cut(april, [MALANG], 0, 33), demand={"batch_cards": "9000/day"})
    events = simulate(scenario, national_centre(scenario), 2)
    batch = events.filter(pl.col("citizen").str.contains("batch") & (pl.col("office") == MALANG))
    assert batch["entered_s"].to_numpy().min() >= 33 * H


def test_a_packet_that_cannot_be_sent_today_keeps_nobody_in_the_office(april: Scenario) -> None:
    """The hours of sending end before the line goes: who is told so in the morning does not wait until tomorrow."""
    scenario = with_cuts(april, cut(april, [MALANG], 12, 20), offices={"upload": ["14:00-18:00"]})
    events = simulate(scenario, national_centre(scenario), 2)
    came = pl.col("arrived_s").is_between(8 * H, 9 * H) & (pl.col("office") == MALANG)
    early = visits(events).filter(came)["citizen"]
    handed = of_malang(events, Stage.HANDOVER).filter(pl.col("citizen").is_in(early.implode()))
    plan = plan_offices(scenario)[MALANG]
    assert handed.height == 0 or handed["finished_s"].to_numpy().min() > office_day(scenario, plan.office, 1).opens_s
