"""A message in the form in which discord.py sends it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import discord

from bot.adapters.discord.render import render
from bot.files import NOT_SENT, in_words
from bot.i18n import translator
from bot.message import Context, File, Image, Message, text
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
    kept = await _kept(archive, message)
    rendered = render(_without_missing(message, kept))
    view = rendered.view()
    if view is not None:
        if key is not None and rendered.is_v2:
            view.children[0].id = mark(key)
        # Buttons are answered by their custom ids, after a restart too; discord.py need not keep the view.
        view.stop()
    described = {block.key: block.alt[:LONGEST_ALT] for block in message.blocks if isinstance(block, Image)}
    files = [
        discord.File(io.BytesIO(kept[one.key]), filename=one.filename, description=described.get(one.key))
        for one in rendered.files
    ]
    return Outgoing(view, rendered.discord_embeds(), files)


def mark(key: str) -> int:
    """The id that the first component of the message with this key bears.

    Discord gives a nonce back only to who creates a message, never in a channel's history; ids of components (32 bits,
    components/reference, "Anatomy of a Component") stay with the message.
    """
    number = int.from_bytes(sha256(key.encode()).digest()[:8])
    return _FIRST_MARK + number % (_LAST_MARK - _FIRST_MARK)


async def _kept(archive: Archive, message: Message) -> dict[str, bytes]:
    """The message's pictures and files that the archive has, by key."""
    keys = {block.key for block in message.blocks if isinstance(block, Image | File)}
    if not keys:
        return {}
    async with archive.read() as connection:
        found = {key: await media.get(connection, key) for key in keys}
    return {key: one.content for key, one in found.items() if one is not None}


def _without_missing(message: Message, kept: Mapping[str, bytes]) -> Message:
    """Where something is gone (the archive keeps it for a while only), words stand in its place."""
    blocks = tuple(
        Context(text(_instead(block, message.language)))
        if isinstance(block, Image | File) and block.key not in kept
        else block
        for block in message.blocks
    )
    return replace(message, blocks=blocks)


def _instead(block: Image | File, language: str) -> str:
    if isinstance(block, Image):
        return block.alt
    return f"{in_words(block, language)} – {translator(language)(NOT_SENT)}"


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
