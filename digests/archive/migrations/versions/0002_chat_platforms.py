"""What chat platforms need: words of any length, lookups of the ledger, cited items, pictures, members' languages.

SQLite never enforced the lengths that columns had; only PostgreSQL's columns are changed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WIDER = {
    "deliveries": ("platform", "workspace", "channel"),
    "subscriptions": ("platform", "workspace", "user"),
    "items": ("key", "publisher", "family", "locator"),
    "passages": ("locator",),
    "views": ("token", "owner"),
    "local_messages": ("channel", "author", "private_to"),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, columns in _WIDER.items():
            for column in columns:
                op.alter_column(table, column, type_=sa.Text())
    op.create_index(
        "ix_deliveries_destination",
        "deliveries",
        ["platform", "workspace", "channel", "state", "edition_id", "part"],
        unique=False,
    )
    op.create_index("ix_local_messages_created_at", "local_messages", ["created_at"], unique=False)
    op.create_table(
        "edition_items",
        sa.Column("edition_id", _ID, nullable=False),
        sa.Column("item_id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_edition_items_edition_id_editions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_edition_items_item_id_items"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition_id", "item_id", name=op.f("pk_edition_items")),
    )
    op.create_index("ix_edition_items_item", "edition_items", ["item_id"], unique=False)
    op.create_table(
        "media",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("content_type", sa.String(length=40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_media")),
    )
    op.create_index("ix_media_created_at", "media", ["created_at"], unique=False)
    op.create_table(
        "preferences",
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("zone", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("member", name=op.f("pk_preferences")),
    )
    op.create_table(
        "corrections",
        sa.Column("delivery_id", sa.String(length=24), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_corrections_delivery_id_deliveries"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_corrections")),
    )
    op.create_index("ix_corrections_next_try_at", "corrections", ["next_try_at"], unique=False)
