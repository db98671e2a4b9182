"""Fixtures of the corpus: a newsroom whose two feeds lie on a server that does as it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from digests.archive import Archive
from digests.ingest.fetch import Fetcher, FetchLimits
from digests.search.index import open_index
from digests.story import Story, load_story
from tests.conftest import StoppedClock
from tests.fakes.feedserver import FeedServer
from tests.fakes.pressroom import Pressroom, feed
from tests.system.conftest import config, newsstand, start_bot

__all__ = ["config", "newsstand", "start_bot"]
TINY = Path(__file__).parents[1] / "data" / "stories" / "tiny"
LIMITS = FetchLimits(spacing=0.0, total=1.0, read=0.2)
"""What one request may take here: the limits of bot operation, made short."""


@pytest.fixture(scope="session")
def tiny() -> Story:
    return load_story(TINY)


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with FeedServer() as running:
        yield running


@pytest.fixture
async def press(archive: Archive, tiny: Story, clock: StoppedClock, server: FeedServer) -> AsyncIterator[Pressroom]:
    """Two sources: ``courier`` (/courier.xml, the hostile one) and ``agency`` (/agency.xml, honest)."""
    sources = [feed(name, url=server.url(f"/{name}.xml"), allow_private=True) for name in ("courier", "agency")]
    async with Fetcher(limits=LIMITS) as fetcher:
        yield Pressroom(archive, tiny, await open_index(archive), clock, fetcher=fetcher, sources=sources)


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    """What is logged: kept instead of written."""
    with capture_logs() as entries:
        yield entries
