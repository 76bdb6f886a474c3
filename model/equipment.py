"""`[offices]`: which offices take part, when they are open, how they are equipped."""

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from model.offline import Offline
from model.section import AllOrSome, OfficeCode, Section
from model.units import BitsPerSecond, PerDay, Seconds, Window

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
"""In the order in which `datetime.weekday` counts them."""


class KnownOffice(Section):
    """`[offices.known."CODE"]`: figures known of one office, in place of the rules."""

    arrivals_per_day: PerDay | None = Field(None, alias="arrivals")
    """Applicants a day, in place of the office's share by population."""
    printers: Annotated[int, Field(ge=1)] | None = None
    """Card printers, in place of the staffing rule."""
    cards: Annotated[int, Field(ge=0)] | None = None
    """Blank cards on the first morning, in place of `offices.cards.stock`."""
    delivery: Annotated[int, Field(ge=0)] | None = None
    """Blank cards in a delivery, in place of `offices.cards.delivery`."""


class Cards(Section):
    """`[offices.cards]`: blank cards, which can run out; without this table they never do."""

    stock: Annotated[float, Field(ge=0)]
    """On the first morning, in days of the office's own arrivals."""
    delivery: Annotated[float, Field(ge=0)] = 0.0
    """In a delivery, in days of the office's own arrivals."""
    every: Annotated[int, Field(ge=1)] = 1
    """Days from one delivery to the next, the first of them this long after the start; it comes at opening."""
    unprinted: Annotated[float, Field(ge=0)] = 0.0
    """Cards ready on the first morning that nobody could print yet, in days of the office's own arrivals: printed
    before all younger ones, and nobody waits for them."""


class Offices(Section):
    """`[offices]`: which offices take part, when they are open, how they are equipped."""

    which: AllOrSome = "all"
    """All 514, or a list of codes."""
    opening: Window
    """Local hours in which the doors are open and tickets are given."""
    closed_on: list[Weekday] = Field([], max_length=6)
    """Weekdays on which nobody works and nobody comes."""
    stagger_s: dict[Literal["WIB", "WITA", "WIT"], Seconds] = Field({}, alias="stagger")
    """How much later a whole day is in a zone: doors, shifts and arrivals."""
    counter_utilisation: Annotated[float, Field(gt=0, le=1.5)]
    """Counters are as many as keep a normal day's regular shift, without its breaks, this busy."""
    printer_utilisation: Annotated[float, Field(gt=0, le=1.5)]
    """Printers are as many as keep a normal day's opening hours this busy."""
    link_bits_per_s: BitsPerSecond | None = Field(None, alias="link")
    """Each office's own line to the centre, on which one packet follows the other; left out, it takes no time."""
    upload: list[Window] = Field([])
    """Local hours to which sending packets keeps, from the office's store; empty for at once, by the operator."""
    batch_printing: list[Window] = Field([])
    """Local hours to which the printing of cards keeps that nobody waits for; empty for whenever a printer is free."""
    cards: Cards | None = None
    known: dict[OfficeCode, KnownOffice] = Field({})
    """Offices of which more is known."""
    offline: list[Offline] = Field([])
    """Offices that do not reach the centre from a moment until another: they go on capturing, keep the packets and send
    them when the line is back. Who is there meanwhile goes home and comes for the card another day."""

    @model_validator(mode="after")
    def _stock_is_counted(self) -> "Offices":
        named = [code for code, office in self.known.items() if office.cards is not None or office.delivery is not None]
        if named and self.cards is None:
            raise ValueError(
                f'known."{named[0]}": tells of blank cards, which nobody counts without [offices.cards]; add that table'
            )
        return self
