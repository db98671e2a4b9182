"""``kakehashi preview``: an edition as it would be, on the terminal or as a page."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from bot.adapters.web.render import render
from bot.app import App
from bot.message import Message
from bot.present.edition import edition_message
from bot.tools.terminal import show


async def preview_digest(config: Path, digest_id: str, platform: str, out: Path | None) -> None:
    app = await App.create(config)
    try:
        digest = app.store.settings.digest(digest_id)
        composition = await app.desk.preview(digest, now=app.services.now())
        message = edition_message(composition, app.store.story, digest.name.get(digest.language))
    finally:
        await app.close()
    if platform == "terminal":
        show(message, Console(), ZoneInfo(digest.zone))
        return
    target = out or Path(f"preview-{digest_id}.html")
    target.write_text(as_page(message), encoding="utf-8")
    click.echo(str(target))


def as_page(message: Message) -> str:
    """The message as the local chat shows it, as one file that needs nothing else."""
    css = files("bot.adapters.web").joinpath("static", "app.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="{message.language}"><meta charset="utf-8"><title>{escape(message.summary)}</title>'
        f"<style>{css} body{{padding:2rem}} #log{{width:100%}}</style>"
        f'<div id="log"><article class="{message.kind}"><div class="card">{render(message)}</div></article></div>'
        "</html>\n"
    )
