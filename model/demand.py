"""`[demand]`: how many citizens come, when and for what."""

from typing import Annotated

from pydantic import Field, model_validator

from model.errands import Errand
from model.section import PositiveSeconds, Section, Share
from model.units import PerDay, parse_clock_s


class Mix(Section):
    """`[demand.mix]`: what citizens come for, as shares that add up to 1."""

    enrollment: Share = 1.0
    """Recording and a first card."""
    replacement: Share = 0.0
    """A new card for a lost or damaged one, at home; needs no capture."""
    replacement_away: Share = 0.0
    """The same in another district; turned away until 5.5 runs."""
    foreign_resident: Share = 0.0
    """Recording and a card for a foreigner; turned away until 5.5 runs."""
    correction: Share = 0.0
    """A mistake in the biodata put right, at home, and a new card that bears it; needs no capture."""

    @model_validator(mode="after")
    def _adds_up(self) -> "Mix":
        total = sum(self.shares.values())
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"the shares add up to {total:g}; they must add up to 1")
        return self

    @property
    def shares(self) -> dict[Errand, float]:
        """The share of each errand."""
        return {errand: getattr(self, errand.value) for errand in Errand}


class Appointments(Section):
    """`[demand.appointments]`: citizens book a slot of the day in place of coming when they like."""

    slot_s: PositiveSeconds = Field(alias="slot")
    """How long a slot lasts."""
    quota: Annotated[float, Field(gt=0, le=2)]
    """Citizens booked into a slot, as a share of those whom its counters can serve."""
    no_shows: Share = 0.0
    """Share of those with an appointment who do not come."""


class Demand(Section):
    """`[demand]`: how many citizens come, when and for what."""

    arrivals_per_day: PerDay = Field(alias="arrivals")
    """Citizens a day in the whole nation, spread over the offices by population."""
    usual: PerDay | None = None
    """Citizens a day for whom the offices and the centre are equipped, and of whom `offices.known` tells. Left out,
    those who come."""
    volume: Annotated[float, Field(gt=0)] = 1.0
    """The share of each office's arrivals that is played; a lab run sets it, see model/compression.py."""
    curve: dict[str, Annotated[float, Field(ge=0)]]
    """Relative arrival rate at local times of day ("08:00" = 2.0), linear between them, zero outside."""
    duplicates: Share = 0.0
    """Share of citizens to be recorded who are enrolled already and try again under another number."""
    patience_s: PositiveSeconds | None = Field(None, alias="patience")
    """Mean patience (exponential) of who waits for a counter and then leaves; left out, nobody leaves."""
    returning: Share = 1.0
    """Share of those sent home in the evening who come back when the doors next open."""
    batch_cards_per_day: PerDay = Field(0.0, alias="batch_cards")
    """Cards a day, in the whole nation, for people recorded earlier: ordered at opening, and nobody waits for them."""
    mix: Mix = Mix()
    appointments: Appointments | None = None

    @model_validator(mode="after")
    def _curve_is_a_curve(self) -> "Demand":
        times_s = [parse_clock_s(time) for time in self.curve]
        if len(times_s) < 2 or times_s != sorted(set(times_s)):
            raise ValueError("curve needs at least two times of day, earlier first, each once")
        if not any(self.curve.values()):
            raise ValueError("curve is zero everywhere; nobody would ever come")
        if self.usual == 0:
            raise ValueError(
                "usual is nobody, for whom nothing can be equipped; leave it out, or give those of a usual day"
            )
        return self

    @property
    def usual_per_day(self) -> float:
        """Citizens a day for whom offices and centre are equipped."""
        return self.arrivals_per_day if self.usual is None else self.usual

    @property
    def rush(self) -> float:
        """How many times as many come as usual."""
        return 1.0 if self.usual is None else self.arrivals_per_day / self.usual

    @property
    def curve_knots(self) -> list[tuple[float, float]]:
        """The curve as (seconds since local midnight, relative rate)."""
        return [(parse_clock_s(time), rate) for time, rate in self.curve.items()]
