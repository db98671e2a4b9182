"""``kakehashi replay``: an edition composed once more, beside what was posted."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from bot.adapters.base import Adapter, SendError, Sent
from bot.reload import load_all
from bot.replay import Replayed, differences, find, replay
from bot.settings import Settings
from bot.tools.post import PostError, adapter_of, parse_destination
from bot.tools.terminal import show
from digests.archive import Archive
from digests.model import Destination

_TIMEOUT = 60.0


async def replay_once(config: Path, named: str, *, only_difference: bool, place: str | None) -> None:
    """Print the edition and how it differs from what was posted; with ``place`` post it there as a test.

    Raises NotFound, and :class:`~bot.tools.post.PostError` when ``place`` will not do.
    """
    settings, story = load_all(config)
    target = _target(place, settings) if place else None
    archive = await Archive.open(settings.archive, migrate=False)
    adapters = {name: adapter_of(settings, archive, name) for name in settings.platforms}
    try:
        edition = await find(archive, named)
        replayed = await replay(archive, story, settings, edition)
        if not only_difference:
            show(replayed.message, Console(), ZoneInfo(settings.zone))
        found = await differences(archive, replayed, adapters)
        _print(replayed, found)
        if target is not None:
            await _post(adapters[target.platform], target, replayed)
    finally:
        for adapter in adapters.values():
            await adapter.close()
        await archive.close()


def _target(place: str, settings: Settings) -> Destination:
    """A place for tests: none that a digest goes to, where members would take it for news."""
    target = parse_destination(place, settings)
    readers = [digest.id for digest in settings.digests if target in digest.destinations]
    if readers:
        raise PostError(f"{target} is where {readers[0]} is posted; name a channel for tests")
    return target


def _print(replayed: Replayed, found: dict[Destination, list[str]]) -> None:
    if not replayed.exact:
        click.echo("how its digest was set up then was not kept; today's settings were taken")
    if not found:
        click.echo(f"edition {replayed.edition.id} ({replayed.edition.kind}) posted nothing")
    for place, lines in found.items():
        click.echo(f"{place}: " + ("as it was posted" if not lines else "differs from what was posted"))
        for line in lines:
            click.echo(f"  {line}")


async def _post(adapter: Adapter, target: Destination, replayed: Replayed) -> None:
    first: Sent | None = None
    try:
        async with asyncio.timeout(_TIMEOUT):
            for part in adapter.split(replayed.message):
                sent = await adapter.send(target, part, key=secrets.token_hex(10), parent=first)
                first = first or sent
    except SendError as error:
        raise PostError(f"{target}: {error}") from error
    except TimeoutError as error:
        raise PostError(f"{target}: no answer within {_TIMEOUT:.0f} s; check the network and try again") from error
    click.echo(f"posted to {target} as a test")
