"""From a destination to the channel behind it, with what the bot may do there."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.adapters.base import PermanentSendError
from bot.adapters.discord.permissions import effective, missing, needed
from digests.model import Destination

ANY_GUILD = "local"
"""The workspace that stands for whichever guild the channel belongs to."""

Postable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread | discord.ForumChannel
"""Channels of a guild that take posts."""


@dataclass(frozen=True, slots=True)
class Place:
    """A channel that takes posts. Direct messages have no guild and know no permissions."""

    channel: Postable | discord.DMChannel
    guild: discord.Guild | None = None
    permissions: discord.Permissions | None = None

    def lacking(self, *, files: bool = False, threads: bool = False) -> tuple[str, ...]:
        """The permissions that the bot lacks for a post, as Discord's settings call them."""
        if self.permissions is None:
            return ()
        return missing(self.permissions, needed(self.channel, files=files, threads=threads))

    @property
    def may_open_threads(self) -> bool:
        """Whether later parts can go into a thread below the first one."""
        return (
            isinstance(self.channel, discord.TextChannel)
            and self.permissions is not None
            and self.permissions.create_public_threads
            and self.permissions.send_messages_in_threads
        )


async def place_of(client: discord.Client, destination: Destination) -> Place:
    """The place behind ``destination``, from what the gateway told or else asked of Discord.

    Raises :class:`PermanentSendError` when there is no such place, and what discord.py raises.
    """
    if destination.kind == "direct":
        user = discord.Object(_number(destination.channel, "user"))
        return Place(await client.create_dm(user))
    number = _number(destination.channel, "channel")
    channel = client.get_channel(number) or await client.fetch_channel(number)
    if not isinstance(channel, Postable):
        raise PermanentSendError("nothing can be posted to this kind of channel: name another one in bot.yaml")
    if destination.workspace not in (ANY_GUILD, str(channel.guild.id)):
        raise PermanentSendError(
            f"the channel belongs to the server {channel.guild.id}, not to {destination.workspace}: "
            f"write discord:{channel.guild.id}:{channel.id} in bot.yaml"
        )
    guild, member = await _guild(client, channel.guild.id)
    parent = await _with_overwrites(client, channel)
    overwrites = ((target.id, overwrite) for target, overwrite in parent.overwrites.items())
    return Place(channel, guild, effective(guild, member, overwrites))


def refusal(lacking: tuple[str, ...]) -> str:
    """What is missing and where to give it."""
    names = ", ".join(lacking)
    where = "in the channel's settings (Permissions) or in the server's (Roles)"
    return f"the bot lacks {names} there: give it {names} {where}"


def _number(value: str, what: str) -> int:
    if value.isascii() and value.isdecimal():
        return int(value)
    raise PermanentSendError(
        f"{value!r} is no {what}'s id: turn on Developer Mode in Discord (User Settings, Advanced), copy the id "
        f"from the {what}'s menu and write it in bot.yaml"
    )


async def _guild(client: discord.Client, number: int) -> tuple[discord.Guild, discord.Member]:
    guild = client.get_guild(number)
    if guild is not None and not guild.unavailable and guild.me is not None:
        return guild, guild.me
    fetched = await client.fetch_guild(number, with_counts=False)
    if client.user is None:
        raise PermanentSendError("the bot is not logged in")
    return fetched, await fetched.fetch_member(client.user.id)


async def _with_overwrites(client: discord.Client, channel: Postable) -> discord.abc.GuildChannel:
    """The channel whose permissions count: a thread has those of the channel that it stands in."""
    if not isinstance(channel, discord.Thread):
        return channel
    parent = channel.parent or await client.fetch_channel(channel.parent_id)
    if not isinstance(parent, discord.abc.GuildChannel):
        raise PermanentSendError("the thread's channel is no longer there")
    return parent
