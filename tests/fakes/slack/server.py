"""A Slack of one's own on loopback: Web API, Socket Mode and signed HTTP, for the real slack-bolt over real sockets.

>>> async with FakeSlack() as slack:
...     # the adapter with base_url=slack.base_url, bot_token=slack.bot_token, app_token=slack.app_token
...     delay = await slack.command("U1", "C1", "/kakehashi", "ask what is new")
...     await slack.until(lambda: slack.private("U1"))

``python -m tests.fakes.slack.server --port 8300 --channels 1000`` serves one in a process of its own; its first line on
standard output says where everything is. Shapes and errors: docs.slack.dev, "Web API methods", "Using Socket Mode".
"""

from __future__ import annotations

import argparse
import asyncio
import json
import mimetypes
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web
from slack_sdk.signature import SignatureVerifier

Json = dict[str, Any]
Check = Callable[[str, Json], None]

BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-fake", "xapp-fake", "fake-signing-secret"
TEAM, BOT_USER, BOT_ID, APP = "T1", "UBOT", "BBOT", "A1"
SCOPES = frozenset(
    {
        *(
            "app_mentions:read",
            "commands",
            "users:read",
            "files:read",
            "files:write",
            "chat:write",
            "chat:write.public",
        ),
        *("channels:history", "channels:read", "groups:history", "groups:read", "im:history", "im:write"),
    }
)
NEEDED = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.postEphemeral": "chat:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "conversations.info": "channels:read",
    "conversations.open": "im:write",
    "users.info": "users:read",
    "files.getUploadURLExternal": "files:write",
    "files.info": "files:read",
}
ANSWER_SECONDS = 3.0
"""Slack shows its member an error when an app takes longer ("Acknowledge")."""
_POLL = 0.005


@dataclass
class Channel:
    id: str
    name: str
    private: bool = False
    archived: bool = False
    member: bool = True
    messages: dict[str, Json] = field(default_factory=dict)
    free_at: float = 0.0

    @property
    def direct(self) -> bool:
        return self.id.startswith("D")


@dataclass
class Fault:
    """What the next calls of a method meet."""

    status: int | None = None
    error: str | None = None
    retry_after: float | None = None
    delay: float = 0.0
    drop: bool = False
    drop_before: bool = False
    stall: float = 0.0
    times: int = 1


@dataclass(frozen=True)
class Ack:
    """How the bot acknowledged: after how many seconds, and with what."""

    delay: float
    payload: Json


class SlackError(Exception):
    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.body = {"ok": False, "error": code, **details}


class FakeSlack:
    """Slack with one team, a channel C1, and members U1 (an ordinary one) and U2 (an admin)."""

    def __init__(self, *, port: int = 0, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        """Seconds since the epoch, as the ts of messages shows them."""
        self.away: str | None = None
        """``cut``: every connection is broken off; ``503``: every call is answered so."""
        self.bot_token, self.app_token, self.signing_secret = BOT_TOKEN, APP_TOKEN, SECRET
        self.teams: dict[str, str] = {BOT_TOKEN: TEAM}
        """Which team each valid bot token belongs to."""
        self.channels: dict[str, Channel] = {}
        self.users: dict[str, Json] = {}
        self.ephemerals: list[Json] = []
        self.responses: list[tuple[str, Json]] = []
        self.homes: dict[str, Json] = {}
        self.modals: list[Json] = []
        self.files: dict[str, Json] = {}
        self.uploads: dict[str, bytes] = {}
        self.scopes = set(SCOPES)
        self.calls: Counter[str] = Counter()
        self.requests: list[tuple[str, Json]] = []
        self.keep_requests = True
        self.acks: list[float] = []
        self.rate_limited = 0
        self.enforce_rates = False
        self.burst = 1
        self.checks: list[Check] = []
        self.violations: list[AssertionError] = []
        self.transport = "socket"
        self.app_url = ""
        """In HTTP mode: where the bot listens."""
        self.sockets: list[web.WebSocketResponse] = []
        self.silent = False
        self.connections = 0
        self.posts: list[float] = []
        self._faults: dict[str, deque[Fault]] = {}
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._urls: dict[str, Json] = {}
        self._triggers: dict[str, float] = {}
        self._numbers = count(1)
        self._ts = 0.0
        self._port = port
        self._revoked = False
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None
        self._turn = 0
        self.add_channel("C1", "news")
        self.add_user("U1", tz="Europe/Kyiv", locale="en-US")
        self.add_user("U2", is_admin=True)

    # --- running -------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=32 * 1024 * 1024, middlewares=[self._reachable])
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/respond/{token}", self._respond)
        app.router.add_post("/upload/{file}", self._upload)
        app.router.add_get("/link/", self._socket)
        app.router.add_get("/_control/stats", self._stats)
        app.router.add_post("/_control/commands", self._fire_commands)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024).start()
        self._port = self._runner.addresses[0][1]
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        assert self._http is not None
        for socket in self.sockets:
            await socket.close()
        await self._http.close()
        await self._runner.cleanup()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        return f"{self.address}/api/"

    # --- the world -----------------------------------------------------------------------------------------

    def add_channel(self, id_: str, name: str = "", *, private: bool = False, member: bool = True) -> Channel:
        self.channels[id_] = Channel(id_, name or id_.lower(), private=private, member=member)
        return self.channels[id_]

    def add_user(self, id_: str, *, tz: str = "UTC", locale: str = "en-US", is_admin: bool = False) -> None:
        self.users[id_] = {
            "id": id_,
            "team_id": TEAM,
            "name": id_.lower(),
            "real_name": f"Member {id_}",
            "tz": tz,
            "locale": locale,
            "is_admin": is_admin,
            "is_owner": False,
            "is_bot": False,
        }

    def messages(self, channel: str) -> list[Json]:
        """What stands in the channel itself, oldest first."""
        return [m for m in self.channels[channel].messages.values() if m.get("thread_ts", m["ts"]) == m["ts"]]

    def replies(self, channel: str, ts: str) -> list[Json]:
        """What stands in a message's thread, without it."""
        return [m for m in self.channels[channel].messages.values() if m.get("thread_ts") == ts and m["ts"] != ts]

    def private(self, user: str) -> list[Json]:
        """What only ``user`` sees in channels, oldest first."""
        return [shown for shown in self.ephemerals if shown["user"] == user]

    def fail_next(self, method: str, **fault: Any) -> None:
        """The next ``times`` calls of ``method`` fail: ``status`` (with ``retry_after``), ``error``, ``delay``,
        ``drop`` (carried out, connection closed), ``drop_before`` (not carried out) or ``stall`` (carried out, answered
        so many seconds later)."""
        self._faults.setdefault(method, deque()).append(Fault(**fault))

    def revoke(self) -> None:
        """No token works any more."""
        self._revoked = True

    def remove_scope(self, scope: str) -> None:
        self.scopes.discard(scope)

    def expire_response_urls(self) -> None:
        self._urls.clear()

    async def until(self, condition: Callable[[], object], timeout: float = 3.0) -> None:
        """Wait until ``condition()`` is true. Raises TimeoutError after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("what was waited for did not come about")
            await asyncio.sleep(_POLL)

    @web.middleware
    async def _reachable(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.away == "503":
            return web.Response(status=503, text="upstream error")
        if self.away is not None:
            return self._cut(request)
        answer: web.StreamResponse = await handler(request)
        return answer

    # --- Web API -------------------------------------------------------------------------------------------

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.calls[method] += 1
        asked = await _arguments(request)
        if self.keep_requests:
            self.requests.append((method, asked))
        fault = self._fault(method)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.drop_before:
            return self._cut(request)
        if fault.status is not None:
            headers = {"Retry-After": str(fault.retry_after or 1)} if fault.status == 429 else {}
            if fault.status == 429:
                self.rate_limited += 1
                return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
            return web.Response(status=fault.status, text="upstream error", headers=headers)
        handler = getattr(self, "_" + method.replace(".", "_"), None)
        headers = {"x-oauth-scopes": ",".join(sorted(self.scopes))}
        try:
            if fault.error is not None:
                raise SlackError(fault.error)
            if handler is None:
                raise SlackError("unknown_method")
            self._authorised(method, request)
            body = {"ok": True, **await handler(asked)}
        except SlackError as error:
            status = 200
            if error.body["error"] == "ratelimited":
                status, headers["Retry-After"] = 429, "1"
                self.rate_limited += 1
            return web.json_response(error.body, status=status, headers=headers)
        await asyncio.sleep(fault.stall)
        if fault.drop:
            return self._cut(request)
        return web.json_response(body, headers=headers)

    def _fault(self, method: str) -> Fault:
        waiting = self._faults.get(method)
        if not waiting:
            return Fault()
        fault = waiting[0]
        fault.times -= 1
        if fault.times <= 0:
            waiting.popleft()
        return fault

    def _cut(self, request: web.Request) -> web.Response:
        if request.transport is not None:  # None: the bot is gone already
            request.transport.abort()
        return web.Response()

    def _authorised(self, method: str, request: web.Request) -> None:
        if method == "oauth.v2.access":
            return
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if method == "apps.connections.open":
            if token != self.app_token:
                raise SlackError("invalid_auth")
        elif token not in self.teams:
            raise SlackError("invalid_auth" if token else "not_authed")
        if self._revoked:
            raise SlackError("token_revoked")
        needed = NEEDED.get(method)
        if needed is not None and needed not in self.scopes:
            raise SlackError("missing_scope", needed=needed, provided=",".join(sorted(self.scopes)))

    async def _auth_test(self, _: Json) -> Json:
        names = {"team": "Newsroom", "team_id": TEAM, "user": "kakehashi", "user_id": BOT_USER, "bot_id": BOT_ID}
        return {"url": "https://newsroom.slack.com/", **names, "is_enterprise_install": False}

    async def _apps_connections_open(self, _: Json) -> Json:
        return {"url": f"ws://127.0.0.1:{self._port}/link/?ticket={next(self._numbers)}"}

    def _channel(self, asked: Mapping[str, Any]) -> Channel:
        channel = self.channels.get(str(asked.get("channel")))
        if channel is None or (channel.private and not channel.member):
            raise SlackError("channel_not_found")
        return channel

    def _checked(self, method: str, asked: Json) -> None:
        for check in self.checks:
            try:
                check(method, asked)
            except AssertionError as error:
                self.violations.append(error)
                raise SlackError("invalid_blocks", response_metadata={"messages": [str(error)]}) from error

    async def _chat_postMessage(self, asked: Json) -> Json:  # noqa: N802 - Slack's name
        channel = self._channel(asked)
        self._may_post(channel)
        self._checked("chat.postMessage", asked)
        self._paced(channel)
        self.posts.append(self.clock())
        message = self._stored(channel, asked)
        return {"channel": channel.id, "ts": message["ts"], "message": message}

    def _may_post(self, channel: Channel) -> None:
        if channel.archived:
            raise SlackError("is_archived")
        if not channel.member and "chat:write.public" not in self.scopes:
            raise SlackError("not_in_channel")

    def _paced(self, channel: Channel) -> None:
        """One message a second and channel ("Rate limits"), ``burst`` more after a quiet time."""
        if not self.enforce_rates:
            return
        now = time.monotonic()
        if channel.free_at - now > self.burst - 1:
            raise SlackError("ratelimited")
        channel.free_at = max(channel.free_at, now) + 1.0

    def _stored(self, channel: Channel, asked: Json, **also: Any) -> Json:
        self._ts = max(self.clock(), self._ts + 0.000001)
        message: Json = {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "ts": f"{self._ts:.6f}"}
        message |= {name: asked[name] for name in ("text", "blocks", "metadata", "thread_ts") if asked.get(name)} | also
        if parent := channel.messages.get(message.get("thread_ts", "")):
            parent |= {"reply_count": parent.get("reply_count", 0) + 1, "latest_reply": message["ts"]}
            parent["thread_ts"] = parent["ts"]
        channel.messages[message["ts"]] = message
        return message

    async def _chat_update(self, asked: Json) -> Json:
        channel = self._channel(asked)
        self._checked("chat.update", asked)
        message = channel.messages.get(str(asked.get("ts")))
        if message is None:
            raise SlackError("message_not_found")
        message |= {name: asked[name] for name in ("text", "blocks") if name in asked}
        message["edited"] = {"user": BOT_USER, "ts": f"{time.time():.6f}"}
        return {"channel": channel.id, "ts": message["ts"], "text": message.get("text", "")}

    async def _chat_postEphemeral(self, asked: Json) -> Json:  # noqa: N802 - Slack's name
        channel = self._channel(asked)
        if not channel.member and not channel.direct:
            raise SlackError("user_not_in_channel")
        self._checked("chat.postEphemeral", asked)
        shown = self._show_privately(channel.id, str(asked["user"]), asked)
        return {"message_ts": shown["ts"]}

    def _show_privately(self, channel: str, user: str, body: Json) -> Json:
        shown = {"channel": channel, "user": user, "ts": f"{time.time():.6f}", **_shown(body)}
        if any("slack_file" in block for block in shown.get("blocks") or ()):
            # Members would see a hole: a file that was shared nowhere is the bot's alone (node-slack-sdk#1790).
            self.violations.append("an ephemeral message cannot show an uploaded file")
        self.ephemerals.append(shown)
        return shown

    async def _conversations_info(self, asked: Json) -> Json:
        channel = self._channel(asked)
        shape = {"id": channel.id, "name": channel.name, "is_private": channel.private, "is_member": channel.member}
        return {"channel": {**shape, "is_archived": channel.archived, "is_im": channel.direct}}

    async def _conversations_history(self, asked: Json) -> Json:
        channel = self._channel(asked)
        if not channel.member:
            raise SlackError("not_in_channel")
        return self._page(self.messages(channel.id)[::-1], asked)

    async def _conversations_replies(self, asked: Json) -> Json:
        channel = self._channel(asked)
        parent = channel.messages.get(str(asked.get("ts")))
        if parent is None:
            raise SlackError("thread_not_found")
        return self._page([parent, *self.replies(channel.id, parent["ts"])], asked)

    def _page(self, messages: list[Json], asked: Json) -> Json:
        oldest, latest = float(asked.get("oldest") or 0), float(asked.get("latest") or 1e12)
        within = [message for message in messages if oldest <= float(message["ts"]) <= latest]
        start, limit = int(asked.get("cursor") or 0), int(asked.get("limit") or 100)
        page = [_without_metadata(m, asked) for m in within[start : start + limit]]
        more = start + limit < len(within)
        cursor = str(start + limit) if more else ""
        return {"messages": page, "has_more": more, "response_metadata": {"next_cursor": cursor}}

    async def _conversations_open(self, asked: Json) -> Json:
        user = str(asked.get("users"))
        if user not in self.users:
            raise SlackError("user_not_found")
        id_ = f"D{user}"
        if id_ not in self.channels:
            self.add_channel(id_)
        return {"channel": {"id": id_}}

    async def _users_info(self, asked: Json) -> Json:
        user = self.users.get(str(asked.get("user")))
        if user is None:
            raise SlackError("user_not_found")
        return {"user": user}

    async def _views_open(self, asked: Json) -> Json:
        until = self._triggers.pop(str(asked.get("trigger_id")), None)
        if until is None:
            raise SlackError("invalid_trigger_id")
        if time.monotonic() > until:
            raise SlackError("expired_trigger_id")
        return {"view": self._view("views.open", asked)}

    def _view(self, method: str, asked: Json) -> Json:
        self._checked(method, asked)
        view = {"id": f"V{next(self._numbers)}", "team_id": TEAM, "app_id": APP, **asked["view"]}
        if view["type"] == "modal":
            self.modals.append(view)
        return view

    async def _views_publish(self, asked: Json) -> Json:
        view = self._view("views.publish", asked)
        self.homes[str(asked["user_id"])] = view
        return {"view": view}

    async def _files_getUploadURLExternal(self, asked: Json) -> Json:  # noqa: N802 - Slack's name
        file = f"F{next(self._numbers)}"
        self.files[file] = {"id": file, "name": asked.get("filename"), "alt_txt": asked.get("alt_txt")}
        return {"upload_url": f"{self.address}/upload/{file}", "file_id": file}

    async def _upload(self, request: web.Request) -> web.Response:
        file = request.match_info["file"]
        if request.content_type.startswith("multipart/"):
            part = next(iter((await request.post()).values()))
            self.uploads[file] = part.encode() if isinstance(part, str) else part.file.read()
        else:
            self.uploads[file] = await request.read()
        return web.Response(text="OK")

    async def _files_completeUploadExternal(self, asked: Json) -> Json:  # noqa: N802 - Slack's name
        """Without a channel a file is the bot's alone; with one it stands there, for all who read there."""
        shared = []
        for part in asked["files"]:
            if part["id"] not in self.uploads:
                raise SlackError("file_not_found")
            kind = mimetypes.guess_type(str(self.files[part["id"]]["name"]))[0]
            self.files[part["id"]] |= {"title": part.get("title"), "mimetype": kind}
            shared.append(self.files[part["id"]])
        if asked.get("channel_id"):
            channel = self._channel({"channel": asked["channel_id"]})
            self._checked("files.completeUploadExternal", asked)
            if not channel.member:
                raise SlackError("not_in_channel")
            told = {"text": asked.get("initial_comment"), "thread_ts": asked.get("thread_ts")}
            self._stored(channel, told, files=shared, subtype="file_share")
        return {"files": shared}

    async def _files_info(self, asked: Json) -> Json:
        if str(asked.get("file")) not in self.files:
            raise SlackError("file_not_found")
        return {"file": self.files[str(asked["file"])]}

    async def _oauth_v2_access(self, asked: Json) -> Json:
        if asked.get("code") != "good-code":
            raise SlackError("invalid_code")
        self.teams["xoxb-installed"] = TEAM
        return {
            "app_id": APP,
            "access_token": "xoxb-installed",
            "token_type": "bot",
            "scope": ",".join(sorted(self.scopes)),
            "bot_user_id": BOT_USER,
            "team": {"id": TEAM, "name": "Newsroom"},
            "enterprise": None,
            "authed_user": {"id": "U2"},
            "is_enterprise_install": False,
        }

    # --- response_url ----------------------------------------------------------------------------------------

    def _response_url(self, channel: str, user: str, message: Json | None) -> str:
        token = f"r{next(self._numbers)}"
        self._urls[token] = {"channel": channel, "user": user, "message": message, "left": 5}
        return f"{self.address}/respond/{token}"

    async def _respond(self, request: web.Request) -> web.Response:
        """Five answers in 30 minutes ("Handling user interaction")."""
        token = request.match_info["token"]
        place = self._urls.get(token)
        if place is None or place["left"] <= 0:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        place["left"] -= 1
        body = await request.json()
        self.responses.append((token, body))
        try:
            self._checked("response_url", body)
        except SlackError as error:
            return web.json_response(error.body, status=400)
        if body.get("replace_original") and place["message"] is not None:
            place["message"] |= _shown(body)
        elif body.get("delete_original") and place["message"] is not None:
            self.ephemerals = [shown for shown in self.ephemerals if shown is not place["message"]]
        elif body.get("response_type") == "in_channel":
            self._stored(self.channels[place["channel"]], body)
        else:
            self._show_privately(place["channel"], place["user"], body)
        return web.Response(text="ok")

    # --- Socket Mode and HTTP --------------------------------------------------------------------------------

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self.connections += 1
        self.silent = False
        self.sockets.append(socket)
        hello = {"type": "hello", "num_connections": len(self.sockets), "connection_info": {"app_id": APP}}
        await socket.send_json(hello)
        try:
            async for message in socket:
                if self.silent:
                    continue
                if message.type is WSMsgType.PING:
                    await socket.pong(message.data)
                elif message.type is WSMsgType.TEXT:
                    answer = json.loads(message.data)
                    waiting = self._waiting.pop(answer.get("envelope_id", ""), None)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(answer.get("payload") or {})
        finally:
            if socket in self.sockets:
                self.sockets.remove(socket)
        return socket

    async def disconnect(self) -> None:
        """Every socket is closed without a word."""
        for socket in tuple(self.sockets):
            self.sockets.remove(socket)
            await socket.close(code=1011)

    async def refresh_connection(self) -> None:
        """Slack asks for a new connection, then closes this one."""
        for socket in tuple(self.sockets):
            self.sockets.remove(socket)
            await socket.send_json({"type": "disconnect", "reason": "refresh_requested"})
            await socket.close()

    def go_silent(self) -> None:
        """The sockets stay open and answer nothing, until a new one is made."""
        self.silent = True

    async def deliver(self, kind: str, payload: Json, *, retry: int = 0) -> Ack:
        """Hand an envelope to the app by the transport in use. Raises TimeoutError after three seconds."""
        if self.transport == "http":
            return await self._by_http(kind, payload, retry)
        began = time.monotonic()
        envelope = f"e{next(self._numbers)}"
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope] = waiting
        sockets = [socket for socket in self.sockets if not socket.closed]
        if not sockets:
            raise TimeoutError("no app is connected")
        self._turn += 1
        body = {
            "envelope_id": envelope,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if retry:
            body |= {"retry_attempt": retry, "retry_reason": "timeout"}
        await sockets[self._turn % len(sockets)].send_json(body)
        answer = await asyncio.wait_for(waiting, ANSWER_SECONDS)
        return self._acked(began, answer)

    def _acked(self, began: float, payload: Json) -> Ack:
        delay = time.monotonic() - began
        self.acks.append(delay)
        return Ack(delay, payload)

    async def _by_http(self, kind: str, payload: Json, retry: int) -> Ack:
        began = time.monotonic()
        body, content = _http_body(kind, payload)
        async with asyncio.timeout(ANSWER_SECONDS):
            status, text = await self.deliver_http(body, content, retry=retry)
        assert status == 200, (status, text)
        return self._acked(began, json.loads(text) if text.startswith("{") else {})

    async def deliver_http(
        self, body: str, content_type: str, *, secret: str | None = None, at: float | None = None, retry: int = 0
    ) -> tuple[int, str]:
        """A signed request as Slack makes it; another ``secret`` or moment ``at`` makes it a false one."""
        assert self._http is not None
        stamp = str(int(at if at is not None else time.time()))
        signature = SignatureVerifier(secret or self.signing_secret).generate_signature(timestamp=stamp, body=body)
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": str(signature),
        }
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
        async with self._http.post(f"{self.app_url}slack/events", data=body.encode(), headers=headers) as answer:
            return answer.status, await answer.text()

    # --- what members do -----------------------------------------------------------------------------------

    def _trigger(self) -> str:
        trigger = f"trigger{next(self._numbers)}"
        self._triggers[trigger] = time.monotonic() + ANSWER_SECONDS
        return trigger

    async def command(self, user: str, channel: str, command: str, text: str = "") -> Ack:
        """A slash command."""
        payload = {
            "team_id": TEAM,
            "api_app_id": APP,
            "channel_id": channel,
            "channel_name": self.channels[channel].name,
            "user_id": user,
            "user_name": user.lower(),
            "command": command,
            "text": text,
            "response_url": self._response_url(channel, user, None),
            "trigger_id": self._trigger(),
            "is_enterprise_install": "false",
        }
        return await self.deliver("slash_commands", payload)

    async def press(self, user: str, shown: Json, action_id: str, *, value: str | None = None) -> Ack:
        """A button of a message (of :meth:`messages`, :meth:`private`) or of a home view."""
        action = self._action(shown, action_id)
        if action["type"] == "static_select":
            option = next(option for option in action["options"] if option["value"] == value)
            action = {**action, "selected_option": option}
        return await self.deliver("interactive", self._actions_payload(user, shown, action))

    def _action(self, shown: Json, action_id: str) -> Json:
        for block in shown["blocks"]:
            for element in (*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else ())):
                if element.get("action_id") == action_id:
                    return {**element, "block_id": block.get("block_id", "b1"), "action_ts": f"{time.time():.6f}"}
        raise LookupError(f"nothing there has the action {action_id!r}")

    def _actions_payload(self, user: str, shown: Json, action: Json) -> Json:
        payload: Json = {
            "type": "block_actions",
            "user": {"id": user, "username": user.lower(), "team_id": TEAM},
            "api_app_id": APP,
            "team": {"id": TEAM, "domain": "newsroom"},
            "trigger_id": self._trigger(),
            "actions": [action],
        }
        if shown.get("type") == "home":
            return {**payload, "container": {"type": "view", "view_id": shown["id"]}, "view": shown}
        private = any(shown is other for other in self.ephemerals)
        channel = shown.get("channel") or next(
            id_ for id_, place in self.channels.items() if shown["ts"] in place.messages
        )
        container = {"type": "message", "message_ts": shown["ts"], "channel_id": channel, "is_ephemeral": private}
        payload |= {
            "container": container,
            "channel": {"id": channel, "name": self.channels[channel].name},
            "response_url": self._response_url(channel, user, shown),
        }
        # Slack does not say what stands in a message that only one member sees.
        return payload if private else {**payload, "message": shown}

    async def submit_view(self, user: str, view: Json, values: Mapping[str, Json]) -> Ack:
        """Submit a modal; ``values`` are the states of its elements by action id."""
        state: Json = {}
        for block in view["blocks"]:
            action_id = block.get("element", {}).get("action_id")
            if action_id is not None:
                given = values.get(action_id, _initial(block["element"]))
                state[block["block_id"]] = {action_id: {"type": block["element"]["type"], **given}}
        payload = {
            "type": "view_submission",
            "team": {"id": TEAM, "domain": "newsroom"},
            "user": {"id": user, "team_id": TEAM},
            "api_app_id": APP,
            "trigger_id": self._trigger(),
            "view": {**view, "state": {"values": state}},
        }
        return await self.deliver("interactive", payload)

    async def suggest(self, user: str, view: Json, action_id: str, value: str) -> list[Json]:
        """What an external select offers."""
        payload = {
            "type": "block_suggestion",
            "user": {"id": user, "team_id": TEAM},
            "team": {"id": TEAM, "domain": "newsroom"},
            "api_app_id": APP,
            "container": {"type": "view", "view_id": view["id"]},
            "view": view,
            "action_id": action_id,
            "block_id": "b1",
            "value": value,
        }
        options: list[Json] = (await self.deliver("interactive", payload)).payload.get("options", [])
        return options

    async def event(self, event: Json, *, event_id: str | None = None, retry: int = 0) -> Ack:
        """An event of the Events API."""
        payload = {
            "type": "event_callback",
            "team_id": TEAM,
            "api_app_id": APP,
            "event_id": event_id or f"Ev{next(self._numbers)}",
            "event_time": int(time.time()),
            "event": event,
            "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True, "is_enterprise_install": False}],
        }
        return await self.deliver("events_api", payload, retry=retry)

    async def mention(self, user: str, channel: str, text: str, *, thread_ts: str | None = None, **also: Any) -> str:
        """A member says ``text`` to the bot in a channel; returns the ts of what they said."""
        words = f"<@{BOT_USER}> {text}".strip()
        said = self._stored(self.channels[channel], {"text": words, "thread_ts": thread_ts}, user=user, bot_id=None)
        event = {"type": "app_mention", "user": user, "text": words, "ts": said["ts"], "channel": channel}
        if thread_ts:
            event["thread_ts"] = thread_ts
        await self.event(event, **also)
        return str(said["ts"])

    async def direct_message(self, user: str, text: str) -> str:
        """A member writes to the bot; returns the direct channel's id."""
        channel = self.channels.get(f"D{user}") or self.add_channel(f"D{user}")
        said = self._stored(channel, {"text": text}, user=user, bot_id=None)
        event = {"type": "message", "channel_type": "im", "user": user, "text": text, "ts": said["ts"]}
        await self.event({**event, "channel": channel.id})
        return channel.id

    async def open_home(self, user: str) -> Ack:
        """A member opens the app's Home tab."""
        if f"D{user}" not in self.channels:
            self.add_channel(f"D{user}")
        return await self.event({"type": "app_home_opened", "user": user, "tab": "home", "channel": f"D{user}"})

    # --- what a benchmark asks -------------------------------------------------------------------------------

    def stats(self) -> Json:
        """Counts; times in seconds since the epoch, delays in milliseconds."""
        return {
            "answers": len(self.responses),
            "rate_limited": self.rate_limited,
            "message_posts": list(self.posts),
            "violations": [str(violation) for violation in self.violations],
            "ack_delays_ms": [delay * 1000 for delay in self.acks],
        }

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response(self.stats())

    async def _fire_commands(self, request: web.Request) -> web.Response:
        """``{"count": 200, "text": "ask …"}``: that many members run /kakehashi at the same moment."""
        asked = await request.json()
        channels = [id_ for id_, channel in self.channels.items() if not channel.direct]
        for number in range(asked["count"]):
            if f"UL{number}" not in self.users:
                self.add_user(f"UL{number}")
        fired = (
            self.command(f"UL{number}", channels[number % len(channels)], "/kakehashi", asked["text"])
            for number in range(asked["count"])
        )
        results = await asyncio.gather(*fired, return_exceptions=True)
        acked = [result.delay * 1000 for result in results if isinstance(result, Ack)]
        return web.json_response({"delays_ms": acked, "unanswered": asked["count"] - len(acked)})


async def _arguments(request: web.Request) -> Json:
    """Arguments of a call; slack_sdk sends structures as JSON within forms."""
    if request.content_type == "application/json":
        found: Json = await request.json()
        return found
    given = {**request.query, **await request.post()}
    return {name: _read(value) for name, value in given.items() if name != "token"}


def _read(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _shown(body: Json) -> Json:
    return {name: body[name] for name in ("text", "blocks", "thread_ts") if body.get(name) is not None}


def _without_metadata(message: Json, asked: Json) -> Json:
    wanted = str(asked.get("include_all_metadata", "")).lower() in ("true", "1")
    return message if wanted else {name: value for name, value in message.items() if name != "metadata"}


def _initial(element: Json) -> Json:
    match element["type"]:
        case "timepicker":
            return {"selected_time": element.get("initial_time")}
        case "plain_text_input":
            return {"value": element.get("initial_value")}
        case _:
            return {"selected_option": element.get("initial_option")}


def _http_body(kind: str, payload: Json) -> tuple[str, str]:
    form = "application/x-www-form-urlencoded"
    if kind == "slash_commands":
        return urlencode(payload), form
    if kind == "interactive":
        return urlencode({"payload": json.dumps(payload)}), form
    return json.dumps(payload), "application/json"


async def _serve(port: int, channels: int) -> None:
    async with FakeSlack(port=port) as slack:
        slack.enforce_rates, slack.keep_requests = True, False
        for number in range(2, channels + 1):
            slack.add_channel(f"C{number}")
        world = {
            "base_url": slack.base_url,
            "bot_token": slack.bot_token,
            "app_token": slack.app_token,
            "channels": list(slack.channels),
        }
        sys.stdout.write(json.dumps(world) + "\n")
        sys.stdout.flush()
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--channels", type=int, default=1)
    given = parser.parse_args()
    asyncio.run(_serve(given.port, given.channels))


if __name__ == "__main__":
    main()
