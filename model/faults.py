"""`[[faults]]`: what goes wrong on purpose in a lab day, each from a start to an end."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from model.section import Lasting, OfficeCode, PositiveSeconds
from model.units import format_duration

LONGEST_DELAY_S = 10.0
"""No stage waits longer for a record: it holds its transaction meanwhile, and a process told to end waits for it."""


SlowStage = Literal["submission", "validation", "matching", "personalisation", "printing"]
"""Where latency can be injected."""
FailingStage = Literal["submission", "validation", "matching", "personalisation"]
"""Where errors can be injected."""


def _bearable(delay_s: float) -> float:
    if delay_s > LONGEST_DELAY_S:
        longest = format_duration(LONGEST_DELAY_S)
        raise ValueError(f"{format_duration(delay_s)} is too long; a stage waits at most {longest} for a record")
    return delay_s


class Latency(Lasting):
    """Each record takes a stage so much longer."""

    kind: Literal["latency"]
    """What goes wrong."""
    stage: SlowStage
    """Where: `submission`, `validation`, `matching`, `personalisation` or `printing`."""
    delay_s: Annotated[PositiveSeconds, AfterValidator(_bearable)] = Field(alias="delay")
    """How much longer, at most 10 s, in wall time: the server really waits, and no speedup compresses it."""


class Errors(Lasting):
    """A share of the records fails at a stage."""

    kind: Literal["errors"]
    """What goes wrong."""
    stage: FailingStage
    """Where: `submission`, `validation`, `matching` or `personalisation`."""
    share: Annotated[float, Field(gt=0, le=1)]
    """How many of the records; one that fails does so until the fault is over."""


class PrinterDown(Lasting):
    """A printer takes no cards."""

    kind: Literal["printer-down"]
    """What goes wrong."""
    office: OfficeCode
    """Whose printer."""
    printer: Annotated[int, Field(ge=1, le=10_000)]
    """Which of the office's printers."""


class LinkCut(Lasting):
    """An office does not reach the centre."""

    kind: Literal["link-cut"]
    """What goes wrong."""
    office: OfficeCode
    """Whose link."""


class WorkerKilled(Lasting):
    """A worker process of the centre is killed, and started again at the end."""

    kind: Literal["worker-killed"]
    """What goes wrong."""
    worker: Annotated[int, Field(ge=1, le=1000)]
    """Which of the workers; the lab has one a core, two at least."""


class PostgresRestart(Lasting):
    """PostgreSQL is stopped, and started again at the end."""

    kind: Literal["postgres-restart"]
    """What goes wrong."""


Fault = Annotated[
    Latency | Errors | PrinterDown | LinkCut | WorkerKilled | PostgresRestart, Field(discriminator="kind")
]
"""A fault, told by its `kind`."""
