"""Version 5.5, last step: the new columns take the old ones' place and the system is national."""

from alembic import op

from mock_server.migrations import shadow

revision = "5.5"
down_revision = "5.5_index"


def upgrade() -> None:
    """Switch; takes the residents' table alone for a moment.

    Raises:
        sqlalchemy.exc.IntegrityError: a resident has not been brought over; `python -m mock_server upgrade` does.
    """
    op.alter_column("residents", "search_key", nullable=False)
    shadow.take()
    op.execute("UPDATE system SET version = '5.5', upgraded_zones = '{}'")


def downgrade() -> None:
    """Make room for 5.4's columns beside those that 5.5 goes on using; the version stays."""
    shadow.add(with_search_key=False)
    op.alter_column("residents", "search_key", nullable=True)
