"""`[centre]`: what the national data centre is and can do."""

from typing import Annotated

from pydantic import Field, model_validator

from model.section import PositiveSeconds, Section, Share
from model.units import Window, parse_clock_s


class StageTimes(Section):
    """`[centre.stages]`: mean working time of one record in each stage of the centre."""

    submission_s: PositiveSeconds = Field(alias="submission")
    """Receiving the packet; the office's operator waits for it."""
    validation_s: PositiveSeconds = Field(alias="validation")
    """Checking the packet."""
    matching_s: PositiveSeconds = Field(alias="matching")
    """The 1:N search."""
    personalisation_s: PositiveSeconds = Field(alias="personalisation")
    """Rendering the card and signing the chip's payload."""

    @property
    def total_s(self) -> float:
        """Working time of one record over all stages."""
        return self.submission_s + self.validation_s + self.matching_s + self.personalisation_s


class Adjudication(Section):
    """`[centre.adjudication]`: people who decide whether somebody similar is the same; without this table nobody is."""

    share: Share
    """Share of records to be matched that resemble a resident of whom the person turns out to be another."""
    people: Annotated[int, Field(ge=1)]
    """Adjudicators of the whole nation."""
    hours: Window
    """When they work, on the start's clock; not on days on which the offices are closed."""
    decision_s: PositiveSeconds = Field(alias="decision")
    """Mean time of a decision (exponential)."""


class Centre(Section):
    """`[centre]`: the national data centre."""

    version: str
    """Software version before the upgrade."""
    slots: Annotated[int, Field(ge=1)]
    """Records it works on at the same time."""
    peak_utilisation: Annotated[float, Field(gt=0, le=1.5)]
    """How full the normal day's peak hour would fill the national centre if every record reached it at once; the
    counters let a tenth less through."""
    peaks: list[Window] = Field([])
    """Windows, on the start's clock, in which the centre is known to be busiest; charts shade them."""
    residents: Annotated[int, Field(ge=1)]
    """Residents in the mock server's database, spread by population."""
    variation: Annotated[float, Field(ge=0, le=3)]
    """Coefficient of variation of the stages' working times."""
    background: dict[str, Share] = Field({})
    """Share of the slots that others use, from each time of day on the start's clock until the next ("08:00" = 0.2)."""
    crowding: Annotated[float, Field(ge=0)] = 0.0
    """How much longer a record takes for every `slots` others that wait in the centre: 0.02 is 2% longer."""
    admitted: Annotated[int, Field(ge=1)] | None = None
    """Most records in the centre at a time; offices keep the others' packets until there is room. Left out, all."""
    waiting_first: bool = False
    """Whether records of citizens who wait go before those that nobody waits for, at the centre and the printers."""
    login_s: PositiveSeconds | None = Field(None, alias="login")
    """Mean working time of an operator's login, in the same measure as `centre.stages`: every operator logs in when the
    regular shift begins, and serves nobody before. Left out, nobody logs in."""
    stages: StageTimes
    adjudication: Adjudication | None = None

    @model_validator(mode="after")
    def _background_is_in_order(self) -> "Centre":
        times_s = [parse_clock_s(time) for time in self.background]
        if times_s != sorted(set(times_s)):
            raise ValueError("background needs its times of day in order, each once")
        if any(share >= 1 for share in self.background.values()):
            raise ValueError("background leaves no slot; every share must be below 1")
        return self
