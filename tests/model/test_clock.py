import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.clock import Clock

CLOCKS = st.builds(
    Clock,
    speedup=st.floats(1, 10_000),
    origin_wall_s=st.floats(1.4e9, 2e9),
    origin_scenario_s=st.floats(-86400, 14 * 86400),
)
MOMENTS = st.floats(-86400, 14 * 86400)
# Seconds since the epoch are floats with a grain of 0.24 microseconds.
GRAIN_S = 2.4e-7


@given(CLOCKS, MOMENTS)
def test_there_and_back_is_the_same_moment_of_the_scenario(clock: Clock, moment_s: float) -> None:
    back_s = clock.to_scenario_s(clock.to_wall_s(moment_s))
    assert back_s == pytest.approx(moment_s, abs=2 * GRAIN_S * clock.speedup)


@given(CLOCKS, st.floats(0, 86400))
def test_there_and_back_is_the_same_moment_of_the_wall_clock(clock: Clock, later_s: float) -> None:
    wall_s = clock.origin_wall_s + later_s
    assert clock.to_wall_s(clock.to_scenario_s(wall_s)) == pytest.approx(wall_s, rel=0, abs=2 * GRAIN_S)


def test_six_to_ten_in_the_evening_takes_100_seconds_at_speedup_576() -> None:
    clock = Clock(speedup=576, origin_wall_s=1_000_000.0, origin_scenario_s=6 * 3600)
    assert clock.to_wall_s(6 * 3600) == 1_000_000.0
    assert clock.to_wall_s(22 * 3600) == 1_000_100.0
    assert clock.to_scenario_s(1_000_050.0) == 14 * 3600


@given(CLOCKS, MOMENTS, st.floats(0, 86400))
def test_a_compressed_duration_is_the_wall_time_between_its_ends(
    clock: Clock, start_s: float, duration_s: float
) -> None:
    between_s = clock.to_wall_s(start_s + duration_s) - clock.to_wall_s(start_s)
    assert clock.compressed(duration_s) == pytest.approx(between_s, abs=2 * GRAIN_S)
