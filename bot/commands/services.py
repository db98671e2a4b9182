"""What command handlers may use of the core: one object, handed to each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.settings import DigestSettings, Settings
from digests.archive import Archive, media, views
from digests.archive.media import Media
from digests.archive.views import View
from digests.charts.gallery import Gallery
from digests.errors import Problem
from digests.ingest.update import Updater
from digests.model import Composition
from digests.phrasing.phraser import Phraser
from digests.search.index import SearchIndex
from digests.story import Story


class Configuration(Protocol):
    """The active configuration; both change together on a reload."""

    @property
    def settings(self) -> Settings: ...

    @property
    def story(self) -> Story: ...

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was wrong when a changed configuration was last refused; empty once a good one is active."""
        ...

    @property
    def needs_restart(self) -> tuple[str, ...]:
        """Keys that have changed since the start and take effect only with the next one."""
        ...


class Editions(Protocol):
    """What commands may do with editions: look ahead, preview and post."""

    def next_editions(self, *, after: datetime, limit: int) -> list[tuple[DigestSettings, datetime]]: ...

    async def preview(self, digest: DigestSettings, *, now: datetime) -> Composition: ...

    async def changed(self) -> None:
        """Subscriptions have changed: set the clock anew."""
        ...

    async def post_now(self, digest: DigestSettings, *, now: datetime) -> int:
        """Post an edition at once; returns the number of deliveries written."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """``now`` gives the present in UTC and is a test's way to stop the clock."""

    configuration: Configuration
    archive: Archive
    index: SearchIndex
    updater: Updater
    editions: Editions
    now: Callable[[], datetime]
    reload: Callable[[], Awaitable[object]]
    started_at: datetime
    gallery: Gallery
    phraser: Phraser
    rival: Callable[[], str | None] = lambda: None
    """Which other instance works on this archive while this one stands by; None: this one is in charge."""
    quotes_only: Callable[[], bool] = lambda: True
    """Whether answers need story and archive alone: no model phrases them, and nothing is searched by meaning."""

    async def keep(self, kept: View | Media) -> str:
        """Keep what stands behind a button, or a file of a message; returns its token or key."""
        now = self.now()

        async def work(connection: AsyncConnection) -> str:
            if isinstance(kept, View):
                return await views.put(connection, kept, now=now)
            return await media.keep(connection, kept, now=now)

        return await self.archive.write_at_once(work)

    @property
    def story(self) -> Story:
        return self.configuration.story

    @property
    def settings(self) -> Settings:
        return self.configuration.settings
