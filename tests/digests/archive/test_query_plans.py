"""The important queries go through an index and read no row only to pass over it: they stay fast in a large archive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from digests import retention
from digests.archive import (
    Archive,
    deliveries,
    editions,
    events,
    facts,
    health,
    items,
    itemstore,
    local_messages,
    subscriptions,
    views,
)
from digests.model import DeliveryState, Destination
from digests.search import store
from digests.search.index import open_index
from tests.fakes.shelf import put_edition

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Query = Callable[[AsyncConnection], Awaitable[Any]]

COVERED = {
    "a section's newest": lambda c: items.latest(c, section="building", limit=5, offset=20),
    "a section's newest after a cursor": lambda c: items.latest(c, section="building", limit=5, before=(NOW, 7)),
    "a section's newest in one language": lambda c: items.latest(c, section="building", limit=5, language="ja"),
    "the newest of all": lambda c: items.latest(c, section=None, limit=5, offset=20),
    "the newest of all after a cursor": lambda c: items.latest(c, section=None, limit=5, before=(NOW, 7)),
    "the newest of all in one language": lambda c: items.latest(c, section=None, limit=5, language="ja"),
    "a section's count": lambda c: items.count(c, section="building"),
    "the count of all": lambda c: items.count(c, section=None),
    "counts since": lambda c: items.counts_since(c, NOW, ["building", "money"]),
    "a period's strongest": lambda c: items.published_between(
        c, start=NOW, end=NOW + timedelta(days=1), sections=["building"], most=5
    ),
    "titles by words": lambda c: items.find_titles(c, "river bridge"),
}
"""Answered from an index alone."""
INDEXED = {
    "new items": lambda c: items.new_since(c, after_item=3, through_item=9, sections=["building", "money"]),
    "counts between": lambda c: items.counts_between(c, after_item=3, through_item=9),
    "the last item before": lambda c: items.last_before(c, NOW),
    "items by id": lambda c: items.by_ids(c, [1, 2, 3]),
    "filings": lambda c: items.filings_of(c, [1, 2, 3]),
    "known by key": lambda c: items.known(c, "courier", ["a", "b"]),
    "known by link": lambda c: items.known_by_url(c, "courier", ["https://x.example/"]),
    "revisions": lambda c: items.revisions_of(c, 1),
    "members": lambda c: events.members(c, [1, 2]),
    "events touched": lambda c: events.touched_since(c, NOW),
    "the window": lambda c: events.window(c, NOW),
    "a source's state": lambda c: health.state_of(c, "courier"),
    "facts": lambda c: facts.query(c, limit=5),
    "keys of a source": lambda c: items.present_keys(c, "courier"),
    "a digest's last edition": lambda c: editions.last(c, "morning"),
    "whether an edition is there": lambda c: editions.exists(c, "morning", NOW),
    "a digest's editions": lambda c: editions.recent(c, digest_id="morning"),
    "whether a digest has posted": lambda c: editions.posted_since(c, "morning", NOW),
    "what was reported before": lambda c: editions.reported_before(c, "morning", [1, 2]),
    "leasing": lambda c: deliveries.lease(c, owner="me", now=NOW, until=NOW, limit=5),
    "settling": lambda c: deliveries.mark_dead(c, "x", owner="me", error="gone"),
    "when the ledger is due": deliveries.next_due,
    "an edition's deliveries": lambda c: deliveries.of_edition(c, 1),
    "dead letters": lambda c: deliveries.in_state(c, DeliveryState.DEAD),
    "counts of deliveries": deliveries.counts,
    "a member's subscriptions": lambda c: subscriptions.of_member(c, platform="web", workspace="w", user="u"),
    "a view": lambda c: views.get(c, "token", now=NOW),
    "expired views": lambda c: views.prune(c, now=NOW),
    "a page of messages": lambda c: local_messages.page(c, "news", member="me", before=7),
    "a delivered message": lambda c: local_messages.by_delivery(c, "x"),
    "old messages": lambda c: local_messages.prune(c, before=NOW),
    "passages of items": lambda c: store.ids_of(c, ["item:1", "item:2"]),
    "withdrawing": lambda c: itemstore.withdraw(c, [1, 2], NOW),
    "revising": lambda c: itemstore.revise(c, [{"id": 1, "title": "x"}], NOW),
}
"""Found through an index or a key."""


async def plans(archive: Archive, query: Query) -> list[str]:
    """How SQLite means to run every statement of a query, a step a line."""

    async def run() -> None:
        async with archive.write() as connection:
            await query(connection)

    return await steps_of(archive, run)


async def steps_of(archive: Archive, work: Callable[[], Awaitable[Any]]) -> list[str]:
    """How SQLite means to run every statement that ``work`` gives to the archive."""
    seen: list[tuple[str, Any]] = []
    engines = [archive._reader.sync_engine, archive._writer.sync_engine, *archive._direct.values()]

    def note(_c: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
            seen.append((statement, parameters[0] if many else parameters))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        await work()
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    steps: list[str] = []
    async with archive.read() as connection:
        for statement, parameters in seen:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps += [str(row[3]) for row in plan]
    assert steps
    return steps


@pytest.mark.parametrize("name", COVERED)
async def test_answered_from_an_index_alone(archive: Archive, name: str) -> None:
    steps = await plans(archive, COVERED[name])
    assert "COVERING INDEX" in steps[0] or "max" in name, steps
    tables = [step for step in steps if step.startswith(("SCAN", "SEARCH"))]
    assert all("COVERING INDEX" in step or "PRIMARY KEY" in step or _is_lookup(step) for step in tables), steps


@pytest.mark.parametrize("name", [name for name in COVERED if "newest" in name] + ["events touched", "facts"])
async def test_nothing_is_sorted_to_show_a_page(archive: Archive, name: str) -> None:
    steps = await plans(archive, (COVERED | INDEXED)[name])
    assert not any("TEMP B-TREE FOR ORDER BY" in step for step in steps), steps


@pytest.mark.parametrize("name", INDEXED)
async def test_found_through_an_index_or_a_key(archive: Archive, name: str) -> None:
    steps = await plans(archive, INDEXED[name])
    scans = [step for step in steps if step.startswith("SCAN") and "INDEX" not in step]
    assert scans == []


async def test_what_must_wait_is_looked_up_by_destination(archive: Archive) -> None:
    """Not by walking over everything else that waits: with a thousand members that would be a million steps."""
    deliver = [deliveries.NewDelivery(Destination("web", "local", "news"), 1, 1, {})]
    await put_edition(archive, NOW, deliver=deliver)
    steps = await plans(archive, INDEXED["leasing"])
    (earlier,) = {step for step in steps if step.startswith("SEARCH earlier")}
    assert "(platform=? AND workspace=? AND channel=? AND state=?" in earlier
    assert any(step.startswith("SEARCH deliveries") and "(id=?)" in step for step in steps), (
        "the row is marked by its id"
    )


async def test_what_was_reported_before_is_looked_up_by_event(archive: Archive) -> None:
    """Not by all editions of the digest, of which there are ever more."""
    steps = await plans(archive, INDEXED["what was reported before"])
    assert any(step.startswith("SEARCH edition_events") and "(event_id=?)" in step for step in steps), steps


async def test_retention_reads_only_what_is_old(archive: Archive) -> None:
    index, day = await open_index(archive), timedelta(days=1)
    steps = await steps_of(archive, lambda: retention.enforce(archive, index, retention.Policy(day, day, day), NOW))
    scans = [step for step in steps if step.startswith("SCAN") and "INDEX" not in step]
    assert set(scans) <= {"SCAN editions"}, "there are some thousands of them at most"


async def test_a_query_without_an_index_would_be_noticed(archive: Archive) -> None:
    steps = await plans(archive, lambda c: c.execute(text("SELECT id FROM items WHERE publisher = 'x'")))
    assert any(step.startswith("SCAN items") and "INDEX" not in step for step in steps)


def _is_lookup(step: str) -> bool:
    """One row by its number."""
    return "INTEGER PRIMARY KEY (rowid=?)" in step
