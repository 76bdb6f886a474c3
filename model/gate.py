"""`[gate]`: by how much a build may be worse than the one it is compared with, and how sure the gate has to be."""

from typing import Annotated

from pydantic import Field

from model.section import PositiveSeconds, Section, Share

AtMost = Annotated[float, Field(gt=1, le=10)]
AtLeast = Annotated[float, Field(gt=0, lt=1)]


class GateLimits(Section):
    """`[gate.limits]`: what a measure may be of the baseline's; what is left out is not judged."""

    cpu_per_card: AtMost | None = None
    """CPU-seconds of all the server's processes and its database for a card."""
    cpu_in_steps: AtMost | None = None
    """CPU-seconds of the mock server's workers alone for a card: validation and personalisation, free of what the rest
    of the server spends on waking up; of duets only."""
    cpu_per_request: AtMost | None = None
    """The same for a request; of runs (`antrean check`) only."""
    throughput: AtLeast | None = None
    """Cards a second that come out of a server that always has enough to do."""
    median: AtMost | None = None
    """Half of the citizens have their card within this time of being due."""
    p95: AtMost | None = None
    """95 of 100 do."""


class GateLevels(Section):
    """`[gate.levels]`: what has to be kept whatever the baseline is; what is left out is not judged."""

    p95_s: PositiveSeconds | None = Field(None, alias="p95")
    """95 of 100 citizens have their card within this time of being due, by the wall clock."""
    errors: Share | None = None
    """The share of packets that the server may fail to take."""


class Gate(Section):
    """`[gate]`: how `antrean duet` and `antrean check` decide whether a build is slower than another."""

    error: Annotated[float, Field(gt=0, le=0.2)] = 0.02
    """With which probability a decision may call a build worse that keeps all limits; as often it may miss one that
    breaks them."""
    cards: Annotated[int, Field(ge=2, le=100)] = 6
    """Cards that a server makes in a turn; a round has two turns of each."""
    longest_s: PositiveSeconds = Field(60.0, alias="longest")
    """How long rounds are played at most; then the gate says that it cannot tell."""
    residents: Annotated[int, Field(ge=1)] = 1_000
    """In place of `centre.residents`: both servers are seeded afresh."""
    limits: GateLimits = GateLimits()
    levels: GateLevels = GateLevels()
