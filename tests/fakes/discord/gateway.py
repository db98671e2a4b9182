"""Discord's gateway: sessions that outlive their connections, one for each shard (events/gateway).

Events are numbered and kept in their session, so a client that comes back gets what it missed. Each connection has one
task that writes, in order, because a compressed stream must not be mixed up.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from tests.fakes.discord.model import Guild, Json
from tests.fakes.discord.world import World


class Op(IntEnum):
    """Gateway opcodes (topics/opcodes-and-status-codes)."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Close(IntEnum):
    """Gateway close codes (topics/opcodes-and-status-codes)."""

    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    RATE_LIMITED = 4008
    INVALID_SHARD = 4010
    DISALLOWED_INTENTS = 4014


class Intent(IntFlag):
    """The intents that the fake looks at (events/gateway, list of intents)."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
_KEPT_EVENTS = 10_000
_EVENTS_PER_MINUTE = 120
"""Events that a client may send (events/gateway, rate limiting)."""


@dataclass(eq=False)
class Session:
    """What a client is subscribed to, with the events that it can ask for again."""

    shard: tuple[int, int]
    intents: int
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    sequence: int = 0
    sent: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=_KEPT_EVENTS))
    connection: Connection | None = None

    def dispatch(self, event: str, data: Any) -> None:
        self.sequence += 1
        line = json.dumps({"op": Op.DISPATCH, "t": event, "s": self.sequence, "d": data}, separators=(",", ":"))
        self.sent.append((self.sequence, line))
        if self.connection is not None:
            self.connection.write(line)

    def concerns(self, guild_id: int | None) -> bool:
        """Direct messages belong to the first shard (events/gateway, sharding)."""
        return ((guild_id or 0) >> 22) % self.shard[1] == self.shard[0]


class Connection:
    """One websocket. ``silent`` ones swallow everything and say nothing."""

    def __init__(self, ws: web.WebSocketResponse, request: web.Request, *, compressed: bool) -> None:
        self.ws = ws
        self.silent = False
        self.session: Session | None = None
        self._transport = request.transport
        self._compressor = zlib.compressobj() if compressed else None
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write_all())
        self._received: deque[float] = deque(maxlen=_EVENTS_PER_MINUTE)

    def write(self, line: str) -> None:
        if not self.silent:
            self._lines.put_nowait(line)

    def send(self, op: Op, data: Any = None) -> None:
        self.write(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    def too_talkative(self) -> bool:
        """Count an event from the client: whether it sends more of them in a minute than is allowed."""
        now = time.monotonic()
        full = len(self._received) == _EVENTS_PER_MINUTE and now - self._received[0] < 60
        self._received.append(now)
        return full

    async def close(self, code: int) -> None:
        await self._drained()
        await self.ws.close(code=code)

    def abort(self) -> None:
        """Break the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    async def ended(self) -> None:
        """The reader is through: forget the session's connection and stop writing."""
        if self.session is not None and self.session.connection is self:
            self.session.connection = None
        self._writer.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await self._writer

    async def _drained(self) -> None:
        while not self._lines.empty() and not self._writer.done():
            await asyncio.sleep(0)

    async def _write_all(self) -> None:
        while True:
            line = (await self._lines.get()).encode()
            if self._compressor is None:
                await self.ws.send_str(line.decode())
            else:
                packed = self._compressor.compress(line) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
                await self.ws.send_bytes(packed)


class Gateway:
    """All sessions and connections. ``valid`` says whether a token is good."""

    def __init__(self, world: World, valid: Callable[[str], bool]) -> None:
        self.heartbeat_interval = 41.25
        """Seconds, as told in hello."""
        self.allowed_intents: int = ~int(PRIVILEGED)
        """Privileged intents are off until they are allowed in the application's settings."""
        self.sessions: list[Session] = []
        self.connections: set[Connection] = set()
        self.identified: list[Json] = []
        self.resumed = 0
        self.heartbeats = 0
        self.presences: list[Json] = []
        self.resume_url = ""
        self.advised_shards = 1
        self._world = world
        self._valid = valid

    @property
    def live(self) -> list[Session]:
        """The sessions that have a connection."""
        return [session for session in self.sessions if session.connection is not None]

    def dispatch(
        self, event: str, data: Any, *, guild_id: int | None = None, intents: int = 0, blank: Json | None = None
    ) -> None:
        """Send an event to the shard that it concerns; with ``intents`` only where one of them is set. ``blank`` is
        sent instead of ``data`` to who does not ask for the content of messages."""
        for session in self.sessions:
            if session.concerns(guild_id) and (not intents or session.intents & intents):
                reads = blank is None or session.intents & Intent.MESSAGE_CONTENT
                session.dispatch(event, data if reads else blank)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket until it ends."""
        compress = request.query.get("compress")
        if compress not in (None, "zlib-stream") or request.query.get("encoding", "json") != "json":
            return web.Response(status=400, text="only JSON, plain or zlib-stream")
        ws = web.WebSocketResponse(compress=False, timeout=1.0)
        await ws.prepare(request)
        connection = Connection(ws, request, compressed=compress is not None)
        self.connections.add(connection)
        try:
            connection.send(Op.HELLO, {"heartbeat_interval": int(self.heartbeat_interval * 1_000), "_trace": []})
            async for message in ws:
                if message.type is not WSMsgType.TEXT or connection.silent:
                    continue
                code = self._receive(connection, message.data)
                if code is not None:
                    await connection.close(code)
        finally:
            self.connections.discard(connection)
            await connection.ended()
        return ws

    async def close(self) -> None:
        for connection in list(self.connections):
            await connection.ws.close(code=WSCloseCode.GOING_AWAY)

    def _receive(self, connection: Connection, text: str) -> int | None:
        try:
            frame = json.loads(text)
            op, data = Op(frame["op"]), frame.get("d")
        except (json.JSONDecodeError, KeyError, TypeError):
            return Close.DECODE_ERROR
        except ValueError:
            return Close.UNKNOWN_OPCODE
        if connection.too_talkative():
            return Close.RATE_LIMITED
        if op is Op.HEARTBEAT:
            self.heartbeats += 1
            connection.send(Op.HEARTBEAT_ACK)
            return None
        if op is Op.IDENTIFY:
            return self._identify(connection, data)
        if op is Op.RESUME:
            return self._resume(connection, data)
        if connection.session is None:
            return Close.NOT_AUTHENTICATED
        if op is Op.PRESENCE:
            self.presences.append(data)
        elif op is Op.REQUEST_MEMBERS:
            self._members(connection.session, data)
        return None

    def _identify(self, connection: Connection, data: Json) -> int | None:
        if connection.session is not None:
            return Close.ALREADY_AUTHENTICATED
        if not self._valid(data["token"]):
            return Close.AUTHENTICATION_FAILED
        index, count = data.get("shard", (0, 1))
        if not 0 <= index < count:
            return Close.INVALID_SHARD
        if data["intents"] & ~self.allowed_intents:
            return Close.DISALLOWED_INTENTS
        self.identified.append({key: value for key, value in data.items() if key != "token"})
        session = Session((index, count), data["intents"], connection=connection)
        self.sessions = [old for old in self.sessions if old.connection or old.shard != session.shard] + [session]
        connection.session = session
        self._welcome(session)
        return None

    def _welcome(self, session: Session) -> None:
        guilds = [guild for guild in self._world.guilds.values() if session.concerns(guild.id)]
        application = {"id": str(self._world.bot.id), "flags": 0}
        ready = {
            "v": 10,
            "user": self._world.bot.to_json(),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.resume_url,
            "shard": list(session.shard),
            "application": application,
        }
        session.dispatch("READY", ready)
        if session.intents & Intent.GUILDS:
            for guild in guilds:
                session.dispatch("GUILD_CREATE", guild.to_event(self._world.bot))

    def _resume(self, connection: Connection, data: Json) -> int | None:
        if not self._valid(data["token"]):
            return Close.AUTHENTICATION_FAILED
        session = next((session for session in self.sessions if session.id == data["session_id"]), None)
        if session is None or not 0 <= (data["seq"] or 0) <= session.sequence:
            connection.send(Op.INVALID_SESSION, data=False)
            return None
        connection.session, session.connection = session, connection
        self.resumed += 1
        for sequence, line in session.sent:
            if sequence > (data["seq"] or 0):
                connection.write(line)
        session.dispatch("RESUMED", {})
        return None

    def _members(self, session: Session, data: Json) -> None:
        guild: Guild | None = self._world.guilds.get(int(data["guild_id"]))
        wanted = {int(user) for user in data.get("user_ids", ())}
        present = guild.members.values() if guild else ()
        members = [member for member in present if not wanted or member.user.id in wanted]
        chunk: Json = {"guild_id": data["guild_id"], "members": [member.to_json() for member in members]}
        chunk |= {"chunk_index": 0, "chunk_count": 1, "not_found": []}
        if "nonce" in data:
            chunk["nonce"] = data["nonce"]
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)
