"""Version 5.5, first step: room for the national search beside what 5.4 uses."""

import sqlalchemy as sa
from alembic import op

from mock_server.migrations import shadow

revision = "5.5_expand"
down_revision = "5.4"


def upgrade() -> None:
    """Add the columns, empty."""
    op.add_column("residents", sa.Column("search_key", sa.Text))
    shadow.add(with_search_key=True)
    # It may be there: a downgrade leaves it, for what it holds is nowhere else.
    op.execute("""
        CREATE TABLE IF NOT EXISTS permits (
            nik text PRIMARY KEY REFERENCES residents (nik),
            kind text NOT NULL,
            number text NOT NULL,
            expires date NOT NULL
        )
    """)


def downgrade() -> None:
    """Take the room back: 5.4 runs, as before."""
    op.execute("UPDATE system SET upgraded_zones = '{}'")
    shadow.drop()
    op.drop_column("residents", "search_key")
