"""What the web takes and gives, as JSON."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from mock_server.database import AnyRow
from mock_server.pipeline.permits import MAX_NUMBER_CHARACTERS, PermitKind
from model.offices import Zone
from model.stages import Stage, Status

Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~:-]{1,100}$"), Field(examples=["35.07-000123"])]
"""A record's name, given by the office; unique in the nation, and fit for a URL's path."""
Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A line of text; control characters have no place on a card, and PostgreSQL stores no NUL."""


def example(answer: JsonDict) -> ConfigDict:
    """Show an answer in the interface's description."""
    return ConfigDict(json_schema_extra={"examples": [answer]})


EXAMPLE_ENROLLMENT = """{"reference": "35.07-000123", "office": "35.07", "biodata": {"nik": "3507124801900001",
 "name": "SITI AMINAH", "birth_place": "MALANG", "birth_date": "1990-01-08", "sex": "P",
 "address": "Jl. Panji No. 158, Kepanjen", "occupation": "GURU", "nationality": "WNI"}}"""
"""The `record` part of a packet, as an office sends it."""

Line = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1)]
"""Text that says something."""
HoldPrint = Annotated[bool, Field(description="Nobody waits for the card: it is not printed until the office says so.")]
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
"""A person's reason for a decision, in words."""


class Biodata(BaseModel):
    """A person's data. What is missing or wrong in it is validation's to say, so any text passes here."""

    model_config = ConfigDict(extra="forbid")

    nik: Text
    name: Text = ""
    birth_place: Text = ""
    birth_date: Text = ""
    """YYYY-MM-DD."""
    sex: Text = ""
    """L or P."""
    address: Text = ""
    occupation: Text = ""
    nationality: Text = ""


class Permit(BaseModel):
    """A foreign resident's permit. Whether it gives a right to a card is validation's to say."""

    model_config = ConfigDict(extra="forbid")

    kind: PermitKind
    number: Annotated[Line, StringConstraints(max_length=MAX_NUMBER_CHARACTERS)]
    expires: date
    """The last day on which it is good."""


class Enrollment(BaseModel):
    """The `record` part of a packet."""

    model_config = ConfigDict(extra="forbid")

    reference: Reference
    office: Text
    """The submitting office's code, such as 35.07."""
    home: Text | None = None
    """The code of the office where the person is at home; the submitting one if missing. Another needs 5.5."""
    biodata: Biodata
    permit: Permit | None = None
    """For somebody whose nationality is not WNI; needs 5.5."""
    hold_print: HoldPrint = False


class Receipt(BaseModel):
    """The centre has the packet and will not lose it."""

    model_config = example({"reference": "35.07-000123", "status": "RECEIVED_AT_CENTRAL"})

    reference: str
    status: Status


class Record(BaseModel):
    """A record as it stands; times in seconds since the epoch."""

    model_config = example(
        {
            "reference": "35.07-000123",
            "office": "35.07",
            "home": "35.07",
            "kind": "enrollment",
            "nik": "3507124801900001",
            "status": "DUPLICATE_RECORD",
            "since": 1460000012.5,
            "stage": None,
            "received_at": 1460000000.0,
            "reasons": ["cosine 0.931 with an enrolled face"],
            "warnings": None,
            "duplicate_of": "3507124801900002",
        }
    )

    reference: str
    office: str
    home: str
    """The office where the person is at home."""
    kind: str
    """enrollment or replacement."""
    nik: str
    status: Status
    since: float
    """When the status began."""
    stage: Stage | None
    """The stage that the record waits for."""
    received_at: float
    reasons: list[str] | None
    warnings: list[str] | None
    """What validation found odd and let pass."""
    duplicate_of: str | None
    """The NIK of the resident whom the person is, or resembles."""


class RecordStatus(BaseModel):
    """A record in a list."""

    model_config = example({"reference": "35.07-000123", "status": "CARD_PRINTED", "since": 1460000012.5})

    reference: str
    status: Status
    since: float


class Card(BaseModel):
    """A card's number and chip; the public key at /v1/signing-key verifies it."""

    model_config = example(
        {
            "number": "000000000042",
            "reference": "35.07-000123",
            "nik": "3507124801900001",
            "status": "ACTIVE",
            "expires": None,
            "payload": "eyJiaW9kYXRhIjp7",
            "signature": "MEUCIQDx",
        }
    )

    number: str
    reference: str
    nik: str
    status: str
    expires: date | None
    """The last day on which it is good, that of a foreign resident's permit; null for life."""
    payload: str
    """Base64."""
    signature: str
    """Base64 of ECDSA on secp256r1 with SHA-256 over the payload's bytes, DER."""


class Queue(BaseModel):
    """A stage's queue."""

    model_config = example({"waiting": 12, "oldest_wait_s": 1.5})

    waiting: int
    oldest_wait_s: float
    """How long the first in the queue has waited; 0 when nobody does."""


class UpgradePhase(BaseModel):
    """A phase of an upgrade; times in seconds since the epoch."""

    model_config = example(
        {
            "phase": "backfill",
            "rows_done": 40_000,
            "rows_left": 160_000,
            "rows_total": 200_000,
            "started_at": 1460000000.0,
            "finished_at": None,
            "longest_lock_s": 0.043,
        }
    )

    phase: str
    rows_done: int
    rows_left: int
    rows_total: int
    started_at: float
    finished_at: float | None
    longest_lock_s: float
    """The longest that one of its transactions has held what others may wait for."""

    @classmethod
    def of(cls, row: AnyRow) -> "UpgradePhase":
        """Show a row of the phases' table."""
        return cls(
            phase=row.phase,
            rows_done=row.rows_done,
            rows_left=row.rows_total - row.rows_done,
            rows_total=row.rows_total,
            started_at=row.started_at,
            finished_at=row.finished_at,
            longest_lock_s=row.longest_lock_s,
        )


class Software(BaseModel):
    """The software's version."""

    model_config = example({"version": "5.4", "upgraded_zones": [], "phase": "", "upgrade": []})

    version: str
    upgraded_zones: list[Zone]
    """The time zones whose offices have 5.5 already, while a rolling upgrade is under way."""
    phase: str
    """The upgrade's phase, empty when none is under way."""
    upgrade: list[UpgradePhase]
    """The phases of the last one begun so far, in order."""


class Spoiled(BaseModel):
    """A card that came out of the printer useless."""

    model_config = ConfigDict(extra="forbid")

    reason: Why
