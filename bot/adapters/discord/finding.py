"""Looking for a part that may have been posted: in the channel's history and in those of its threads."""

from __future__ import annotations

from datetime import datetime, timedelta

import discord

from bot.adapters.base import Found, Sent
from bot.adapters.discord.outgoing import mark
from bot.adapters.discord.places import Place, place_of
from bot.adapters.discord.posting import nonce
from digests.model import Destination

MOST_MESSAGES = 1_000
"""Messages that are looked at in one channel or thread, newest first; 100 a request."""
MOST_THREADS = 20
_CLOCKS = timedelta(seconds=30)
"""How much our clock may be ahead of Discord's."""


async def find(client: discord.Client, destination: Destination, *, key: str, since: datetime) -> Found:
    """See :meth:`bot.adapters.base.Adapter.find`. Raises :class:`PermanentSendError` and what discord.py raises."""
    place = await place_of(client, destination)
    permissions = place.permissions
    if permissions is not None and not (permissions.view_channel and permissions.read_message_history):
        return Found(known=False)
    after = discord.Object(discord.utils.time_snowflake(since - _CLOCKS))
    histories, complete = await _histories(client, place, after)
    for where in histories:
        read = 0
        async for message in where.history(limit=MOST_MESSAGES, after=after, oldest_first=False):
            read += 1
            if is_ours(client, message, key):
                return Found(known=True, sent=_sent(place, where, message))
        complete = complete and read < MOST_MESSAGES
    return Found(known=complete)


def is_ours(client: discord.Client, message: discord.Message, key: str) -> bool:
    """Whether the bot posted ``message`` as the part with this key."""
    if client.user is None or message.author.id != client.user.id:
        return False
    return message.nonce == nonce(key) or _mark_of(message) == mark(key)


def _mark_of(message: discord.Message) -> int | None:
    first = next(iter(message.components), None)
    return first.id if isinstance(first, discord.Container) else None


async def _histories(
    client: discord.Client, place: Place, after: discord.Object
) -> tuple[list[discord.abc.Messageable], bool]:
    """The channel and the bot's threads below it in which something was written; whether these are all."""
    channel = place.channel
    histories: list[discord.abc.Messageable] = [] if isinstance(channel, discord.ForumChannel) else [channel]
    if place.guild is None or not isinstance(channel, discord.ForumChannel | discord.TextChannel):
        return histories, True
    ours = client.user.id if client.user is not None else 0
    threads = [
        thread
        for thread in await place.guild.active_threads()
        if thread.parent_id == channel.id
        and thread.owner_id == ours
        and max(thread.last_message_id or 0, thread.id) > after.id
    ]
    newest = sorted(threads, key=lambda thread: thread.id, reverse=True)
    return [*histories, *newest[:MOST_THREADS]], len(newest) <= MOST_THREADS


def _sent(place: Place, where: discord.abc.Messageable, message: discord.Message) -> Sent:
    thread = str(where.id) if isinstance(where, discord.Thread) else ""
    above = str(where.parent_id) if isinstance(where, discord.Thread) else str(place.channel.id)
    return Sent((str(message.id), thread, above), message.created_at)
