"""The forecast of a phase's end, worked out by hand."""

import pytest

from mock_server.upgrade.forecast import Progress, expected_end

EVENINGS = [(0.0, 100.0), (1_000.0, 1_100.0), (2_000.0, 2_100.0)]


def test_the_rows_left_take_as_long_as_those_done() -> None:
    # 300 rows in 30 s, 700 left.
    assert expected_end(Progress(300, 1_000, 10.0), [], now=40.0) == pytest.approx(110.0)


def test_a_phase_that_is_through_ends_now() -> None:
    assert expected_end(Progress(1_000, 1_000, 10.0), [], now=40.0) == 40.0


@pytest.mark.parametrize("progress", [Progress(0, 1_000, 10.0), Progress(0, 0, 10.0), Progress(5, 1_000, 40.0)])
def test_nothing_is_told_before_a_row_is_done_or_time_has_passed(progress: Progress) -> None:
    assert expected_end(progress, [], now=40.0) is None


@pytest.mark.parametrize(
    ("progress", "now", "expected"),
    [
        # A row a second: 20 rows left of this evening's 30 s.
        (Progress(70, 90, 0.0), 70.0, 90.0),
        # 30 s of this evening, 10 s of the next.
        (Progress(70, 110, 0.0), 70.0, 1_010.0),
        # The time between two evenings counts for neither the rate nor the rest.
        (Progress(100, 150, 0.0), 500.0, 1_050.0),
        # Three evenings are not enough.
        (Progress(50, 1_000, 0.0), 50.0, None),
    ],
)
def test_it_works_within_its_hours_only(progress: Progress, now: float, expected: float | None) -> None:
    assert expected_end(progress, EVENINGS, now) == expected
