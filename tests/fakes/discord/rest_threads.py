"""The REST API's threads and forum posts (resources/channel, start thread)."""

from __future__ import annotations

from typing import Any

from tests.fakes.discord.desk import Call, Desk, Reply, Routes
from tests.fakes.discord.errors import ApiError, invalid
from tests.fakes.discord.gateway import Intent
from tests.fakes.discord.messages import created
from tests.fakes.discord.model import Channel, Json, Kind, Permission

_NAME = 100
"""Characters."""
_ARCHIVE_MINUTES = (60, 1_440, 4_320, 10_080)
_MOST_TAGS = 5
_REQUIRE_TAG = 1 << 4
_HAS_THREAD = 1 << 5
_KINDS = {int(kind): kind for kind in (Kind.THREAD, Kind.NEWS_THREAD, Kind.PRIVATE_THREAD)}


class Threads:
    """Starting and changing threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def routes(self) -> Routes:
        return {
            ("PATCH", "/channels/{channel}"): self._edit_thread,
            ("POST", "/channels/{channel}/messages/{message}/threads"): self._thread_on_message,
            ("POST", "/channels/{channel}/threads"): self._start_thread,
        }

    def _thread_on_message(self, call: Call) -> Reply:
        channel = self._desk.channel(call, Permission.CREATE_PUBLIC_THREADS)
        message = self._desk.message(call, channel)
        if channel.kind not in (Kind.TEXT, Kind.NEWS):
            raise ApiError(50024)
        if message.id in self._desk.world.channels:
            raise ApiError(160004)
        more = _thread_options(call.payload)
        thread = self._desk.world.add_thread(channel, more.pop("name"), self._desk.world.bot, at=message.id, **more)
        message.thread, message.flags = thread, message.flags | _HAS_THREAD
        return self._announce_thread(call, thread)

    def _start_thread(self, call: Call) -> Reply:
        channel = self._desk.channel(call)
        if channel.kind is Kind.FORUM:
            return self._forum_post(call, channel)
        if channel.kind not in (Kind.TEXT, Kind.NEWS):
            raise ApiError(50024)
        kind = _KINDS.get(call.payload.get("type", Kind.PRIVATE_THREAD))
        if kind is None:
            raise invalid("type", f"Value must be one of {tuple(_KINDS)}.")
        private = kind is Kind.PRIVATE_THREAD
        self._desk.channel(call, Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS)
        more = _thread_options(call.payload)
        thread = self._desk.world.add_thread(channel, more.pop("name"), self._desk.world.bot, kind=kind, **more)
        return self._announce_thread(call, thread)

    def _forum_post(self, call: Call, forum: Channel) -> Reply:
        self._desk.channel(call, Permission.SEND_MESSAGES)
        tags = [str(tag) for tag in call.payload.get("applied_tags") or ()]
        if forum.flags & _REQUIRE_TAG and not tags:
            raise ApiError(40067)
        if len(tags) > _MOST_TAGS or not set(tags) <= {tag["id"] for tag in forum.tags}:
            raise invalid("applied_tags", "Unknown tags, or too many")
        more, parts = _thread_options(call.payload), created(call.payload.get("message") or {})
        thread = self._desk.world.add_thread(forum, more.pop("name"), self._desk.world.bot, applied_tags=tags, **more)
        message = self._desk.world.add_message(thread, self._desk.world.bot, id=thread.id, **parts)
        reply = self._announce_thread(call, thread)
        self._desk.announce("MESSAGE_CREATE", message)
        return reply | {"message": message.to_json(with_nonce=True)}

    def _announce_thread(self, call: Call, thread: Channel) -> Json:
        assert thread.guild is not None
        call.created = True
        document = thread.to_json()
        event = document | {"newly_created": True}
        self._desk.gateway.dispatch("THREAD_CREATE", event, guild_id=thread.guild.id, intents=Intent.GUILDS)
        return document

    def _edit_thread(self, call: Call) -> Reply:
        thread = self._desk.channel(call)
        if not thread.is_thread:
            raise ApiError(50013)
        if thread.owner is not self._desk.world.bot or "locked" in call.payload:
            self._desk.channel(call, Permission.MANAGE_THREADS)
        for name in ("name", "archived", "locked"):
            setattr(thread, name, call.payload.get(name, getattr(thread, name)))
        thread.auto_archive = call.payload.get("auto_archive_duration", thread.auto_archive)
        assert thread.guild is not None
        self._desk.gateway.dispatch("THREAD_UPDATE", thread.to_json(), guild_id=thread.guild.id, intents=Intent.GUILDS)
        return thread.to_json()


def _thread_options(payload: Json) -> dict[str, Any]:
    name, minutes = payload.get("name"), payload.get("auto_archive_duration") or 1_440
    if not isinstance(name, str) or not 1 <= len(name) <= _NAME:
        raise invalid("name", f"Must be between 1 and {_NAME} in length.")
    if minutes not in _ARCHIVE_MINUTES:
        raise invalid("auto_archive_duration", f"Value must be one of {_ARCHIVE_MINUTES}.")
    return {"name": name, "auto_archive": minutes}
