"""What bolt calls: acknowledge first, then hand the work to a task of ours.

A listener never raises: bolt's runner can lose an acknowledgement when a listener raises right after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.adapters.slack.desk import Desk, Payload
from bot.adapters.slack.homes import Homes
from bot.adapters.slack.tasks import Recent, Tasks

EVENTS_KEPT = 600.0
"""Seconds that an event's id is remembered; Slack's last retry comes after about 5 minutes ("Events API")."""
_ANY = re.compile("")


class Listeners:
    """Registers itself with bolt, the same for socket mode and HTTP."""

    def __init__(self, desk: Desk, homes: Homes, tasks: Tasks, clock: Callable[[], float]) -> None:
        self._desk = desk
        self._homes = homes
        self._tasks = tasks
        self._seen = Recent(EVENTS_KEPT, clock)

    def register(self, app: AsyncApp) -> None:
        app.command(_ANY)(self.command)
        app.view_submission(_ANY)(self.submission)
        app.options(_ANY)(self.suggestion)
        app.action(_ANY)(self.press)
        app.event("app_mention")(self.mention)
        app.event("message")(self.message)
        app.event("app_home_opened")(self.home)
        # What is not ours is acknowledged too: Slack counts what is not, and turns the events off.
        app.event(_ANY)(self.nothing)
        app.shortcut(_ANY)(self.nothing)
        app.view_closed(_ANY)(self.nothing)

    async def command(self, ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
        await ack()
        self._start(self._desk.command(body, _team(context)), "command")

    async def submission(self, ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
        await ack()
        self._start(self._desk.submission(body, _team(context)), "modal")

    async def press(self, ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
        await ack()
        self._start(self._desk.press(body, _team(context)), "press")

    async def suggestion(self, ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
        await ack(options=await self._desk.suggestions(body, _team(context)))

    async def mention(self, ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
        await ack()
        event = body["event"]
        if self._fresh(body) and _by_member(event):
            self._start(self._desk.mention(event, _team(context), context.bot_user_id or ""), "mention")

    async def message(self, ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
        await ack()
        event = body["event"]
        if event.get("channel_type") == "im" and self._fresh(body) and _by_member(event):
            self._start(self._desk.direct(event, _team(context)), "direct message")

    async def home(self, ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
        await ack()
        event = body["event"]
        if event.get("tab") == "home" and self._fresh(body):
            self._start(self._homes.opened(event, _team(context)), "home")

    async def nothing(self, ack: AsyncAck) -> None:
        await ack()

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.start(work, f"slack {name}")

    def _fresh(self, body: Payload) -> bool:
        """Whether this is the first time that Slack sends the event."""
        event = body.get("event_id")
        return not event or self._seen.first(str(event))


def _by_member(event: Payload) -> bool:
    """Whether a person said it, just now: no bot, no edit, no system line."""
    return bool(event.get("user")) and not (event.get("bot_id") or event.get("subtype") or event.get("edited"))


def _team(context: AsyncBoltContext) -> str:
    found = context.authorize_result
    return str((found.team_id if found else None) or context.team_id or "")
