"""Posting and editing the parts of an edition: channels, threads below them, forums, threads, direct messages.

Source of the limits: Discord's documentation, resources/message (nonce: 25 characters), resources/channel (names of
threads: 100 characters; five tags a post).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, TypeVar

import discord
import structlog

from bot.adapters.base import PermanentSendError, Sent
from bot.adapters.discord import errors
from bot.adapters.discord.errors import told_plainly
from bot.adapters.discord.outgoing import NO_PINGS, Outgoing, outgoing
from bot.adapters.discord.places import Place, place_of, refusal
from bot.failpoints import passing
from bot.message import Heading, Message
from digests.archive import Archive
from digests.model import Destination

log = structlog.get_logger()

NONCE_LENGTH = 25
NAME_LENGTH = 100
MOST_TAGS = 5
_PART = re.compile(r" \(\d+/\d+\)$")
_SILENT = frozenset({"digest", "notice"})
"""Kinds of messages that come by themselves: nobody's telephone rings."""

T = TypeVar("T")
Sendable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread | discord.DMChannel
Opened = discord.Thread | discord.PartialMessageable


async def post(
    client: discord.Client, archive: Archive, destination: Destination, message: Message, key: str, parent: Sent | None
) -> Sent:
    """Post one part; see :meth:`bot.adapters.base.Adapter.send`."""
    with told_plainly():
        place = await place_of(client, destination)
    ready = await outgoing(archive, message, key=key)
    if lacking := place.lacking(files=bool(ready.files)):
        raise PermanentSendError(refusal(lacking))
    channel = place.channel
    if parent is not None and not isinstance(channel, discord.Thread | discord.DMChannel):
        thread = await _thread(client, place, message, parent)
        if thread is not None:
            passing("delivery.thread")
            return await _post_in(client, thread, message, ready, key, above=channel.id)
    if isinstance(channel, discord.ForumChannel):
        return await _open_post(channel, message, ready)
    return await _post_in(client, channel, message, ready, key)


async def edit(client: discord.Client, archive: Archive, sent: Sent, message: Message) -> None:
    """Replace a part; see :meth:`bot.adapters.base.Adapter.edit`."""
    number, thread, channel = (int(part or 0) for part in sent.platform_ids)
    target = client.get_partial_messageable(thread or channel).get_partial_message(number)

    async def change() -> None:
        ready = await outgoing(archive, message)
        await target.edit(allowed_mentions=NO_PINGS, **ready.replacing())

    with told_plainly():
        await _unarchiving(client, thread, change)


# --- the ways of posting -----------------------------------------------------------------------------------


async def _post_in(
    client: discord.Client,
    channel: Sendable | Opened,
    message: Message,
    ready: Outgoing,
    key: str,
    *,
    above: int | None = None,
) -> Sent:
    async def send() -> discord.Message:
        for file in ready.files:
            file.reset()
        return await channel.send(
            nonce=nonce(key), silent=message.kind in _SILENT, allowed_mentions=NO_PINGS, **ready.new()
        )

    thread = channel.id if isinstance(channel, Opened) else 0
    with told_plainly(posting=True):
        posted = await _unarchiving(client, thread, send)
    if not thread:
        return Sent((str(posted.id), "", str(channel.id)), posted.created_at)
    above = channel.parent_id if above is None and isinstance(channel, discord.Thread) else above
    return Sent((str(posted.id), str(thread), str(above or "")), posted.created_at)


async def _open_post(forum: discord.ForumChannel, message: Message, ready: Outgoing) -> Sent:
    """A forum's posts are threads; Discord takes no nonce for them, so trouble on its side leaves us in doubt."""
    tags = matching_tags(forum, message)
    if forum.flags.require_tag and not tags:
        raise PermanentSendError(errors.CURES[errors.TAG_REQUIRED])
    silent = message.kind in _SILENT
    arguments: dict[str, Any] = {"applied_tags": tags, "silent": silent, "allowed_mentions": NO_PINGS, **ready.new()}
    with told_plainly(posting=True, repeatable=False):
        opened: discord.channel.ThreadWithMessage = await forum.create_thread(name=thread_name(message), **arguments)
    ids = (str(opened.message.id), str(opened.thread.id), str(forum.id))
    return Sent(ids, opened.message.created_at)


async def _thread(client: discord.Client, place: Place, message: Message, parent: Sent) -> Opened | None:
    """Where later parts go: the thread of the first one, opened if need be. None when there can be no thread."""
    first, known, _ = parent.platform_ids
    if known:
        return _opened(client, int(known), place)
    channel = place.channel
    if not isinstance(channel, discord.TextChannel) or not place.may_open_threads:
        return None
    # A thread below a message has the message's id (resources/channel, start thread from message).
    if await _is_there(client, channel, int(first)):
        return _opened(client, int(first), place)
    head = channel.get_partial_message(int(first))
    try:
        with told_plainly():
            return await head.create_thread(
                name=thread_name(message), auto_archive_duration=channel.default_auto_archive_duration
            )
    except PermanentSendError as error:
        code = errors.code_of(error.__cause__)
        if code == errors.THREAD_EXISTS:
            return _opened(client, int(first), place)
        if code in errors.NO_THREAD:
            log.warning("discord.no-thread", channel=channel.id, why=str(error))
            return None
        raise


async def _is_there(client: discord.Client, channel: discord.TextChannel, thread: int) -> bool:
    """Whether there is a thread already: threads may be opened far less often than messages posted."""
    if client.get_guild(channel.guild.id) is not None:
        return channel.guild.get_thread(thread) is not None
    try:
        return await client.fetch_channel(thread) is not None
    except discord.NotFound:
        return False


def _opened(client: discord.Client, thread: int, place: Place) -> Opened:
    found = place.guild.get_thread(thread) if place.guild is not None else None
    if found is not None:
        return found
    return client.get_partial_messageable(
        thread, guild_id=place.guild.id if place.guild else None, type=discord.ChannelType.public_thread
    )


async def _unarchiving(client: discord.Client, thread: int, work: Callable[[], Awaitable[T]]) -> T:
    """Do ``work``; in a thread that has been archived meanwhile, unarchive it first, once."""
    try:
        return await work()
    except discord.HTTPException as error:
        if not thread or error.code != errors.ARCHIVED:
            raise
        found = await client.fetch_channel(thread)
        if not isinstance(found, discord.Thread):
            raise
        await found.edit(archived=False)
        return await work()


# --- what a message says about where it goes ---------------------------------------------------------------


def nonce(key: str) -> str:
    """What makes Discord recognise a part that it has already; the same for the same key."""
    return key if len(key) <= NONCE_LENGTH else sha256(key.encode()).hexdigest()[:NONCE_LENGTH]


def thread_name(message: Message) -> str:
    """The edition's title: of all that a part holds, only its summary is the same in each of them."""
    name = " ".join(_PART.sub("", message.summary).split())
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1].rstrip()}…"


def matching_tags(forum: discord.ForumChannel, message: Message) -> list[discord.ForumTag]:
    """The forum's tags that are called like the message's title or one of its sections; at most five."""
    names = {block.text.casefold().strip() for block in message.blocks if isinstance(block, Heading)}
    return [tag for tag in forum.available_tags if tag.name.casefold().strip() in names][:MOST_TAGS]
