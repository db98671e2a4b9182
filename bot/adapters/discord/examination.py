"""What ``kakehashi doctor`` looks at: the places that digests go to, the token, the intents, the commands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import discord

from bot.adapters.base import Check, PermanentSendError, SendError
from bot.adapters.discord import errors
from bot.adapters.discord.client import Client
from bot.adapters.discord.errors import told_plainly
from bot.adapters.discord.places import Place, place_of, refusal
from digests.model import Destination

LIST_TIMEOUT = 20.0
"""Seconds."""


async def troubles(client: Client, destination: Destination) -> tuple[str, ...]:
    """Why posting to ``destination`` would fail, each with its cure.

    Whether a user takes direct messages shows only when one is sent. Raises :class:`TransientSendError`.
    """
    if destination.kind == "direct":
        return () if destination.channel.isdecimal() else (f"{destination.channel!r} is no user's id: correct it",)
    try:
        with told_plainly():
            place = await place_of(client, destination)
    except PermanentSendError as error:
        return (str(error),)
    return tuple(_troubles(place))


def _troubles(place: Place) -> Iterator[str]:
    channel = place.channel
    if lacking := place.lacking(threads=isinstance(channel, discord.TextChannel)):
        yield refusal(lacking)
    if isinstance(channel, discord.ForumChannel) and channel.flags.require_tag and not channel.available_tags:
        yield errors.CURES[errors.TAG_REQUIRED]
    if isinstance(channel, discord.Thread) and channel.locked:
        yield errors.CURES[errors.LOCKED]


async def examined(client: Client) -> tuple[Check, ...]:
    """The token, what the bot asks of the gateway, its commands. The client is logged in."""
    name = client.application.name if client.application is not None else str(client.user)
    return (
        Check(f"Discord knows the token, it is that of {name}"),
        Check("no privileged intents are needed"),
        await _commands(client),
    )


async def _commands(client: Client) -> Check:
    places: list[discord.Object | None] = [discord.Object(guild) for guild in client.tree.guilds]
    try:
        with told_plainly():
            async with asyncio.timeout(LIST_TIMEOUT):
                counts = [len(await client.tree.fetch_commands(guild=place)) for place in places or [None]]
    except SendError as error:
        return Check("the commands cannot be read", str(error))
    if all(counts):
        return Check(f"{min(counts)} commands are registered")
    return Check("the commands are not registered yet; the bot does that when it starts")
