"""The first schema."""

from alembic import op

from digests.archive.tables import metadata
from digests.search import schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    schema.create(op.get_bind())
