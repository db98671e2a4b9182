"""A Discord of one's own on loopback: REST and gateway, for the real discord.py over real sockets.

>>> async with FakeDiscord() as discord:
...     # discord.py with Route.BASE and DEFAULT_GATEWAY set to discord.base_url and discord.gateway_url
...     await discord.until(lambda: discord.gateway.live)
...     answer = await discord.command(discord.member, discord.text, "ask", {"question": "…"})
...     assert answer.delay < 1

``python -m tests.fakes.discord.server --port 8200 --channels 1000`` serves one in a process of its own; its first
line on standard output says where everything is (see :mod:`tests.fakes.discord.control` for what can be asked of it).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from aiohttp import web

from tests.fakes.discord.control import Control
from tests.fakes.discord.desk import Desk, Routes
from tests.fakes.discord.gateway import Close, Gateway, Intent, Op
from tests.fakes.discord.interactions import Asked, Interaction, Interactions
from tests.fakes.discord.limits import Limits
from tests.fakes.discord.model import Channel, Guild, Json, Kind, Message, Overwrite, User
from tests.fakes.discord.rest import Rest
from tests.fakes.discord.rest_interactions import Answers
from tests.fakes.discord.rest_messages import Messages
from tests.fakes.discord.rest_threads import Threads
from tests.fakes.discord.wire import API, Check, Fault, Seen, Wire
from tests.fakes.discord.world import World

TOKEN = "fake.bot.token"
_LARGEST_REQUEST = 25 * 1024 * 1024
"""Bytes (reference, uploading files: the request size limit)."""
_POLL = 0.005


class FakeDiscord:
    """Discord. ``world`` is what is there, ``gateway``, ``interactions`` and ``limits`` are its parts.

    It begins with one guild that has a text, a news and a forum channel and one member beside its owner and the bot.
    """

    def __init__(self, *, token: str = TOKEN, port: int = 0, clock: Callable[[], float] = time.time) -> None:
        self.token: str = token
        self.away: str | None = None
        """``cut``: every connection is broken off; ``503``: every request is answered so."""
        self.world = World(clock)
        self.gateway = Gateway(self.world, self._is_valid)
        self.interactions = Interactions(self.world)
        self.guild: Guild = self.world.add_guild("Guild")
        self.text: Channel = self.world.add_channel(self.guild, "text")
        self.news: Channel = self.world.add_channel(self.guild, "news", Kind.NEWS)
        self.forum: Channel = self.world.add_channel(self.guild, "forum", Kind.FORUM)
        self.member: User = self.world.add_user("Member", self.guild)
        self._revoked = False
        self._wire = Wire(self._is_valid, self.world.new_id)
        self._desk = Desk(self.world, self.gateway)
        self._port = port
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=_LARGEST_REQUEST, middlewares=[self._reachable])
        for (method, path), handler in self._routes().items():
            application.router.add_route(method, API + path, self._wire.serve(method, path, handler))
        application.router.add_get("/gateway", self.gateway.handle)
        Control(self).add_to(application)
        application.router.add_route("*", "/{rest:.*}", self._wire.unknown)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1_024).start()
        self._port = self._runner.addresses[0][1]
        self.gateway.resume_url = self.gateway_url
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self.gateway.close()
        await self._runner.cleanup()

    @web.middleware
    async def _reachable(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.away == "503":
            return web.Response(status=503, text="upstream error")
        if self.away is not None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        answer: web.StreamResponse = await handler(request)
        return answer

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}{API}"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/gateway"

    def _routes(self) -> Routes:
        desk = self._desk
        answers = Answers(desk, self.interactions)
        return Rest(desk).routes | Messages(desk).routes | Threads(desk).routes | answers.routes

    # --- what was asked of it ------------------------------------------------------------------------------

    @property
    def requests(self) -> list[Seen]:
        return self._wire.requests

    def seen(self, method: str, path: str) -> list[Seen]:
        """The requests to a path, which may have ``*`` in it."""
        probe = Fault(method, path, None, drop=False, lost=False, delay=0, retry_after=0, times=0)
        return [request for request in self.requests if probe.concerns(request.method, request.path)]

    @property
    def rate_limited(self) -> int:
        """Requests that went over a limit."""
        return self._wire.rate_limited

    @property
    def invalid(self) -> int:
        """Answers 401, 403 and 429: 10,000 of them in ten minutes shut a bot out."""
        return self._wire.invalid

    @property
    def limits(self) -> Limits:
        return self._wire.limits

    @property
    def enforce_rates(self) -> bool:
        """Whether there are rate limits and their headers."""
        return self._wire.enforce_rates

    @enforce_rates.setter
    def enforce_rates(self, value: bool) -> None:
        self._wire.enforce_rates = value

    @property
    def checks(self) -> list[Check]:
        """Called with the method, the path and the JSON of each request that has any (of a list: each of its items).
        What they assert in vain is in :attr:`violations`; the request goes on."""
        return self._wire.checks

    @property
    def violations(self) -> list[AssertionError]:
        return self._wire.violations

    def messages(self, channel: Channel) -> list[Message]:
        """What a channel shows, oldest first."""
        return list(channel.messages.values())

    async def until(self, condition: Callable[[], object], timeout: float = 3.0) -> None:
        """Wait until ``condition()`` is true. Raises TimeoutError after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("what was waited for did not come about")
            await asyncio.sleep(_POLL)

    # --- what members do -----------------------------------------------------------------------------------

    async def command(
        self, user: User, channel: Channel, line: str, options: Mapping[str, Any] | None = None
    ) -> Interaction:
        """``user`` runs ``/line`` (a subcommand follows after a space). Returns once the bot has answered, be it with
        a deferral; TimeoutError after 3 s, as the member would see it."""
        return await self._fire(self.interactions.command(user, channel, line, options or {}))

    async def press(self, user: User, message: Message, custom_id: str) -> Interaction:
        """``user`` presses a button of ``message``; see :meth:`command`."""
        return await self._fire(self.interactions.press(user, message, custom_id))

    async def autocomplete(
        self,
        user: User,
        channel: Channel,
        line: str,
        option: str,
        value: str,
        options: Mapping[str, Any] | None = None,
    ) -> list[Json]:
        """The suggestions for a half-typed option; ``options`` are those that stand there already."""
        fired = self.interactions.autocomplete(user, channel, line, option, value, options or {})
        return (await self._fire(fired)).choices

    async def forge(
        self, asked: Asked, user: User, channel: Channel, data: Json, pressed: Message | None = None
    ) -> Interaction:
        """An interaction with this data, which no client of Discord's would send; see :meth:`command`."""
        return await self._fire(self.interactions.forged(asked, user, channel, data, pressed))

    async def _fire(self, interaction: Interaction) -> Interaction:
        guild = interaction.channel.guild
        event = self.interactions.event(interaction)
        interaction.fired = time.monotonic()
        self.gateway.dispatch("INTERACTION_CREATE", event, guild_id=guild.id if guild else None)
        await asyncio.wait_for(interaction.acknowledged.wait(), self.interactions.answer_seconds)
        return interaction

    def say(self, user: User, channel: Channel, content: str) -> Message:
        """``user`` writes a message."""
        message = self.world.add_message(channel, user, content=content)
        self._desk.announce("MESSAGE_CREATE", message)
        return message

    # --- what happens to the world -------------------------------------------------------------------------

    def set_overwrites(self, channel: Channel, *overwrites: Overwrite) -> None:
        """Give a channel these permission overwrites."""
        channel.overwrites = list(overwrites)
        self._tell_guild(channel, "CHANNEL_UPDATE", channel.to_json())

    def delete_channel(self, channel: Channel) -> None:
        """Delete a channel or a thread, and with it its messages."""
        self.world.remove_channel(channel)
        self._tell_guild(channel, "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", channel.to_json())

    def join(self, guild: Guild) -> None:
        """The bot has been installed in a guild of :meth:`World.add_guild`."""
        event = guild.to_event(self.world.bot)
        self.gateway.dispatch("GUILD_CREATE", event, guild_id=guild.id, intents=Intent.GUILDS)

    def leave(self, guild: Guild) -> None:
        """The bot has been thrown out of a guild."""
        del self.world.guilds[guild.id]
        del guild.members[self.world.bot.id]
        self.gateway.dispatch("GUILD_DELETE", {"id": str(guild.id)}, guild_id=guild.id, intents=Intent.GUILDS)

    def _tell_guild(self, channel: Channel, event: str, data: Json) -> None:
        if channel.guild is not None:
            self.gateway.dispatch(event, data, guild_id=channel.guild.id, intents=Intent.GUILDS)

    # --- what goes wrong -----------------------------------------------------------------------------------

    def fail_next(
        self,
        method: str,
        path: str,
        *,
        status: int | None = None,
        drop: bool = False,
        lost: bool = False,
        delay: float = 0.0,
        retry_after: float = 0.1,
        times: int = 1,
    ) -> None:
        """What the next ``times`` requests to ``path`` (with ``*``) meet: an answer ``status`` that does nothing;
        ``drop``, carried out but the connection closed instead of an answer; ``lost``, the connection closed and
        nothing carried out; ``delay`` seconds before anything else. ``retry_after`` belongs to status 429."""
        fault = Fault(method, path, status, drop=drop, lost=lost, delay=delay, retry_after=retry_after, times=times)
        self._wire.faults.append(fault)

    async def revoke(self) -> None:
        """The token is no longer good: 401 for every request, 4004 on the gateway."""
        self._revoked = True
        await self.disconnect(Close.AUTHENTICATION_FAILED)

    async def disconnect(self, code: int | None = None) -> None:
        """Close the gateway's connections with ``code``; without one, break them off."""
        for connection in list(self.gateway.connections):
            if code is None:
                connection.abort()
            else:
                await connection.close(code)

    def go_silent(self) -> None:
        """The present connections stay open, but say nothing any more; those made later do."""
        for connection in self.gateway.connections:
            connection.silent = True

    def reconnect(self) -> None:
        """Ask the clients to connect again and to resume."""
        for connection in self.gateway.connections:
            connection.send(Op.RECONNECT)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Tell the clients that their sessions are no longer valid."""
        for session in self.gateway.live:
            assert session.connection is not None
            session.connection.send(Op.INVALID_SESSION, resumable)
        if not resumable:
            self.gateway.sessions.clear()

    def _is_valid(self, token: str) -> bool:
        return not self._revoked and token == self.token


async def _serve(port: int, channels: int, *, enforce_rates: bool) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    discord = FakeDiscord(port=port)
    discord.enforce_rates = enforce_rates
    for count in range(channels):
        discord.world.add_channel(discord.guild, f"load-{count}")
    async with discord:
        sys.stdout.write(json.dumps(Control(discord).world()) + "\n")
        sys.stdout.flush()
        await stopped.wait()


def main() -> None:
    """Serve until the process is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--channels", type=int, default=0, help="how many more text channels the guild has")
    parser.add_argument("--no-rates", action="store_true", help="no rate limits")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.port, arguments.channels, enforce_rates=not arguments.no_rates))


if __name__ == "__main__":
    main()
