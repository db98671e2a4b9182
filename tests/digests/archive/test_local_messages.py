"""The local chat's history: each delivery once, private lines for their member only."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from digests.archive import Archive, local_messages
from digests.archive.local_messages import LocalMessage
from tests.fakes.shelf import DAY_ONE, second_program

DAY = timedelta(days=1)


async def add(
    archive: Archive, words: str, *, channel: str = "news", now: datetime = DAY_ONE, **more: Any
) -> tuple[LocalMessage, bool]:
    async with archive.write() as connection:
        return await local_messages.add(
            connection, channel=channel, author="bot", message={"words": words}, now=now, **more
        )


async def page(archive: Archive, member: str = "me", **more: Any) -> list[str]:
    async with archive.read() as connection:
        rows = await local_messages.page(connection, "news", member=member, **more)
    return [row.message["words"] for row in rows]


async def test_a_message_comes_back_as_it_was_posted(either_archive: Archive) -> None:
    posted, new = await add(either_archive, "міст 橋 \x00", private_to="me", delivery_id="d1")
    assert new
    assert posted == LocalMessage(posted.id, "news", "d1", "bot", "me", {"words": "міст 橋 \x00"}, DAY_ONE)
    async with either_archive.read() as connection:
        assert await local_messages.by_id(connection, posted.id) == posted
        assert await local_messages.by_delivery(connection, "d1") == posted
        assert await local_messages.by_id(connection, posted.id + 1) is None
        assert await local_messages.by_delivery(connection, "d2") is None


async def test_a_delivery_that_is_posted_twice_stands_once(either_archive: Archive) -> None:
    first, _ = await add(either_archive, "one", delivery_id="d1")
    assert await add(either_archive, "one again", delivery_id="d1") == (first, False)
    assert (await add(either_archive, "a"))[1]
    assert (await add(either_archive, "b"))[1]
    assert await page(either_archive) == ["one", "a", "b"]


async def test_programs_that_post_a_delivery_at_once_post_it_once(either_archive: Archive) -> None:
    other = await second_program(either_archive)
    try:
        posted = await asyncio.gather(
            *(add(archive, "one", delivery_id="d1") for archive in (either_archive, other) for _ in range(4))
        )
    finally:
        await other.close()
    assert [new for _, new in posted].count(True) == 1
    assert len({row.id for row, _ in posted}) == 1


async def test_pages_go_backwards_and_show_a_member_what_is_theirs(either_archive: Archive) -> None:
    await add(either_archive, "elsewhere", channel="other")
    ids = {}
    for words, private in (("1", None), ("2", "me"), ("3", "you"), ("4", None), ("5", "me")):
        ids[words] = (await add(either_archive, words, private_to=private))[0].id
    assert await page(either_archive) == ["1", "2", "4", "5"]
    assert await page(either_archive, "you") == ["1", "3", "4"]
    assert await page(either_archive, limit=2) == ["4", "5"]
    assert await page(either_archive, limit=2, before=ids["4"]) == ["1", "2"]
    assert await page(either_archive, limit=2, before=ids["1"]) == []


async def test_a_message_is_replaced_in_its_place(either_archive: Archive) -> None:
    first, _ = await add(either_archive, "one")
    await add(either_archive, "two")
    async with either_archive.write() as connection:
        changed = await local_messages.replace(connection, first.id, {"words": "uno"})
        assert changed is not None
        assert (changed.id, changed.created_at) == (first.id, DAY_ONE)
        assert await local_messages.replace(connection, first.id + 99, {}) is None
    assert await page(either_archive) == ["uno", "two"]


async def test_old_messages_are_forgotten(either_archive: Archive) -> None:
    for age in (2, 1, 0):
        await add(either_archive, f"{age} days old", now=DAY_ONE - age * DAY)
    async with either_archive.write() as connection:
        assert await local_messages.prune(connection, before=DAY_ONE - DAY) == 1
    assert await page(either_archive) == ["1 days old", "0 days old"]
