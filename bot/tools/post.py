"""``kakehashi post --test``: one test message to one destination, to see that everything is set up."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from bot.adapters.base import Adapter, AdapterContext, SendError
from bot.i18n import translator
from bot.message import Context, Heading, Message, Paragraph, Text, Time, text
from bot.platforms import creator
from bot.settings import Settings, load_settings, only_workspace
from bot.settingsfile import place_parts
from digests.archive import Archive
from digests.errors import KakehashiError
from digests.model import Destination

_TIMEOUT = 60.0


class PostError(KakehashiError):
    """The test message was not posted; the text names the cure."""


async def post_test(config: Path, place: str) -> None:
    """Send the test message. Raises :class:`PostError`."""
    settings = load_settings(config)
    destination = parse_destination(place, settings)
    archive = await Archive.open(settings.archive)
    adapter = adapter_of(settings, archive, destination.platform)
    try:
        async with asyncio.timeout(_TIMEOUT):
            await _post(adapter, destination, test_message(settings.language, datetime.now(UTC)))
    except SendError as error:
        raise PostError(f"{destination}: {error}") from error
    except TimeoutError as error:
        raise PostError(f"{destination}: no answer within {_TIMEOUT:.0f} s; check the network and try again") from error
    finally:
        await adapter.close()
        await archive.close()
    click.echo(f"ok    {destination}: the test message is there")


async def _post(adapter: Adapter, destination: Destination, message: Message) -> None:
    problems = await adapter.check(destination)
    if problems:
        raise PostError("\n".join(f"{destination}: {problem}" for problem in problems))
    await adapter.send(destination, message, key=secrets.token_hex(10), parent=None)


def adapter_of(settings: Settings, archive: Archive, platform: str) -> Adapter:
    """A platform's adapter that takes no commands."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731
    context = AdapterContext(settings.platforms[platform], archive, lambda: (), now)
    made: Adapter = creator(platform)(context)
    return made


def parse_destination(place: str, settings: Settings) -> Destination:
    """``platform:channel`` or ``platform:workspace:channel``. Raises :class:`PostError`."""
    parts = place_parts(place)
    if parts is None:
        raise PostError(f"{place!r} is not a destination; write platform:channel, such as slack:C0123456789")
    platform, workspace, channel = parts
    if platform not in settings.platforms:
        known = ", ".join(settings.platforms) or "none"
        raise PostError(f"the platform {platform!r} is not under platforms in bot.yaml; there: {known}")
    return Destination(platform, workspace or only_workspace(settings.platforms, platform), channel)


def test_message(language: str, now: datetime) -> Message:
    """What a test looks like in the channel: harmless, dated, with everything a digest needs."""
    t = translator(language)
    words = t("A test message. If you can read it, digests can be posted here.")
    blocks = (
        Heading("Kakehashi"),
        Paragraph(text(words)),
        Context((Text(t("Sent") + " "), Time(now))),
    )
    return Message(blocks, summary=words, language=t.language, kind="notice")
