"""Targets: what the offices want of a card-management server, in the domain's terms; an adapter per server."""

from typing import NamedTuple, Protocol

from loadtests.people import Packet
from model.stages import REFUSED, Status

DECIDED = frozenset({Status.CARD_PRINTED}) | REFUSED
"""Statuses of which the hand-over window has something to tell the citizen."""
PAST_CENTRE = REFUSED | {
    Status.ADJUDICATE_RECORD,
    Status.SENT_FOR_CARD_PRINTING,
    Status.CARD_PRINTED,
    Status.CARD_SHIPPED,
    Status.CARD_ISSUED,
}
"""Statuses of a record on which the centre's computers have nothing more to do."""


class Standing(NamedTuple):
    """Where a record stands."""

    reference: str
    status: Status
    since_wall_s: float | None
    """When the status began, in seconds since the epoch; None where the server does not say."""


class TargetError(Exception):
    """The server did not do what was asked; `passing` tells whether it may if asked again."""

    def __init__(self, detail: str, *, passing: bool) -> None:
        self.passing = passing
        super().__init__(detail)


class Target(Protocol):
    """A card-management server as one office's computer reaches it.

    Every method waits for the answer and raises TargetError when there is none or it is an error.
    """

    def submit(self, packet: Packet) -> Status:
        """Send a packet and return where its record stands; sending it again does no harm."""

    def decided(self, office: str, since_wall_s: float) -> list[Standing]:
        """Return the office's records in a status of `DECIDED` that began after `since_wall_s`."""

    def status(self, reference: str) -> Status:
        """Return where a record stands."""

    def hand_over(self, reference: str) -> None:
        """Note that the citizen has the card."""
