"""The search: it closes in on a knee, whatever the steps in its neighbourhood say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antrean.knee import MOST_STEPS, Knee, knee, next_rate
from antrean.verdict import Verdict

SUSTAINED, EXCEEDED, UNDECIDED = Verdict.SUSTAINED, Verdict.EXCEEDED, Verdict.UNDECIDED


def search(
    truth_per_s: float, guess_per_s: float, vague: float = 0.0, highest_per_s: float = 1e6
) -> dict[float, Verdict]:
    """Search a knee; within `vague` of it, as a share, every step stays undecided."""
    judged: dict[float, Verdict] = {}
    while (rate := next_rate(judged, guess_per_s, 0.05, highest_per_s)) is not None:
        assert rate not in judged
        if abs(rate / truth_per_s - 1) < vague:
            judged[rate] = UNDECIDED
        else:
            judged[rate] = SUSTAINED if rate <= truth_per_s else EXCEEDED
    return judged


@given(st.floats(5, 500), st.floats(0.2, 3.9))
def test_the_knee_lies_in_an_interval_as_narrow_as_asked(truth_per_s: float, ratio: float) -> None:
    found = knee(search(truth_per_s, truth_per_s / ratio))
    assert found.low_per_s is not None
    assert found.high_per_s is not None
    assert found.low_per_s <= truth_per_s <= found.high_per_s <= found.low_per_s * 1.0501


@given(st.floats(5, 500), st.floats(0.5, 1.5), st.floats(0, 0.2))
def test_undecided_steps_widen_the_interval_and_the_search_still_ends(
    truth_per_s: float, ratio: float, vague: float
) -> None:
    judged = search(truth_per_s, truth_per_s / ratio, vague)
    found = knee(judged)
    assert len(judged) <= MOST_STEPS
    assert found.low_per_s is not None
    assert found.high_per_s is not None
    assert found.low_per_s <= truth_per_s <= found.high_per_s


def test_it_climbs_first_and_bisects_then() -> None:
    assert list(search(95.0, 100.0))[:4] == [50.0, 75.0, 100.0, pytest.approx((75.0 * 100.0) ** 0.5)]


def test_a_guess_far_too_high_is_halved() -> None:
    judged = search(10.0, 100.0)
    assert list(judged)[:3] == [50.0, 25.0, 12.5]
    assert knee(judged).low_per_s == pytest.approx(10.0, rel=0.05)


def test_no_rate_above_the_highest_allowed_is_tried() -> None:
    judged = search(1_000.0, 100.0, highest_per_s=160.0)
    assert max(judged) == 160.0
    assert knee(judged) == Knee(160.0, None, ())


def test_a_server_that_sustains_nothing_is_given_up() -> None:
    found = knee(search(1e-9, 100.0))
    assert found.low_per_s is None
    assert found.high_per_s == pytest.approx(0.78, rel=0.1)


def test_a_rate_sustained_above_an_exceeded_one_does_not_count() -> None:
    assert knee({50.0: SUSTAINED, 60.0: EXCEEDED, 70.0: SUSTAINED}) == Knee(50.0, 60.0, (70.0,))


def test_an_interrupted_search_goes_on_where_it_was() -> None:
    whole = list(search(95.0, 100.0).items())
    for done in range(len(whole)):
        assert next_rate(dict(whole[:done]), 100.0, 0.05, 1e6) == whole[done][0]
