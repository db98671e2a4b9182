"""``kakehashi preview``: an edition as it would be: on the terminal, as a page, as Slack and Discord show it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from bot.adapters.screenshots import ScreenshotError, screenshot
from bot.adapters.splitting import split
from bot.adapters.web.render import render
from bot.app import App
from bot.commands.catalogue import COMMANDS
from bot.message import Message
from bot.present.edition import edition_message
from bot.tools.terminal import show


@dataclass(frozen=True, slots=True)
class Native:
    """An edition as a platform gets it: the JSON of each message, and a page that shows them."""

    payloads: list[dict[str, Any]]
    page: str


async def preview_digest(config: Path, digest_id: str, platform: str, out: Path | None) -> None:
    """Print the digest's next edition, or write it to files and name them."""
    app = await App.create(config, connect=False)
    try:
        digest = app.store.settings.digest(digest_id)
        now = app.services.now()
        composition = await app.desk.preview(digest, now=now)
        message = edition_message(composition, app.store.story, digest.name.get(digest.language))
    finally:
        await app.close()
    zone = ZoneInfo(digest.zone)
    if platform == "terminal":
        show(message, Console(), zone)
    elif platform == "web":
        target = out or Path(f"preview-{digest_id}.html")
        target.write_text(as_page(message), encoding="utf-8")
        click.echo(str(target))
    else:
        style = str(getattr(app.store.settings.platforms.get("slack"), "commands", "one"))
        native = _NATIVE[platform](message, zone, now, style)
        await write_native(native, out or Path(f"preview-{digest_id}-{platform}"))


async def write_native(native: Native, stem: Path) -> None:
    """``<stem>.json``, ``<stem>.html`` and, where there is a Chromium, ``<stem>.png``."""
    data, page, picture = (stem.with_name(f"{stem.name}{ending}") for ending in (".json", ".html", ".png"))
    data.write_text(json.dumps(native.payloads, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    page.write_text(native.page, encoding="utf-8")
    click.echo(f"{data}\n{page}")
    try:
        await screenshot(page, picture)
    except ScreenshotError as error:
        click.echo(f"no picture: {error}", err=True)
    else:
        click.echo(str(picture))


def _as_slack(message: Message, zone: ZoneInfo, now: datetime, style: str) -> Native:
    from bot.adapters.slack import preview
    from bot.adapters.slack.naming import Naming
    from bot.adapters.slack.render import FIT, render

    named = Naming(COMMANDS if style == "one" else ()).named(message)
    parts = [render(part) for part in split(named, FIT)]
    payloads = [{"text": part.text, "blocks": list(part.blocks)} for part in parts]
    return Native(payloads, preview.page(parts, title=message.summary, zone=zone, at=now))


def _as_discord(message: Message, zone: ZoneInfo, now: datetime, _style: str) -> Native:
    from bot.adapters.discord import preview
    from bot.adapters.discord.render import FIT, render

    parts = [render(part) for part in split(message, FIT)]
    return Native([part.payload() for part in parts], preview.page(parts, title=message.summary, zone=zone, at=now))


_NATIVE: dict[str, Callable[[Message, ZoneInfo, datetime, str], Native]] = {"slack": _as_slack, "discord": _as_discord}


def as_page(message: Message) -> str:
    """The message as the local chat shows it, as one file that needs nothing else."""
    css = files("bot.adapters.web").joinpath("static", "app.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="{message.language}"><meta charset="utf-8"><title>{escape(message.summary)}</title>'
        f"<style>{css} body{{padding:2rem}} #log{{width:100%}}</style>"
        f'<div id="log"><article class="{message.kind}"><div class="card">{render(message)}</div></article></div>'
        "</html>\n"
    )
