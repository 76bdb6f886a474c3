"""Change points: from which run on a measure is another one, found by E-divisive means.

Matteson and James, A Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data, JASA 2014; it is
what MongoDB and Apache Otava use for performance histories. The series is split where the energy distance between what
is before and what is after is the largest, and the split stays if shuffled series seldom have one as large.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from antrean.verdict import Floats
from model.streams import stream

LEAST_RUNS = 3
"""On each side of a change: one odd run is no change."""
PERMUTATIONS = 499
SIGNIFICANCE = 0.01


class ChangePoint(NamedTuple):
    """A change of a series."""

    begins: int
    """The number of the first run after it, from 0."""
    ratio: float
    """The median after it, until the next, over the one before."""
    p_value: float


def change_points(series: Sequence[float], least: int = LEAST_RUNS, seed: int = 0) -> list[ChangePoint]:
    """Return the changes of a series, in its order; the same for the same series."""
    values = np.asarray(series, dtype=np.float64)
    dice = stream(seed, 0, "change points")
    found: dict[int, float] = {}
    while True:
        edges = [0, *sorted(found), len(values)]
        index, divergence = _best(values, edges, least)
        if index is None:
            break
        shuffled = sum(
            _best(_shuffled(values, edges, dice), edges, least)[1] >= divergence for _ in range(PERMUTATIONS)
        )
        p_value = (shuffled + 1) / (PERMUTATIONS + 1)
        if p_value > SIGNIFICANCE:
            break
        found[index] = p_value
    edges = [0, *sorted(found), len(values)]
    return [
        ChangePoint(here, float(np.median(values[here:after]) / np.median(values[before:here])), found[here])
        for before, here, after in zip(edges, edges[1:], edges[2:], strict=False)
    ]


def _shuffled(values: Floats, edges: Sequence[int], dice: np.random.Generator) -> Floats:
    """The values, shuffled between each two edges."""
    parts = [dice.permutation(values[start:end]) for start, end in pairwise(edges)]
    return np.concatenate(parts)


def _best(values: Floats, edges: Sequence[int], least: int) -> tuple[int | None, float]:
    """The best split of all segments, and its divergence; none where all are too short."""
    best: tuple[int | None, float] = (None, -np.inf)
    for start, end in pairwise(edges):
        if end - start >= 2 * least:
            divergences = divergence_of_splits(values[start:end], least)
            at = int(np.argmax(divergences.max(axis=1)))
            best = max(best, (start + at + 1, float(divergences[at].max())), key=lambda split: split[1])
    return best


def divergence_of_splits(segment: Floats, least: int) -> Floats:
    """Return the scaled energy distance for every split, a row, of every beginning of the segment, a column.

    Row t - 1, column k - 2 compares the first t values with those from t to k; minus infinity where a side is shorter
    than `least`.
    """
    count = len(segment)
    sums = np.zeros((count + 1, count + 1))
    sums[1:, 1:] = np.abs(segment[:, None] - segment[None, :]).cumsum(axis=0).cumsum(axis=1)
    splits, ends = np.arange(1, count)[:, None], np.arange(2, count + 1)[None, :]
    before, after = splits, ends - splits
    between = sums[splits, ends] - sums[splits, splits]
    # Each pair within a side stands in the sums twice.
    within_before = sums[splits, splits] / 2
    within_after = (sums[ends, ends] - sums[splits, ends] - sums[ends, splits] + sums[splits, splits]) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        divergence = (2 / ends) * (
            between
            - np.where(before > 1, after / (before - 1) * within_before, 0.0)
            - np.where(after > 1, before / (after - 1) * within_after, 0.0)
        )
    possible: Floats = np.where((before >= least) & (after >= least), divergence, -np.inf)
    return possible
