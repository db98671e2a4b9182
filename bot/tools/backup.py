"""``kakehashi backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path

import click

from bot.backups import backups_in, folder_of
from bot.settings import load_settings
from digests.archive import Archive, backup, restore
from digests.archive.backups import DamagedBackup
from digests.errors import ArchiveError


async def backup_once(config: Path, target: Path) -> None:
    settings = load_settings(config)
    archive = await Archive.open(settings.archive, migrate=False)
    try:
        await backup(archive, target)
    finally:
        await archive.close()
    click.echo(f"{target}: {target.stat().st_size / 1e6:.1f} MB")


async def restore_once(config: Path, source: Path | None) -> None:
    """Put back ``source``, or the newest backup of the bot's own that is whole. Raises :class:`ArchiveError`."""
    settings = load_settings(config)
    if source is not None:
        _told(source, await restore(settings.archive, source))
        return
    own = backups_in(folder_of(settings.backup, settings.archive))
    for backup_file in reversed(own):
        try:
            kept = await restore(settings.archive, backup_file)
        except DamagedBackup as error:
            click.echo(str(error), err=True)
        else:
            _told(backup_file, kept)
            return
    where = folder_of(settings.backup, settings.archive)
    raise ArchiveError(f"there is no whole backup in {where}; name one: kakehashi restore FILE")


def _told(source: Path, kept: Path | None) -> None:
    click.echo(f"restored {source}" + (f"; the archive that stood there is kept as {kept}" if kept else ""))
