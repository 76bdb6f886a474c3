"""`[optimise]`: which choices are searched for better schedules, and what better means."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from model.section import Section

Written = str | int | float | datetime
"""A value as a scenario file writes it."""


class Optimise(Section):
    """`[optimise]`: the choices that `antrean optimise` searches, what it looks for and what must be kept."""

    strategy: str = "as-is"
    """The schedule that the search begins with; a+b applies both."""
    choices: Annotated[dict[str, Annotated[list[Written], Field(min_length=2, max_length=3)]], Field(min_length=1)]
    """Keys of the scenario, each with the least and the largest value to try, written as the key's own; a third value
    is the step between. Of a window its start or end: "staffing.evening.end" = ["20:00", "23:00"]."""
    objectives: Annotated[list[str], Field(min_length=2, max_length=3)]
    """Two or three measures that are to become better together."""
    limits: dict[str, Written] = Field({})
    """What a schedule must keep: the most of a measure of which less is better, of others the least."""
    trials: Annotated[int, Field(ge=1, le=10_000)]
    """How many combinations of choices are tried."""
    replications: Annotated[int, Field(ge=1, le=1_000)]
    """How many times each is simulated; all combinations meet the same citizens."""
