"""The capacity's window: what counts, and what a run cut short can still say."""

from loadtests.saturation import SteadyWindow, Throughput

WINDOW = SteadyWindow(begins_s=104.0, ends_s=116.0)


def test_only_completions_within_the_window_count() -> None:
    completions_s = [103.9, 104.0, 110.0, 115.9, 116.0]
    assert WINDOW.throughput(completions_s, now_s=117.0) == Throughput(3, 12.0, 0.25)


def test_a_window_cut_short_is_as_long_as_it_was() -> None:
    assert WINDOW.throughput([103.0, 104.5, 105.0], now_s=106.0) == Throughput(2, 2.0, 1.0)


def test_a_run_that_ends_while_warming_up_says_nothing() -> None:
    assert WINDOW.throughput([101.0, 102.0], now_s=103.0) == Throughput(0, 0.0, 0.0)
