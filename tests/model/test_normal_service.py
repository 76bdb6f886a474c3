"""The queue at the centre, and when it is as usual again; every expected value is worked out by hand."""

import numpy as np

from model.normal_service import (
    FEW_RECORDS,
    HOLD_S,
    Queue,
    normal_again_s,
    queue_of,
    queue_of_changes,
    queue_within,
    records_at,
    usual_queue,
)


def steps(*changes: tuple[float, int]) -> Queue:
    """The queue that has so many records from a moment on."""
    moments, records = zip(*changes, strict=True)
    return Queue(np.array(moments, dtype=np.float64), np.array(records, dtype=np.int64))


def test_a_queue_grows_with_who_enters_and_shrinks_with_who_leaves() -> None:
    queue = queue_of(np.array([10.0, 20.0, 30.0]), np.array([25.0, np.nan, 40.0]))
    assert queue.moments_s.tolist() == [10, 20, 25, 30, 40]
    assert queue.records.tolist() == [1, 2, 1, 2, 1]
    assert [records_at(queue, moment) for moment in (9, 10, 24.9, 25, 99)] == [0, 1, 2, 1, 1]


def test_who_leaves_as_another_enters_makes_the_queue_no_longer() -> None:
    assert queue_of(np.array([0.0, 5.0]), np.array([5.0, 9.0])).records.max() == 1


def test_changes_may_be_of_several_records() -> None:
    queue = queue_of_changes(np.array([1.0, 3.0, 2.0]), np.array([4, -3, 2]))
    assert (queue.moments_s.tolist(), queue.records.tolist()) == ([1, 2, 3], [4, 6, 3])


def test_the_mean_is_over_time_and_counts_what_was_there_before() -> None:
    queue = steps((0, 2), (10, 6), (20, 1))
    # Five seconds of 2, ten of 6, five of 1.
    mean, most = queue_within(queue, 5, 25)
    assert (mean, most) == ((10 + 60 + 5) / 20, 6)
    assert queue_within(queue, 21, 22) == (1, 1)
    assert queue_within(queue, 5, 5) == (None, 2)


def test_a_few_records_are_no_queue() -> None:
    assert usual_queue(steps((0, 2)), 0, 100) == FEW_RECORDS
    assert usual_queue(steps((0, 2), (50, 30), (60, 0)), 0, 100) == 30


def test_normal_service_is_back_when_the_queue_has_drained_and_stays_so_for_an_hour() -> None:
    queue = steps((0, 50), (100, 10), (200, 11), (300, 10), (300 + HOLD_S, 40))
    assert normal_again_s(queue, usual=10, end_s=50, last_s=2 * HOLD_S) == 300


def test_it_is_back_at_once_when_the_queue_was_never_longer_than_usual() -> None:
    assert normal_again_s(steps((0, 3)), usual=5, end_s=70, last_s=9 * HOLD_S) == 70


def test_a_queue_before_the_upgrades_end_does_not_count() -> None:
    assert normal_again_s(steps((0, 3), (40, 99), (60, 3)), usual=5, end_s=70, last_s=9 * HOLD_S) == 70


def test_it_is_not_back_while_the_queue_is_longer_at_the_last_moment_known() -> None:
    queue = steps((0, 50), (100, 4), (200, 50))
    assert normal_again_s(queue, usual=5, end_s=50, last_s=300) is None
    assert normal_again_s(queue, usual=5, end_s=50, last_s=150) == 100
