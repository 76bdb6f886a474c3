from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from model.units import (
    BitsPerSecond,
    Bytes,
    DayWindow,
    Peak,
    PerDay,
    Seconds,
    Window,
    format_clock,
    format_duration,
    format_window,
    parse_bits_per_s,
    parse_bytes,
    parse_clock_s,
    parse_duration_s,
    parse_peak,
    parse_rate_per_day,
    parse_window,
)

MINUTES_OF_DAY = st.integers(0, 24 * 60)


class Written(BaseModel):
    """One value of each unit, as a scenario holds them."""

    duration_s: Seconds = 1.0
    per_day: PerDay = 1.0
    size: Bytes = 1
    window: Window = DayWindow(0.0, 1.0)
    peak: Peak = None
    link: BitsPerSecond = 1.0


def as_written(**values: Any) -> dict[str, object]:
    """Give values of the model as a scenario file writes them."""
    return Written.model_construct(None, **values).model_dump(include=set(values))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250 ms", 0.25),
        ("0 s", 0.0),
        ("1.5 s", 1.5),
        ("6 min", 360.0),
        ("2 h", 7200.0),
        ("1 day", 86400.0),
        ("6min", 360.0),
    ],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize(
    ("text", "per_day"), [("400/day", 400.0), ("50/h", 1200.0), ("1/min", 1440.0), ("2/s", 172800)]
)
def test_a_rate_is_read_per_day(text: str, per_day: float) -> None:
    assert parse_rate_per_day(text) == per_day


@pytest.mark.parametrize(("text", "bits"), [("56 bit/s", 56), ("512 kbit/s", 512_000), ("1.5 Mbit/s", 1_500_000)])
def test_a_bit_rate_is_read_in_bits_a_second_and_written_so_that_it_reads_back(text: str, bits: float) -> None:
    assert parse_bits_per_s(text) == bits
    assert parse_bits_per_s(as_written(link=bits)["link"]) == bits


@pytest.mark.parametrize("text", ["512", "512 kB/s", "0 bit/s", "-1 kbit/s", "1 Gbit", 512])
def test_what_is_no_bit_rate_is_told_with_how_to_write_one(text: object) -> None:
    with pytest.raises(ValueError, match="is not a bit rate; write a number and a unit"):
        parse_bits_per_s(text)


@pytest.mark.parametrize(("text", "size"), [("512 B", 512), ("100 KB", 100_000), ("1.5 MB", 1_500_000)])
def test_a_size_is_read_in_bytes_of_powers_of_ten(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(("text", "seconds"), [("00:00", 0), ("08:30", 30600), ("23:59", 86340), ("24:00", 86400)])
def test_a_time_of_day_is_read_in_seconds_since_midnight(text: str, seconds: float) -> None:
    assert parse_clock_s(text) == seconds


def test_a_window_knows_its_length() -> None:
    window = parse_window("08:00-18:00")
    assert window == DayWindow(8 * 3600, 18 * 3600)
    assert window.length_s == 10 * 3600


@pytest.mark.parametrize(("text", "share"), [("85% of capacity", 0.85), ("120 % of capacity", 1.2), ("real", None)])
def test_a_peak_is_a_share_of_capacity_or_the_real_days(text: str, share: float | None) -> None:
    assert parse_peak(text) == share


@pytest.mark.parametrize(
    ("parse", "wrong", "remedy"),
    [
        (parse_duration_s, "6", '"6 min" (ms, s, min, h, day)'),
        (parse_duration_s, "6 minutes", '"6 min" (ms, s, min, h, day)'),
        (parse_duration_s, "-6 min", '"6 min" (ms, s, min, h, day)'),
        (parse_duration_s, 6, '"6 min" (ms, s, min, h, day)'),
        (parse_duration_s, True, '"6 min" (ms, s, min, h, day)'),
        (parse_rate_per_day, "400", '"400/day" (s, min, h, day)'),
        (parse_rate_per_day, "400 day", '"400/day" (s, min, h, day)'),
        (parse_rate_per_day, 400, '"400/day" (s, min, h, day)'),
        (parse_bytes, "100", '"100 KB" (B, KB, MB)'),
        (parse_bytes, "100 kb", '"100 KB" (B, KB, MB)'),
        (parse_clock_s, "8:30", '"08:30", at most "24:00"'),
        (parse_clock_s, "08:60", '"08:30", at most "24:00"'),
        (parse_clock_s, "24:01", '"08:30", at most "24:00"'),
        (parse_clock_s, "25:00", '"08:30", at most "24:00"'),
        (parse_window, "08:00", '"08:00-18:00"'),
        (parse_window, "18:00-08:00", '"08:00-18:00"'),
        (parse_window, "08:00-08:00", '"08:00-18:00"'),
        (parse_peak, "85%", '"85% of capacity"'),
        (parse_peak, 0.85, '"85% of capacity"'),
        (parse_peak, "0% of capacity", '"85% of capacity"'),
        (parse_peak, "501% of capacity", '"85% of capacity"'),
    ],
)
def test_an_error_names_the_value_and_shows_what_would_be_right(
    parse: Callable[[object], object], wrong: object, remedy: str
) -> None:
    with pytest.raises(ValueError, match="write") as error:
        parse(wrong)
    assert str(error.value).startswith(repr(wrong))
    assert remedy in str(error.value)


def test_a_window_with_an_impossible_time_names_that_time() -> None:
    with pytest.raises(ValueError, match="'08:75' is not a time of day"):
        parse_window("08:75-18:00")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (86400.0, "1 day"),
        (7200.0, "2 h"),
        (360.0, "6 min"),
        (90.0, "90 s"),
        (0.25, "250 ms"),
        (0.0, "0 s"),
        (0.0123, "0.0123 s"),
        (0.00001, "0.00001 s"),
    ],
)
def test_a_duration_is_written_in_the_largest_unit_that_keeps_it_whole(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(0, 1e12))
def test_every_duration_is_read_back_as_it_was_written(seconds: float) -> None:
    assert parse_duration_s(format_duration(seconds)) == seconds


@given(st.integers(1, 10**6), st.sampled_from(["ms", "s", "min", "h", "day"]))
def test_a_whole_duration_is_read_back_whatever_its_unit(count: int, unit: str) -> None:
    seconds = parse_duration_s(f"{count} {unit}")
    assert parse_duration_s(format_duration(seconds)) == seconds


@given(st.floats(0, 1e20))
def test_every_rate_is_read_back_as_it_was_written(per_day: float) -> None:
    assert parse_rate_per_day(as_written(per_day=per_day)["per_day"]) == per_day


@given(st.integers(0, 10**15))
def test_every_size_is_read_back_as_it_was_written(size: int) -> None:
    assert parse_bytes(as_written(size=size)["size"]) == size


@given(st.integers(1 * 10_000, 500 * 10_000))
def test_a_peak_with_up_to_four_decimals_is_read_back_as_it_was_written(ten_thousandths: int) -> None:
    share = parse_peak(f"{ten_thousandths / 10_000:.4f}% of capacity")
    assert parse_peak(as_written(peak=share)["peak"]) == share


def test_the_real_peak_is_written_as_a_word() -> None:
    assert as_written(peak=None) == {"peak": "real"}


@given(MINUTES_OF_DAY)
def test_every_time_of_day_is_read_back_as_it_was_written(minute: int) -> None:
    assert parse_clock_s(format_clock(minute * 60.0)) == minute * 60.0


@given(MINUTES_OF_DAY, MINUTES_OF_DAY)
def test_every_window_that_ends_after_its_start_is_read_back_and_no_other_is_read(start: int, end: int) -> None:
    window = DayWindow(start * 60.0, end * 60.0)
    if start < end:
        assert parse_window(format_window(window)) == window
        assert parse_window(as_written(window=window)["window"]) == window
    else:
        with pytest.raises(ValueError, match="ends before it starts"):
            parse_window(format_window(window))
