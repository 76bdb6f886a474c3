"""Targets: what the offices want of a card-management server, in the domain's terms; an adapter per server.

An adapter of your own is a class of five methods, made with a line and an office's key; `loadtests.targets.example` is
one to begin with. A sixth, `log_in`, is for servers at which operators log in (`loadtests.login.LetsIn`).
`antrean load --adapter mypackage.mymodule:MyTarget` uses it.
"""

import importlib
from datetime import date
from typing import NamedTuple, Protocol, cast

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

    def decided(self, office: str, since_wall_s: float) -> list[Standing]:
        """Return the office's records in a status of `DECIDED` that began after `since_wall_s`."""

    def status(self, reference: str) -> Status:
        """Return where a record stands."""

    def hand_over(self, reference: str) -> None:
        """Note that the citizen has the card."""


class Adapter(Protocol):
    """What makes a Target: an adapter's class."""

    def __call__(self, line: Line, key: str | None) -> Target:
        """Return the target over a terminal's line, as the office with this key; None where no key is needed."""


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
    missing = [
        method for method in ("submit", "replace", "decided", "status", "hand_over") if not hasattr(found, method)
    ]
    if missing:
        raise ValueError(f"--adapter {name}: lacks {', '.join(missing)}; loadtests/targets/__init__.py describes them")
    return cast(Adapter, found)
