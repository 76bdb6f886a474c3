"""The second step: is the person enrolled already? Each probe is compared with everybody, exactly (1:N)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from mock_server.pipeline.ports import Gallery, Neighbour, Templates
from model.stages import Status


@dataclass(frozen=True)
class Thresholds:
    """From which cosine on two faces are similar, and from which they are one."""

    similar: float
    duplicate: float

    def judge(self, cosine: float) -> Status:
        """Return what becomes of a record whose nearest neighbour is this near."""
        if cosine >= self.duplicate:
            return Status.DUPLICATE_RECORD
        return Status.ADJUDICATE_RECORD if cosine >= self.similar else Status.PRINT_READY_RECORD


@dataclass(frozen=True)
class Probe:
    """A person to be searched for."""

    nik: str
    partition: str
    template: Templates
    """Shape (512,), length 1."""
    cleared: frozenset[str] = frozenset()
    """NIKs of people of whom a person has decided that they are somebody else, however similar."""


@dataclass(frozen=True)
class Verdict:
    """What the search said of a probe."""

    status: Status
    resembles: str | None = None
    """The NIK of whoever is too near; None for an accepted probe."""
    cosine: float | None = None
    """With that person's face; None if it is the NIK that the two share."""
    reason: str | None = None


def match(
    probes: Sequence[Probe],
    gallery: Gallery,
    thresholds: Thresholds,
    enrolled: Collection[str],
) -> list[Verdict]:
    """Judge a batch of probes in order, each against the gallery and the batch's accepted ones before it.

    `enrolled` holds those of the probes' NIKs that residents have: such a probe is not accepted even when its face is
    new, since a NIK is one person's. The gallery is only read; enrolling the accepted is the caller's, once they are
    safe.
    """
    nearest = _nearest_enrolled(probes, gallery)
    verdicts: list[Verdict] = []
    accepted: list[Probe] = []
    for index, probe in enumerate(probes):
        verdict = _judge(_nearer(nearest[index], _nearest_of(probe, accepted)), thresholds)
        if verdict.status == Status.PRINT_READY_RECORD:
            if probe.nik in enrolled or any(other.nik == probe.nik for other in accepted):
                verdict = Verdict(
                    Status.ADJUDICATE_RECORD, probe.nik, reason="the NIK belongs to somebody with another face"
                )
            else:
                accepted.append(probe)
        verdicts.append(verdict)
    return verdicts


def _nearest_enrolled(probes: Sequence[Probe], gallery: Gallery) -> list[Neighbour | None]:
    """Search the gallery for all probes, those of one partition together: one matrix product for each."""
    nearest: list[Neighbour | None] = [None] * len(probes)
    for index, probe in enumerate(probes):
        if probe.cleared:
            nearest[index] = gallery.nearest_but(probe.partition, probe.template, probe.cleared)
    for partition in {probe.partition for probe in probes if not probe.cleared}:
        indexes = [index for index, probe in enumerate(probes) if probe.partition == partition and not probe.cleared]
        templates = np.stack([probes[index].template for index in indexes])
        for index, neighbour in zip(indexes, gallery.nearest(partition, templates), strict=True):
            nearest[index] = neighbour
    return nearest


def _nearest_of(probe: Probe, accepted: Sequence[Probe]) -> Neighbour | None:
    rivals = [other for other in accepted if other.partition == probe.partition and other.nik not in probe.cleared]
    if not rivals:
        return None
    cosines = np.stack([other.template for other in rivals]) @ probe.template
    best = int(cosines.argmax())
    return Neighbour(rivals[best].nik, float(cosines[best]))


def _nearer(one: Neighbour | None, other: Neighbour | None) -> Neighbour | None:
    if one is None or other is None:
        return one or other
    return one if one.cosine >= other.cosine else other


def _judge(neighbour: Neighbour | None, thresholds: Thresholds) -> Verdict:
    if neighbour is None:
        return Verdict(Status.PRINT_READY_RECORD)
    status = thresholds.judge(neighbour.cosine)
    if status == Status.PRINT_READY_RECORD:
        return Verdict(status)
    cosine = neighbour.cosine
    return Verdict(status, neighbour.nik, cosine, f"cosine {cosine:.3f} with an enrolled face")
