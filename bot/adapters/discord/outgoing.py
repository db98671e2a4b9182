"""A message in the form in which discord.py sends it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import discord

from bot.adapters.discord.render import render
from bot.message import Context, Image, Message, text
from digests.archive import Archive, media

NO_PINGS = discord.AllowedMentions.none()
LONGEST_ALT = 1_024
"""Characters of a picture's description (resources/message, attachment)."""
_FIRST_MARK = 1_000
"""Ids that Discord gives to components by itself count up from 1."""
_LAST_MARK = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Outgoing:
    """``view``, ``embeds`` and ``files`` for discord.py; files can be sent once."""

    view: discord.ui.LayoutView | discord.ui.View | None
    embeds: list[discord.Embed]
    files: list[discord.File]

    def new(self) -> dict[str, Any]:
        """Arguments for a new message: none of them says "nothing", which some of discord.py's calls do not take."""
        return _given(view=self.view, embeds=self.embeds, files=self.files)

    def replacing(self) -> dict[str, Any]:
        """Arguments for an edit: what the message had before goes."""
        replaced: dict[str, Any] = {"attachments": self.files, "view": self.view}
        return replaced | _given(embeds=self.embeds)


async def outgoing(archive: Archive, message: Message, *, key: str | None = None) -> Outgoing:
    """``message`` ready to be sent, once. With ``key`` it can be found again by its mark (see :func:`mark`)."""
    pictures = await _pictures(archive, message)
    rendered = render(_without_missing(message, pictures))
    view = rendered.view()
    if view is not None:
        if key is not None and rendered.is_v2:
            view.children[0].id = mark(key)
        # Buttons are answered by their custom ids, after a restart too; discord.py need not keep the view.
        view.stop()
    return Outgoing(view, rendered.discord_embeds(), [pictures[key] for key in rendered.files])


def mark(key: str) -> int:
    """The id that the first component of the message with this key bears.

    Discord gives a nonce back only to who creates a message, never in a channel's history; ids of components (32 bits,
    components/reference, "Anatomy of a Component") stay with the message.
    """
    number = int.from_bytes(sha256(key.encode()).digest()[:8])
    return _FIRST_MARK + number % (_LAST_MARK - _FIRST_MARK)


async def _pictures(archive: Archive, message: Message) -> dict[str, discord.File]:
    """The message's pictures that the archive has, by key."""
    images = {block.key: block.alt for block in message.blocks if isinstance(block, Image)}
    if not images:
        return {}
    async with archive.read() as connection:
        found = {key: await media.get(connection, key) for key in images}
    return {
        key: discord.File(io.BytesIO(picture.content), filename=f"{key}.png", description=images[key][:LONGEST_ALT])
        for key, picture in found.items()
        if picture is not None
    }


def _without_missing(message: Message, pictures: Mapping[str, discord.File]) -> Message:
    """Where a picture is gone (the archive keeps them for a while only), its description stands in its place."""
    blocks = tuple(
        Context(text(block.alt)) if isinstance(block, Image) and block.key not in pictures else block
        for block in message.blocks
    )
    return replace(message, blocks=blocks)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
