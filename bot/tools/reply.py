"""A member's command on the command line: the same answer as in a chat, its picture in a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from bot.app import App
from bot.commands.base import Invocation, Member
from bot.i18n import supported
from bot.message import Image, Message
from bot.tools.terminal import show
from digests.archive import media
from digests.errors import KakehashiError


async def reply_once(
    config: Path, command: str, options: Mapping[str, str], *, language: str, out: Path | None = None
) -> None:
    """Run ``command`` and print its answer; its picture goes to ``out``. Raises KakehashiError on mistakes."""
    app = await App.create(config, connect=False)
    try:
        zone = app.store.settings.zone
        member = Member("terminal", "", "", "", admin=False, language=supported(language), zone=zone, settled=True)
        chosen = {name: value for name, value in options.items() if value}
        message = await app.dispatcher.invoke(Invocation(command, member, chosen))
        if message.kind == "error":
            raise KakehashiError(message.summary)
        show(message, Console(), ZoneInfo(zone))
        if out is not None:
            await _keep(app, message, out)
    finally:
        await app.close()


async def _keep(app: App, message: Message, out: Path) -> None:
    image = next((block for block in message.blocks if isinstance(block, Image)), None)
    if image is None:
        click.echo("There is no chart to keep.", err=True)
        return
    async with app.archive.read() as connection:
        picture = await media.get(connection, image.key)
    if picture is not None:
        out.write_bytes(picture.content)
        click.echo(f"{out}: {len(picture.content):,} bytes", err=True)
