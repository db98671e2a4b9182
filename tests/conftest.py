"""Fixtures that every part of the suite uses."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digests.archive import Archive


class StoppedClock:
    """A present that stands still until a test moves it."""

    def __init__(self, start: datetime) -> None:
        self.present = start

    def __call__(self) -> datetime:
        return self.present

    def forward(self, **span: float) -> None:
        self.present += timedelta(**span)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(datetime(2026, 6, 1, 6, 0, tzinfo=UTC))


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    opened = await Archive.open(f"sqlite:///{tmp_path / 'archive.sqlite3'}")
    yield opened
    await opened.close()


@pytest.fixture
def need() -> Callable[[bool, str], None]:
    """Skip with a reason when the machine lacks something; where nothing may skip, fail instead."""

    def check(there: bool, what: str) -> None:  # noqa: FBT001
        if there:
            return
        if os.environ.get("KAKEHASHI_NO_SKIP"):
            pytest.fail(f"this machine lacks {what}")
        pytest.skip(f"this machine lacks {what}")

    return check
