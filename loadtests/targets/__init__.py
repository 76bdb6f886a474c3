"""Targets: what the offices want of a card-management server, in the domain's terms; an adapter per server.

An adapter of your own is a class of seven methods, made with a line and an office's key; `loadtests.targets.example` is
one to begin with. Three more are for servers at which offices control their printing (`PrintRoom`), and `log_in` for
those at which operators log in (`loadtests.login.LetsIn`). `antrean load --adapter mypackage.mymodule:MyTarget` uses
it.
"""

import importlib
from datetime import date
from typing import NamedTuple, Protocol, cast, runtime_checkable

from loadtests.line import Line
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


class PoliceLetter(NamedTuple):
    """What the police wrote down of a loss."""

    number: str
    written: date


class Replacement(NamedTuple):
    """A resident who needs the card anew, without a new capture."""

    reference: str
    """The name of the new record."""
    nik: str
    office: str
    """Where the resident asks, at home or away."""
    lost: bool
    """Lost, or else damaged."""
    police_letter: PoliceLetter | None = None
    """Needed for a card lost away from home."""
    hold_print: bool = False
    """Whether nobody waits for the card, so that it is printed when `PrintRoom.print_held` next says so."""


class Correction(NamedTuple):
    """A mistake in a resident's biodata; the new card that bears it is a replacement of its own."""

    nik: str
    office: str
    """Where the resident is at home, and asks."""
    field: str
    """Which of the biodata, by their names in a packet: name, birth_place, address or occupation."""
    value: str
    reason: str
    """What proves it, in words."""


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

    def replace(self, replacement: Replacement) -> Status:
        """Have a card made anew and return where its record stands; asking again does no harm."""

    def correct(self, correction: Correction) -> None:
        """Have a field of a resident's biodata corrected; asking again does no harm."""

    def decided(self, office: str, since_wall_s: float) -> list[Standing]:
        """Return the office's records in a status of `DECIDED` that began after `since_wall_s`."""

    def status(self, reference: str) -> Status:
        """Return where a record stands."""

    def hand_over(self, reference: str) -> None:
        """Note that the citizen has the card."""

    def version(self, office: str) -> str | None:
        """Return the software version that serves an office now, such as "5.4"; None where the server does not say.

        Citizens are turned away at the door while it does not offer what they come for (`model.errands.offers`); where
        nobody says, everything is offered. Asked only where the scenario's mix has what some version does not offer.
        """


@runtime_checkable
class PrintRoom(Protocol):
    """What a server that lets offices control their printing does besides; an adapter may leave it out.

    Without it printers are always on, cards are printed as they come and blank cards are not counted. Of a scenario
    that wants it otherwise the run then tells that this was not played.
    """

    def switch_printers(self, office: str, on: bool) -> None:
        """Switch the office's printers on or off; off, they finish what they have begun. They may be so already."""

    def print_held(self, office: str) -> int:
        """Have those held cards of the office printed that are ready, and return how many; asking again does no harm.

        Held are the cards of packets and replacements with `hold_print`.
        """

    def deliver(self, office: str, blanks: int, delivery: str) -> None:
        """Add blank cards to the office's stock, with the first of which they begin to be counted.

        Booking a delivery of the same name again does no harm.
        """


class Adapter(Protocol):
    """What makes a Target: an adapter's class."""

    def __call__(self, line: Line, key: str | None) -> Target:
        """Return the target over a terminal's line, as the office with this key; None where no key is needed."""


METHODS = ("submit", "replace", "correct", "decided", "status", "hand_over", "version")
SHIPPED = {"mock": "loadtests.targets.mock:MockTarget", "example": "loadtests.targets.example:ExampleTarget"}
"""The adapters that have a name."""


def find_adapter(name: str) -> Adapter:
    """Return the adapter of a shipped name or of "module:Class".

    Raises:
        ValueError: there is none, or it lacks a method of `Target`.
    """
    module_name, _, class_name = SHIPPED.get(name, name).partition(":")
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"--adapter {name}: {error}; it is one of {', '.join(SHIPPED)}, or module:Class of your own"
        ) from None
    missing = [method for method in METHODS if not hasattr(found, method)]
    if missing:
        raise ValueError(f"--adapter {name}: lacks {', '.join(missing)}; loadtests/targets/__init__.py describes them")
    return cast(Adapter, found)
