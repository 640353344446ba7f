"""What Alembic runs: the migrations, inside the transaction of the connection that `migration.migrate` hands in."""

from __future__ import annotations

from alembic import context

from connector.storage.admin_tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
