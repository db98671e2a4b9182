"""The whole path over loopback: real requests, real parsing, a real archive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from digests.archive import Archive
from digests.ingest.fetch import Fetcher, FetchLimits
from digests.ingest.update import SourceUpdate
from digests.search.index import open_index
from digests.story import Story
from tests.conftest import StoppedClock
from tests.fakes.feedserver import Entry, FeedServer, Reply, rss
from tests.fakes.pressroom import LOAN, PILLAR, Pressroom, feed


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with FeedServer() as running:
        yield running


@pytest.fixture
async def press(archive: Archive, tiny: Story, clock: StoppedClock, server: FeedServer) -> AsyncIterator[Pressroom]:
    url = server.url("/feed.xml")
    sources = (feed("courier", url=url, allow_private=True), feed("agency", url=url))
    async with Fetcher(limits=FetchLimits(spacing=0.0, read=5.0)) as fetcher:
        yield Pressroom(archive, tiny, await open_index(archive), clock, fetcher=fetcher, sources=sources)


async def test_a_feed_is_read_asked_again_conditionally_and_read_when_it_changes(
    press: Pressroom, server: FeedServer
) -> None:
    one, two = Entry("1", "Third pillar of the bridge is built", PILLAR), Entry("2", "A loan for the bridge", LOAN)
    server.put("/feed.xml", rss(one), etag='"v1"')
    assert await press.update() == SourceUpdate("courier", new=1)
    assert await press.update() == SourceUpdate("courier")
    server.put("/feed.xml", rss(two, one), etag='"v2"')
    assert await press.update() == SourceUpdate("courier", new=1, unchanged=1)
    asked = [request.headers.get("If-None-Match") for request in server.seen("/feed.xml")]
    assert asked == [None, '"v1"', '"v1"']
    assert [item.baseline for item in await press.items()] == [True, False]
    assert (await press.state()).etag == '"v2"'


async def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(press: Pressroom, server: FeedServer) -> None:
    server.answer("/feed.xml", Reply(status=429, headers={"Retry-After": "7200"}), Reply(rss()))
    error = (await press.update()).error
    assert error is not None
    assert "429" in error
    state = await press.state()
    assert state.next_try_at is not None
    assert state.next_try_at - press.clock() >= timedelta(hours=2)
    assert (await press.update()).error is None


async def test_a_private_address_is_refused_where_the_source_does_not_allow_it(
    press: Pressroom, server: FeedServer
) -> None:
    server.put("/feed.xml", rss())
    error = (await press.update("agency")).error
    assert error is not None
    assert "127.0.0.1" in error
    assert server.requests == []


async def test_a_broken_feed_brings_what_can_be_read_of_it(press: Pressroom, server: FeedServer) -> None:
    whole = rss(Entry("1", "Third pillar of the bridge", PILLAR), Entry("2", "A loan for the bridge", LOAN))
    server.put("/feed.xml", whole[: whole.index(b"<description>The bank")])
    assert (await press.update()).new >= 1
    server.put("/feed.xml", whole)
    await press.update()
    assert {item.key for item in await press.items()} == {"1", "2"}
