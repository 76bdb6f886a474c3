"""The wall clock of a run: which moment of the scenario it is now, and sleeping until another."""

import time

import gevent

from model.clock import Clock


class WallClock:
    """A clock that runs.

    It is set by the epoch once and advances by the monotonic clock, so that a correction of the machine's time in the
    middle of a run moves no measurement.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._epoch_s = time.time() - time.monotonic()

    def wall_s(self) -> float:
        """Return now, in seconds since the epoch."""
        return self._epoch_s + time.monotonic()

    def now_s(self) -> float:
        """Return now, in scenario seconds."""
        return self.clock.to_scenario_s(self.wall_s())

    def sleep_until(self, moment_s: float) -> None:
        """Let other greenlets work until a moment in scenario seconds; at once if it has passed."""
        wake_wall_s = self.clock.to_wall_s(moment_s)
        # gevent's timers count from when its loop last looked at the time, and so may fire early.
        while (wait_s := wake_wall_s - self.wall_s()) > 0:
            gevent.sleep(wait_s)
