"""`[sensitivity]`: which guesses are varied, and which conclusion is held against them."""

from typing import Annotated

from pydantic import Field

from model.optimise import Written
from model.section import Section


class Sensitivity(Section):
    """`[sensitivity]`: the guesses that `antrean sensitivity` varies, and the conclusion that may depend on them."""

    schedule: str
    """The schedule of which something is concluded; a+b applies both strategies."""
    against: str = "as-is"
    """The schedule that it is compared with."""
    measures: Annotated[list[str], Field(min_length=1)]
    """The conclusion: by how much the two differ in these measures."""
    guesses: Annotated[dict[str, Annotated[list[Written], Field(min_length=2, max_length=3)]], Field(min_length=1)]
    """Keys of the scenario with the least and the largest value that they may have in truth; see optimise.choices."""
    trajectories: Annotated[int, Field(ge=2, le=1_000)]
    """Walks through the guesses' ranges; each takes one simulation more than there are guesses."""
    replications: Annotated[int, Field(ge=1, le=1_000)]
    """How many times each combination of guesses is simulated."""
