"""What the archive keeps for members: subscriptions, and the state behind their buttons."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from digests.archive import Archive, subscriptions, views
from digests.model import Subscription
from tests.fakes.shelf import DAY_ONE, second_program

HOUR = timedelta(hours=1)


async def subscribe(archive: Archive, **changes: Any) -> Subscription:
    given = {
        "platform": "slack",
        "workspace": "team",
        "user": "U1",
        "section": "building",
        "language": "uk",
        "zone": "Europe/Kyiv",
        "time": "07:30",
        "now": DAY_ONE,
    } | changes
    async with archive.write() as connection:
        return await subscriptions.put(connection, **given)


async def unsubscribe(archive: Archive, section: str | None, user: str = "U1") -> int:
    async with archive.write() as connection:
        return await subscriptions.remove(connection, platform="slack", workspace="team", user=user, section=section)


async def of(archive: Archive, user: str = "U1", platform: str = "slack") -> list[Subscription]:
    async with archive.read() as connection:
        return await subscriptions.of_member(connection, platform=platform, workspace="team", user=user)


async def test_a_subscription_comes_back_as_it_was_made(either_archive: Archive) -> None:
    made = await subscribe(either_archive)
    assert made == Subscription(
        made.id, "slack", "team", "U1", "building", "uk", "Europe/Kyiv", "07:30", created_at=DAY_ONE
    )
    assert await of(either_archive) == [made]


async def test_subscribing_again_changes_the_subscription_that_stands(either_archive: Archive) -> None:
    made = await subscribe(either_archive)
    changed = await subscribe(either_archive, time="18:00", zone="Asia/Tokyo", language="ja", now=DAY_ONE + HOUR)
    assert (changed.id, changed.created_at) == (made.id, DAY_ONE)
    assert (changed.time, changed.zone, changed.language) == ("18:00", "Asia/Tokyo", "ja")
    assert await of(either_archive) == [changed]


async def test_programs_that_subscribe_a_member_at_once_make_one_subscription(either_archive: Archive) -> None:
    other = await second_program(either_archive)
    try:
        await asyncio.gather(*(subscribe(archive) for archive in (either_archive, other) for _ in range(3)))
    finally:
        await other.close()
    assert len(await of(either_archive)) == 1


async def test_one_or_all_of_a_members_subscriptions_end_and_nobody_elses(either_archive: Archive) -> None:
    for section in ("outlook", "building", "money"):
        await subscribe(either_archive, section=section)
    kept = [await subscribe(either_archive, user="U2"), await subscribe(either_archive, platform="discord")]
    assert [one.section for one in await of(either_archive)] == ["building", "money", "outlook"]
    assert await unsubscribe(either_archive, "money") == 1
    assert await unsubscribe(either_archive, "money") == 0
    assert await unsubscribe(either_archive, None) == 2
    assert await of(either_archive) == []
    async with either_archive.read() as connection:
        assert await subscriptions.everyone(connection) == kept


async def test_a_subscription_that_ended_leaves_its_number_to_nobody(either_archive: Archive) -> None:
    """Its number names its digest: a later one must not take up the earlier one's editions."""
    first = await subscribe(either_archive)
    await unsubscribe(either_archive, None)
    assert (await subscribe(either_archive)).id > first.id


async def put_view(archive: Archive, payload: dict[str, Any], expires: timedelta = HOUR) -> str:
    async with archive.write() as connection:
        return await views.put(
            connection,
            views.new(kind="page", owner="slack:team:U1", payload=payload, expires_at=DAY_ONE + expires),
            now=DAY_ONE,
        )


async def test_a_view_comes_back_until_it_expires(either_archive: Archive) -> None:
    payload = {"words": "міст \x00 橋", "ids": [1, 2], "none": None}
    token = await put_view(either_archive, payload)
    async with either_archive.read() as connection:
        view = await views.get(connection, token, now=DAY_ONE + HOUR - timedelta(microseconds=1))
        assert view is not None
        assert (view.token, view.kind, view.owner) == (token, "page", "slack:team:U1")
        assert (view.payload, view.expires_at) == (payload, DAY_ONE + HOUR)
        assert await views.get(connection, token, now=DAY_ONE + HOUR) is None
        assert await views.get(connection, "unknown", now=DAY_ONE) is None


async def test_only_expired_views_are_forgotten(either_archive: Archive) -> None:
    old, young = await put_view(either_archive, {}), await put_view(either_archive, {}, 2 * HOUR)
    async with either_archive.write() as connection:
        assert await views.prune(connection, now=DAY_ONE + HOUR) == 1
        assert await views.get(connection, young, now=DAY_ONE + HOUR) is not None
        assert await views.get(connection, old, now=DAY_ONE) is None
