"""The tables of the search index, beside the archive's own. They are derived: :mod:`digests.search.index` refills them.

The index stands on shelves: for each language group one of news (items) and one of what the story's makers wrote
(facts, briefs), so that each language is ranked by itself and the news cannot crowd out the facts.

SQLite: a shelf is an FTS5 table over our own tokens. The tokens are stored: contentless tables of SQLite 3.40 cannot
delete, and ranking reads them. Other databases: postings of our own with BM25 in SQL, because PostgreSQL's ``ts_rank``
knows no document frequencies.
"""

from __future__ import annotations

from dataclasses import dataclass

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

from digests.search.analysers import GROUPS, group_of

postings_metadata = MetaData()

_Wide = BigInteger().with_variant(Integer, "sqlite")

postings = Table(
    "search_postings",
    postings_metadata,
    Column("shelf", String(12), nullable=False),
    Column("term", String(80), nullable=False),
    Column("passage_id", _Wide, nullable=False),
    # BM25's term part, tf / (tf + k1 * …), needs the length; it stands here so that ranking touches one table only.
    Column("tf", Integer, nullable=False),
    Column("length", Integer, nullable=False),
    PrimaryKeyConstraint("shelf", "term", "passage_id"),
    Index("ix_search_postings_passage_id", "passage_id"),
)

statistics = Table(
    "search_statistics",
    postings_metadata,
    Column("shelf", String(12), primary_key=True),
    Column("passages", _Wide, nullable=False),
    Column("tokens", Float, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A part of the index with its own statistics."""

    group: str
    news: bool

    @property
    def id(self) -> str:
        return self.group if self.news else f"{self.group}_facts"

    @property
    def table(self) -> str:
        """Name of the FTS5 table."""
        return f"search_{self.id}"


SHELVES = tuple(Shelf(group, news) for news in (False, True) for group in GROUPS)


def shelf_of(ref: str, language: str) -> Shelf:
    """Where a passage belongs: ``item:…`` to the news, facts and briefs beside it."""
    return Shelf(group_of(language), ref.startswith("item:"))


def create(connection: Connection) -> None:
    """Create the index tables that suit the database, if they are not there. For migrations and tests."""
    if connection.dialect.name != "sqlite":
        create_postings(connection)
        return
    for table in (shelf.table for shelf in SHELVES):
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
        for table in (shelf.table for shelf in SHELVES):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}_terms")
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
    postings_metadata.drop_all(connection)
