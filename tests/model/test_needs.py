import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from model.errands import Errand
from model.needs import counter_times_s, decisions_s, drawn_errands, patience_s
from model.scenario import Scenario
from model.strategies import changed

SOME = st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=20)
CHANCES = SOME.map(lambda draws: np.array(sorted(draws)))


@given(CHANCES)
def test_a_capture_is_the_quantile_of_its_triangle(april: Scenario, chances: np.ndarray) -> None:
    triangle = stats.triang(c=(7 - 5) / (10 - 5), loc=300, scale=300)
    seen = counter_times_s(april, [Errand.ENROLLMENT] * len(chances), chances)
    assert seen == pytest.approx(triangle.ppf(chances))


def test_who_is_not_captured_shows_papers(april: Scenario) -> None:
    errands = list(Errand)
    assert counter_times_s(april, errands, np.zeros(5)) == [300, 120, 120, 300, 120]


def test_errands_divide_the_draws_by_their_shares(april: Scenario) -> None:
    mixed = changed(april, {"demand": {"mix": {"enrollment": 0.5, "replacement_away": 0.5}}})
    draws = np.array([0.0, 0.499, 0.5, 0.999])
    assert drawn_errands(mixed, draws) == [Errand.ENROLLMENT] * 2 + [Errand.REPLACEMENT_AWAY] * 2


@given(st.floats(0, 1), st.floats(0, 1), SOME)
def test_nobody_comes_for_what_has_no_share_however_the_shares_are_rounded(
    april: Scenario, one: float, two: float, chances: list[float]
) -> None:
    parts = sorted([one, two])
    shares = {"enrollment": parts[0], "replacement": parts[1] - parts[0], "foreign_resident": 1 - parts[1]}
    mixed = changed(april, {"demand": {"mix": shares}})
    drawn = drawn_errands(mixed, np.array([*chances, 1 - 2**-53]))
    assert all(shares.get(errand.value) for errand in drawn)


def test_corrections_take_their_share_from_the_end_of_the_draw(april: Scenario) -> None:
    before = changed(april, {"demand": {"mix": {"enrollment": 0.5, "replacement": 0.3, "foreign_resident": 0.2}}})
    after = changed(before, {"demand": {"mix": {"foreign_resident": 0.15, "correction": 0.05}}})
    draws = np.linspace(0, 1, 1_001)[:-1]
    moved = [
        pair
        for pair in zip(drawn_errands(before, draws), drawn_errands(after, draws), strict=True)
        if pair[0] is not pair[1]
    ]
    assert set(moved) == {(Errand.FOREIGN_RESIDENT, Errand.CORRECTION)}
    assert len(moved) == pytest.approx(50, abs=1)


@given(CHANCES)
def test_who_is_more_patient_stays_so_whatever_the_mean(april: Scenario, chances: np.ndarray) -> None:
    hour, two = (
        np.array(patience_s(changed(april, {"demand": {"patience": text}}), chances)) for text in ("1 h", "2 h")
    )
    assert two == pytest.approx(2 * hour)
    assert (np.diff(hour) >= 0).all()


def test_only_records_that_are_matched_are_adjudicated_and_only_their_share(april: Scenario) -> None:
    adjudication = {"share": 0.1, "people": 1, "hours": "08:00-16:00", "decision": "10 min"}
    scenario = changed(april, {"centre": {"adjudication": adjudication}})
    errands = [Errand.ENROLLMENT, Errand.ENROLLMENT, Errand.REPLACEMENT]
    half = 1 - np.exp(-0.5)
    chances = np.array([[0.09, half], [0.1, half], [0.09, half]])
    assert decisions_s(scenario, errands, chances) == pytest.approx([300, 0, 0])
    assert decisions_s(april, errands, chances) == [0, 0, 0]
