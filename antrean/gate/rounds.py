"""Rounds: the turns of both servers in the order ABBA or BAAB, and the figures of each side in a round."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from antrean.gate.decision import Line, Measure, Verdict, error_of_a_look, judge
from antrean.gate.interval import LEAST_ROUNDS, ratio_bounds
from antrean.gate.turns import Turn
from antrean.verdict import Bounds, Floats, share_bounds
from loadtests.record import LATE_MS
from model.gate import Gate

A, B = "A", "B"
ORDERS = ((A, B, B, A), (B, A, A, B))
FIGURES = ("cpu_per_card_ms", "cpu_in_steps_ms", "throughput_per_s", "median_ms", "p95_ms")


class Round(NamedTuple):
    """A server's two turns in each."""

    number: int
    turns: Mapping[str, Sequence[Turn]]
    reference_s: float
    """CPU-seconds of the reference workload, timed between the rounds."""

    def figures(self, side: str) -> dict[str, float]:
        """Return a side's figures; not a number where nothing was made."""
        turns = self.turns[side]
        cards, wall_s = sum(turn.cards for turn in turns), sum(turn.wall_s for turn in turns)
        latencies_s = [latency_s for turn in turns for latency_s in turn.latencies_s]
        if not cards or not wall_s:
            return dict.fromkeys(FIGURES, math.nan)
        median_s, p95_s = (float(value) for value in np.quantile(latencies_s, (0.5, 0.95)))
        cpu_ms = 1_000 * sum(turn.cpu_s for turn in turns) / cards
        steps_ms = 1_000 * sum(turn.steps_cpu_s for turn in turns) / cards
        return dict(zip(FIGURES, (cpu_ms, steps_ms, cards / wall_s, 1_000 * median_s, 1_000 * p95_s), strict=True))


def orders() -> Iterator[tuple[str, ...]]:
    """Yield the order of each round's turns; a round and the next begin with another side."""
    while True:
        yield from ORDERS


def hidden_figures(first: Round) -> set[str]:
    """Return the figures that cannot be seen of one of the sides, by a round that both have played."""
    figures = [first.figures(side) for side in (A, B)]
    return {figure for figure in FIGURES if not all(math.isfinite(each[figure]) for each in figures)}


def measures_of(gate: Gate, hidden: Collection[str]) -> dict[str, Measure]:
    """Return what is compared with the baseline, by the figure's name; not what is hidden."""
    limits = gate.limits
    all_of_them = {
        "cpu_per_card_ms": limits.cpu_per_card and Measure("cpu per card", "CPU per card", "ms", limits.cpu_per_card),
        "cpu_in_steps_ms": limits.cpu_in_steps and Measure("cpu in steps", "CPU in steps", "ms", limits.cpu_in_steps),
        "throughput_per_s": limits.throughput
        and Measure("throughput", "Throughput", "1/s", limits.throughput, less_is_worse=True, of_clock=True),
        "median_ms": limits.median and Measure("median", "Median", "ms", limits.median, of_clock=True),
        "p95_ms": limits.p95 and Measure("p95", "p95", "ms", limits.p95, of_clock=True),
    }
    return {figure: measure for figure, measure in all_of_them.items() if measure and figure not in hidden}


class Judge:
    """Looks at the rounds, several times; what it has found sure stays."""

    def __init__(self, gate: Gate, dice: np.random.Generator, hidden: Collection[str] = ()) -> None:
        """Judge by these limits, but not figures that are hidden.

        Raises:
            ValueError: there are none.
        """
        self._gate = gate
        self._dice = dice
        self._ratios = measures_of(gate, hidden)
        levels = gate.levels
        self._count = len(self._ratios) + (levels.p95_s is not None) + (levels.errors is not None)
        if not self._count:
            raise ValueError("the scenario has no [gate.limits] that can be judged here; april-2016 has some to copy")
        self._found: dict[str, Line] = {}

    def look(self, rounds: Sequence[Round]) -> list[Line]:
        """Judge what is not sure yet, and return all lines."""
        error = error_of_a_look(self._gate.error, self._count)
        valid = lag_ms(rounds) <= LATE_MS
        for line in [*self._against_baseline(rounds, error), *self._against_levels(rounds, error)]:
            if line.measure.of_clock and not valid:
                line = line._replace(verdict=Verdict.CANNOT_TELL)
            before = self._found.get(line.measure.name)
            if before is None or before.verdict is Verdict.CANNOT_TELL:
                self._found[line.measure.name] = line
        return list(self._found.values())

    def _against_baseline(self, rounds: Sequence[Round], error: float) -> Iterator[Line]:
        for figure, measure in self._ratios.items():
            a, b = (_column(rounds, side, figure) for side in (A, B))
            both = np.isfinite(a) & np.isfinite(b) & (a > 0) & (b > 0)
            if both.sum() < LEAST_ROUNDS:
                continue
            bounds = ratio_bounds(np.log(b[both] / a[both]), error, self._dice)
            yield _line(measure, float(np.median(a[both])), float(np.median(b[both])), bounds, len(rounds))

    def _against_levels(self, rounds: Sequence[Round], error: float) -> Iterator[Line]:
        levels = self._gate.levels
        if levels.p95_s is not None:
            p95_ms = _column(rounds, B, "p95_ms")
            p95_ms = p95_ms[np.isfinite(p95_ms)]
            measure = Measure("p95 level", f"p95 within {levels.p95_s:g} s", "ms", 1.0, of_clock=True)
            if len(p95_ms) >= LEAST_ROUNDS:
                bounds = ratio_bounds(np.log(p95_ms / (1_000 * levels.p95_s)), error, self._dice)
                yield _line(measure, None, float(np.median(p95_ms)), bounds, len(rounds))
        if levels.errors is not None:
            failed, sent = (np.array(counts, dtype=np.float64) for counts in _counts(rounds))
            bounds = share_bounds(failed, sent, error, error)
            measure = Measure("errors level", "Failed packets", "", levels.errors)
            # That few fail is not shown by few packets; what counts is whether more than may fail surely do.
            verdict = Verdict.REGRESSED if bounds.low > levels.errors else Verdict.CANNOT_TELL
            if bounds.estimate <= levels.errors:
                verdict = Verdict.SAME
            yield Line(measure, None, bounds.estimate, bounds, verdict, len(rounds))


def lag_ms(rounds: Sequence[Round]) -> float:
    """Return how late the generator was, p99 of the turns' worst."""
    late_s = [turn.lag_s for each in rounds for turns in each.turns.values() for turn in turns]
    return 1_000 * float(np.quantile(late_s, 0.99)) if late_s else 0.0


def turns_frame(rounds: Sequence[Round]) -> pl.DataFrame:
    """Return a row a turn, its latencies as a list."""
    return pl.DataFrame(
        [
            {"round": each.number, "side": side, "turn": number, "reference_s": each.reference_s}
            | turn._asdict()
            | {"latencies_s": list(turn.latencies_s)}
            for each in rounds
            for side, turns in each.turns.items()
            for number, turn in enumerate(turns)
        ]
    )


def _line(measure: Measure, a: float | None, b: float, bounds: Bounds, rounds: int) -> Line:
    return Line(measure, a, b, bounds, judge(bounds, measure), rounds)


def _column(rounds: Sequence[Round], side: str, figure: str) -> Floats:
    return np.array([each.figures(side)[figure] for each in rounds])


def _counts(rounds: Sequence[Round]) -> tuple[list[int], list[int]]:
    """How many of B's packets failed, and how many were sent, a round."""
    failed = [sum(turn.failed for turn in each.turns[B]) for each in rounds]
    return failed, [lost + sum(turn.cards for turn in each.turns[B]) for lost, each in zip(failed, rounds, strict=True)]
