"""Version 5.5, first step: room for the national search beside what 5.4 uses."""

import sqlalchemy as sa
from alembic import op

revision = "5.5_expand"
down_revision = "5.4"


def upgrade() -> None:
    """Add the columns, empty, which PostgreSQL does without touching a row."""
    op.add_column("residents", sa.Column("search_key", sa.Text))
    op.add_column("residents", sa.Column("national_template", sa.LargeBinary))
    op.add_column("residents", sa.Column("reissued_payload", sa.LargeBinary))
    op.add_column("residents", sa.Column("reissued_signature", sa.LargeBinary))
    op.execute("ALTER TABLE residents ALTER COLUMN national_template SET STORAGE EXTERNAL")
    # It may be there, for a downgrade leaves it.
    op.execute("""
        CREATE TABLE IF NOT EXISTS permits (
            nik text PRIMARY KEY REFERENCES residents (nik),
            kind text NOT NULL,
            number text NOT NULL,
            expires date NOT NULL
        )
    """)
    # What is corrected or made anew after it was brought over has to be brought over again. The backfill itself
    # writes none of these columns, so it never fires the trigger.
    op.execute("""
        CREATE FUNCTION bring_over_again() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.name IS DISTINCT FROM OLD.name THEN
                NEW.search_key = NULL;
            END IF;
            IF NEW.chip_payload IS DISTINCT FROM OLD.chip_payload THEN
                NEW.reissued_payload = NULL;
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER changed_since_brought_over BEFORE UPDATE OF name, chip_payload ON residents
        FOR EACH ROW EXECUTE FUNCTION bring_over_again()
    """)
