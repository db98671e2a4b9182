"""Whether the bot is well: live (it answers at all) and ready (it could post and answer now)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog
from sqlalchemy.exc import SQLAlchemyError

from digests.archive import Archive, migrations
from digests.errors import ArchiveError

log = structlog.get_logger()

PATIENCE = 2.0
"""Seconds that the archive may take to answer; health checks themselves wait for about five."""
_FRESH = 1.0
"""Seconds for which a look at the archive counts: whoever asks often costs nothing."""


class Condition:
    """Judges the bot by named checks. Each is a function that says whether that part is well.

    That the process answers at all is what live means; everything else belongs to ready.
    """

    def __init__(self, archive: Archive, checks: Mapping[str, Callable[[], bool]]) -> None:
        self._archive = archive
        self._checks = dict(checks)
        self._looked_at = -_FRESH
        self._archive_well = False
        self._looking = asyncio.Lock()
        self._known: dict[str, bool] = {}

    async def ready(self) -> bool:
        """Whether every check holds. What changed since the last look is logged once."""
        return all((await self.checks()).values())

    async def checks(self) -> dict[str, bool]:
        """Every check by name: ``archive`` (it answers, and its migrations are done) and the parts'."""
        found = {"archive": await self._archive_answers()}
        found |= {name: check() for name, check in self._checks.items()}
        for name, well in found.items():
            before = self._known.get(name, True)
            if before and not well:
                log.warning("ready.lost", check=name)
            elif well and not before:
                log.info("ready.regained", check=name)
        self._known = found
        return found

    async def _archive_answers(self) -> bool:
        async with self._looking:
            if time.monotonic() - self._looked_at >= _FRESH:
                self._archive_well = await self._ask()
                self._looked_at = time.monotonic()
            return self._archive_well

    async def _ask(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                async with self._archive.read() as connection:
                    return await migrations.is_current(connection)
        except (ArchiveError, SQLAlchemyError, TimeoutError, OSError) as error:
            log.warning("archive.unreachable", why=str(error) or "no answer in time")
            return False
