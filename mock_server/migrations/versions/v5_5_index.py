"""Version 5.5, second step: the indexes of the national search, built while the offices work."""

import sqlalchemy as sa
from alembic import op

revision = "5.5_index"
down_revision = "5.5_expand"


def upgrade() -> None:
    """Build the indexes without blocking writers."""
    with op.get_context().autocommit_block():
        for name, column in (("residents_search_key", "search_key"), ("residents_region", '"left"(nik, 4)')):
            # A build that was interrupted leaves an invalid index behind.
            op.drop_index(name, "residents", if_exists=True, postgresql_concurrently=True)
            op.create_index(name, "residents", [sa.text(column)], postgresql_concurrently=True)
