"""The REST API's messages (resources/message)."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fakes.discord.desk import Call, Desk, Reply, Routes
from tests.fakes.discord.errors import ApiError, invalid
from tests.fakes.discord.messages import apply, created
from tests.fakes.discord.model import SUPPRESS_EMBEDS, Channel, Kind, Permission

_PAGE = 100
"""Messages a page of history (get channel messages, limit)."""
_CROSSPOSTED = 1 << 0
_POSTABLE = (Kind.TEXT, Kind.NEWS, Kind.DM, Kind.THREAD, Kind.NEWS_THREAD, Kind.PRIVATE_THREAD)


class Messages:
    """Posting, reading, editing and deleting."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def routes(self) -> Routes:
        return {
            ("POST", "/channels/{channel}/typing"): self._typing,
            ("GET", "/channels/{channel}/messages"): self._history,
            ("POST", "/channels/{channel}/messages"): self._post,
            ("GET", "/channels/{channel}/messages/{message}"): self._get_message,
            ("PATCH", "/channels/{channel}/messages/{message}"): self._edit,
            ("DELETE", "/channels/{channel}/messages/{message}"): self._delete,
            ("POST", "/channels/{channel}/messages/{message}/crosspost"): self._crosspost,
            ("PUT", "/channels/{channel}/thread-members/@me"): self._typing,
        }

    def _history(self, call: Call) -> Reply:
        channel = self._desk.channel(call)
        if not self._desk.world.permissions(self._desk.world.bot, channel) & Permission.READ_MESSAGE_HISTORY:
            return []
        ids = _page(sorted(channel.messages), call.query)
        return [self._desk.shown(channel.messages[one]) for one in reversed(ids)]

    def _sendable(self, call: Call) -> Channel:
        """The channel of the path, if the bot may write there now."""
        channel = self._desk.channel(call)
        needed = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
        channel = self._desk.channel(call, needed)
        if channel.kind not in _POSTABLE:
            raise ApiError(50008)
        if channel.kind is Kind.DM and not channel.recipients[0].takes_direct_messages:
            raise ApiError(50007)
        if channel.archived and channel.locked:
            raise ApiError(50083)
        return channel

    def _post(self, call: Call) -> Reply:
        channel = self._sendable(call)
        nonce = call.payload.get("nonce")
        if nonce is not None and call.payload.get("enforce_nonce"):
            first = self._desk.world.message_of_nonce(self._desk.world.bot, str(nonce))
            if first is not None:
                return first.to_json(with_nonce=True)
        message = self._desk.world.add_message(channel, self._desk.world.bot, **created(call.payload))
        channel.archived = False
        self._desk.announce("MESSAGE_CREATE", message)
        return message.to_json(with_nonce=True)

    def _get_message(self, call: Call) -> Reply:
        return self._desk.shown(self._desk.message(call, self._desk.channel(call, Permission.READ_MESSAGE_HISTORY)))

    def _edit(self, call: Call) -> Reply:
        message = self._desk.message(call, self._desk.channel(call))
        if message.author is not self._desk.world.bot:
            if set(call.payload) != {"flags"} or int(call.payload["flags"]) & ~SUPPRESS_EMBEDS:
                raise ApiError(50005)
            self._desk.channel(call, Permission.MANAGE_MESSAGES)
            message.flags = int(call.payload["flags"])
        else:
            apply(message, call.payload)
        self._desk.announce("MESSAGE_UPDATE", message)
        return message.to_json()

    def _delete(self, call: Call) -> Reply:
        channel = self._desk.channel(call)
        message = self._desk.message(call, channel)
        if message.author is not self._desk.world.bot:
            self._desk.channel(call, Permission.MANAGE_MESSAGES)
        del channel.messages[message.id]
        self._desk.announce_deleted(message)
        return None

    def _crosspost(self, call: Call) -> Reply:
        channel = self._desk.channel(call, Permission.SEND_MESSAGES)
        if channel.kind is not Kind.NEWS:
            raise ApiError(50024)
        message = self._desk.message(call, channel)
        message.flags |= _CROSSPOSTED
        return message.to_json()

    def _typing(self, call: Call) -> Reply:
        self._desk.channel(call)
        return None


def _page(ids: list[int], query: Mapping[str, str]) -> list[int]:
    """The ids that a page of history has, oldest first."""
    try:
        limit = int(query.get("limit", 50))
        bounds = {name: int(query[name]) for name in ("after", "before", "around") if name in query}
    except ValueError as error:
        raise invalid("limit", "Not a number") from error
    if not 1 <= limit <= _PAGE:
        raise invalid("limit", f"int value should be between 1 and {_PAGE}.")
    if "after" in bounds:
        return [one for one in ids if one > bounds["after"]][:limit]
    if "around" in bounds:
        return sorted(sorted(ids, key=lambda one: abs(one - bounds["around"]))[:limit])
    return [one for one in ids if one < bounds.get("before", 1 << 63)][-limit:]
