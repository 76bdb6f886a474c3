"""Comparing a measured day with its prediction: errors, the distance of the waits, and whether intervals hold it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from scipy import stats

from antrean.validation.bands import (
    COMPARED,
    STAGES,
    Floats,
    by_band,
    centre_times_s,
    hours_of,
    stage_times_s,
    waits_s,
)
from model.streams import stream

WITHIN = 0.90
"""The share of days that the prediction's intervals are meant to hold."""
RESAMPLES = 200
GOALS = {"throughput": 0.03, "wait_median_s": 0.10, "wait_p95_s": 0.15}
"""How far off a prediction may be, relatively."""
COVERAGE_GOAL = (0.80, 0.97)
_PAIRS_KEPT = 4000
"""Waits that a resample of the distance is drawn from: enough for three digits."""


class Pair(NamedTuple):
    """A figure as it was measured and as it was predicted."""

    measured: float
    predicted: float

    @property
    def error(self) -> float:
        """How far the prediction is off, relative to what was measured."""
        return self.predicted / self.measured - 1 if self.measured else float("nan")

    @property
    def words(self) -> str:
        """The error for people, "-6 %"; "-" where there is nothing for it to be relative to."""
        return "-" if math.isnan(self.error) else f"{round(100 * self.error):+d} %"


class Comparison(NamedTuple):
    """A day against its prediction; waits in scenario seconds, times in the centre and the stages in wall seconds."""

    figures: dict[str, Pair]
    """throughput (cards handed over while citizens still came), wait_median_s, wait_p95_s, centre_p50_s, centre_p95_s,
    and the mean stay in each stage, queue and service together, as STAGE_mean_s."""
    distance_s: tuple[float, float, float]
    """Wasserstein-1 distance between the waits: the mean wait that one day would have to be moved by to become the
    other; value and 95% interval."""
    mean_wait_s: float
    """The measured mean wait, to hold the distance against."""
    coverage: dict[str, float]
    """Share of the hours in which the prediction interval held what was measured, by `COMPARED` and "all"."""
    bands: pl.DataFrame
    """A row an hour: hour, and for each of `COMPARED` as measured, NAME_low, NAME_middle and NAME_high."""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "figures": {name: {**pair._asdict(), "error": pair.error} for name, pair in self.figures.items()},
            "wasserstein_s": list(self.distance_s),
            "mean_wait_s": self.mean_wait_s,
            "coverage": self.coverage,
            "bands": self.bands.to_dicts(),
        }


def compare(
    measured: pl.DataFrame,
    predicted: Sequence[pl.DataFrame],
    end_s: float,
    speedup: float,
    seed: int,
) -> Comparison:
    """Compare a measured day with simulated ones.

    Args:
        measured: its events.
        predicted: simulated days of the same citizens, each with another draw of the calibration and other chance in
            the centre.
        end_s: when the day's last evening ends; who has no card by then has waited until then.
        speedup: brings the centre's times back to its own clock.
        seed: of the resampling.
    """
    waits = waits_s(measured, end_s)
    predicted_waits = np.concatenate([waits_s(day, end_s) for day in predicted])
    bands = _bands(measured, predicted)
    return Comparison(
        _figures(measured, predicted, waits, predicted_waits, speedup),
        _distance_s(waits, predicted_waits, seed),
        float(waits.mean()),
        _coverage(bands),
        bands,
    )


def _figures(
    measured: pl.DataFrame, days: Sequence[pl.DataFrame], waits: Floats, predicted: Floats, speedup: float
) -> dict[str, Pair]:
    last_arrival_s = float(measured.filter(pl.col("stage") == "arrival")["entered_s"].to_numpy().max())
    cards = [_cards_until(day, last_arrival_s) for day in days]
    figures = {
        "throughput": Pair(_cards_until(measured, last_arrival_s), float(np.mean(cards))),
        "wait_median_s": Pair(float(np.median(waits)), float(np.median(predicted))),
        "wait_p95_s": Pair(float(np.quantile(waits, 0.95)), float(np.quantile(predicted, 0.95))),
    }
    centre, predicted_centre = centre_times_s(measured), np.concatenate([centre_times_s(day) for day in days])
    for name, share in (("centre_p50_s", 0.5), ("centre_p95_s", 0.95)):
        quantiles = (float(np.quantile(times, share)) / speedup for times in (centre, predicted_centre))
        figures[name] = Pair(*quantiles)
    stays = [stage_times_s(day) for day in days]
    for stage, times in stage_times_s(measured).items():
        mean_s = float(np.mean(np.concatenate([stay[stage] for stay in stays])))
        figures[f"{stage}_mean_s"] = Pair(float(times.mean()) / speedup, mean_s / speedup)
    return figures


def _cards_until(events: pl.DataFrame, moment_s: float) -> float:
    handed = (pl.col("stage") == "handover") & (pl.col("outcome") == "CARD_ISSUED") & (pl.col("finished_s") <= moment_s)
    return float(events.filter(handed).height)


def _distance_s(measured: Floats, predicted: Floats, seed: int) -> tuple[float, float, float]:
    """The distance and its interval by resampling both sides; resamples of equal days differ too, so it is never 0."""
    dice = stream(seed, 0, "wasserstein")
    shown = predicted if len(predicted) <= _PAIRS_KEPT else dice.choice(predicted, _PAIRS_KEPT, replace=False)
    resampled = [
        stats.wasserstein_distance(dice.choice(measured, len(measured)), dice.choice(shown, len(shown)))
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(resampled, (0.025, 0.975))
    value = float(stats.wasserstein_distance(measured, predicted))
    return value, min(value, float(low)), max(value, float(high))


def _bands(measured: pl.DataFrame, days: Sequence[pl.DataFrame]) -> pl.DataFrame:
    hours = hours_of(measured)
    table = by_band(measured, hours)
    possible = [by_band(day, hours) for day in days]
    columns: dict[str, Floats] = {}
    for name in COMPARED:
        spread = np.array([day[name].cast(pl.Float64).to_numpy() for day in possible])
        columns[f"{name}_middle"] = _quantile(spread, 0.5)
        columns[f"{name}_low"] = _quantile(spread, (1 - WITHIN) / 2)
        columns[f"{name}_high"] = _quantile(spread, (1 + WITHIN) / 2)
    return table.with_columns(pl.Series(name, values).fill_nan(None) for name, values in columns.items())


def _quantile(days: Floats, share: float) -> Floats:
    """Quantiles over the days of each hour; not a number where no day has a value."""
    known = [column[~np.isnan(column)] for column in days.T]
    return np.array([np.quantile(column, share) if len(column) else np.nan for column in known])


def _coverage(bands: pl.DataFrame) -> dict[str, float]:
    """The share of hours whose interval holds what was measured, of those in which there was something to measure."""
    held: dict[str, tuple[int, int]] = {}
    for name in COMPARED:
        busy = bands.filter(
            ((pl.col("arrivals") > 0) | (pl.col("cards") > 0) | (pl.col("waiting") > 0))
            & pl.col(name).is_not_null()
            & pl.col(f"{name}_low").is_not_null()
        )
        inside = busy.filter(pl.col(name).is_between(pl.col(f"{name}_low"), pl.col(f"{name}_high")))
        held[name] = (inside.height, busy.height)
    shares = {name: inside / hours for name, (inside, hours) in held.items() if hours}
    inside, hours = (sum(part) for part in zip(*held.values(), strict=True))
    return shares | ({"all": inside / hours} if hours else {})


def farthest_stage(comparison: Comparison) -> str:
    """Return the stage whose mean stay is predicted worst, by the time that it adds to a wait or takes from it."""
    stays = {stage: comparison.figures[f"{stage}_mean_s"] for stage in STAGES}
    return max(stays, key=lambda stage: abs(stays[stage].predicted - stays[stage].measured))


def verdict(comparison: Comparison, goals: Mapping[str, float] = GOALS) -> str:
    """Say in a sentence or two whether the prediction is as close as it should be, and where it is not."""
    names = {"throughput": "throughput", "wait_median_s": "the median wait", "wait_p95_s": "the p95 wait"}
    said: list[str] = []
    failed: list[str] = []
    for name, goal in goals.items():
        error = comparison.figures[name].error
        words = f"{names[name]} is off by {round(100 * error):+d}% (goal {100 * goal:.0f}%)"
        (said if abs(error) <= goal else failed).append(words)
    share = comparison.coverage["all"]
    words = (
        f"{100 * share:.0f}% of the hours' figures lie within the {100 * WITHIN:.0f}% intervals "
        f"(goal {100 * COVERAGE_GOAL[0]:.0f} to {100 * COVERAGE_GOAL[1]:.0f}%)"
    )
    (said if COVERAGE_GOAL[0] <= share <= COVERAGE_GOAL[1] else failed).append(words)
    if not failed:
        return f"The twin predicts this day: {'; '.join(said)}."
    met = f" Met: {'; '.join(said)}." if said else ""
    return f"The twin does not predict this day: {'; '.join(failed)}.{met}"
