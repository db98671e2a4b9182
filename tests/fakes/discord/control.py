"""What a benchmark in another process asks of the fake, over HTTP.

``GET /_control/world`` says where everything is, ``GET /_control/stats`` what has happened so far,
``POST /_control/commands`` makes members run a command, all at once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.discord.model import Channel, Json, Kind, User

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

MESSAGES = "/channels/*/messages"


class Control:
    """The routes below ``/_control``; they are no part of Discord and count nowhere."""

    def __init__(self, discord: FakeDiscord) -> None:
        self._discord = discord
        self._members: list[User] = []

    def add_to(self, application: web.Application) -> None:
        application.router.add_get("/_control/world", self._world)
        application.router.add_get("/_control/stats", self._stats)
        application.router.add_post("/_control/commands", self._commands)

    def world(self) -> Json:
        """Addresses, the token and the ids of the guild and of its text channels."""
        discord = self._discord
        return {
            "base_url": discord.base_url,
            "gateway_url": discord.gateway_url,
            "token": discord.token,
            "application": str(discord.world.bot.id),
            "guild": str(discord.guild.id),
            "channels": [str(channel.id) for channel in self._channels()],
        }

    def stats(self) -> Json:
        """Counts; times in seconds since the epoch, delays in milliseconds in the order of the interactions."""
        discord = self._discord
        posts = [post for post in discord.seen("POST", MESSAGES) if post.status == 200]
        return {
            "requests": len(discord.requests),
            "answers": len(discord.seen("PATCH", "/webhooks/*/*/messages/@original")),
            "rate_limited": discord.rate_limited,
            "invalid": discord.invalid,
            "violations": [str(violation) for violation in discord.violations],
            "sessions": len(discord.gateway.live),
            "message_posts": sorted(post.arrived for post in posts),
            "ack_delays_ms": [delay * 1_000 for delay in discord.interactions.delays],
        }

    async def _world(self, _: web.Request) -> web.Response:
        return web.json_response(self.world())

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response(self.stats())

    async def _commands(self, request: web.Request) -> web.Response:
        """``{"count": 200, "command": "ask", "options": {…}}``: that many members, each in the next text channel."""
        asked = await request.json()
        count, channels = int(asked["count"]), self._channels()
        while len(self._members) < count:
            self._members.append(self._discord.world.add_user(f"Load {len(self._members)}", self._discord.guild))
        try:
            results = await asyncio.gather(
                *(
                    self._delay(member, channels[number % len(channels)], asked["command"], asked.get("options", {}))
                    for number, member in enumerate(self._members[:count])
                )
            )
        except (LookupError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        delays = [delay * 1_000 for delay in results if delay is not None]
        return web.json_response({"delays_ms": delays, "unanswered": count - len(delays)})

    async def _delay(self, member: User, channel: Channel, command: str, options: dict[str, Any]) -> float | None:
        try:
            return (await self._discord.command(member, channel, command, options)).delay
        except TimeoutError:
            return None

    def _channels(self) -> list[Channel]:
        return [channel for channel in self._discord.guild.channels if channel.kind is Kind.TEXT]
