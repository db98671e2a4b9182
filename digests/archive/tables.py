"""The tables of the archive, for SQLite and PostgreSQL alike.

Times are stored as microseconds since 1970 in UTC: one representation that sorts and compares the same in both
databases. Structured values are JSON.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def to_stamp(moment: datetime) -> int:
    """An aware datetime as it is stored."""
    if moment.tzinfo is None:
        raise ValueError("the archive takes aware datetimes only")
    return (moment - _EPOCH) // _MICROSECOND


def from_stamp(stamp: int | None) -> datetime | None:
    """The inverse of :func:`to_stamp`."""
    return None if stamp is None else _EPOCH + timedelta(microseconds=stamp)


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, stored as microseconds since the epoch. Naive datetimes are refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        return to_stamp(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return from_stamp(value)


class Plain(TypeDecorator[str]):
    """Words from outside, of any length. What PostgreSQL (NUL) or UTF-8 (lone surrogates) cannot hold becomes U+FFFD,
    in what is stored and in what is looked for."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _storable(value)


def _storable(value: str) -> str:
    if "\0" not in value:
        try:
            value.encode()
        except UnicodeEncodeError:
            pass
        else:
            return value
    return _UNSTORABLE.sub("\ufffd", value)


# SQLite gives rowids only to INTEGER keys; PostgreSQL gets the wide type.
_Id = BigInteger().with_variant(Integer, "sqlite")


def _partial_index(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

events = Table(
    "events",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("created_at", UtcTime, nullable=False),
    Column("last_item_at", UtcTime, nullable=False),
    # What the grouper needs to place later items: term weights of the event's centroid.
    Column("profile", JSON, nullable=False),
    Index("ix_events_last_item_at", "last_item_at"),
    sqlite_autoincrement=True,
)

items = Table(
    "items",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("source_id", String(80), nullable=False),
    Column("key", Plain, nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("language", String(8), nullable=False),
    Column("published_at", UtcTime, nullable=False),
    Column("dating", String(10), nullable=False),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("publisher", Plain, nullable=False),
    Column("family", Plain, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("baseline", Boolean, nullable=False, default=False),
    Column("revision", Integer, nullable=False, default=1),
    Column("event_id", _Id, ForeignKey("events.id", ondelete="SET NULL")),
    Column("duplicate_of", _Id, ForeignKey("items.id", ondelete="SET NULL")),
    Column("withdrawn_at", UtcTime),
    Column("locator", Plain),
    Column("off_topic", Plain),
    Column("title", Plain, nullable=False),
    Column("url", Plain),
    # Addresses can be longer than what PostgreSQL puts into an index.
    Column("url_hash", String(16)),
    # The long ones stand last: what reads the others need not step over them.
    Column("text", Plain, nullable=False),
    # MinHash signature: lets the near-duplicate index be rebuilt at start without reading texts.
    Column("signature", LargeBinary),
    # Why it belongs to its event, or begins one, in plain English.
    Column("grouping", Plain),
    UniqueConstraint("source_id", "key"),
    Index("ix_items_url_hash", "url_hash"),
    Index("ix_items_first_seen_at", "first_seen_at"),
    _partial_index("ix_items_event_id", "event_id", where="event_id IS NOT NULL"),
    _partial_index("ix_items_duplicate_of", "duplicate_of", where="duplicate_of IS NOT NULL"),
    # What members page through: items on the story, newest first. The other columns stand in it so that no row is
    # read only to be passed over; those of the condition, too, because SQLite looks at them again.
    _partial_index(
        "ix_items_on_topic",
        "published_at",
        "id",
        "language",
        "off_topic",
        "withdrawn_at",
        where="off_topic IS NULL AND withdrawn_at IS NULL",
    ),
    # Titles by themselves, newest last: looked through for words.
    Index("ix_items_title", "id", "title"),
    sqlite_autoincrement=True,
)

revisions = Table(
    "revisions",
    metadata,
    Column("item_id", _Id, ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("title", Plain, nullable=False),
    Column("text", Plain, nullable=False),
    Column("url", Plain),
    PrimaryKeyConstraint("item_id", "number"),
)

filings = Table(
    "filings",
    metadata,
    Column("item_id", _Id, ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    Column("section", String(40), nullable=False),
    Column("score", Float, nullable=False),
    # The item's, repeated so that a section can be read in the order of time from one index alone.
    Column("published_at", UtcTime, nullable=False),
    Column("language", String(8), nullable=False),
    Column("withdrawn", Boolean, nullable=False, default=False),
    Column("reasons", JSON, nullable=False),
    PrimaryKeyConstraint("item_id", "section"),
    Index("ix_filings_section", "section", "withdrawn", "published_at", "item_id", "language", "score"),
    sqlite_with_rowid=False,
)

facts = Table(
    "facts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("date", String(10), nullable=False),
    Column("section", String(40), nullable=False),
    Column("status", String(20), nullable=False),
    Column("grade", String(20), nullable=False),
    # Earliest and latest day that the date can mean, for filters and order.
    Column("first_day", String(10), nullable=False),
    Column("last_day", String(10), nullable=False),
    # Actors and claims in lower case, for the filter by actor.
    Column("haystack", Plain, nullable=False),
    # The whole fact as in facts.yaml, so that nothing of it is lost here.
    Column("content", JSON, nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("added_at", UtcTime, nullable=False),
    # Facts that came with the first start are background, not news.
    Column("baseline", Boolean, nullable=False),
    Column("retired_at", UtcTime),
    Index("ix_facts_first_day", "first_day"),
)

editions = Table(
    "editions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("digest_id", String(80), nullable=False),
    Column("scheduled_at", UtcTime, nullable=False),
    Column("composed_at", UtcTime, nullable=False),
    Column("after_item", _Id, nullable=False),
    Column("through_item", _Id, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("missed", Integer, nullable=False, default=0),
    Column("summary", JSON, nullable=False),
    UniqueConstraint("digest_id", "scheduled_at"),
    sqlite_autoincrement=True,
)

edition_events = Table(
    "edition_events",
    metadata,
    Column("edition_id", _Id, ForeignKey("editions.id", ondelete="CASCADE"), nullable=False),
    Column("section", String(40), nullable=False),
    Column("event_id", _Id, ForeignKey("events.id", ondelete="CASCADE"), nullable=False),
    # As reported then: what has changed since can be told.
    Column("voices", Integer, nullable=False),
    Column("items", Integer, nullable=False),
    PrimaryKeyConstraint("edition_id", "section", "event_id"),
    Index("ix_edition_events_event", "event_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("edition_id", _Id, ForeignKey("editions.id", ondelete="CASCADE"), nullable=False),
    Column("platform", Plain, nullable=False),
    Column("workspace", Plain, nullable=False),
    Column("channel", Plain, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("part", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("created_at", UtcTime, nullable=False),
    Column("next_try_at", UtcTime, nullable=False),
    Column("give_up_at", UtcTime, nullable=False),
    Column("lease_owner", String(40)),
    Column("lease_until", UtcTime),
    Column("sent_at", UtcTime),
    Column("platform_ids", JSON, nullable=False),
    Column("error", Plain),
    UniqueConstraint("edition_id", "platform", "workspace", "channel", "part", name="uq_deliveries_part"),
    Index("ix_deliveries_state_next", "state", "next_try_at"),
    # Whether anything earlier still waits for the same destination, asked of every row that is due.
    Index("ix_deliveries_destination", "platform", "workspace", "channel", "state", "edition_id", "part"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("platform", Plain, nullable=False),
    Column("workspace", Plain, nullable=False),
    Column("user", Plain, nullable=False),
    Column("section", String(40), nullable=False),
    Column("language", String(8), nullable=False),
    Column("zone", String(60), nullable=False),
    Column("time", String(5), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("platform", "workspace", "user", "section", name="uq_subscriptions_member"),
    sqlite_autoincrement=True,
)

source_states = Table(
    "source_states",
    metadata,
    Column("source_id", String(80), primary_key=True),
    Column("etag", Plain),
    Column("last_modified", Plain),
    Column("body_hash", String(32)),
    Column("baseline_done", Boolean, nullable=False, default=False),
    Column("baseline_at", UtcTime),
    Column("last_try_at", UtcTime),
    Column("last_success_at", UtcTime),
    Column("failing_since", UtcTime),
    Column("failures", Integer, nullable=False, default=0),
    Column("why", Plain),
    Column("next_try_at", UtcTime),
    Column("last_new_at", UtcTime),
    Column("items", Integer, nullable=False, default=0),
)

views = Table(
    "views",
    metadata,
    # State behind buttons (paging and the like), so that they survive a restart.
    Column("token", Plain, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("owner", Plain, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Index("ix_views_expires_at", "expires_at"),
)

local_messages = Table(
    "local_messages",
    metadata,
    # The local chat's history: the web adapter is its own platform and keeps what it was sent.
    Column("id", _Id, primary_key=True),
    Column("channel", Plain, nullable=False),
    Column("delivery_id", String(24), unique=True),
    Column("author", Plain, nullable=False),
    Column("private_to", Plain),
    Column("message", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Index("ix_local_messages_channel_id", "channel", "id"),
    Index("ix_local_messages_created_at", "created_at"),
    sqlite_autoincrement=True,
)

passages = Table(
    "passages",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("ref", String(80), nullable=False),
    Column("item_id", _Id, ForeignKey("items.id", ondelete="CASCADE")),
    Column("text", Plain, nullable=False),
    # Words that find the passage without being part of it, as the actors of a fact.
    Column("extra", Plain, nullable=False, default=""),
    # Readers' questions that find it, in its language, a line each.
    Column("asked", Plain),
    Column("language", String(8), nullable=False),
    Column("sections", JSON, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("date", String(10), nullable=False),
    Column("locator", Plain),
    Index("ix_passages_ref", "ref"),
    Index("ix_passages_item_id", "item_id"),
    sqlite_autoincrement=True,
)

embeddings = Table(
    "embeddings",
    metadata,
    # What the semantic extra knows of passages: part 0 is the text, the others are the readers' questions of it.
    Column("passage_id", _Id, ForeignKey("passages.id", ondelete="CASCADE"), nullable=False),
    Column("part", Integer, nullable=False),
    # Vectors of different models do not compare; those of another model are replaced.
    Column("model", String(60), nullable=False),
    # A 32-bit scale, then the numbers as 8-bit integers.
    Column("vector", LargeBinary, nullable=False),
    PrimaryKeyConstraint("passage_id", "part"),
)

meta = Table(
    "meta",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("value", Plain, nullable=False),
)

edition_items = Table(
    "edition_items",
    metadata,
    # Which items an edition's lines cite, so that a later change of theirs can be told where it was posted.
    Column("edition_id", _Id, ForeignKey("editions.id", ondelete="CASCADE"), nullable=False),
    Column("item_id", _Id, ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    Column("revision", Integer, nullable=False),
    # When the readers of the edition were told that the item changed; once is enough.
    Column("told_at", UtcTime),
    PrimaryKeyConstraint("edition_id", "item_id"),
    Index("ix_edition_items_item", "item_id"),
)

corrections = Table(
    "corrections",
    metadata,
    # Posted messages that are to be replaced; a row goes when the platform has the new text.
    Column("delivery_id", String(24), ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("payload", JSON, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_try_at", UtcTime, nullable=False),
    Column("error", Plain),
    Index("ix_corrections_next_try_at", "next_try_at"),
)

media = Table(
    "media",
    metadata,
    # Pictures of messages, by the hash of their bytes.
    Column("key", String(80), primary_key=True),
    Column("content_type", String(40), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Index("ix_media_created_at", "created_at"),
)

preferences = Table(
    "preferences",
    metadata,
    # What a member has chosen for themselves, by the member's key (platform:workspace:user).
    Column("member", Plain, primary_key=True),
    Column("language", String(8)),
    Column("zone", String(60)),
)

instances = Table(
    "instances",
    metadata,
    # Who works on this archive: one row for the instance in charge, one for the latest that stands by.
    Column("role", String(10), primary_key=True),
    Column("holder", String(40)),
    Column("host", Plain, nullable=False),
    Column("pid", Integer, nullable=False),
    # Tells whether another process can be looked up by its pid, and whether that pid is still the same process.
    Column("place", Plain, nullable=False),
    Column("born", Plain, nullable=False),
    # The fencing number: it rises with every instance that takes charge.
    Column("fence", BigInteger, nullable=False),
    # Counts up while the holder lives. Others judge it by their own clocks, so no two clocks are ever compared.
    Column("beat", BigInteger, nullable=False),
    Column("beat_at", UtcTime, nullable=False),
    Column("started_at", UtcTime, nullable=False),
)

alarms = Table(
    "alarms",
    metadata,
    # What is out of order, and what the ops destination was told of it: a row goes when that has passed and was told.
    Column("subject", String(120), primary_key=True),
    Column("since", UtcTime, nullable=False),
    Column("told_at", UtcTime, nullable=False),
    Column("detail", JSON, nullable=False),
)
