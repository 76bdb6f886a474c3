"""Time compression: the one line between the seconds of a scenario and the seconds of a wall clock.

Everything in the model counts scenario seconds. A lab run plays `speedup` of them in one second of wall time: human and
mechanical durations shrink by it, the server's own work does not.
"""

from typing import NamedTuple, TypeVar

import polars as pl

Moment = TypeVar("Moment", float, pl.Expr)
"""One moment, or a column of them."""


class Clock(NamedTuple):
    """A run's mapping between wall time and scenario time."""

    speedup: float
    """Scenario seconds per wall second."""
    origin_wall_s: float
    """A moment as seconds since the epoch ..."""
    origin_scenario_s: float
    """... and the same moment as seconds since the scenario's start."""

    def to_wall_s(self, scenario_s: Moment) -> Moment:
        """Return when a moment of the scenario comes on the wall clock."""
        return (scenario_s - self.origin_scenario_s) / self.speedup + self.origin_wall_s

    def to_scenario_s(self, wall_s: Moment) -> Moment:
        """Return which moment of the scenario a moment of the wall clock is."""
        return (wall_s - self.origin_wall_s) * self.speedup + self.origin_scenario_s

    def compressed(self, scenario_duration_s: float) -> float:
        """Return how long a scenario duration lasts on the wall clock."""
        return scenario_duration_s / self.speedup
