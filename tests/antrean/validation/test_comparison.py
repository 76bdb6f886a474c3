import math

import polars as pl
import pytest

from antrean.validation.comparison import Comparison, Pair, compare, verdict
from model.nation import simulate
from model.strategies import without_upgrade
from tests.antrean.validation.days import SPEEDUP, centre, lab

END_S = 23 * 3600.0


@pytest.fixture(scope="module")
def days() -> list[pl.DataFrame]:
    """Give simulated days of the same citizens."""
    return [simulate(without_upgrade(lab()), centre(), 1, work_replication=chance) for chance in range(1, 7)]


@pytest.fixture(scope="module")
def even(days: list[pl.DataFrame]) -> Comparison:
    return compare(days[0], days, END_S, SPEEDUP, seed=1)


def later(day: pl.DataFrame, by_s: float) -> pl.DataFrame:
    """Let everybody get the card so much later."""
    moved = pl.when(pl.col("stage") == "handover").then(pl.col("finished_s") + by_s).otherwise("finished_s")
    return day.with_columns(finished_s=moved)


def test_a_day_is_predicted_by_days_like_it(even: Comparison) -> None:
    for name in ("throughput", "wait_median_s", "wait_p95_s"):
        assert abs(even.figures[name].error) < 0.1
    # Six days, of which the measured one may well be the fastest or the slowest.
    assert even.coverage["all"] > 0.6
    assert even.distance_s[1] <= even.distance_s[0] <= even.distance_s[2]
    assert even.distance_s[0] < 0.05 * even.mean_wait_s


def test_a_delay_of_everybody_is_the_distance_of_the_waits(days: list[pl.DataFrame]) -> None:
    found = compare(later(days[0], 1800.0), days, END_S, SPEEDUP, seed=1)
    assert found.distance_s[0] == pytest.approx(1800.0, rel=0.06)
    assert found.distance_s[1] > 1500.0
    assert found.figures["wait_median_s"].measured - found.figures["wait_median_s"].predicted > 1200.0
    assert found.coverage["cards"] < 0.5
    assert "does not predict this day" in verdict(found)


def test_the_same_seed_gives_the_same_figures(days: list[pl.DataFrame], even: Comparison) -> None:
    again = compare(days[0], days, END_S, SPEEDUP, seed=1)
    assert again.as_json() == even.as_json()


def test_the_verdict_says_what_is_off_and_what_is_not(even: Comparison) -> None:
    figures = even.figures | {
        "throughput": Pair(100.0, 101.0),
        "wait_median_s": Pair(100.0, 88.0),
        "wait_p95_s": Pair(100.0, 114.0),
    }
    words = verdict(even._replace(figures=figures, coverage={"all": 0.9}))
    assert words.startswith("The twin does not predict this day: the median wait is off by -12% (goal 10%).")
    assert "Met: throughput is off by +1% (goal 3%); the p95 wait is off by +14% (goal 15%); 90% of the hours'" in words
    figures["wait_median_s"] = Pair(100.0, 91.0)
    assert verdict(even._replace(figures=figures, coverage={"all": 0.9})).startswith("The twin predicts this day")
    wide = verdict(even._replace(figures=figures, coverage={"all": 1.0}))
    assert "does not predict this day: 100% of the hours' figures lie within" in wide


def test_an_error_is_relative_to_what_was_measured() -> None:
    assert Pair(50.0, 60.0).error == pytest.approx(0.2)
    assert math.isnan(Pair(0.0, 1.0).error)
