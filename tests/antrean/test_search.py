"""The search on two offices: seeded, resumable, within its limits."""

import shutil
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pytest

from antrean.goal import Goal, Limit, read_goal
from antrean.replications import workers
from antrean.search import Optimum, Search
from model.centre import CentreSpec
from model.optimise import Optimise
from model.scenario import Scenario
from model.scenario_file import load
from model.schedules import quick_look

CHOICES = {
    "staffing.evening_share": [0.2, 1.0, 0.1],
    "staffing.evening.end": ["19:00", "23:00", "30 min"],
    "staffing.evening.start": ["15:00", "19:00", "30 min"],
}


@pytest.fixture(scope="module")
def small() -> tuple[Scenario, CentreSpec]:
    return quick_look(load("april-2016"), ["35.07", "91.71"])


@pytest.fixture(scope="module")
def goal(small: tuple[Scenario, CentreSpec]) -> Goal:
    asked = {"choices": CHOICES, "objectives": ["wait_p95", "overtime_h"], "trials": 16, "replications": 1}
    return read_goal(Optimise.model_validate(asked), small[0])


@pytest.fixture(scope="module")
def found(small: tuple[Scenario, CentreSpec], goal: Goal, tmp_path_factory: pytest.TempPathFactory) -> Optimum:
    return _search(small, goal, tmp_path_factory.mktemp("search") / "journal")


def _search(small: tuple[Scenario, CentreSpec], goal: Goal, journal: Path, show: Any = None) -> Optimum:
    search = Search(*small, "as-is", goal, 1, journal)
    return search.run(None, show or (lambda _share, _words: None))


def test_the_front_is_who_is_beaten_by_nobody_that_was_tried(found: Optimum) -> None:
    points = [(each.measures["wait_p95"], each.measures["overtime_h"]) for each in found.tried]
    front = [point for point, each in zip(points, found.tried, strict=True) if each.on_front]
    best = {
        (wait, overtime)
        for wait, overtime in points
        if not any(w <= wait and o <= overtime and (w, o) != (wait, overtime) for w, o in points)
    }
    assert len(front) == len(best)  # of several that come to the same, one
    assert set(front) == best


def test_the_same_seed_finds_the_same_with_any_number_of_processes(
    small: tuple[Scenario, CentreSpec], goal: Goal, found: Optimum, tmp_path: Path
) -> None:
    def run(executor: Executor | None) -> Optimum:
        return Search(*small, "as-is", goal, 1, tmp_path / "journal").run(executor, lambda _share, _words: None)

    with workers(2) as executor:
        assert run(executor) == found


def test_a_search_that_was_interrupted_goes_on_as_if_it_had_not_been(
    small: tuple[Scenario, CentreSpec], goal: Goal, found: Optimum, tmp_path: Path
) -> None:
    told = 0

    def interrupt(_share: float, _words: str) -> None:
        nonlocal told
        told += 1
        if told == 8:
            raise KeyboardInterrupt

    journal = tmp_path / "journal"
    with pytest.raises(KeyboardInterrupt):
        _search(small, goal, journal, interrupt)
    # As if it had also been killed in the middle of a trial.
    Search(*small, "as-is", goal, 1, journal)._study.ask()
    assert _search(small, goal, journal) == found


def test_more_trials_are_added_to_those_that_are_there(
    small: tuple[Scenario, CentreSpec], goal: Goal, found: Optimum, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    few = _search(small, goal._replace(trials=6), journal)
    kept = shutil.copy(journal, tmp_path / "copy")
    assert len(few.tried) + few.impossible <= 6
    assert _search(small, goal, Path(kept)) == found


def test_combinations_that_make_no_scenario_are_counted_and_not_simulated(found: Optimum) -> None:
    # An evening that begins at 19:00 and ends at 19:00.
    assert found.impossible + len(found.tried) <= 16
    assert all(each.values["staffing.evening.start"] < each.values["staffing.evening.end"] for each in found.tried)  # type: ignore[operator] # both are texts


def test_who_breaks_a_limit_is_not_on_the_front(
    small: tuple[Scenario, CentreSpec], goal: Goal, found: Optimum, tmp_path: Path
) -> None:
    waits = sorted(each.measures["wait_p95"] for each in found.tried)
    half = Limit("wait_p95", waits[len(waits) // 2])
    limited = _search(small, goal._replace(limits=[half]), tmp_path / "journal")
    assert [each.kept for each in limited.tried] == [each.measures["wait_p95"] <= half.value for each in limited.tried]
    assert {each.kept for each in limited.tried} == {True, False}
    assert all(each.kept for each in limited.front)


def test_what_it_began_with_is_measured_beside_it(found: Optimum) -> None:
    assert found.reference["cards_a_day"] > 0
    assert set(found.reference) == set(found.tried[0].measures)
