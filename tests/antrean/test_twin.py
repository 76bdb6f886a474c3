"""The calibration recovers what it should from events of a centre whose figures are known."""

import math

import polars as pl
import pytest

from antrean.twin import (
    calibrate,
    calibrate_upgrade,
    calibrated,
    lab_centre,
    lab_periods,
    saturated_rate_per_s,
    standstill_s,
)
from model.centre import CentreSpec, national_centre
from model.nation import simulate
from model.periods import Period
from model.scenario import Scenario
from model.scenario_file import load
from model.stages import CENTRAL_STAGES, Stage
from model.strategies import without_upgrade

SPEEDUP = 100.0
NORMAL = Period(-math.inf, "5.4", "", 1.0)


@pytest.fixture(scope="module")
def lab() -> Scenario:
    scenario = load("april-2016")
    return scenario.model_copy(update={"offices": scenario.offices.model_copy(update={"which": ["35.07", "35.78"]})})


@pytest.fixture(scope="module")
def truth() -> CentreSpec:
    """Give a centre that two offices of 400 citizens a day fill to about 0.7 in the peak."""
    stage_s = {Stage.VALIDATION: 10.0, Stage.MATCHING: 20.0, Stage.PERSONALISATION: 30.0}
    return CentreSpec(
        slots=2,
        submission_s=5.0,
        stage_s=stage_s,
        notice_s=dict.fromkeys(stage_s, 2.0),
        variation=0.4,
        periods=(NORMAL,),
    )


@pytest.fixture(scope="module")
def normal(lab: Scenario, truth: CentreSpec) -> pl.DataFrame:
    return simulate(without_upgrade(lab), truth, days=1)


def test_calibration_recovers_the_stages_and_their_variation(normal: pl.DataFrame, truth: CentreSpec) -> None:
    found = calibrate(normal, truth.capacity_per_s * SPEEDUP, slots=2, speedup=SPEEDUP)
    back = lab_centre(found, SPEEDUP, (NORMAL,))
    assert back.capacity_per_s == pytest.approx(truth.capacity_per_s)
    assert back.submission_s == pytest.approx(truth.submission_s)
    for stage in CENTRAL_STAGES:
        assert back.stage_s[stage] == pytest.approx(truth.stage_s[stage], rel=0.05)
    assert back.variation == pytest.approx(truth.variation, rel=0.08)


def test_the_upgrades_cost_is_recovered_from_the_rate_in_saturation(
    lab: Scenario, truth: CentreSpec, normal: pl.DataFrame
) -> None:
    start_s, still_s = 7 * 3600.0, (15 * 3600.0, 15.5 * 3600.0)
    periods = (
        NORMAL,
        Period(start_s, "5.4", "upgrade", 2.5),
        Period(still_s[0], "5.4", "standstill", math.inf),
        Period(still_s[1], "5.5", "", 1.2),
    )
    upgraded = simulate(lab, truth._replace(periods=periods), days=1)
    seen_s = standstill_s(upgraded, lab)
    assert seen_s == pytest.approx(still_s, abs=300)
    usual = calibrate(normal, truth.capacity_per_s * SPEEDUP, slots=2, speedup=SPEEDUP)
    found = calibrate_upgrade(usual, normal, upgraded, start_s, still_s, SPEEDUP)
    assert found.slowdown_during == pytest.approx(2.5, rel=0.05)
    assert found.slowdown_after == pytest.approx(1.2, rel=0.08)
    assert [period.slowdown for period in lab_periods(lab, found, start_s, seen_s)] == pytest.approx(
        [1.0, found.slowdown_during, math.inf, found.slowdown_after]
    )


def test_the_notice_of_idle_servers_is_recovered(normal: pl.DataFrame, truth: CentreSpec) -> None:
    found = calibrate(normal, truth.capacity_per_s * SPEEDUP, slots=2, speedup=SPEEDUP)
    assert {stage: s * SPEEDUP for stage, s in found.notice_s.items()} == pytest.approx(truth.notice_s, rel=0.2)


def test_a_day_that_never_saturates_says_nothing_about_the_rate(normal: pl.DataFrame) -> None:
    assert saturated_rate_per_s(normal, 0.0, 6 * 3600.0, in_system=8) is None


def test_a_stage_without_visits_is_an_error_that_names_it(normal: pl.DataFrame) -> None:
    without = normal.filter(pl.col("stage") != Stage.MATCHING)
    with pytest.raises(ValueError, match="matching"):
        calibrate(without, 1.0, slots=2, speedup=SPEEDUP)


def test_the_nation_gets_the_measured_proportions_and_costs(normal: pl.DataFrame, truth: CentreSpec) -> None:
    scenario = load("april-2016")
    found = calibrate(normal, truth.capacity_per_s * SPEEDUP, slots=2, speedup=SPEEDUP)
    nation = calibrated(scenario, found._replace(slowdown_during=2.0, slowdown_after=1.3))
    spec = national_centre(nation)
    shares = [spec.stage_s[stage] / sum(spec.stage_s.values()) for stage in CENTRAL_STAGES]
    assert shares == pytest.approx([1 / 6, 2 / 6, 3 / 6], rel=0.05)
    assert [period.slowdown for period in spec.periods] == [1.0, 2.0, 1.3]


def test_a_login_costs_as_many_records_as_before(normal: pl.DataFrame, truth: CentreSpec) -> None:
    scenario = load("login-storm")
    found = calibrate(normal, truth.capacity_per_s * SPEEDUP, slots=2, speedup=SPEEDUP)
    before, after = national_centre(scenario), national_centre(calibrated(scenario, found))
    assert after.login_s / sum(after.stage_s.values()) == pytest.approx(before.login_s / sum(before.stage_s.values()))
    assert before.login_s / sum(before.stage_s.values()) == pytest.approx(2.0)
