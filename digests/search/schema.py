"""The tables of the search index, beside the archive's own. They are derived: :mod:`digests.search.index` refills them.

SQLite: per language group one FTS5 table over our own tokens, so that each language is ranked by itself. The tokens are
stored: contentless tables of SQLite 3.40 cannot delete. Other databases: postings of our own with BM25 in SQL, because
PostgreSQL's ``ts_rank`` knows no document frequencies.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
)

from digests.search.analysers import GROUPS

postings_metadata = MetaData()

_Wide = BigInteger().with_variant(Integer, "sqlite")

postings = Table(
    "search_postings",
    postings_metadata,
    Column("language_group", String(8), nullable=False),
    Column("term", String(80), nullable=False),
    Column("passage_id", _Wide, nullable=False),
    # BM25's term part, tf / (tf + k1 * …), needs the length; it stands here so that ranking touches one table only.
    Column("tf", Integer, nullable=False),
    Column("length", Integer, nullable=False),
    PrimaryKeyConstraint("language_group", "term", "passage_id"),
    Index("ix_search_postings_passage_id", "passage_id"),
)

statistics = Table(
    "search_statistics",
    postings_metadata,
    Column("language_group", String(8), primary_key=True),
    Column("passages", _Wide, nullable=False),
    Column("tokens", Float, nullable=False),
)


def fts_table(group: str) -> str:
    """Name of the FTS5 table of a language group."""
    return f"search_{group}"


def create(connection: Connection) -> None:
    """Create the index tables that suit the database, if they are not there. For migrations and tests."""
    if connection.dialect.name != "sqlite":
        create_postings(connection)
        return
    for group in GROUPS:
        table = fts_table(group)
        connection.exec_driver_sql(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {table} USING fts5(tokens, marks, tokenize='ascii')"
        )
        connection.exec_driver_sql(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {table}_terms USING fts5vocab('{table}', 'row')"
        )


def create_postings(connection: Connection) -> None:
    """Create the portable tables; on SQLite only tests want them."""
    postings_metadata.create_all(connection)


def recreate(connection: Connection) -> None:
    """Empty the index tables."""
    drop(connection)
    create(connection)


def drop(connection: Connection) -> None:
    """Remove the index tables."""
    if connection.dialect.name == "sqlite":
        for group in GROUPS:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {fts_table(group)}_terms")
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {fts_table(group)}")
    postings_metadata.drop_all(connection)
