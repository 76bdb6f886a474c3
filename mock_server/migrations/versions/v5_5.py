"""Version 5.5, last step: the new columns take the old ones' place and the system is national."""

from alembic import op

revision = "5.5"
down_revision = "5.5_index"


def upgrade() -> None:
    """Switch; takes the residents' table alone for a moment.

    Raises:
        sqlalchemy.exc.IntegrityError: a resident has not been brought over; `python -m mock_server upgrade` does.
    """
    op.execute("DROP TRIGGER changed_since_brought_over ON residents")
    op.execute("DROP FUNCTION bring_over_again()")
    op.alter_column("residents", "search_key", nullable=False)
    op.alter_column("residents", "national_template", nullable=False)
    for old, new in (
        ("template", "national_template"),
        ("chip_payload", "reissued_payload"),
        ("chip_signature", "reissued_signature"),
    ):
        op.drop_column("residents", old)
        op.alter_column("residents", new, new_column_name=old)
    op.execute("UPDATE system SET version = '5.5'")
