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
