"""Values with their units, as planners write them ("6 min", "250/day", "85% of capacity"), and back.

The model counts in seconds, per second and bytes; everything a person reads or writes carries its unit.
"""

import re
from decimal import Decimal
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, PlainSerializer

MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86400.0

SECONDS_PER_UNIT = {"ms": 0.001, "s": 1.0, "min": MINUTE_S, "h": HOUR_S, "day": DAY_S}
BITS_PER_UNIT = {"bit": 1, "kbit": 1000, "Mbit": 1_000_000}
BYTES_PER_UNIT = {"B": 1, "KB": 1000, "MB": 1_000_000}

_NUMBER_AND_UNIT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*$")
_NUMBER_PER_UNIT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*/\s*([A-Za-z]+)\s*$")
_WINDOW = re.compile(r"^\s*(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)\s*$")
_BIT_RATE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([kM]?bit)/s\s*$")
_CLOCK = re.compile(r"^\s*(\d\d):(\d\d)\s*$")
_PEAK = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*%\s+of\s+capacity\s*$")


def parse_duration_s(value: object) -> float:
    """Read "6 min" as 360.0 seconds.

    Raises:
        ValueError: no number, or no unit of ms, s, min, h, day.
    """
    match = _NUMBER_AND_UNIT.match(value) if isinstance(value, str) else None
    if not match or match[2] not in SECONDS_PER_UNIT:
        raise ValueError(
            f'{value!r} is not a duration; write a number and a unit, such as "6 min" (ms, s, min, h, day)'
        )
    return float(match[1]) * SECONDS_PER_UNIT[match[2]]


def parse_rate_per_day(value: object) -> float:
    """Read "400/day" or "50/h" as arrivals a day.

    Raises:
        ValueError: no number, or no unit of s, min, h, day.
    """
    match = _NUMBER_PER_UNIT.match(value) if isinstance(value, str) else None
    if not match or match[2] not in SECONDS_PER_UNIT:
        raise ValueError(f'{value!r} is not a rate; write a number per unit, such as "400/day" (s, min, h, day)')
    return float(match[1]) * (DAY_S / SECONDS_PER_UNIT[match[2]])


def parse_bytes(value: object) -> int:
    """Read "100 KB" as 100,000 bytes.

    Raises:
        ValueError: no number, or no unit of B, KB, MB.
    """
    match = _NUMBER_AND_UNIT.match(value) if isinstance(value, str) else None
    if not match or match[2] not in BYTES_PER_UNIT:
        raise ValueError(f'{value!r} is not a size; write a number and a unit, such as "100 KB" (B, KB, MB)')
    return round(float(match[1]) * BYTES_PER_UNIT[match[2]])


def parse_bits_per_s(value: object) -> float:
    """Read "512 kbit/s" as 512,000 bits a second.

    Raises:
        ValueError: no number above 0, or no unit of bit/s, kbit/s, Mbit/s.
    """
    match = _BIT_RATE.match(value) if isinstance(value, str) else None
    if not match or float(match[1]) == 0:
        raise ValueError(
            f'{value!r} is not a bit rate; write a number and a unit, such as "512 kbit/s" (bit, kbit, Mbit)'
        )
    return float(match[1]) * BITS_PER_UNIT[match[2]]


def parse_clock_s(value: object) -> float:
    """Read "08:30" as seconds since local midnight.

    Raises:
        ValueError: not a time between 00:00 and 24:00.
    """
    match = _CLOCK.match(value) if isinstance(value, str) else None
    seconds = int(match[1]) * HOUR_S + int(match[2]) * MINUTE_S if match and int(match[2]) < 60 else DAY_S + 1
    if seconds > DAY_S:
        raise ValueError(f'{value!r} is not a time of day; write it as "08:30", at most "24:00"')
    return seconds


class DayWindow(NamedTuple):
    """A window of the local day, in seconds since local midnight."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """How long the window lasts."""
        return self.end_s - self.start_s


def parse_window(value: object) -> DayWindow:
    """Read "08:00-18:00" as a window of the local day.

    Raises:
        ValueError: not two times of day, or the end is not after the start.
    """
    match = _WINDOW.match(value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f'{value!r} is not a window of the day; write it as "08:00-18:00"')
    window = DayWindow(parse_clock_s(f"{match[1]}:{match[2]}"), parse_clock_s(f"{match[3]}:{match[4]}"))
    if window.length_s <= 0:
        raise ValueError(f'{value!r} ends before it starts; write the earlier time first, such as "08:00-18:00"')
    return window


REAL_PEAK = "real"


def parse_peak(value: object) -> float | None:
    """Read "85% of capacity" as 0.85, and "real" as None: the real day's height.

    Raises:
        ValueError: neither of the two forms, or a share outside 1 to 500 percent.
    """
    match = _PEAK.match(value) if isinstance(value, str) else None
    if value == REAL_PEAK:
        return None
    if not match or not 1 <= float(match[1]) <= 500:
        raise ValueError(f'{value!r} is not a height of the load; write "real" or a share such as "85% of capacity"')
    return float(match[1]) / 100


def _plain(number: float) -> str:
    """Write a number without an exponent, as the shortest that `float` reads back equal."""
    return format(Decimal(repr(number)), "f").removesuffix(".0")


def format_duration(seconds: float) -> str:
    """Write seconds in the largest unit that keeps the number whole, else in seconds; reads back equal."""
    for unit in ("day", "h", "min", "s", "ms"):
        count = round(seconds / SECONDS_PER_UNIT[unit])
        if count >= 1 and count * SECONDS_PER_UNIT[unit] == seconds:
            return f"{count} {unit}"
    return f"{_plain(seconds)} s"


def format_clock(seconds: float) -> str:
    """Write seconds since local midnight as "08:30"."""
    minutes = round(seconds / MINUTE_S)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def format_window(window: DayWindow) -> str:
    """Write a window of the day as "08:00-18:00"."""
    return f"{format_clock(window.start_s)}-{format_clock(window.end_s)}"


Seconds = Annotated[float, BeforeValidator(parse_duration_s), PlainSerializer(format_duration)]
"""A duration: seconds in code, "6 min" in TOML."""
PerDay = Annotated[
    float,
    BeforeValidator(parse_rate_per_day),
    PlainSerializer(lambda rate: f"{_plain(rate)}/day"),
]
"""A rate: arrivals a day in code, "400/day" in TOML."""
Bytes = Annotated[int, BeforeValidator(parse_bytes), PlainSerializer(lambda size: f"{size} B")]
"""A size: bytes in code, "100 KB" in TOML."""
BitsPerSecond = Annotated[
    float,
    BeforeValidator(parse_bits_per_s),
    PlainSerializer(lambda rate: f"{_plain(rate)} bit/s"),
]
"""A line's bit rate: bits a second in code, "512 kbit/s" in TOML."""
Window = Annotated[DayWindow, BeforeValidator(parse_window), PlainSerializer(format_window)]
"""A window of the local day: seconds since midnight in code, "08:00-18:00" in TOML."""
Peak = Annotated[
    float | None,
    BeforeValidator(parse_peak),
    PlainSerializer(lambda share: REAL_PEAK if share is None else f"{_plain(round(share * 100, 10))}% of capacity"),
]
"""The load's height: a share of capacity in code (None: the real day's), "85% of capacity" in TOML."""
