"""Words from outside may hold what a database cannot: they are kept as far as possible and break nothing."""

from __future__ import annotations

from typing import Any

import pytest

from digests.archive import Archive, facts, health, items, itemstore, local_messages, meta, subscriptions, views
from digests.archive.health import SourceState
from digests.archive.tables import Plain, UtcTime
from tests.fakes.shelf import DAY_ONE, put_item

HOSTILE = "a\x00b\ud800c\udfff \U0001f309 é"
KEPT = "a\ufffdb\ufffdc\ufffd \U0001f309 é"


async def test_an_item_of_hostile_words_is_archived_and_found_again(either_archive: Archive) -> None:
    names = ("key", "title", "text", "publisher", "family", "locator", "off_topic", "url")
    item_id = await put_item(either_archive, **dict.fromkeys(names, HOSTILE))
    async with either_archive.write() as connection:
        await itemstore.revise(connection, [{"id": item_id, "title": HOSTILE * 2}], DAY_ONE)
        await itemstore.touch(connection, {item_id: (HOSTILE + "2", "x")})
    async with either_archive.read() as connection:
        item = await items.by_id(connection, item_id)
        assert item is not None
        assert (item.title, item.text, item.publisher, item.locator, item.url) == (KEPT * 2, KEPT, KEPT, KEPT, KEPT)
        assert await items.revisions_of(connection, item_id) == [(1, KEPT, KEPT)]
        assert [known.id for known in (await items.known(connection, "courier", [HOSTILE + "2"])).values()] == [item_id]
        assert [found for found, _ in await items.find_titles(connection, f"b\ud800c {HOSTILE}")] == [item_id]
        assert await items.find_titles(connection, "b\x00b") == []


async def test_what_members_type_breaks_no_query(either_archive: Archive) -> None:
    async with either_archive.read() as connection:
        assert await facts.query(connection, actors=[HOSTILE]) == []
        assert await views.get(connection, HOSTILE, now=DAY_ONE) is None
        assert await local_messages.page(connection, HOSTILE, member=HOSTILE) == []
        found = await subscriptions.of_member(connection, platform="web", workspace="local", user=HOSTILE)
        assert found == []


async def test_names_of_any_length_are_kept_whole(either_archive: Archive) -> None:
    """SQLite knows no limits, so PostgreSQL must have none either where nothing else sets one."""
    long = "Ї" * 600
    async with either_archive.write() as connection:
        subscription = await subscriptions.put(
            connection,
            platform=long,
            workspace=long,
            user=long,
            section="building",
            language="uk",
            zone="America/Argentina/ComodRivadavia",
            time="07:00",
            now=DAY_ONE,
        )
        token = await views.put(
            connection,
            views.new(kind="page", owner=f"{long}:{long}:{long}", payload={}, expires_at=DAY_ONE),
            now=DAY_ONE,
        )
        await local_messages.add(connection, channel=long, author=long, message={}, now=DAY_ONE, private_to=long)
        await health.record_failure(
            connection, SourceState("courier"), now=DAY_ONE, next_try_at=DAY_ONE, why=f"{long}\x00"
        )
        await meta.put(connection, "a", HOSTILE)
        await meta.put(connection, "a", long)
    assert len(token) == 16
    async with either_archive.read() as connection:
        assert await subscriptions.everyone(connection) == [subscription]
        assert (subscription.user, subscription.zone) == (long, "America/Argentina/ComodRivadavia")
        (row,) = await local_messages.page(connection, long, member=long)
        assert row.author == long
        assert (await health.state_of(connection, "courier")).why == f"{long}\ufffd"
        assert await meta.get(connection, "a") == long


@pytest.mark.parametrize("value", [None, "", "plain", "Міст 橋 \U0001f309", "\ufffd\ufffe\x01\t"])
def test_everything_else_is_kept_to_the_letter(value: str | None) -> None:
    dialect: Any = None
    assert Plain().process_bind_param(value, dialect) == value


def test_a_time_without_zone_is_refused() -> None:
    dialect: Any = None
    with pytest.raises(ValueError, match="aware"):
        UtcTime().process_bind_param(DAY_ONE.replace(tzinfo=None), dialect)
