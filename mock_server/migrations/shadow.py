"""The shadow: columns beside the residents' own, in which the next version's values are made while this one works.

`residents.template`, `chip_payload` and `chip_signature` are always those of the version that runs; `next_template`,
`next_payload` and `next_signature` those of the version to come, null until a resident was brought over.
"""

import sqlalchemy as sa
from alembic import op

COLUMNS = {"template": "next_template", "chip_payload": "next_payload", "chip_signature": "next_signature"}


def add(*, with_search_key: bool) -> None:
    """Add the columns, empty, which PostgreSQL does without touching a row.

    What is changed after it was brought over has to be brought over again: a trigger empties the shadow. The backfill
    itself writes none of the columns that fire it. With `with_search_key`, the search key follows the name likewise.
    """
    for column in COLUMNS.values():
        op.add_column("residents", sa.Column(column, sa.LargeBinary))
    op.execute("ALTER TABLE residents ALTER COLUMN next_template SET STORAGE EXTERNAL")
    name = "IF NEW.name IS DISTINCT FROM OLD.name THEN NEW.search_key = NULL; END IF;" if with_search_key else ""
    op.execute(f"""
        CREATE FUNCTION bring_over_again() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            {name}
            IF NEW.chip_payload IS DISTINCT FROM OLD.chip_payload THEN NEW.next_payload = NULL; END IF;
            RETURN NEW;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER changed_since_brought_over BEFORE UPDATE OF name, chip_payload ON residents
        FOR EACH ROW EXECUTE FUNCTION bring_over_again()
    """)


def drop() -> None:
    """Drop the columns, with what was made for a version that did not come; there may be none left."""
    _drop_trigger()
    for column in COLUMNS.values():
        op.drop_column("residents", column, if_exists=True)


def take() -> None:
    """Let the shadow take the place of the residents' own columns.

    Raises:
        sqlalchemy.exc.IntegrityError: a resident has not been brought over; `python -m mock_server upgrade` does.
    """
    _drop_trigger()
    op.alter_column("residents", "next_template", nullable=False)
    for column, shadow in COLUMNS.items():
        op.drop_column("residents", column)
        op.alter_column("residents", shadow, new_column_name=column)


def _drop_trigger() -> None:
    op.execute("DROP TRIGGER IF EXISTS changed_since_brought_over ON residents")
    op.execute("DROP FUNCTION IF EXISTS bring_over_again()")
