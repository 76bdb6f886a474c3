"""`[staffing]`: who works when."""

from typing import Annotated

from pydantic import Field

from model.section import Section, Share
from model.units import Seconds, Window


class Staffing(Section):
    """`[staffing]`: who works when."""

    regular: Window
    """Local hours in which every counter is staffed."""
    evening: Window
    """Local hours of the evening shift; paid as overtime, and no longer than somebody waits."""
    evening_share: Share
    """Share of the counters staffed in the evening."""
    breaks: list[Window] = Field([])
    """Local hours in which no counter takes anybody; printers go on."""
    friday_breaks: list[Window] | None = None
    """The same on Fridays, whose prayer is longer; left out, as on other days."""
    punctuality_s: Seconds = Field(0.0, alias="punctuality")
    """Operators sit down to log in (`centre.login`) within this time of the regular shift's beginning."""
    avoid: list[Window] = Field([])
    """Hours on the start's clock in which packets are kept in the office and nobody waits for the centre."""
    overtime_cost: Annotated[float, Field(ge=0)] = 0.0
    """What an hour of overtime of one person costs, in any currency."""
