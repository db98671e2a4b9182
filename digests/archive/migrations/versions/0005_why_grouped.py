"""Why an item belongs to its event: what the grouper gave as its reason, in plain English.

Items archived before have none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("items", sa.Column("grouping", sa.Text(), nullable=True))
