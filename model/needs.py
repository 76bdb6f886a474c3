"""Needs: what each citizen's own draws mean in a scenario; draws are quantiles, and longer is longer for everybody."""

import math

import numpy as np
from numpy.typing import NDArray

from model.errands import NEEDS, Errand
from model.scenario import Scenario
from model.service import Spread
from model.stages import Stage

Floats = NDArray[np.float64]


def drawn_errands(scenario: Scenario, chances: Floats) -> list[Errand]:
    """Return what everybody comes for, by the shares of the scenario's mix."""
    errands = list(Errand)
    shares = scenario.demand.mix.shares
    bounds = np.cumsum([shares[errand] for errand in errands])
    # Sums of shares may miss 1 by a rounding, which must not give anybody an errand that has no share.
    bounds[max(index for index, errand in enumerate(errands) if shares[errand]) :] = 1.0
    return [errands[index] for index in np.searchsorted(bounds, chances, side="right").tolist()]


def counter_times_s(scenario: Scenario, errands: list[Errand], chances: Floats) -> list[float]:
    """Return how long everybody is served at the counter: a capture, or a look at papers."""
    service = scenario.service
    captures = _quantile_s(service.capture, chances).tolist()
    papers = _quantile_s(service.papers, chances).tolist()
    return [
        capture if NEEDS[errand].capture else paper
        for errand, capture, paper in zip(errands, captures, papers, strict=True)
    ]


def _quantile_s(spread: Spread, share: Floats) -> Floats:
    """The duration below which a share of the triangular distribution lies."""
    low, mode, high = spread.low_s, spread.mode_s, spread.high_s
    until_mode = (mode - low) / (high - low)
    rising = low + np.sqrt(share * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - share) * (high - low) * (high - mode))
    quantile: Floats = np.where(share < until_mode, rising, falling)
    return quantile


def patience_s(scenario: Scenario, chances: Floats) -> list[float]:
    """Return how long everybody waits for a counter before leaving, infinity where nobody leaves."""
    mean_s = scenario.demand.patience_s
    patience: list[float] = (np.full_like(chances, np.inf) if mean_s is None else -mean_s * np.log1p(-chances)).tolist()
    return patience


def decisions_s(scenario: Scenario, errands: list[Errand], chances: Floats) -> list[float]:
    """Return how long an adjudicator takes for everybody's record, 0 for no decision; `chances` are two a person."""
    adjudication = scenario.centre.adjudication
    if adjudication is None:
        return [0.0] * len(errands)
    return [
        -adjudication.decision_s * math.log1p(-length)
        if chance < adjudication.share and Stage.MATCHING in NEEDS[errand].stages
        else 0.0
        for errand, (chance, length) in zip(errands, chances.tolist(), strict=True)
    ]
