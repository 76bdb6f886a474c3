"""The live table of a load: what the offices and the server's answers look like while the day goes on."""

from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from antrean.lab import now_s
from loadtests.fleet_state import FleetState
from loadtests.merged import Merged, merge_workers, played_until_s
from model.clock import Clock
from model.scenario import Scenario

LINE_EVERY_S = 5.0
"""On a console that is no terminal."""


class Board:
    """Shows a fleet's state: as a table that changes, or as a line now and then where nothing can change."""

    def __init__(self, console: Console, scenario: Scenario) -> None:
        """Show on `console` while the `with` block lasts."""
        self._console = console
        self._scenario = scenario
        self._live = Live(console=console, refresh_per_second=4) if console.is_terminal else None
        self._merged = merge_workers([], None)
        self._said_s = 0.0
        self._lost: set[str] = set()

    def latest(self) -> Merged:
        """Return what was shown last."""
        return self._merged

    def show(self, state: FleetState, clock: Clock | None) -> None:
        """Show how the fleet stands; `clock` is None before the day begins."""
        self._merged = merge_workers(state["workers"], clock)
        self._tell_lost(state)
        words = self._words(state, clock)
        if self._live:
            self._live.update(Group(Text(words), step_table(self._merged)))
        elif now_s() - self._said_s >= LINE_EVERY_S:
            self._said_s = now_s()
            self._console.print(words, soft_wrap=True)

    def _words(self, state: FleetState, clock: Clock | None) -> str:
        if clock is None:
            return f"{state['connected']} of {state['expected']} workers are there"
        moment = self._scenario.moment_at(played_until_s(state["workers"], clock))
        return f"{moment:%a %H:%M}  {office_words(self._merged)}"

    def _tell_lost(self, state: FleetState) -> None:
        for worker in state["workers"]:
            if worker["lost"] and worker["worker"] not in self._lost:
                self._lost.add(worker["worker"])
                offices = ", ".join(worker["offices"])
                self._console.print(
                    f"! worker {worker['worker']} is lost, and with it the offices {offices}", highlight=False
                )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()


def office_words(merged: Merged) -> str:
    """Say in a line how all offices stand."""
    offices, lag = merged["offices"], merged["dispatch_lag"]
    return (
        f"waiting {sum(office['waiting'] for office in offices)}  inside {merged['citizens']['inside']}  "
        f"cards {merged['citizens']['issued']}  {_away_words(merged)}"
        f"overtime {sum(office['overtime'] for office in offices)} of {len(offices)} offices  "
        f"generator lag p99 {lag['p99_ms']:.1f} ms"
    )


def _away_words(merged: Merged) -> str:
    """Say who went without a card, and what is put off; nothing where there is nobody."""
    offices, citizens = merged["offices"], merged["citizens"]
    away = {
        "left": sum(office["left"] for office in offices),
        "sent home": citizens["sent_home"],
        "to come back": sum(office["to_come_back"] for office in offices),
        "in store": sum(office["in_store"] for office in offices),
    }
    return "".join(f"{name} {number}  " for name, number in away.items() if number)


def step_table(merged: Merged) -> RenderableType:
    """Return the steps' counts and latencies, from the intended start, in milliseconds of wall time."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("step")
    for column in ("count", "failures", "p50 ms", "p95 ms", "p99 ms", "per s"):
        table.add_column(column, justify="right")
    for name, step in merged["steps"].items():
        seen = step["intended"]
        latencies = (f"{seen['p50_ms']:,.1f}", f"{seen['p95_ms']:,.1f}", f"{seen['p99_ms']:,.1f}")
        table.add_row(name, f"{step['count']:,}", f"{step['failures']:,}", *latencies, f"{step['per_s']:.1f}")
    return table
