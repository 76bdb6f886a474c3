"""Printing as the simulation has it and as the load side plays it on a real server: the same cards on the same day.

People come in two waves, hours apart, and what decides lies between them: a delay of the machine changes nothing.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from antrean.lab import Lab, open_lab
from model.arrivals import citizens
from model.centre import national_centre
from model.nation import simulate
from model.scenario import Scenario
from model.scenario_file import load
from model.staffing import plan_offices
from model.stages import Stage
from model.strategies import changed
from model.units import HOUR_S
from tests.loadtests.lab import Run

MALANG = "35.07"
WAVES = {"08:00": 1.0, "09:00": 1.0, "09:01": 0.0, "12:59": 0.0, "13:00": 1.0, "14:00": 1.0}
LOCUST_STARTS_IN_S = 5.0
"""Or the first wave is late on a busy machine."""
BETWEEN_S = 11 * HOUR_S


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """Give one office whose twenty or so citizens come from 08:00 to 09:00 and from 13:00 to 14:00."""
    april = load("april-2016")
    # Another curve, and not a few more points on the old one.
    in_waves = april.model_copy(update={"demand": april.demand.model_copy(update={"curve": WAVES})})
    return changed(
        in_waves,
        {
            "upgrade": None,
            "offices": {"which": [MALANG], "opening": "08:00-14:00"},
            "demand": {"volume": 0.06, "duplicates": 0.0},
            "staffing": {"regular": "08:00-14:00", "evening": "14:00-16:00"},
            "centre": {"residents": 10},
            "load": {"speedup": 1800.0},
        },
    )


@pytest.fixture(scope="module")
def lab(scenario: Scenario, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with open_lab(tmp_path_factory.mktemp("logs"), postgres) as lab:
        lab.seed(scenario, plan_offices(scenario))
        yield lab


def printed(events: pl.DataFrame) -> dict[str, float]:
    """Return when each card was begun."""
    of_printing = events.filter(pl.col("stage") == Stage.PRINTING)
    return dict(of_printing.select("citizen", "started_s").iter_rows())


def played(lab: Lab, scenario: Scenario, folder: Path) -> dict[str, float]:
    plans = plan_offices(scenario)
    with lab.server("printing", plans, scenario.service.printing_s / scenario.load.speedup) as server:
        opens_wall_s = time.time() + LOCUST_STARTS_IN_S
        run = Run(folder, scenario, server.url, keys_file=server.keys_file, origin_wall_s=opens_wall_s)
        run.finish(60)
        assert run.summary()["failed_requests"]["count"] == 0
        return printed(server.events(run.clock))


def simulated(scenario: Scenario) -> dict[str, float]:
    return printed(simulate(scenario, national_centre(scenario), days=1))


def waves(scenario: Scenario) -> tuple[list[str], list[str]]:
    crowd = citizens(scenario, plan_offices(scenario), 0)
    first = [citizen.name for citizen in crowd if citizen.arrival_s < BETWEEN_S]
    second = [citizen.name for citizen in crowd if citizen.arrival_s >= BETWEEN_S]
    assert min(len(first), len(second)) >= 5
    return first, second


def test_the_same_cards_are_printed_before_blanks_run_out(lab: Lab, scenario: Scenario, tmp_path: Path) -> None:
    first, _ = waves(scenario)
    days = len(first) / plan_offices(scenario)[MALANG].arrivals_per_day
    scenario = changed(scenario, {"offices": {"cards": {"stock": days}}})
    assert plan_offices(scenario)[MALANG].cards == len(first)
    assert set(simulated(scenario)) == set(first)
    assert set(played(lab, scenario, tmp_path)) == set(first)


def test_the_same_cards_are_held_for_the_batch(lab: Lab, scenario: Scenario, tmp_path: Path) -> None:
    tables = {"offices": {"batch_printing": ["11:00-12:00"]}, "service": {"waiting_for_card": 0.5}}
    scenario = changed(scenario, tables)
    waits = {citizen.name for citizen in citizens(scenario, plan_offices(scenario), 0) if citizen.waits}
    first, second = waves(scenario)
    expected = {*first, *(name for name in second if name in waits)}
    assert expected != {*first, *second}
    for begun_s in (simulated(scenario), played(lab, scenario, tmp_path)):
        assert set(begun_s) == expected
        assert all(begun_s[name] >= BETWEEN_S for name in first if name not in waits)
