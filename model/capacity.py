"""`[capacity]`: what a sustained rate of enrollments has to keep, and how closely the highest is searched."""

from typing import Annotated

from pydantic import Field, model_validator

from model.section import PositiveSeconds, Section, Share

PositiveShare = Annotated[float, Field(gt=0, lt=1)]


class QuickCapacity(Section):
    """`[capacity.quick]`: what `antrean capacity --quick` takes in place of the full figures."""

    step_s: PositiveSeconds = Field(8.0, alias="step")
    """In place of `capacity.step`."""
    longest_s: PositiveSeconds = Field(16.0, alias="longest")
    """In place of `capacity.longest`."""
    resolution: PositiveShare = 0.15
    """In place of `capacity.resolution`."""


class Capacity(Section):
    """`[capacity]`: the limits that a sustained rate keeps, and how closely `antrean capacity` searches the highest."""

    p95_s: PositiveSeconds = Field(2.0, alias="p95")
    """Of 100 enrollments, the centre has decided on 95 within this time of their arrival, by the wall clock."""
    errors: Share = 0.01
    """The share of enrollments that may fail."""
    growth: PositiveShare = 0.05
    """A backlog that grows by less than this share of the offered rate counts as one that does not grow."""
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    """How sure the verdict on a step has to be."""
    resolution: PositiveShare = 0.05
    """How far the ends of the knee's interval may lie apart, as a share of the lower one."""
    warm_up_s: PositiveSeconds = Field(5.0, alias="warm_up")
    """What each step is given to fill the pipeline, and is not measured."""
    step_s: PositiveSeconds = Field(20.0, alias="step")
    """How long a step is measured; one that is undecided then goes on until it is twice as long, and so on."""
    longest_s: PositiveSeconds = Field(80.0, alias="longest")
    """How long an undecided step is measured at most."""
    quick: QuickCapacity = QuickCapacity()

    @model_validator(mode="after")
    def _longest_is_longest(self) -> "Capacity":
        for name, table in (("", self), ("quick.", self.quick)):
            if table.longest_s < table.step_s:
                raise ValueError(f"{name}longest is shorter than {name}step; let it be at least as long")
            if table.step_s <= self.p95_s:
                raise ValueError(f"{name}step is not longer than p95, so no enrollment of it could be judged")
        return self

    def looks_s(self) -> list[float]:
        """Return after how many measured seconds a step is judged: after `step`, and each time it has doubled."""
        looks_s = [self.step_s]
        while 2 * looks_s[-1] <= self.longest_s:
            looks_s.append(2 * looks_s[-1])
        return looks_s

    def coarser(self) -> "Capacity":
        """Return the limits as `--quick` searches them."""
        quick = self.quick
        return self.model_copy(
            update={"step_s": quick.step_s, "longest_s": quick.longest_s, "resolution": quick.resolution}
        )
