"""The tables, as version 5.5 has them; `migrations/` makes them.

Version 5.4 lacks `residents.search_key` and `permits`. Times are seconds since the epoch by the server's clock.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    String,
    Table,
    Text,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

# Each queue's rows. Literals and not parameters: an index on some rows serves a query only if its plan can tell that
# the query wants no others.
WAITS_FOR_WORKER = text("stage IN ('validation', 'personalisation')")
WAITS_FOR_MATCHER = text("stage = 'matching'")
WAITS_FOR_PRINTER = text("stage = 'printing' AND claimed_by IS NULL AND print_from < 'infinity'")
HELD = text("stage = 'printing' AND print_from = 'infinity'")
IN_PRINTER = text("claimed_by IS NOT NULL")
TO_ADJUDICATE = text("status = 'ADJUDICATE_RECORD' AND stage IS NULL")
ACTIVE_CARD = text("status = 'ACTIVE'")
UNSPOILED_CARD = text("status <> 'SPOILED'")
CARD_OF_SCENARIO = text("cards.reference IS NOT NULL")
QUEUED_AT = literal_column("GREATEST(stage_entered_at, print_from)", Double)
"""Since when a card waits for a printer: since it was made, or since it was released if that was later."""

system = Table(
    "system",
    metadata,
    Column("one_row", Boolean, primary_key=True, server_default=text("true")),
    Column("version", Text, nullable=False),
    # The upgrade's phase, "" when none is under way.
    Column("phase", Text, nullable=False, server_default=""),
    # The zones whose offices have the new version already, while a rolling upgrade is under way.
    Column("upgraded_zones", ARRAY(Text), nullable=False, server_default="{}"),
    # Until when a worker that starts anew may keep the others from doing so.
    Column("restart_turn_until", Double, nullable=False, server_default="0"),
    CheckConstraint("one_row", name="system_one_row"),
)

upgrades = Table(
    "upgrades",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("from_version", Text, nullable=False),
    Column("to_version", Text, nullable=False),
    # A `model.upgrade.Plan`, and its throttle.
    Column("plan", Text, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("pause_s", Double, nullable=False),
    Column("parallelism", Integer, nullable=False),
    # [[opens_at, closes_at], ...]: when it may work; always, if there is none.
    Column("windows", JSONB, nullable=False, server_default="[]"),
    Column("start_at", Double, nullable=False),
    Column("asked_at", Double, nullable=False),
    # The key of who asked; null where no key was needed.
    Column("asked_by", Text),
    Column("started_at", Double),
    Column("ended_at", Double),
    # An `orders.State`.
    Column("state", Text, nullable=False),
    Column("stop_asked", Boolean, nullable=False, server_default=text("false")),
    Column("error", Text),
    Index("upgrades_unfinished", text("(true)"), unique=True, postgresql_where=text("ended_at IS NULL")),
)
"""The upgrades asked for, one unfinished at most."""

upgrade_phases = Table(
    "upgrade_phases",
    metadata,
    Column("upgrade", BigInteger, ForeignKey("upgrades.id"), primary_key=True),
    Column("phase", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("rows_done", BigInteger, nullable=False, server_default="0"),
    Column("rows_total", BigInteger, nullable=False, server_default="0"),
    Column("started_at", Double, nullable=False),
    Column("finished_at", Double),
    # The longest that one of its transactions has held what others may wait for.
    Column("longest_lock_s", Double, nullable=False, server_default="0"),
)
"""How far each phase of an upgrade is."""

offices = Table(
    "offices",
    metadata,
    Column("code", Text, primary_key=True),
    Column("printers", Integer, nullable=False),
    # Blank cards in stock, and the cards for which the ribbons suffice; null when nobody counts them.
    Column("blanks", Integer),
    Column("ribbon_left", Integer),
    # Whether its printers begin cards.
    Column("printers_on", Boolean, nullable=False, server_default=text("true")),
    CheckConstraint("blanks >= 0 AND ribbon_left >= 0", name="offices_stock"),
)
"""The offices that may submit records."""

likenesses = Table(
    "likenesses",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("photo", LargeBinary, nullable=False),
    Column("biometrics", LargeBinary, nullable=False),
)
"""Photos and biometrics that those enrolled before the scenario share: one a person would fill the disk."""

jams = Table(
    "jams",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    # Its name in the events: 35.07/printer-1.
    Column("printer", Text, nullable=False),
    Column("office", Text, ForeignKey("offices.code"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("reported_at", Double, nullable=False),
    Column("cleared_at", Double),
    Index("jams_present", "printer", unique=True, postgresql_where=text("cleared_at IS NULL")),
)

faults = Table(
    "faults",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    # A stage, or a printer's name.
    Column("target", Text, nullable=False),
    Column("delay_s", Double),
    Column("share", Double),
    Column("starts_at", Double, nullable=False),
    Column("ends_at", Double, nullable=False),
    CheckConstraint("ends_at >= starts_at", name="faults_end"),
)
"""Faults injected on purpose; those that are over stay, to be told in the results."""

residents = Table(
    "residents",
    metadata,
    Column("nik", Text, primary_key=True),
    # Where the person was enrolled. Not a foreign key: most of the nation's offices submit nothing here.
    Column("office", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("birth_date", Date, nullable=False),
    Column("sex", String(1), nullable=False),
    Column("address", Text, nullable=False),
    # Null for those enrolled before the scenario, of whom less is known.
    Column("birth_place", Text),
    Column("occupation", Text),
    Column("nationality", Text),
    # The record that enrolled the person.
    Column("reference", Text),
    # Of those enrolled before the scenario, who have no record: their photo and biometrics.
    Column("likeness", Integer, ForeignKey("likenesses.id")),
    # 512 float32, little endian, length 1, in the encoding of the system's version.
    Column("template", LargeBinary, nullable=False),
    # Those of the card made last; null until the first is.
    Column("chip_payload", LargeBinary),
    Column("chip_signature", LargeBinary),
    Column("enrolled_at", Double, nullable=False),
    Column("search_key", Text, nullable=False),
    Index("residents_search_key", "search_key"),
    Index("residents_region", text('"left"(nik, 4)')),
)

permits = Table(
    "permits",
    metadata,
    Column("nik", Text, ForeignKey("residents.nik"), primary_key=True),
    # A `pipeline.permits.PermitKind`.
    Column("kind", Text, nullable=False),
    Column("number", Text, nullable=False),
    # The last day on which it is good.
    Column("expires", Date, nullable=False),
)
"""Foreign residents' permits. Came with 5.5; a downgrade leaves the table, for nothing may be lost."""

corrections = Table(
    "corrections",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("nik", Text, ForeignKey("residents.nik"), nullable=False, index=True),
    Column("field", Text, nullable=False),
    Column("old", Text),
    Column("new", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("corrected_at", Double, nullable=False),
)
"""What was changed in residents' biodata, a row a field."""

transitions = Table(
    "transitions",
    metadata,
    Column("old", Text, primary_key=True),
    Column("new", Text, primary_key=True),
)
"""`model.stages.TRANSITIONS`; a trigger refuses every other change of a record's status."""

records = Table(
    "records",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("office", Text, ForeignKey("offices.code"), nullable=False),
    # enrollment or replacement.
    Column("kind", Text, nullable=False, server_default="enrollment"),
    # The office where the person is at home; null where it is the record's.
    Column("home", Text),
    Column("nik", Text, nullable=False),
    Column("biodata", JSONB, nullable=False),
    # A foreign resident's `pipeline.permits.Permit`.
    Column("permit", JSONB(none_as_null=True)),
    Column("photo", LargeBinary, nullable=False),
    Column("template", LargeBinary, nullable=False),
    Column("biometrics", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_since", Double, nullable=False),
    # The stage that the record waits for; null when it waits for none.
    Column("stage", Text),
    Column("stage_entered_at", Double, nullable=False),
    Column("received_at", Double, nullable=False),
    # Why the status is what it is, for people; null when there is nothing to say.
    Column("reasons", JSONB(none_as_null=True)),
    # What validation found odd and let pass.
    Column("warnings", JSONB(none_as_null=True)),
    # The NIK of the resident whom the person is, or resembles.
    Column("duplicate_of", Text),
    # The cosine between the two faces; null when it is the NIK that they share.
    Column("similarity", Double),
    # From when on its card may be printed: always, or infinity while the office holds it, or when it was released.
    Column("print_from", Double, nullable=False, server_default="0"),
    # The printer that is at work on the card; the other stages hold a row lock while they work.
    Column("claimed_by", Text),
    Column("claimed_at", Double),
    Index("records_office_status", "office", "status"),
    Index("records_to_adjudicate", "status_since", postgresql_where=TO_ADJUDICATE),
    # One index a queue, each holding only the records that wait there.
    Index("records_for_worker", "received_at", postgresql_where=WAITS_FOR_WORKER),
    Index("records_for_matcher", "received_at", postgresql_where=WAITS_FOR_MATCHER),
    Index("records_for_printer", "office", QUEUED_AT, "stage_entered_at", postgresql_where=WAITS_FOR_PRINTER),
    Index("records_held", "office", postgresql_where=HELD),
    Index("records_in_printer", "claimed_by", postgresql_where=IN_PRINTER),
)

card_numbers = Sequence("card_numbers", metadata=metadata)

cards = Table(
    "cards",
    metadata,
    Column("number", Text, primary_key=True),
    # Null, as the front is, for those made before the scenario.
    Column("reference", Text, ForeignKey("records.reference")),
    Column("nik", Text, nullable=False, index=True),
    Column("front", LargeBinary),
    Column("chip_payload", LargeBinary, nullable=False),
    Column("chip_signature", LargeBinary, nullable=False),
    # The last day on which it is good; null for life.
    Column("expires", Date),
    # A `register.CardStatus`, and why a card is spoiled or revoked.
    Column("status", Text, nullable=False),
    Column("status_since", Double, nullable=False),
    Column("reason", Text),
    Column("made_at", Double, nullable=False),
    Index("cards_active", "nik", unique=True, postgresql_where=ACTIVE_CARD),
    Index("cards_of_record", "reference", unique=True, postgresql_where=UNSPOILED_CARD),
    # The last ones first, without the many that were made before the scenario.
    Index("cards_of_scenario", "number", postgresql_where=CARD_OF_SCENARIO),
)
"""The cards made: a person has one active one at most, a record one that is not spoiled."""

replacements = Table(
    "replacements",
    metadata,
    Column("reference", Text, ForeignKey("records.reference"), primary_key=True),
    # The card that is replaced, once only.
    Column("card", Text, ForeignKey("cards.number"), nullable=False, unique=True),
    # lost or damaged.
    Column("reason", Text, nullable=False),
    # The letter's number and date.
    Column("police_letter", Text),
    Column("police_letter_date", Date),
    Column("asked_at", Double, nullable=False),
)

adjudications = Table(
    "adjudications",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("reference", Text, ForeignKey("records.reference"), nullable=False, index=True),
    # The NIK of the resident with whom the record was compared; null after a search that failed.
    Column("resembles", Text),
    Column("similarity", Double),
    # unique or duplicate.
    Column("decision", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_at", Double, nullable=False),
)
"""Supervisors' decisions on records that resemble a resident."""

stage_events = Table(
    "stage_events",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("citizen", Text, nullable=False),
    Column("office", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("entered_at", Double, nullable=False),
    Column("claimed_at", Double, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("finished_at", Double, nullable=False),
    Column("server", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("phase", Text, nullable=False),
    # A few bytes for many rows, which are written in the order of this time: for questions about a span of it.
    Index("stage_events_by_time", "finished_at", postgresql_using="brin"),
)
"""`model.events.StageEvent`, its times by the server's clock."""

access_keys = Table(
    "access_keys",
    metadata,
    # The public part of the key; who did something in the audit log.
    Column("id", Text, primary_key=True),
    # argon2, of the secret part.
    Column("hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    # Null for national roles. Not a foreign key: what a key did is known when its office is no more.
    Column("office", Text),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("revoked_at", Double),
)

operators = Table(
    "operators",
    metadata,
    # Unique in the nation: 35.07/counter-1.
    Column("name", Text, primary_key=True),
    # Not a foreign key, as in `access_keys`.
    Column("office", Text, nullable=False),
    # scrypt, of the password.
    Column("hash", Text, nullable=False),
)
"""Who may log in."""

sessions = Table(
    "sessions",
    metadata,
    # The public part of the token.
    Column("id", Text, primary_key=True),
    # SHA-256, of the whole token.
    Column("hash", Text, nullable=False),
    Column("operator", Text, nullable=False),
    # The key that was shown at the login; null where none was needed.
    Column("key", Text),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
)

audit_log = Table(
    "audit_log",
    metadata,
    # Without gaps, in the order of the chain.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    # Who: the key, and its office; null where no key was needed, or the key is national.
    Column("key", Text),
    Column("office", Text),
    Column("action", Text, nullable=False),
    # Whose record; null when it was a query's answer, which the detail then tells.
    Column("reference", Text),
    Column("nik", Text),
    # JSON as it was hashed.
    Column("detail", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)
"""Only ever added to; triggers refuse everything else (`mock_server/audit.py`)."""

audit_head = Table(
    "audit_head",
    metadata,
    Column("one_row", Boolean, primary_key=True, server_default=text("true")),
    Column("id", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    CheckConstraint("one_row", name="audit_head_one_row"),
)
"""The audit log's last row; whoever adds to the log locks it first."""

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    # Who asked; empty for those without a name. Each caller has keys of its own.
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    # What was asked, such as POST /v1/enrollments, and the SHA-256 of the request's body.
    Column("route", Text, nullable=False),
    Column("body_sha256", Text, nullable=False),
    # Null only while the first request is at work.
    Column("status", Integer),
    Column("answer", Text),
    Column("created_at", Double, nullable=False),
    Index("idempotency_keys_by_age", "created_at"),
)
"""The answers given to requests that may be repeated."""
