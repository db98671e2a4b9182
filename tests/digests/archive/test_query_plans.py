"""The important queries go through an index and read no row only to pass over it: they stay fast in a large archive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive, events, facts, health, items

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
}
"""Found through an index or a key."""


async def plans(archive: Archive, query: Query) -> list[str]:
    """How SQLite means to run every statement of a query, a step a line."""
    seen: list[tuple[str, Any]] = []
    engine = archive._reader.sync_engine

    def note(_c: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool) -> None:
        seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        async with archive.read() as connection:
            await query(connection)
            event.remove(engine, "before_cursor_execute", note)
            steps: list[str] = []
            for statement, parameters in seen:
                if statement.lstrip().upper().startswith("SELECT"):
                    plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                    steps += [str(row[3]) for row in plan]
    finally:
        if event.contains(engine, "before_cursor_execute", note):
            event.remove(engine, "before_cursor_execute", note)
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


async def test_a_query_without_an_index_would_be_noticed(archive: Archive) -> None:
    steps = await plans(archive, lambda c: c.execute(text("SELECT id FROM items WHERE publisher = 'x'")))
    assert any(step.startswith("SCAN items") and "INDEX" not in step for step in steps)


def _is_lookup(step: str) -> bool:
    """One row by its number."""
    return "INTEGER PRIMARY KEY (rowid=?)" in step
