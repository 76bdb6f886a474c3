"""Alembic's entry: runs the revisions on the connection that `migrate()` was given."""

from alembic import context

from mock_server.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # The index revision leaves the transaction for CREATE INDEX CONCURRENTLY.
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
