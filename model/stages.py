"""A record's life: the statuses it can have, the moves between them that are legal, and the stages that move it.

The names are the field's own; the statuses up to print-ready are documented by several sources, those after it by
one (see docs/domain.md).
"""

from enum import StrEnum


class Status(StrEnum):
    """Where a citizen's record stands."""

    UNREGISTERED = "UNREGISTERED"
    """The population register has no such person."""
    BIO_CAPTURED = "BIO_CAPTURED"
    """The district office has taken fingerprints, irises, face and signature."""
    PROCESSING = "PROCESSING"
    """The office is packing the record."""
    SENT_FOR_ENROLLMENT = "SENT_FOR_ENROLLMENT"
    """The packet is on the private link to the centre."""
    RECEIVED_AT_CENTRAL = "RECEIVED_AT_CENTRAL"
    """The centre has acknowledged the packet and will not lose it."""
    PRINT_READY_RECORD = "PRINT_READY_RECORD"
    """The person is unique: a card may be made."""
    DUPLICATE_RECORD = "DUPLICATE_RECORD"
    """The person is already enrolled."""
    ADJUDICATE_RECORD = "ADJUDICATE_RECORD"
    """Somebody similar is enrolled: a person decides."""
    ENROLL_FAILURE_AT_REGIONAL = "ENROLL_FAILURE_AT_REGIONAL"
    """The region refused the packet."""
    ENROLL_FAILURE_AT_CENTRAL = "ENROLL_FAILURE_AT_CENTRAL"
    """The biometrics are incomplete or unreadable."""
    SEARCH_FAILURE_AT_CENTRAL = "SEARCH_FAILURE_AT_CENTRAL"
    """The matching itself failed."""
    SENT_FOR_CARD_PRINTING = "SENT_FOR_CARD_PRINTING"
    """The card's face and chip are made; it waits for a printer of the office."""
    CARD_PRINTED = "CARD_PRINTED"
    """The card lies in the printer's tray."""
    CARD_SHIPPED = "CARD_SHIPPED"
    """The card is on its way from the place that printed it."""
    CARD_ISSUED = "CARD_ISSUED"
    """The citizen holds the card."""


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.UNREGISTERED: frozenset({Status.BIO_CAPTURED}),
    Status.BIO_CAPTURED: frozenset({Status.PROCESSING}),
    Status.PROCESSING: frozenset({Status.SENT_FOR_ENROLLMENT, Status.ENROLL_FAILURE_AT_REGIONAL}),
    Status.SENT_FOR_ENROLLMENT: frozenset({Status.RECEIVED_AT_CENTRAL, Status.BIO_CAPTURED}),
    Status.RECEIVED_AT_CENTRAL: frozenset(
        {
            Status.PRINT_READY_RECORD,
            Status.DUPLICATE_RECORD,
            Status.ADJUDICATE_RECORD,
            Status.ENROLL_FAILURE_AT_CENTRAL,
            Status.SEARCH_FAILURE_AT_CENTRAL,
        }
    ),
    Status.ADJUDICATE_RECORD: frozenset({Status.PRINT_READY_RECORD, Status.DUPLICATE_RECORD}),
    Status.PRINT_READY_RECORD: frozenset({Status.SENT_FOR_CARD_PRINTING}),
    Status.SENT_FOR_CARD_PRINTING: frozenset({Status.CARD_PRINTED}),
    # A card printed in the citizen's own office needs no shipping.
    # A spoiled card is made and printed again.
    Status.CARD_PRINTED: frozenset({Status.CARD_SHIPPED, Status.CARD_ISSUED, Status.SENT_FOR_CARD_PRINTING}),
    Status.CARD_SHIPPED: frozenset({Status.CARD_ISSUED}),
    Status.CARD_ISSUED: frozenset(),
    Status.DUPLICATE_RECORD: frozenset(),
    # Recovery in practice: reset and send again, or recapture.
    Status.ENROLL_FAILURE_AT_REGIONAL: frozenset({Status.BIO_CAPTURED}),
    Status.ENROLL_FAILURE_AT_CENTRAL: frozenset({Status.BIO_CAPTURED}),
    Status.SEARCH_FAILURE_AT_CENTRAL: frozenset({Status.BIO_CAPTURED}),
}

REFUSED = frozenset(
    {
        Status.DUPLICATE_RECORD,
        Status.ENROLL_FAILURE_AT_REGIONAL,
        Status.ENROLL_FAILURE_AT_CENTRAL,
        Status.SEARCH_FAILURE_AT_CENTRAL,
    }
)
"""Statuses in which the citizen goes home today without a card."""


END_OF_CENTRE = frozenset({Status.SENT_FOR_CARD_PRINTING, *REFUSED})
"""Statuses in which the centre has nothing more to do for a record."""


class IllegalTransitionError(ValueError):
    """A record cannot move between these two statuses."""

    def __init__(self, old: Status, new: Status) -> None:
        allowed = ", ".join(sorted(TRANSITIONS[old])) or "nothing: the status is final"
        super().__init__(f"a record cannot go from {old} to {new}; from {old} it can go to {allowed}")


def move(old: Status, new: Status) -> Status:
    """Return `new` if a record may go there from `old`.

    Raises:
        IllegalTransitionError: the move is not in `TRANSITIONS`.
    """
    if new not in TRANSITIONS[old]:
        raise IllegalTransitionError(old, new)
    return new


class Stage(StrEnum):
    """A stop on a citizen's way from the door to the card, where there can be a queue; and an operator's login."""

    ARRIVAL = "arrival"
    """Takes a ticket at the door."""
    CAPTURE = "capture"
    """Waits for a counter; an operator takes the biometrics."""
    SUBMISSION = "submission"
    """The operator sends the packet to the centre and waits for its receipt."""
    VALIDATION = "validation"
    """The centre checks the packet's biodata, photo and biometrics."""
    MATCHING = "matching"
    """The centre compares the person with everybody enrolled (1:N)."""
    PERSONALISATION = "personalisation"
    """The centre renders the card's face and signs the chip's payload."""
    PRINTING = "printing"
    """The office's printer makes the card."""
    HANDOVER = "handover"
    """The citizen gets the card."""
    LOGIN = "login"
    """An operator logs in; in place of a citizen's name such a visit bears the counter's."""


CENTRAL_STAGES = (Stage.VALIDATION, Stage.MATCHING, Stage.PERSONALISATION)
"""The stages that the centre's computers work on, in order."""
