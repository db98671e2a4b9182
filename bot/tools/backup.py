"""``kakehashi backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path

import click

from bot.settings import load_settings
from digests.archive import Archive, backup, restore


async def backup_once(config: Path, target: Path) -> None:
    settings = load_settings(config)
    archive = await Archive.open(settings.archive, migrate=False)
    try:
        await backup(archive, target)
    finally:
        await archive.close()
    click.echo(f"{target}: {target.stat().st_size / 1e6:.1f} MB")


async def restore_once(config: Path, source: Path) -> None:
    kept = await restore(load_settings(config).archive, source)
    click.echo("restored" + (f"; the archive that stood there is kept as {kept}" if kept else ""))
