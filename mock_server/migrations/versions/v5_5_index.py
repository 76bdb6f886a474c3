"""Version 5.5, second step: the indexes of the national search."""

import sqlalchemy as sa
from alembic import op

from mock_server.migrations import CONCURRENTLY, shadow

revision = "5.5_index"
down_revision = "5.5_expand"

INDEXES = {"residents_search_key": "search_key", "residents_region": '"left"(nik, 4)'}


def upgrade() -> None:
    """Build the indexes, without blocking writers if nobody keeps them away."""
    config = op.get_context().config
    if config is None or config.attributes[CONCURRENTLY]:
        with op.get_context().autocommit_block():
            _build(concurrently=True)
    else:
        _build(concurrently=False)


def downgrade() -> None:
    """Drop them; 5.4 runs again from here on, if 5.5 did.

    Raises:
        sqlalchemy.exc.IntegrityError: a resident has not been brought back; `python -m mock_server upgrade` does.
    """
    for name in INDEXES:
        op.drop_index(name, "residents")
    if op.get_bind().scalar(sa.text("SELECT version FROM system")) == "5.5":
        shadow.take()
    op.execute("UPDATE system SET version = '5.4', upgraded_zones = '{}'")


def _build(*, concurrently: bool) -> None:
    for name, column in INDEXES.items():
        # A build that was interrupted leaves an invalid index behind.
        op.drop_index(name, "residents", if_exists=True, postgresql_concurrently=concurrently)
        op.create_index(name, "residents", [sa.text(column)], postgresql_concurrently=concurrently)
