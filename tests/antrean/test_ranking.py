from pathlib import Path

import pytest

from antrean.experiment import AS_IS
from antrean.ranking import Verdict, dominates
from model.replicate import Interval
from model.selection import Selection
from tests.antrean.rankings import EXPERIMENT, ranked

FOUR = {
    AS_IS: {"wait_p95": 4000.0, "overtime_h": 100.0, "upgrade_h": 58.0},
    "short": {"wait_p95": 2000.0, "overtime_h": 200.0, "upgrade_h": 58.0},
    "nearly": {"wait_p95": 2050.0, "overtime_h": 210.0, "upgrade_h": 60.0},
    "long": {"wait_p95": 6000.0, "overtime_h": 300.0, "upgrade_h": 58.0},
}


def test_schedules_are_ranked_by_their_means_with_what_matters_told_apart(tmp_path: Path) -> None:
    ranking = ranked(tmp_path, FOUR)
    assert [(each.rank, each.name, each.verdict) for each in ranking.standings] == [
        (1, "short", Verdict.BEST),
        (2, "nearly", Verdict.TIED),  # surely worse, but by less than two minutes
        (3, AS_IS, Verdict.WORSE),
        (4, "long", Verdict.WORSE),
    ]
    assert ranking.decided
    assert ranking.best.differences["wait_p95"].covers(-2000.0)
    assert ranking.named(AS_IS).differences["wait_p95"] == (0.0, 0.0, 0.0)
    gap = ranking.named("long").gap
    assert gap is not None
    assert gap.covers(4000.0)


def test_where_nothing_can_be_told_apart_nothing_is_worse(tmp_path: Path) -> None:
    same = {name: {"wait_p95": 2000.0} for name in (AS_IS, "one", "other")}
    ranking = ranked(tmp_path, same, experiment=EXPERIMENT._replace(indifference="10 ms"))
    assert not ranking.decided
    assert len(ranking.of(Verdict.TIED)) == 2
    assert ranking.replications_for_best > ranking.maximum


def test_who_is_surely_worse_is_told_so_though_the_selection_has_not_dropped_it(tmp_path: Path) -> None:
    not_yet = Selection((1, 2, 0, 3), 10, decided=False)
    ranking = ranked(tmp_path, FOUR, selection=not_yet)
    assert [each.verdict for each in ranking.standings] == [Verdict.BEST, Verdict.TIED, Verdict.WORSE, Verdict.WORSE]
    assert not ranking.decided


def test_it_is_decided_when_no_other_can_be_the_best(tmp_path: Path) -> None:
    two = {name: FOUR[name] for name in (AS_IS, "short")}
    assert ranked(tmp_path, two, selection=Selection((1, 0), 10, decided=False)).decided


def test_a_yardstick_is_shown_last_and_not_ranked_however_good_it_is(tmp_path: Path) -> None:
    ranking = ranked(tmp_path, FOUR, yardsticks={"without-upgrade": {"wait_p95": 100.0}})
    assert ranking.best.name == "short"
    last = ranking.standings[-1]
    assert (last.name, last.rank, last.verdict, last.gap) == ("without-upgrade", None, Verdict.YARDSTICK, None)
    assert last.differences["wait_p95"].covers(-3900.0)


def test_more_cards_are_better(tmp_path: Path) -> None:
    cards = {AS_IS: {"cards_a_day": 100.0}, "more": {"cards_a_day": 120.0}}
    by_cards = EXPERIMENT._replace(measure="cards_a_day", indifference="1")
    assert ranked(tmp_path, cards, experiment=by_cards).best.name == "more"


def test_on_the_front_is_who_is_beaten_by_nobody(tmp_path: Path) -> None:
    ranking = ranked(tmp_path, FOUR)
    assert {each.name for each in ranking.standings if each.on_front} == {AS_IS, "short"}


def test_as_is_alone_is_the_best(tmp_path: Path) -> None:
    ranking = ranked(tmp_path, {AS_IS: {}})
    assert ranking.best.verdict is Verdict.BEST
    assert ranking.best.gap is None


def test_a_measure_without_values_cannot_rank(tmp_path: Path) -> None:
    nan = {AS_IS: {"wait_median": float("nan")}}
    with pytest.raises(ValueError, match="wait_median has no value"):
        ranked(tmp_path, nan, experiment=EXPERIMENT._replace(measure="wait_median"))


def test_dominating_is_nowhere_worse_and_somewhere_better() -> None:
    assert dominates((1, 2), (1, 3))
    assert not dominates((1, 2), (1, 2))
    assert not dominates((1, 4), (2, 3))


def test_a_schedule_that_came_out_as_as_is_in_every_replication_is_known(tmp_path: Path) -> None:
    short = ranked(tmp_path, FOUR).named("short")
    nothing = Interval(0.0, 0.0, 0.0)
    idle = short._replace(differences=dict.fromkeys(short.differences, nothing))
    assert idle.changed_nothing
    assert not short.changed_nothing
    assert not idle._replace(differences=idle.differences | {"overtime_h": Interval(0.0, -1.0, 1.0)}).changed_nothing
    assert not ranked(tmp_path, FOUR).named(AS_IS).changed_nothing
