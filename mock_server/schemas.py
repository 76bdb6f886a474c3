"""What the web takes and gives, as JSON."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from model.stages import Stage, Status

Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~:-]{1,100}$")]
"""A record's name, given by the office; unique in the nation, and fit for a URL's path."""
Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A line of text; control characters have no place on a card, and PostgreSQL stores no NUL."""


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


class Enrollment(BaseModel):
    """The `record` part of a packet."""

    model_config = ConfigDict(extra="forbid")

    reference: Reference
    office: Text
    """The submitting office's code, such as 35.07."""
    biodata: Biodata


class Receipt(BaseModel):
    """The centre has the packet and will not lose it."""

    reference: str
    status: Status


class Record(BaseModel):
    """A record as it stands; times in seconds since the epoch."""

    reference: str
    office: str
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

    reference: str
    status: Status
    since: float


class Card(BaseModel):
    """A card's number and chip; the public key at /v1/signing-key verifies it."""

    number: str
    reference: str
    nik: str
    status: str
    payload: str
    """Base64."""
    signature: str
    """Base64 of ECDSA on secp256r1 with SHA-256 over the payload's bytes, DER."""


class Queue(BaseModel):
    """A stage's queue."""

    waiting: int
    oldest_wait_s: float
    """How long the first in the queue has waited; 0 when nobody does."""


class UpgradePhase(BaseModel):
    """A phase of an upgrade; times in seconds since the epoch."""

    phase: str
    rows_done: int
    rows_total: int
    started_at: float
    finished_at: float | None


class Software(BaseModel):
    """The software's version."""

    version: str
    phase: str
    """The upgrade's phase, empty when none is under way."""
    upgrade: list[UpgradePhase]
    """The phases begun so far, in order."""


class Spoiled(BaseModel):
    """A card that came out of the printer useless."""

    model_config = ConfigDict(extra="forbid")

    reason: Why
