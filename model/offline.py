"""`[[offices.offline]]`: offices without a line to the centre, and when an office next has one.

An office that is offline goes on with what it can do alone: it captures, keeps the packets, and prints the cards that
are ready. It hears nothing from the centre until the line is back.
"""

from functools import cache
from typing import Annotated

from pydantic import Discriminator, Field, Tag

from model.offices import all_offices, evenly
from model.section import Lasting, OfficeCodes

OFFICES = 514

CodesOrCount = Annotated[
    Annotated[int, Field(ge=1, le=OFFICES), Tag("[count]")] | Annotated[OfficeCodes, Tag("[codes]")],
    Discriminator(lambda value: "[codes]" if isinstance(value, list) else "[count]"),
]
"""A list of codes, or how many; what is wrong with a list is told of its codes, not of the number."""


class Offline(Lasting):
    """`[[offices.offline]]`: offices that do not reach the centre from a moment until another."""

    offices: CodesOrCount
    """Which: a list of codes, or how many of the nation's 514, taken evenly over their codes and so without chance."""

    def hits(self, code: str) -> bool:
        """Tell whether an office is one of them."""
        return code in (_of_the_nation(self.offices) if isinstance(self.offices, int) else self.offices)


@cache
def _of_the_nation(count: int) -> frozenset[str]:
    return frozenset(evenly(list(all_offices()), count))
