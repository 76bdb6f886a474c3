"""`[service]`: what people and their machines take in the offices."""

from pydantic import Field, model_validator

from model.section import PositiveSeconds, Section, Share


class Spread(Section):
    """A human duration between `low` and `high`, most often near `mode` (triangular)."""

    low_s: PositiveSeconds = Field(alias="low")
    """The shortest."""
    mode_s: PositiveSeconds = Field(alias="mode")
    """The most frequent."""
    high_s: PositiveSeconds = Field(alias="high")
    """The longest."""

    @model_validator(mode="after")
    def _in_order(self) -> "Spread":
        if not self.low_s <= self.mode_s <= self.high_s or self.low_s == self.high_s:
            raise ValueError("low, mode and high must not descend, and low must be below high")
        return self

    @property
    def mean_s(self) -> float:
        """The mean of the triangular distribution."""
        return (self.low_s + self.mode_s + self.high_s) / 3


def _papers() -> Spread:
    return Spread.model_validate({"low": "2 min", "mode": "3 min", "high": "5 min"})


class Service(Section):
    """`[service]`: what people and their machines take in the offices."""

    capture: Spread
    """Ten fingerprints, two irises, face and signature at the counter."""
    papers: Spread = Field(default_factory=_papers)
    """At the counter in place of a capture: identity and letter of who wants a replacement."""
    printing_s: PositiveSeconds = Field(alias="printing")
    """A card on one printer."""
    handover_s: PositiveSeconds = Field(alias="handover")
    """How often the hand-over window looks for printed cards and refused records."""
    waiting_for_card: Share = 1.0
    """Share of citizens who wait in the office for the card; the others go home and come another day."""
