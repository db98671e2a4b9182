"""The local chat's HTTP interface: one page, a small JSON API and a stream of live events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web

from bot.adapters.web import strings
from bot.adapters.web.guard import add_headers, guard
from bot.adapters.web.hub import LiveEvent
from bot.commands import paging
from bot.commands.base import Command, CommandHost, Completion, Member, Press
from bot.commands.sharing import as_shared
from bot.files import EXTENSIONS, safe_name
from bot.i18n import LANGUAGE_NAMES, supported, translator
from bot.message import Message, Paragraph, from_json, text
from bot.operations.http import routes
from bot.zones import zones

if TYPE_CHECKING:
    from bot.adapters.web.adapter import WebAdapter
    from digests.archive.local_messages import LocalMessage

log = structlog.get_logger()

USER = "local"
"""The one member of the local chat; whoever may open the page is its admin."""
LONGEST_LINE = 2_000
"""Characters in one typed line."""
PICTURE = "image/png"
"""What is shown in the page; everything else is saved."""
_PAGE = 40
_RENAMED_ZONES = {
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "Asia/Saigon": "Asia/Ho_Chi_Minh",
    "Atlantic/Faeroe": "Atlantic/Faroe",
    "Europe/Kiev": "Europe/Kyiv",
}
"""Browsers report the names that CLDR keeps stable; members should read today's."""
_KEEP_ALIVE = 15.0
_MOST_BODY = 16 * 1024
_LARGEST_ID = 2**63 - 1


def build_app(adapter: WebAdapter, host: CommandHost) -> web.Application:
    operations = adapter.operations
    token = operations.token if operations else None
    app = web.Application(middlewares=[guard(adapter.options, token)], client_max_size=_MOST_BODY)
    app.on_response_prepare.append(add_headers)
    api = _Api(adapter, host)
    app.add_routes(
        [
            web.get("/", _static("index.html", "text/html")),
            web.get("/app.js", _static("app.js", "text/javascript")),
            web.get("/app.css", _static("app.css", "text/css")),
            web.get("/icon.svg", _static("icon.svg", "image/svg+xml")),
            *(routes(operations) if operations else ()),
            web.get("/media/{key:[0-9a-f]{1,80}}", api.media),
            web.get("/media/{key:[0-9a-f]{1,80}}/{name:[A-Za-z0-9._-]{1,80}}", api.media),
            web.get("/api/state", api.state),
            web.get("/api/messages", api.messages),
            web.post("/api/say", api.say),
            web.post("/api/press", api.press),
            web.post("/api/share", api.share),
            web.get("/api/complete", api.complete),
            web.get("/api/events", api.events),
        ]
    )
    return app


def _static(name: str, content_type: str) -> Any:
    body = files("bot.adapters.web").joinpath("static", name).read_bytes()

    async def serve(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type, charset="utf-8")

    return serve


class _Api:
    def __init__(self, adapter: WebAdapter, host: CommandHost) -> None:
        self._adapter = adapter
        self._host = host

    async def state(self, request: web.Request) -> web.Response:
        """Everything that the page shows around the messages, in its language."""
        language = supported(request.query.get("language") or _accepted(request))
        channels = [*self._adapter.channels, f"@{USER}"]
        return web.json_response(
            {
                "user": USER,
                "language": language,
                "languages": LANGUAGE_NAMES,
                "channels": channels,
                "newest": {name: await self._newest(name) for name in channels},
                "commands": [_describe(command, language) for command in self._host.commands],
                "strings": strings.strings(translator(language)),
                "notices": self._host.notices(language),
            }
        )

    async def _newest(self, channel: str) -> int:
        """The id of a channel's newest message: by it the page sees what it missed. 0 when there is none."""
        rows = await self._adapter.page(channel, USER, None, 1)
        return rows[-1].id if rows else 0

    async def messages(self, request: web.Request) -> web.Response:
        """A page of a channel's messages, oldest first; ``before`` is a message id."""
        before = _number(request.query.get("before"))
        channel = self._channel(request.query)
        rows = await self._adapter.page(channel, USER, before, _PAGE)
        return web.json_response({"messages": [_card(row) for row in rows], "more": len(rows) == _PAGE})

    async def say(self, request: web.Request) -> web.Response:
        """A typed line: shown as the member's own words, then answered."""
        body = await _body(request)
        line = body.get("line")
        if not isinstance(line, str) or not line.strip() or len(line) > LONGEST_LINE:
            raise web.HTTPBadRequest(text=f"A line has 1 to {LONGEST_LINE} characters.\n")
        member = self._member(body)
        said = Message((Paragraph(text(line.strip())),), summary=line.strip(), language=member.language)
        await self._adapter.post(member.channel, said, author=USER, private_to=USER)
        answer = await self._host.invoke_text(line, member)
        shown = await self._adapter.show(member.channel, answer, private_to=USER if answer.private else None)
        return web.json_response({"message": shown})

    async def media(self, request: web.Request) -> web.Response:
        """A picture of a message, to be shown; or a file, to be saved: never one that a browser would open."""
        found = await self._adapter.kept(request.match_info["key"])
        if found is None:
            raise web.HTTPNotFound(text="There is no such picture or file; they are kept for a time only.\n")
        # The key is the hash of type and bytes: it never means anything else.
        headers = {"Cache-Control": "private, max-age=31536000, immutable"}
        if found.content_type == PICTURE:
            return web.Response(body=found.content, content_type=PICTURE, headers=headers)
        name = safe_name(request.match_info.get("name", found.key), found.content_type)
        headers["Content-Disposition"] = f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
        kind = found.content_type if found.content_type in EXTENSIONS else "application/octet-stream"
        return web.Response(body=found.content, content_type=kind, charset="utf-8", headers=headers)

    async def press(self, request: web.Request) -> web.Response:
        """A pressed button. A page takes the place of the one it stands on; anything else comes as a new message."""
        body = await _body(request)
        row = await self._visible(body)
        action = body.get("action")
        if not isinstance(action, str) or not 0 < len(action) <= 100:
            raise web.HTTPBadRequest(text="That is no button.\n")
        member = self._member({**body, "channel": row.channel})
        answer = await self._host.press(Press(action, member))
        if answer.kind == "error" or row.private_to is None or not action.startswith(f"{paging.VIEW}:"):
            return web.json_response({"message": await self._adapter.show(row.channel, answer, private_to=USER)})
        replaced = await self._adapter.replace(row.id, answer)
        return web.json_response({"message": _card(replaced) if replaced else None})

    async def share(self, request: web.Request) -> web.Response:
        """Put a private reply into its channel for everybody to see."""
        row = await self._visible(await _body(request))
        message = from_json(row.message)
        if not message.shareable or row.private_to is None:
            raise web.HTTPConflict(text="That message cannot be shared.\n")
        return web.json_response({"message": await self._adapter.show(row.channel, as_shared(message))})

    async def complete(self, request: web.Request) -> web.Response:
        """Suggestions for a half-typed option."""
        query = request.query
        completion = Completion(
            command=query.get("command", ""),
            option=query.get("option", ""),
            value=query.get("value", "")[:100],
            member=self._member(query),
            subcommand=query.get("subcommand") or None,
        )
        choices = await self._host.complete(completion)
        return web.json_response({"choices": [{"name": choice.name, "value": choice.value} for choice in choices]})

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Live messages as server-sent events; ends when the bot stops or the page falls behind."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        with self._adapter.hub.page(USER) as queue:
            await response.prepare(request)
            try:
                await self._stream(response, queue)
            except ConnectionResetError:
                log.debug("web.page-closed")  # by the member, which is how most streams end
        return response

    async def _stream(self, response: web.StreamResponse, queue: asyncio.Queue[LiveEvent | None]) -> None:
        """Write until the page is told to go. Raises ConnectionResetError when it has gone by itself."""
        await response.write(b"retry: 1000\nevent: hello\ndata: {}\n\n")
        while True:
            try:
                async with asyncio.timeout(_KEEP_ALIVE):
                    event = await queue.get()
            except TimeoutError:
                await response.write(b": still here\n\n")
                continue
            if event is None:
                return
            await response.write(event.as_sent)

    def _channel(self, source: Mapping[str, Any]) -> str:
        channel = source.get("channel")
        if channel not in (*self._adapter.channels, f"@{USER}"):
            raise web.HTTPNotFound(text="There is no such channel.\n")
        return str(channel)

    def _member(self, source: Mapping[str, Any]) -> Member:
        zone = str(source.get("zone"))
        return Member(
            platform=self._adapter.name,
            workspace="local",
            channel=self._channel(source),
            user=USER,
            admin=True,
            settled=True,
            language=supported(str(source.get("language") or "en")),
            zone=_RENAMED_ZONES.get(zone, zone) if zone in zones() else ZoneInfo("UTC").key,
        )

    async def _visible(self, body: Mapping[str, Any]) -> LocalMessage:
        number = body.get("message")
        row = None
        if isinstance(number, int) and not isinstance(number, bool) and 0 < number <= _LARGEST_ID:
            row = await self._adapter.message(number)
        if row is None or row.private_to not in (None, USER):
            raise web.HTTPNotFound(text="There is no such message.\n")
        return row


def _card(row: LocalMessage) -> dict[str, Any]:
    from bot.adapters.web.adapter import card

    return card(row)


def _describe(command: Command, language: str) -> dict[str, Any]:
    t = translator(language)
    return {
        "name": command.name,
        "description": t(command.description),
        "example": command.example,
        "admin": command.permission == "admin",
        "options": [
            {
                "name": option.name,
                "description": t(option.description),
                "type": option.type.value,
                "required": option.required,
                "rest": option.rest,
                "completes": bool(option.choices) or option.type.value not in ("text", "integer", "date"),
            }
            for option in command.options
        ],
        "subcommands": [_describe(sub, language) for sub in command.subcommands],
    }


def _accepted(request: web.Request) -> str:
    """The first language of the browser's list that we speak."""
    for part in request.headers.get("Accept-Language", "").split(","):
        code = part.split(";")[0].strip().split("-")[0].lower()
        if code in LANGUAGE_NAMES:
            return code
    return "en"


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isdecimal() and len(value) < 16 else None


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except (ValueError, RecursionError) as error:  # RecursionError: nested too deep
        raise web.HTTPBadRequest(text="That is not JSON.\n") from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="Send a JSON object.\n")
    return body
