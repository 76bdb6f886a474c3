import io
import time

import pytest
from rich.console import Console

from antrean.load_table import Board, office_words, step_table
from loadtests.fleet_state import FleetState
from loadtests.merged import COUNTS, Merged
from loadtests.news import OfficeFigures, Requests
from model.clock import Clock
from model.scenario_file import load
from tests.antrean.test_load_metrics import merged


def state(*, lost: bool, connected: int = 1) -> FleetState:
    return FleetState(
        expected=2,
        connected=connected,
        opens_wall_s=None,
        over=False,
        workers=[
            {
                "worker": "vm_1",
                "offices": ["35.07", "35.73"],
                "over": False,
                "lost": lost,
                "figures": merged()["offices"],
                "requests": Requests(requests=1, failures=0, held_back=0),
                "progress": {},
                "summary": None,
            }
        ],
    )


@pytest.mark.parametrize("terminal", [False, True])
def test_a_lost_worker_is_told_once_with_its_offices(terminal: bool) -> None:
    shown = io.StringIO()
    clock = Clock(100.0, time.time(), 0.0)
    with Board(Console(file=shown, force_terminal=terminal, width=160), load("april-2016")) as board:
        board.show(state(lost=False), None)
        board.show(state(lost=True), clock)
        board.show(state(lost=True), clock)
    # A terminal's table shows only how it is now.
    assert terminal or "1 of 2 workers are there" in shown.getvalue()
    assert shown.getvalue().count("worker vm_1 is lost, and with it the offices 35.07, 35.73") == 1


def test_what_was_shown_last_is_there_for_others() -> None:
    with Board(Console(file=io.StringIO()), load("april-2016")) as board:
        assert board.latest()["offices"] == []
        board.show(state(lost=False), None)
        assert board.latest()["offices"][0]["waiting"] == 4


def test_who_went_without_a_card_and_what_is_put_off_is_told_where_there_is_somebody() -> None:
    counts = dict.fromkeys(COUNTS, 0) | {"issued": 7}
    busy = Merged(**(merged() | {"citizens": counts | {"sent_home": 3}}))
    assert "cards 7  left 8  sent home 3  to come back 9  in store 7  overtime 1 of 1 offices" in office_words(busy)
    quiet = OfficeFigures(**(busy["offices"][0] | {"left": 0, "to_come_back": 0, "in_store": 0}))
    calm = Merged(**(busy | {"offices": [quiet], "citizens": counts}))
    assert "cards 7  overtime 1 of 1 offices" in office_words(calm)


def test_the_table_has_a_row_for_each_step() -> None:
    shown = io.StringIO()
    Console(file=shown, width=120).print(step_table(merged()))
    row = next(line for line in shown.getvalue().splitlines() if "submission" in line)
    assert row.split() == ["submission", "10", "3", "250.0", "250.0", "250.0", "1.0"]
