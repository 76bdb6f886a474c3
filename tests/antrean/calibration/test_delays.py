"""Delays, from days whose delays are known: the simulation made them."""

import polars as pl
import pytest

from antrean.calibration.delays import of_events
from model.centre import Delays
from model.compression import window_interval_s
from model.nation import simulate
from model.scenario import Scenario
from model.strategies import without_upgrade
from tests.antrean.validation.days import SPEEDUP, centre, lab

TRUE = Delays(notice_s=12.0, card_s=6.0, tray_s=20.0, look_s=4.0)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return without_upgrade(lab())


@pytest.fixture(scope="module")
def day(scenario: Scenario) -> pl.DataFrame:
    # Printers that are not always busy: else none of their notices would be seen.
    return simulate(scenario, centre()._replace(delays=TRUE), 1)


@pytest.mark.parametrize(("what", "within"), [("notice", 0.3), ("card", 0.05), ("tray", 0.25), ("look", 0.01)])
def test_what_offices_wait_for_is_found_again(day: pl.DataFrame, scenario: Scenario, what: str, within: float) -> None:
    found = of_events(day, scenario, "a day").filter(pl.col("what") == what)
    assert found.height > 20
    assert found["delay_s"].to_numpy().mean() * SPEEDUP == pytest.approx(getattr(TRUE, f"{what}_s"), rel=within)
    assert found["session"].unique().to_list() == ["a day"]


def test_what_an_upgrade_costs_offices_is_not_counted(day: pl.DataFrame, scenario: Scenario) -> None:
    noon_s = 12 * 3600.0
    upgraded = day.with_columns(phase=pl.when(pl.col("started_s") > noon_s).then(pl.lit("index")).otherwise("phase"))
    found = of_events(upgraded, scenario, "a day")
    assert found["moment_s"].to_numpy().max() * SPEEDUP <= noon_s + window_interval_s(scenario)
