"""The fake's world: guilds, roles, channels, threads, members, messages and the registered commands."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.fakes.discord.model import (
    EVERYTHING,
    MEMBER_PERMISSIONS,
    Channel,
    Guild,
    Json,
    Kind,
    Member,
    Message,
    Permission,
    Role,
    User,
)

EPOCH = 1_420_070_400_000
"""Milliseconds: the first of January 2015 (reference, snowflakes)."""
_FIRST_GUILD = 200_000_000_000
NONCE_SECONDS = 300.0
"""How long a nonce is remembered: "a few minutes" (resources/message, create message)."""


class Snowflakes:
    """Ids that rise with the clock (reference, snowflakes)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        now = (int(self._clock() * 1_000) - EPOCH) << 22
        self._last = max(now, self._last + 1)
        return self._last


class World:
    """Everything that is there. Changing it sends no events: that is :class:`FakeDiscord`'s part."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._ids = Snowflakes(clock)
        self._guilds_made = 0
        self._nonces: dict[tuple[int, str], tuple[float, Message]] = {}
        self.bot = User(self._ids.next(), "Kakehashi", bot=True)
        self.owner = User(self._ids.next(), "Owner")
        self.users: dict[int, User] = {user.id: user for user in (self.bot, self.owner)}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        """Channels, threads and direct messages."""
        self.commands: dict[int | None, list[Json]] = {None: []}
        """The registered commands by guild; those of every guild are at None."""

    def new_id(self) -> int:
        return self._ids.next()

    def application(self) -> Json:
        """The application; its id is the bot user's, as in every application made since 2016."""
        return {
            "id": str(self.bot.id),
            "name": self.bot.name,
            "icon": None,
            "description": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "owner": self.owner.to_json(),
            "team": None,
            "flags": 0,
            "rpc_origins": [],
            "summary": "",
            "bot": self.bot.to_json(),
            "approximate_guild_count": len(self.guilds),
        }

    def add_guild(self, name: str, *, locale: str = "en-US") -> Guild:
        """A guild with its owner and the bot in it. Consecutive guilds belong to different shards."""
        self._guilds_made += 1
        guild_id = (_FIRST_GUILD + self._guilds_made) << 22
        everyone = Role(guild_id, "@everyone", MEMBER_PERMISSIONS, 0)
        guild = Guild(guild_id, name, self.owner, everyone, locale)
        for user in (self.owner, self.bot):
            guild.members[user.id] = Member(user)
        self.guilds[guild_id] = guild
        return guild

    def add_role(self, guild: Guild, name: str, permissions: int = 0) -> Role:
        role = Role(self.new_id(), name, int(permissions), len(guild.roles) + 1)
        guild.roles.append(role)
        return role

    def add_user(self, name: str, *guilds: Guild, locale: str = "en-US") -> User:
        user = User(self.new_id(), name, locale=locale)
        self.users[user.id] = user
        for guild in guilds:
            guild.members[user.id] = Member(user)
        return user

    def add_channel(self, guild: Guild, name: str, kind: Kind = Kind.TEXT, **more: Any) -> Channel:
        channel = Channel(self.new_id(), kind, name, guild, position=len(guild.channels), **more)
        guild.channels.append(channel)
        self.channels[channel.id] = channel
        return channel

    def add_thread(self, parent: Channel, name: str, owner: User, *, at: int | None = None, **more: Any) -> Channel:
        """A thread; ``at`` is the message that it hangs on, whose id it shares."""
        assert parent.guild is not None
        kind = more.pop("kind", Kind.NEWS_THREAD if parent.kind is Kind.NEWS else Kind.THREAD)
        thread = Channel(at or self.new_id(), kind, name, parent.guild, parent, owner=owner, **more)
        parent.guild.threads.append(thread)
        self.channels[thread.id] = thread
        return thread

    def direct(self, user: User) -> Channel:
        """The channel of the bot's direct messages with ``user``."""
        for channel in self.channels.values():
            if channel.kind is Kind.DM and channel.recipients == [user]:
                return channel
        channel = Channel(self.new_id(), Kind.DM, recipients=[user])
        self.channels[channel.id] = channel
        return channel

    def remove_channel(self, channel: Channel) -> None:
        del self.channels[channel.id]
        if channel.guild is not None:
            (channel.guild.threads if channel.is_thread else channel.guild.channels).remove(channel)
            for thread in [t for t in channel.guild.threads if t.parent is channel]:
                self.remove_channel(thread)

    def add_message(self, channel: Channel, author: User, *, keep: bool = True, **parts: Any) -> Message:
        """A new message; with ``keep=False`` the channel does not keep it (ephemeral answers)."""
        message = Message(parts.pop("id", None) or self.new_id(), channel, author, self._clock(), **parts)
        if keep:
            channel.messages[message.id] = message
        if message.nonce is not None:
            self._nonces[author.id, message.nonce] = (self._clock(), message)
        return message

    def message_of_nonce(self, author: User, nonce: str) -> Message | None:
        """The message that ``author`` created with this nonce in the last few minutes, wherever."""
        at, message = self._nonces.get((author.id, nonce), (0.0, None))
        return message if message and self._clock() - at < NONCE_SECONDS else None

    def permissions(self, user: User, channel: Channel) -> int:
        """What ``user`` may do in ``channel`` (topics/permissions, permission overwrites)."""
        if channel.guild is None:
            return EVERYTHING if user.bot or user in channel.recipients else 0
        guild = channel.guild
        member = guild.members.get(user.id)
        if member is None:
            return 0
        allowed = guild.everyone.permissions
        for role in member.roles:
            allowed |= role.permissions
        if guild.owner is user or allowed & Permission.ADMINISTRATOR:
            return EVERYTHING
        overwrites = (channel.parent or channel if channel.is_thread else channel).overwrites
        for mine in ([guild.everyone], member.roles, [user]):
            chosen = [overwrite for overwrite in overwrites if overwrite.target in mine]
            for overwrite in chosen:
                allowed &= ~overwrite.deny
            for overwrite in chosen:
                allowed |= overwrite.allow
        return allowed if allowed & Permission.VIEW_CHANNEL else 0
