"""``kakehashi reindex``: the search index made anew from the archived passages."""

from __future__ import annotations

import time
from pathlib import Path

import click

from bot.app import App


async def reindex_once(config: Path) -> None:
    """Rebuild the index and print how many passages it holds and how long that took."""
    app = await App.create(config, connect=False)
    try:
        began = time.perf_counter()
        passages = await app.index.rebuild(app.archive)
    finally:
        await app.close()
    click.echo(f"{passages:,} passages indexed in {time.perf_counter() - began:.1f} s")
