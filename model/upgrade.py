"""`[upgrade]`: what is upgraded, when and how."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, Strict, model_validator

from model.section import PositiveSeconds, Section
from model.units import DAY_S, DayWindow, Seconds, Window


class Plan(StrEnum):
    """A way to upgrade."""

    ONLINE = "online"
    """While the offices work: a new schema beside the old one, filled in batches, then a switch."""
    ROLLING = "rolling"
    """The same, one time zone after the other, from the east."""
    BIG_BANG = "big-bang"
    """All in one step, while everybody waits."""


class UpgradeCost(Section):
    """`[upgrade.cost]`: how many times longer a record takes in the centre, and what else it costs; a run measures the
    first two and replaces them."""

    during: Annotated[float, Field(ge=1)]
    """While the upgrade works."""
    after: Annotated[float, Field(gt=0)]
    """Once the new version runs alone."""
    lost_slots: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the centre's slots that the upgrade takes while it works."""
    standstill_s: Seconds = Field(0.0, alias="standstill")
    """How long the centre stands still to switch over, when the work is done."""
    cold: Annotated[float, Field(ge=1)] = 1.0
    """How many times longer still a record takes right after the switch, while caches are cold."""
    warm_up_s: PositiveSeconds = Field(3600.0, alias="warm_up")
    """How long until what the cold caches cost has fallen to 37% (exponential)."""
    batch_s: PositiveSeconds = Field(1.0, alias="batch")
    """How long one batch of the backfill takes; tells what a pause between batches spares and costs."""


class Upgrade(Section):
    """`[upgrade]`: what is upgraded, when and how; without this table nothing is."""

    to: str
    """The version it leads to."""
    plan: Annotated[Plan, Strict(False)]
    """How: `online` expands the schema, fills it in batches while the offices work, and switches over; `rolling` does
    so for one time zone after the other, from the east; `big-bang` does all of it in one step while everybody waits."""
    hours: list[Window] = Field([])
    """Hours of the day, on the start's clock, to which the upgrade keeps; empty for all day."""
    start: datetime
    """When it starts, with its UTC offset."""
    expected_end: datetime
    """When the authority expects normal service back."""
    work_s: PositiveSeconds | None = Field(None, alias="work")
    """How long it works, hours outside `hours` not counted; left out, from `start` until `expected_end`."""
    batch: Annotated[int, Field(ge=1, le=100_000)]
    """Residents per batch of the backfill."""
    pause_s: Seconds = Field(alias="pause")
    """Pause between batches: the throttle."""
    parallelism: Annotated[int, Field(ge=1, le=64)]
    """Processes that fill at the same time."""
    cost: UpgradeCost

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "Upgrade":
        if self.start.tzinfo is None or self.expected_end.tzinfo is None:
            raise ValueError("start and expected_end need a UTC offset, such as 2016-04-04T06:00:00+07:00")
        if self.expected_end <= self.start:
            raise ValueError("expected_end must come after start")
        return self


def windows_s(upgrade: Upgrade, days: int) -> list[DayWindow]:
    """Return when the upgrade may work, in seconds since the scenario's start, on so many days; empty for always."""
    return [
        DayWindow(day * DAY_S + window.start_s, day * DAY_S + window.end_s)
        for day in range(days)
        for window in sorted(upgrade.hours)
    ]
