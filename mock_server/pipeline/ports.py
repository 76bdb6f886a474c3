"""The parts that the pipeline needs from outside; `mock_server/adapters` has the real ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Templates = NDArray[np.float32]
"""Face embeddings, one a row, each of length 1."""


class Neighbour(NamedTuple):
    """The enrolled person who resembles a probe most."""

    nik: str
    cosine: float
    """-1 to 1; 1 is the same template."""


class Gallery(Protocol):
    """The templates of everybody enrolled, in partitions that are searched apart."""

    def nearest(self, partition: str, probes: Templates) -> Sequence[Neighbour | None]:
        """Return each probe's nearest neighbour in the partition, None for all if it is empty."""

    def nearest_but(self, partition: str, probe: Templates, others: Collection[str]) -> Neighbour | None:
        """Return the nearest neighbour of one probe, shape (512,), who is none of these NIKs' holders."""

    def add(self, partition: str, nik: str, template: Templates) -> None:
        """Enroll one person; `template` has shape (512,)."""


@dataclass(frozen=True)
class CardFace:
    """What is seen on a card's front."""

    number: str
    nik: str
    office: str
    name: str
    birth_place: str
    birth_date: date
    sex: str
    address: str
    occupation: str
    nationality: str
    expires: date | None
    """The last day on which the card is good; None for life."""
    photo: bytes
    """JPEG."""
    code: str
    """The text in the QR code."""


class Renderer(Protocol):
    """Draws cards."""

    def front(self, face: CardFace) -> bytes:
        """Draw a card's front: a JPEG of an ID-1 card at 300 dots per inch."""

    def thumbnail(self, photo: bytes, max_bytes: int) -> bytes:
        """Shrink a photo to a JPEG of at most `max_bytes` for the chip."""


class Signer(Protocol):
    """Holds the key that readers of cards trust."""

    def sign(self, message: bytes) -> bytes:
        """Sign with ECDSA on secp256r1 and SHA-256; the signature is DER."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is this key's for the message."""


class Printer(Protocol):
    """A machine in an office that makes cards, one at a time."""

    async def make(self, reference: str, duration_s: float) -> None:
        """Make the card of this record; returns when it lies in the tray."""
