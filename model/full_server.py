"""A full server: how many records a second a centre makes when work never runs out, and how slow it is then."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from model.processor_sharing import Sharing
from model.servers import Kind
from model.stages import CENTRAL_STAGES, Stage

_ROUNDS = 60
"""The balance is found to a part in 2^60."""


class Full(NamedTuple):
    """A centre with work for everybody; in the time of its kinds."""

    per_s: float
    """Records a second that leave it."""
    slowdown: float
    """How many times longer services take than alone."""


def full_server(kinds: Sequence[Kind], work_s: Mapping[Stage, float], sharing: Sharing) -> Full:
    """Return how fast a centre is at its limit: one kind of server is busy, the others and the web as they must.

    Batches are then as large as they can be, and services under way are counted by their mean (a fluid limit).

    Args:
        kinds: its servers.
        work_s: the mean work of a service in each stage; requests to the web server count if they are in it.
        sharing: how services slow each other.
    """
    costs = [(kind, *_cost(kind, work_s)) for kind in kinds]
    served_s = sum(service_s for _, service_s, _ in costs)
    web_s = sum(work_s.get(stage, 0.0) for stage in Stage if stage not in CENTRAL_STAGES)
    found, slowdown = Full(0.0, 1.0), 1.0
    for _ in range(_ROUNDS):
        per_s = min(kind.servers / (service_s * slowdown + gap_s) for kind, service_s, gap_s in costs)
        found = Full(per_s, slowdown)
        # Half a step: more records make it slower, and slower means fewer records.
        slowdown = (slowdown + sharing.slowdown(per_s * slowdown * served_s, per_s * slowdown * web_s)) / 2
    return found


def _cost(kind: Kind, work_s: Mapping[Stage, float]) -> tuple[float, float]:
    """What a record in a full batch costs a kind of server: work, and its part of a gap."""
    if kind.fixed_s is not None:
        return kind.whole_s(kind.batch) / kind.batch, kind.gap_s / kind.batch
    return sum(work_s[stage] for stage in kind.stages), len(kind.stages) * kind.gap_s / kind.batch
