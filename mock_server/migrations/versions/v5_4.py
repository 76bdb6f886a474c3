"""Version 5.4: offices enroll their own residents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from model.stages import TRANSITIONS

revision = "5.4"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _system()
    _residents()
    _records()
    _transitions()
    _cards()
    _decisions()
    _stage_events()
    _access_keys()
    _operators()
    _audit()
    _idempotency_keys()
    _bell()


def _system() -> None:
    op.create_table(
        "system",
        sa.Column("one_row", sa.Boolean, primary_key=True, server_default=sa.text("true")),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False, server_default=""),
        sa.Column("upgraded_zones", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("restart_turn_until", sa.Double, nullable=False, server_default="0"),
        sa.CheckConstraint("one_row", name="system_one_row"),
    )
    op.execute("INSERT INTO system (version) VALUES ('5.4')")
    op.create_table(
        "upgrades",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("from_version", sa.Text, nullable=False),
        sa.Column("to_version", sa.Text, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("batch", sa.Integer, nullable=False),
        sa.Column("pause_s", sa.Double, nullable=False),
        sa.Column("parallelism", sa.Integer, nullable=False),
        sa.Column("windows", JSONB, nullable=False, server_default="[]"),
        sa.Column("start_at", sa.Double, nullable=False),
        sa.Column("asked_at", sa.Double, nullable=False),
        sa.Column("asked_by", sa.Text),
        sa.Column("started_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("stop_asked", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("error", sa.Text),
    )
    unfinished = sa.text("ended_at IS NULL")
    op.create_index("upgrades_unfinished", "upgrades", [sa.text("(true)")], unique=True, postgresql_where=unfinished)
    op.create_table(
        "upgrade_phases",
        sa.Column("upgrade", sa.BigInteger, sa.ForeignKey("upgrades.id"), primary_key=True),
        sa.Column("phase", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("rows_done", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("rows_total", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("finished_at", sa.Double),
        sa.Column("longest_lock_s", sa.Double, nullable=False, server_default="0"),
    )


def _residents() -> None:
    op.create_table(
        "offices",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("printers", sa.Integer, nullable=False),
        sa.Column("blanks", sa.Integer),
        sa.Column("ribbon_left", sa.Integer),
        sa.Column("printers_on", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.CheckConstraint("blanks >= 0 AND ribbon_left >= 0", name="offices_stock"),
    )
    op.create_table(
        "jams",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("printer", sa.Text, nullable=False),
        sa.Column("office", sa.Text, sa.ForeignKey("offices.code"), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("reported_at", sa.Double, nullable=False),
        sa.Column("cleared_at", sa.Double),
    )
    op.create_index("jams_present", "jams", ["printer"], unique=True, postgresql_where=sa.text("cleared_at IS NULL"))
    op.create_table(
        "likenesses",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("photo", sa.LargeBinary, nullable=False),
        sa.Column("biometrics", sa.LargeBinary, nullable=False),
    )
    _store_raw("likenesses", "photo", "biometrics")
    op.create_table(
        "faults",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("delay_s", sa.Double),
        sa.Column("share", sa.Double),
        sa.Column("starts_at", sa.Double, nullable=False),
        sa.Column("ends_at", sa.Double, nullable=False),
        sa.CheckConstraint("ends_at >= starts_at", name="faults_end"),
    )
    op.create_table(
        "residents",
        sa.Column("nik", sa.Text, primary_key=True),
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("birth_date", sa.Date, nullable=False),
        sa.Column("sex", sa.String(1), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("birth_place", sa.Text),
        sa.Column("occupation", sa.Text),
        sa.Column("nationality", sa.Text),
        sa.Column("reference", sa.Text),
        sa.Column("likeness", sa.Integer, sa.ForeignKey("likenesses.id")),
        sa.Column("template", sa.LargeBinary, nullable=False),
        sa.Column("chip_payload", sa.LargeBinary),
        sa.Column("chip_signature", sa.LargeBinary),
        sa.Column("enrolled_at", sa.Double, nullable=False),
    )
    _store_raw("residents", "template")
    op.create_table(
        "corrections",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("nik", sa.Text, sa.ForeignKey("residents.nik"), nullable=False, index=True),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("old", sa.Text),
        sa.Column("new", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("corrected_at", sa.Double, nullable=False),
    )


def _records() -> None:
    op.create_table(
        "records",
        sa.Column("reference", sa.Text, primary_key=True),
        sa.Column("office", sa.Text, sa.ForeignKey("offices.code"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False, server_default="enrollment"),
        sa.Column("home", sa.Text),
        sa.Column("nik", sa.Text, nullable=False),
        sa.Column("biodata", JSONB, nullable=False),
        sa.Column("permit", JSONB),
        sa.Column("photo", sa.LargeBinary, nullable=False),
        sa.Column("template", sa.LargeBinary, nullable=False),
        sa.Column("biometrics", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("status_since", sa.Double, nullable=False),
        sa.Column("stage", sa.Text),
        sa.Column("stage_entered_at", sa.Double, nullable=False),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.Column("reasons", JSONB),
        sa.Column("warnings", JSONB),
        sa.Column("duplicate_of", sa.Text),
        sa.Column("similarity", sa.Double),
        sa.Column("print_from", sa.Double, nullable=False, server_default="0"),
        sa.Column("claimed_by", sa.Text),
        sa.Column("claimed_at", sa.Double),
    )
    _store_raw("records", "photo", "template", "biometrics")
    op.create_index("records_office_status", "records", ["office", "status"])
    waits = "stage = 'printing' AND claimed_by IS NULL AND print_from < 'infinity'"
    queued_at = sa.text("GREATEST(stage_entered_at, print_from)")
    queues: dict[str, tuple[list[str | sa.TextClause], str]] = {
        "records_for_worker": (["received_at"], "stage IN ('validation', 'personalisation')"),
        "records_for_matcher": (["received_at"], "stage = 'matching'"),
        "records_for_printer": (["office", queued_at, "stage_entered_at"], waits),
        "records_held": (["office"], "stage = 'printing' AND print_from = 'infinity'"),
        "records_in_printer": (["claimed_by"], "claimed_by IS NOT NULL"),
        "records_to_adjudicate": (["status_since"], "status = 'ADJUDICATE_RECORD' AND stage IS NULL"),
    }
    for name, (columns, where) in queues.items():
        op.create_index(name, "records", columns, postgresql_where=sa.text(where))


def _transitions() -> None:
    """Let the database itself refuse an illegal change of status, whatever code asks for it.

    The rows come from the model and are not copied here. While this revision is unreleased no database has older
    ones; from then on a new transition is a revision of its own.
    """
    table = op.create_table(
        "transitions", sa.Column("old", sa.Text, primary_key=True), sa.Column("new", sa.Text, primary_key=True)
    )
    op.bulk_insert(table, [{"old": str(old), "new": str(new)} for old, news in TRANSITIONS.items() for new in news])
    op.execute("""
        CREATE FUNCTION refuse_illegal_transition() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS (SELECT FROM transitions t WHERE t.old = OLD.status AND t.new = NEW.status) THEN
                RAISE check_violation
                    USING MESSAGE = format('a record cannot go from %s to %s', OLD.status, NEW.status);
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER legal_transition BEFORE UPDATE OF status ON records
        FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION refuse_illegal_transition()
    """)


def _cards() -> None:
    op.execute("CREATE SEQUENCE card_numbers")
    op.create_table(
        "cards",
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("reference", sa.Text, sa.ForeignKey("records.reference")),
        sa.Column("nik", sa.Text, nullable=False, index=True),
        sa.Column("front", sa.LargeBinary),
        sa.Column("chip_payload", sa.LargeBinary, nullable=False),
        sa.Column("chip_signature", sa.LargeBinary, nullable=False),
        sa.Column("expires", sa.Date),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("status_since", sa.Double, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("made_at", sa.Double, nullable=False),
    )
    _store_raw("cards", "front", "chip_payload")
    for name, column, where in (
        ("cards_active", "nik", "status = 'ACTIVE'"),
        ("cards_of_record", "reference", "status <> 'SPOILED'"),
    ):
        op.create_index(name, "cards", [column], unique=True, postgresql_where=sa.text(where))
    op.create_index("cards_of_scenario", "cards", ["number"], postgresql_where=sa.text("reference IS NOT NULL"))


def _decisions() -> None:
    op.create_table(
        "replacements",
        sa.Column("reference", sa.Text, sa.ForeignKey("records.reference"), primary_key=True),
        sa.Column("card", sa.Text, sa.ForeignKey("cards.number"), nullable=False, unique=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("police_letter", sa.Text),
        sa.Column("police_letter_date", sa.Date),
        sa.Column("asked_at", sa.Double, nullable=False),
    )
    op.create_table(
        "adjudications",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("reference", sa.Text, sa.ForeignKey("records.reference"), nullable=False, index=True),
        sa.Column("resembles", sa.Text),
        sa.Column("similarity", sa.Double),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_at", sa.Double, nullable=False),
    )


def _stage_events() -> None:
    op.create_table(
        "stage_events",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("citizen", sa.Text, nullable=False),
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("entered_at", sa.Double, nullable=False),
        sa.Column("claimed_at", sa.Double, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("finished_at", sa.Double, nullable=False),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
    )
    op.create_index("stage_events_by_time", "stage_events", ["finished_at"], postgresql_using="brin")


def _access_keys() -> None:
    op.create_table(
        "access_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("office", sa.Text),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("revoked_at", sa.Double),
    )


def _operators() -> None:
    op.create_table(
        "operators",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("operator", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False, index=True),
    )


def _audit() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("office", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("reference", sa.Text),
        sa.Column("nik", sa.Text),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.execute(
        "CREATE FUNCTION audit_log_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log only grows: % refused', TG_OP; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_log_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_log_only_grows()"
    )
    op.create_table(
        "audit_head",
        sa.Column("one_row", sa.Boolean, primary_key=True, server_default=sa.text("true")),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.CheckConstraint("one_row", name="audit_head_one_row"),
    )
    op.execute("INSERT INTO audit_head (id, hash) VALUES (0, repeat('0', 64))")
    op.execute(_AUDIT_APPEND)


# In the database, so that a request that is written down costs it one statement more and not three: the row that all
# writers wait for is locked for no longer than that and the commit. `mock_server/audit.py` computes the hash anew.
_AUDIT_APPEND = """
CREATE FUNCTION audit_append(entries jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    head audit_head;
    entry jsonb;
    at_us bigint;
    previous text;
BEGIN
    SELECT * INTO head FROM audit_head FOR UPDATE;
    at_us := extract(epoch FROM clock_timestamp()) * 1000000;
    FOR entry IN SELECT value FROM jsonb_array_elements(entries) WITH ORDINALITY ORDER BY ordinality LOOP
        head.id := head.id + 1;
        previous := head.hash;
        head.hash := encode(sha256(convert_to(json_build_array(
            head.id, at_us, entry->>'key', entry->>'office', entry->>'action', entry->>'reference', entry->>'nik',
            entry->>'detail', previous)::text, 'UTF8')), 'hex');
        INSERT INTO audit_log (id, at, key, office, action, reference, nik, detail, previous_hash, hash) VALUES (
            head.id, at_us / 1e6, entry->>'key', entry->>'office', entry->>'action', entry->>'reference',
            entry->>'nik', entry->>'detail', previous, head.hash);
    END LOOP;
    UPDATE audit_head SET id = head.id, hash = head.hash;
END $$
"""


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("body_sha256", sa.Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("answer", sa.Text),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_index("idempotency_keys_by_age", "idempotency_keys", ["created_at"])


def _bell() -> None:
    """Ring with the commit that brings a record to a stage; see `mock_server/bell.py`."""
    op.execute(
        "CREATE FUNCTION ring() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_notify('stage_' || NEW.stage, ''); RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER records_ring AFTER INSERT OR UPDATE OF stage, print_from ON records"
        " FOR EACH ROW WHEN (NEW.stage IS NOT NULL) EXECUTE FUNCTION ring()"
    )


def _store_raw(table: str, *columns: str) -> None:
    """Spare PostgreSQL the attempt to compress what does not compress: images, templates, fingerprints."""
    for column in columns:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")
