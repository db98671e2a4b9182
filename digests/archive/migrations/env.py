"""Alembic's entry: runs on the connection that :func:`digests.archive.migrations.upgrade` hands over."""

from alembic import context

from digests.archive.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
