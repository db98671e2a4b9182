"""Backups that the bot makes by itself while it runs: one now and then, the oldest deleted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url

from bot.failpoints import passing
from bot.settings import BackupSettings, Settings
from digests.archive import Archive, backup
from digests.errors import ArchiveError

log = structlog.get_logger()

_NAME = "kakehashi-{:%Y%m%dT%H%M%S}Z.sqlite3"
_NAMED = re.compile(r"kakehashi-(\d{8}T\d{6})Z\.sqlite3")
_PARTS = ".kakehashi-*.sqlite3.part"
"""What a backup that was interrupted leaves behind."""


class BackupKeeper:
    """Makes a backup when the newest is old enough. :meth:`run_once` may be called at any time."""

    def __init__(self, archive: Archive, settings: Callable[[], Settings], *, now: Callable[[], datetime]) -> None:
        self._archive = archive
        self._settings = settings
        self._now = now

    async def run_once(self) -> Path | None:
        """The backup that was made; None when none was due. What fails is logged with its cure and tried again."""
        settings, now = self._settings().backup, self._now()
        if not settings.enabled or not self._archive.is_sqlite:
            return None
        folder = folder_of(settings, self._archive.url.render_as_string(hide_password=False))
        kept = await asyncio.to_thread(backups_in, folder)
        # One from the future was made before the clock was set back; it does not count.
        times = [time for time in (time_of(path) for path in kept) if time <= now]
        if times and now - max(times) < settings.every:
            return None
        target = folder / _NAME.format(now)
        try:
            await asyncio.to_thread(_clear, folder)
            await backup(self._archive, target)
            passing("backup.made")
            await asyncio.to_thread(_prune, folder, settings.keep)
        except (ArchiveError, OSError) as error:
            log.error("backup.failed", why=str(error), newest=str(kept[-1]) if kept else None)
            return None
        log.info("backup.made", file=str(target))
        return target


def folder_of(settings: BackupSettings, archive: str) -> Path:
    """Where the backups of the archive at this address lie."""
    if settings.folder is not None:
        return Path(settings.folder)
    return Path(make_url(archive).database or "").parent / "backups"


def backups_in(folder: Path) -> list[Path]:
    """The bot's own backups, oldest first; files of other names are none of its business."""
    return sorted((path for path in folder.glob("*.sqlite3") if _NAMED.fullmatch(path.name)), key=lambda p: p.name)


def time_of(path: Path) -> datetime:
    """When a backup was made, by its name. ValueError for other files."""
    named = _NAMED.fullmatch(path.name)
    if named is None:
        raise ValueError(f"{path} is no backup of the bot's")
    return datetime.strptime(named[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)


def _clear(folder: Path) -> None:
    for part in folder.glob(_PARTS):
        part.unlink(missing_ok=True)


def _prune(folder: Path, keep: int) -> None:
    for path in backups_in(folder)[:-keep]:
        path.unlink(missing_ok=True)
