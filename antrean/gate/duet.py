"""The duet: two servers get the same citizens in the same moments of their turns, round by round, until it is decided.

Both servers run all the time and only one has work at a time, so each has the machine for itself and both meet the same
machine: a turn takes a fraction of a second, and a round is A, B, B, A or the other way round.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from antrean.gate.contender import Contender
from antrean.gate.decision import Line, Verdict, looks_after, overall
from antrean.gate.findings import Findings
from antrean.gate.interval import LEAST_ROUNDS
from antrean.gate.reference import reference_cpu_s
from antrean.gate.rounds import A, B, Judge, Round, hidden_figures, lag_ms, orders
from antrean.gate.turns import Desk
from loadtests.people import Packet, People
from loadtests.record import LATE_MS
from loadtests.walk_ins import walk_ins
from model.compression import all_lab_offices
from model.scenario import Scenario
from model.streams import stream

WARM_UP_ROUNDS = 2
"""That are not counted: the first cards load what later ones find loaded."""


class Played(NamedTuple):
    """A duet's rounds and what was decided."""

    rounds: list[Round]
    findings: Findings


ShowRound = Callable[[float, list[Round], list[Line]], None]
"""Is told how much of the time has passed (0 to 1), the rounds and what is known after each."""


class Duet:
    """Two servers that are compared."""

    def __init__(self, scenario: Scenario, a: Contender, b: Contender) -> None:
        """Compare `b` with `a` by the scenario's `[gate]`."""
        self._scenario = scenario
        self._contenders = {A: a, B: b}
        self._people = self._packets(People(scenario))

    def play(self, show: ShowRound, longest_s: float | None = None) -> Played:
        """Play rounds until the decision is sure or `longest_s` have passed, else `[gate] longest`.

        Raises:
            ValueError: the scenario has no limits.
            TimeoutError: a server does not make its cards.
            ProcessError: a process of a server ended.
        """
        gate = self._scenario.gate
        longest_s = gate.longest_s if longest_s is None else longest_s
        rounds: list[Round] = []
        lines: list[Line] = []
        looks = looks_after(LEAST_ROUNDS)
        with ExitStack() as stack:
            desks = {side: Desk(contender, gate.cards) for side, contender in self._contenders.items()}
            for desk in desks.values():
                stack.callback(desk.close)
            hidden = hidden_figures([self._round(0, order, desks) for order in islice(orders(), WARM_UP_ROUNDS)][-1])
            judge = Judge(gate, stream(self._scenario.seed, 0, "gate", "resampling"), hidden)
            began_s = time.monotonic()
            for order in orders():
                rounds.append(self._round(len(rounds), order, desks))
                took_s = time.monotonic() - began_s
                last = len(rounds) == looks[-1] or (took_s > longest_s and len(rounds) >= LEAST_ROUNDS)
                # The look at the end comes in place of the next that was meant.
                if last or len(rounds) in looks:
                    lines = judge.look(rounds)
                show(min(1.0, took_s / longest_s), rounds, lines)
                if last or _decided(lines):
                    break
        return Played(rounds, self._findings(rounds, lines, took_s, "cpu_per_card_ms" not in hidden))

    def _round(self, number: int, order: tuple[str, ...], desks: dict[str, Desk]) -> Round:
        first, second = self._next(), self._next()
        turns = [
            (side, desks[side].play(packets))
            for side, packets in zip(order, (first, first, second, second), strict=True)
        ]
        by_side = {side: [turn for played, turn in turns if played == side] for side in (A, B)}
        return Round(number, by_side, reference_cpu_s(rounds=1))

    def _findings(self, rounds: list[Round], lines: list[Line], took_s: float, with_cpu: bool) -> Findings:
        lag = lag_ms(rounds)
        notes = []
        if lag > LATE_MS:
            notes.append(f"The generator was late (p99 {lag:.0f} ms), so what the clock says is not judged.")
        if not with_cpu:
            notes.append("CPU is not compared: the processes of a server that runs elsewhere are not to be seen.")
        if overall(line.verdict for line in lines) is Verdict.CANNOT_TELL:
            notes.append("More time (--max-time) or a quieter machine would tell, unless a ratio is just at its limit.")
        return Findings(
            title=self._scenario.scenario.title,
            a=self._contenders[A].label,
            b=self._contenders[B].label,
            error=self._scenario.gate.error,
            rounds=len(rounds),
            took_s=took_s,
            lines=lines,
            notes=notes,
        )

    def _packets(self, people: People) -> Iterator[Packet]:
        for citizen in walk_ins(self._scenario, list(self._scenario.load.offices)):
            yield people.packet(citizen)

    def _next(self) -> list[Packet]:
        return list(islice(self._people, self._scenario.gate.cards))


def gate_scenario(scenario: Scenario) -> Scenario:
    """Return the scenario of a duet's servers: the lab's offices and few residents."""
    scenario = all_lab_offices(scenario)
    return scenario.model_copy(
        update={"centre": scenario.centre.model_copy(update={"residents": scenario.gate.residents})}
    )


def logs_of(folder: Path, side: str) -> Path:
    """Return where a side's server writes its logs."""
    return folder / f"server-{side.lower()}"


def _decided(lines: list[Line]) -> bool:
    verdict = overall(line.verdict for line in lines)
    return bool(lines) and (verdict is not Verdict.CANNOT_TELL)
