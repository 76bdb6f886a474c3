"""The verdict: on simulated queues whose truth is known it errs no more often than it says."""

import heapq
from collections import Counter

import numpy as np
import pytest

from antrean.offer import held_against
from antrean.verdict import Asked, Limits, Verdict, judge, mean_bounds, share_bounds

SERVERS = 4
CAPACITY_PER_S = 100.0
WARM_UP_S, LENGTH_S = 5.0, 40.0
LIMITS = Limits(within_s=2.0, late_share=0.05, failed_share=0.01, growth_share=0.05)
ERROR = 0.05
RUNS = 200
MOST_WRONG = 19
"""Of 200 runs, more than this are wrong in one of 1,000 trials when each is with a chance of 0.05 (binomial)."""


def queue(rate_per_s: float, seed: int) -> Asked:
    """Simulate an M/M/4 queue, first come, first served; who is not served by the end has not left."""
    dice = np.random.default_rng(seed)
    ends_s = WARM_UP_S + LENGTH_S
    due_s = np.cumsum(dice.exponential(1 / rate_per_s, int(1.5 * rate_per_s * ends_s)))
    due_s = due_s[due_s < ends_s]
    work_s = dice.exponential(SERVERS / CAPACITY_PER_S, len(due_s))
    free_s = [0.0] * SERVERS
    left_s = np.empty_like(due_s)
    for number, moment_s in enumerate(due_s):
        left_s[number] = max(moment_s, free_s[0]) + work_s[number]
        heapq.heapreplace(free_s, left_s[number])
    left_s[left_s > ends_s] = np.inf
    return Asked(due_s, left_s, np.zeros(len(due_s), dtype=bool))


def verdicts(rate_per_s: float) -> Counter[Verdict]:
    window_s = (WARM_UP_S, WARM_UP_S + LENGTH_S)
    return Counter(judge(queue(rate_per_s, seed), window_s, LIMITS, ERROR).verdict for seed in range(RUNS))


def test_below_the_knee_a_rate_is_hardly_ever_exceeded_and_mostly_sustained() -> None:
    seen = verdicts(0.8 * CAPACITY_PER_S)
    assert seen[Verdict.EXCEEDED] <= MOST_WRONG
    assert seen[Verdict.SUSTAINED] > 0.9 * RUNS


def test_at_the_knee_a_rate_whose_backlog_grows_as_much_as_is_allowed_is_hardly_ever_sustained() -> None:
    seen = verdicts(CAPACITY_PER_S / (1 - LIMITS.growth_share))
    assert seen[Verdict.SUSTAINED] <= MOST_WRONG
    assert seen[Verdict.UNDECIDED] > 0


def test_above_the_knee_a_rate_is_never_sustained_and_mostly_exceeded() -> None:
    seen = verdicts(1.15 * CAPACITY_PER_S)
    assert seen[Verdict.SUSTAINED] <= MOST_WRONG
    assert seen[Verdict.EXCEEDED] > 0.9 * RUNS


def regular(count: int, stay_s: float) -> Asked:
    due_s = np.linspace(0, WARM_UP_S + LENGTH_S, count, endpoint=False)
    return Asked(due_s, due_s + stay_s, np.zeros(count, dtype=bool))


@pytest.mark.parametrize(
    ("seen", "broken"),
    [
        (regular(4_000, 3.0), ("p95",)),
        (regular(4_000, 0.1)._replace(failed=np.arange(4_000) % 20 == 0), ("errors",)),
    ],
)
def test_a_flat_backlog_alone_does_not_make_a_rate_sustained(seen: Asked, broken: tuple[str, ...]) -> None:
    judged = judge(seen, (WARM_UP_S, WARM_UP_S + LENGTH_S), LIMITS, ERROR)
    assert judged.verdict is Verdict.EXCEEDED
    assert judged.broken == broken


def test_growth_is_what_arrived_less_what_left() -> None:
    half = regular(4_000, 0.0)
    half = half._replace(left_s=np.where(np.arange(4_000) % 2 == 0, half.left_s, np.inf))
    judged = judge(half, (WARM_UP_S, WARM_UP_S + LENGTH_S), LIMITS, ERROR)
    assert judged.growth_per_s.estimate == pytest.approx(0.5 * 4_000 / 45.0, rel=0.01)
    assert "backlog" in judged.broken


def test_the_bounds_of_a_mean_are_students() -> None:
    # Of 1, 2, 3 the mean is 2, its standard error 1/sqrt(3); t(2 degrees, 5 %) is 2.920 (any table).
    found = mean_bounds(np.array([1.0, 2.0, 3.0]), 0.05, 0.05)
    assert found.estimate == 2.0
    assert found.high - 2.0 == pytest.approx(2.920 / 3**0.5, rel=1e-3) == pytest.approx(2.0 - found.low, rel=1e-3)


def test_no_failure_seen_is_not_certainly_none() -> None:
    # Clopper and Pearson: with none of n, the upper bound is 1 - error^(1/n).
    found = share_bounds(np.zeros(8), np.full(8, 10.0), 0.05, 0.05)
    assert (found.estimate, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(1 - 0.05 ** (1 / 80))


def test_failures_in_a_cluster_are_less_certain_than_scattered_ones() -> None:
    of = np.full(8, 100.0)
    scattered = share_bounds(np.full(8, 5.0), of, 0.05, 0.05)
    clustered = share_bounds(np.array([40.0, *[0.0] * 7]), of, 0.05, 0.05)
    assert clustered.estimate == scattered.estimate == pytest.approx(0.05)
    assert clustered.high > scattered.high
    assert clustered.low < scattered.low


def test_nothing_arrived_says_nothing() -> None:
    nothing = Asked(np.empty(0), np.empty(0), np.empty(0, dtype=bool))
    assert judge(nothing, (5.0, 45.0), LIMITS, ERROR).verdict is Verdict.UNDECIDED


def test_lateness_alone_is_not_held_against_the_server_when_the_generator_lagged() -> None:
    window_s = (WARM_UP_S, WARM_UP_S + LENGTH_S)
    late = judge(regular(4_000, 3.0), window_s, LIMITS, ERROR)
    assert held_against(late, True).verdict is Verdict.EXCEEDED
    assert held_against(late, False).verdict is Verdict.UNDECIDED
    growing = judge(queue(1.3 * CAPACITY_PER_S, 1), window_s, LIMITS, ERROR)
    assert held_against(growing, False).verdict is Verdict.EXCEEDED
