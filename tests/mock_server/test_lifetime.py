"""When a process ends."""

import time

from mock_server.lifetime import pause


def test_a_pause_lasts_as_long_as_asked() -> None:
    began_s = time.monotonic()
    pause(0.25, lambda: False)
    assert 0.25 <= time.monotonic() - began_s < 0.6


def test_a_pause_is_cut_short_when_the_process_is_to_stop() -> None:
    stop_at_s = time.monotonic() + 0.15
    began_s = time.monotonic()
    pause(60, lambda: time.monotonic() > stop_at_s)
    assert time.monotonic() - began_s < 1
