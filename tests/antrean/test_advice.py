"""The advice follows from the figures: other figures, other advice."""

from pathlib import Path

from antrean.advice import advice
from antrean.experiment import AS_IS
from tests.antrean.rankings import EXPERIMENT, ranked

PLAIN = {"wait_p95": 6000.0, "overtime_h": 100.0, "upgrade_h": 58.0}


def test_a_clear_best_is_told_with_its_lead_its_certainty_and_its_price(tmp_path: Path) -> None:
    best = {"wait_p95": 3000.0, "overtime_h": 150.0, "upgrade_h": 70.0}
    told = advice(ranked(tmp_path, {AS_IS: PLAIN, "evening-shift": best}))
    assert told.startswith("Of 2 schedules evening-shift does best (p95 wait: 50 min): 50 min")
    assert "less than as-is." in told
    assert "With a probability of 95 % no other one is better than it by more than 2 min." in told
    assert "All others are worse." in told
    assert "Beside as-is evening-shift means 50.0 h" in told
    assert "of overtime a day more and 12 h longer for the upgrade." in told


def test_a_short_wait_that_costs_cards_is_told_with_them(tmp_path: Path) -> None:
    fewer = PLAIN | {"wait_p95": 3000.0, "cards_a_day": 360.0}
    told = advice(ranked(tmp_path, {AS_IS: PLAIN | {"cards_a_day": 400.0}, "appointments": fewer}))
    assert "40 cards a day less" in told


def test_as_is_may_be_the_best(tmp_path: Path) -> None:
    told = advice(ranked(tmp_path, {AS_IS: PLAIN, "worse": PLAIN | {"wait_p95": 9000.0}}))
    assert told.startswith("Of 2 schedules none does better than as-is (p95 wait: 100 min")
    assert "Beside" not in told


def test_what_cannot_be_told_apart_is_named_and_the_cheapest_of_it_taken(tmp_path: Path) -> None:
    dear = PLAIN | {"wait_p95": 3000.0, "overtime_h": 150.0}
    cheap = PLAIN | {"wait_p95": 3030.0, "overtime_h": 110.0}
    told = advice(ranked(tmp_path, {AS_IS: PLAIN, "dear": dear, "cheap": cheap}))
    assert "From it cannot be told apart: cheap." in told
    assert "Of these take cheap: it needs 40" in told


def test_a_lead_that_may_be_chance_is_not_told_as_a_lead(tmp_path: Path) -> None:
    told = advice(ranked(tmp_path, {AS_IS: PLAIN, "lucky": PLAIN | {"wait_p95": 5970.0}}, noise=1000.0))
    assert "lucky comes out first" in told
    assert "whether it does better than as-is is not certain: the difference is" in told


def test_a_sure_lead_that_does_not_matter_is_not_told_as_a_lead(tmp_path: Path) -> None:
    told = advice(ranked(tmp_path, {AS_IS: PLAIN, "hardly": PLAIN | {"wait_p95": 5940.0}}))
    assert "hardly comes out first (p95 wait: 99 min" in told
    assert "does no better than as-is that would matter: the difference is -60 s" in told


def test_an_open_race_says_how_many_replications_would_decide_it(tmp_path: Path) -> None:
    same = {AS_IS: PLAIN, "same": PLAIN}
    told = advice(ranked(tmp_path, same, experiment=EXPERIMENT._replace(indifference="10 ms")))
    assert "10 replications do not decide which is the best to within 0 s; about" in told
    assert "take the order of those at the top as open" in told


def test_a_cheaper_way_that_still_helps_is_offered(tmp_path: Path) -> None:
    best = PLAIN | {"wait_p95": 2000.0, "overtime_h": 400.0}
    middle = PLAIN | {"wait_p95": 4000.0, "overtime_h": 120.0}
    told = advice(ranked(tmp_path, {AS_IS: PLAIN, "best": best, "middle": middle}))
    assert "Whoever cannot pay that takes middle: 67 min with 120 h of overtime a day in place of 400 h." in told
