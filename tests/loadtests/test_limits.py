from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.limits import BUDGET_WINDOW_S, FEWEST_REQUESTS, ErrorBudget, Tokens
from loadtests.schedule import busiest_second


def sent(rate_per_s: float, asked_s: list[float]) -> list[float]:
    tokens = Tokens(rate_per_s)
    return [tokens.take(moment_s) for moment_s in asked_s]


# Steps of binary fractions: sums of seconds are exact, and so is the comparison.
MOMENTS_S = st.lists(st.integers(0, 20 * 64), max_size=200).map(lambda steps: [step / 64 for step in sorted(steps)])


@given(rate_per_s=st.one_of(st.integers(1, 40).map(float), st.floats(0.25, 40)), asked_s=MOMENTS_S)
def test_no_second_ever_holds_more_than_the_rate(rate_per_s: float, asked_s: list[float]) -> None:
    sent_s = sent(rate_per_s, asked_s)
    assert busiest_second(sent_s) <= max(1.0, rate_per_s)
    assert sent_s == sorted(sent_s)
    assert all(sent >= asked for sent, asked in zip(sent_s, asked_s, strict=True))


@given(rate=st.integers(1, 40), asked_s=MOMENTS_S)
def test_nobody_waits_while_there_is_room(rate: int, asked_s: list[float]) -> None:
    sent_s = sent(float(rate), asked_s)
    for number, (moment_s, wanted_s) in enumerate(zip(sent_s, asked_s, strict=True)):
        if moment_s > wanted_s:
            before = sent_s[:number]
            # The moment before, the last second was full, or somebody earlier had to wait until this very moment.
            full = number - bisect_left(before, moment_s - 1.0) >= rate
            assert full or before[-1] == moment_s


def test_a_slow_rate_keeps_requests_apart() -> None:
    assert sent(0.5, [0.0, 0.0, 5.0]) == [0.0, 2.0, 5.0]


def test_after_a_rest_no_more_than_the_rate_comes_through_at_once() -> None:
    assert sent(3.0, [100.0] * 7) == [100.0] * 3 + [101.0] * 3 + [102.0]


def test_the_budget_is_spent_by_a_share_of_failures() -> None:
    budget = ErrorBudget(0.2)
    assert budget.check(0.0, 0, 0) is None
    assert budget.check(1.0, 100, 20) is None
    spent = budget.check(2.0, 101, 21)
    assert spent is not None
    assert (spent.requests, spent.failures) == (101, 21)
    assert str(spent) == "21 of the last 10 seconds' 101 requests failed (21%); load.error_budget allows 20%"


def test_a_few_requests_spend_nothing() -> None:
    budget = ErrorBudget(0.2)
    assert budget.check(1.0, FEWEST_REQUESTS - 1, FEWEST_REQUESTS - 1) is None
    assert budget.check(1.1, FEWEST_REQUESTS, FEWEST_REQUESTS - 1) is not None


def test_what_the_window_has_left_behind_counts_no_more() -> None:
    budget = ErrorBudget(0.5)
    assert budget.check(0.0, 100, 50) is None
    assert budget.check(BUDGET_WINDOW_S, 130, 50) is None
    # All of the window's 30 failed, few of all 160.
    assert budget.check(2 * BUDGET_WINDOW_S, 160, 80) is not None


@pytest.mark.parametrize("until_s", [BUDGET_WINDOW_S / 2, BUDGET_WINDOW_S - 0.1])
def test_old_successes_count_while_they_are_in_the_window(until_s: float) -> None:
    budget = ErrorBudget(0.5)
    assert budget.check(0.1, 100, 0) is None
    assert budget.check(until_s, 150, 50) is None
