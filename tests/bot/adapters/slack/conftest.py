"""Fixtures: a loopback Slack, a core, and an adapter that is connected to both."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.adapters.slack.adapter import SlackAdapter
from digests.archive import Archive
from tests.bot.adapters.slack.setting import RichHost, made
from tests.conftest import StoppedClock
from tests.fakes.slack.schema import check_call
from tests.fakes.slack.server import FakeSlack


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        fake.checks = [check_call]
        yield fake
        assert fake.violations == []


@pytest.fixture
def host() -> RichHost:
    return RichHost()


@pytest.fixture
async def adapter(
    slack: FakeSlack, host: RichHost, archive: Archive, clock: StoppedClock
) -> AsyncIterator[SlackAdapter]:
    """In socket mode."""
    started = made(slack, archive, clock)
    await started.start(host)
    yield started
    await started.close()
