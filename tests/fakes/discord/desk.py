"""What the handlers of the REST API share: the call, looking things up with the bot's permissions, announcements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord.errors import ApiError, invalid
from tests.fakes.discord.gateway import Gateway, Intent
from tests.fakes.discord.model import Channel, Guild, Json, Kind, Message, Permission
from tests.fakes.discord.world import World

Reply = Json | list[Any] | None
"""What goes into the answer; None for 204."""
Handler = Callable[["Call"], Reply]
Routes = dict[tuple[str, str], Handler]
"""Handlers by method and path."""


@dataclass
class Call:
    """A request. ``at`` is when it arrived, by the monotonic clock."""

    params: Mapping[str, str]
    query: Mapping[str, str]
    payload: Any
    at: float
    created: bool = field(default=False)
    """Set by handlers: the answer is 201."""

    def id(self, name: str) -> int:
        """A snowflake of the path."""
        if not self.params[name].isdecimal():
            raise invalid(name, f'Value "{self.params[name]}" is not snowflake.')
        return int(self.params[name])


class Desk:
    """The bot at the API's counter."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world = world
        self.gateway = gateway

    def guild(self, call: Call) -> Guild:
        guild = self.world.guilds.get(call.id("guild"))
        if guild is None:
            raise ApiError(10004)
        return guild

    def channel(self, call: Call, *needed: Permission) -> Channel:
        """The channel of the path, if the bot may do what is ``needed`` in it."""
        channel = self.world.channels.get(call.id("channel"))
        if channel is None:
            raise ApiError(10003)
        allowed = self.world.permissions(self.world.bot, channel)
        if not allowed & Permission.VIEW_CHANNEL:
            raise ApiError(50001)
        if any(not allowed & permission for permission in needed):
            raise ApiError(50013)
        return channel

    def message(self, call: Call, channel: Channel) -> Message:
        message = channel.messages.get(call.id("message"))
        if message is None:
            raise ApiError(10008)
        return message

    def shown(self, message: Message) -> Json:
        """A message as the bot may read it: without the privileged intent other people's words are left out, except in
        direct messages and where the bot is mentioned (events/gateway, message content intent)."""
        may_read = self.gateway.allowed_intents & Intent.MESSAGE_CONTENT or self._concerns_bot(message)
        return message.to_json(blank=not may_read)

    def _concerns_bot(self, message: Message) -> bool:
        bot = self.world.bot
        return message.author is bot or message.channel.kind is Kind.DM or f"<@{bot.id}>" in message.content

    def announce(self, event: str, message: Message) -> None:
        """Tell the gateway's clients of a message; ephemeral ones are nobody's business."""
        if message.ephemeral:
            return
        guild = message.channel.guild
        extra = {"guild_id": str(guild.id), "member": _partial(guild, message)} if guild else {}
        self.gateway.dispatch(
            event,
            message.to_json(with_nonce=True) | extra,
            guild_id=guild.id if guild else None,
            intents=Intent.GUILD_MESSAGES if guild else Intent.DIRECT_MESSAGES,
            blank=None if self._concerns_bot(message) else message.to_json(blank=True) | extra,
        )

    def announce_deleted(self, message: Message) -> None:
        guild = message.channel.guild
        data = {"id": str(message.id), "channel_id": str(message.channel.id)}
        data |= {"guild_id": str(guild.id)} if guild else {}
        intent = Intent.GUILD_MESSAGES if guild else Intent.DIRECT_MESSAGES
        self.gateway.dispatch("MESSAGE_DELETE", data, guild_id=guild.id if guild else None, intents=intent)


def _partial(guild: Guild, message: Message) -> Json:
    """The author as a member, without the user: as MESSAGE_CREATE has it."""
    member = guild.members.get(message.author.id)
    return {key: value for key, value in member.to_json().items() if key != "user"} if member else {}
