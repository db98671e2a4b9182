"""Fixtures of the update pipeline's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from digests.archive import Archive
from digests.search.index import open_index
from digests.story import Story, load_story
from tests.conftest import StoppedClock
from tests.fakes.pressroom import Pressroom

TINY = Path(__file__).parents[2] / "data" / "stories" / "tiny"


@pytest.fixture(scope="session")
def tiny() -> Story:
    return load_story(TINY)


@pytest.fixture
async def press(archive: Archive, tiny: Story, clock: StoppedClock) -> Pressroom:
    """A pipeline with two feeds, ``courier`` and ``agency``, on SQLite."""
    return Pressroom(archive, tiny, await open_index(archive), clock)


@pytest.fixture
async def either_press(either_archive: Archive, tiny: Story, clock: StoppedClock) -> Pressroom:
    """The same, in each of the databases."""
    return Pressroom(either_archive, tiny, await open_index(either_archive), clock)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    """What is logged: kept instead of written, for tracebacks take longer to write than all else."""
    with capture_logs() as entries:
        yield entries
