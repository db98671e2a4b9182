"""HTTP around the routes: bodies, tokens, faults, rate limits, and a record of every request."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import web

from tests.fakes.discord.desk import Call, Handler
from tests.fakes.discord.errors import ApiError, invalid
from tests.fakes.discord.limits import Limits, refusal
from tests.fakes.discord.model import Json

Check = Callable[[str, str, Json], None]
API = "/api/v10"
_WITHOUT_TOKEN = ("/interactions/", "/webhooks/", "/gateway")
_MAJORS = ("channel", "guild", "application", "token")
_INVALID = (401, 403, 429)


@dataclass
class Seen:
    """A request. ``arrived`` is in seconds since the epoch; ``status`` is None until, or unless, it is answered."""

    method: str
    path: str
    """Without the API's base."""
    arrived: float
    payload: Any = None
    status: int | None = None


@dataclass
class Fault:
    """What happens to the next requests to a path; see :meth:`FakeDiscord.fail_next`."""

    method: str
    pattern: str
    status: int | None
    drop: bool
    lost: bool
    delay: float
    retry_after: float
    times: int

    def concerns(self, method: str, path: str) -> bool:
        return self.method == method and fnmatchcase(path, self.pattern)


class Wire:
    """Turns handlers into what aiohttp serves."""

    def __init__(self, valid: Callable[[str], bool], new_id: Callable[[], int]) -> None:
        self.limits = Limits()
        self.enforce_rates = True
        self.requests: list[Seen] = []
        self.checks: list[Check] = []
        self.violations: list[AssertionError] = []
        self.faults: list[Fault] = []
        self.rate_limited = 0
        self.invalid = 0
        self._valid = valid
        self._new_id = new_id

    def serve(self, method: str, path: str, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler of one route for aiohttp."""
        route = f"{method} {path}"

        async def answer(request: web.Request) -> web.StreamResponse:
            at = time.monotonic()
            seen = Seen(method, request.path.removeprefix(API), time.time())
            self.requests.append(seen)
            fault = self._fault(method, seen.path)
            if fault is not None and fault.delay:
                await asyncio.sleep(fault.delay)
            response = await self._answer(request, seen, route, handler, at, fault)
            if fault is not None and (fault.drop or fault.lost) and request.transport is not None:
                request.transport.close()
                return response
            seen.status = response.status
            if response.status in _INVALID:
                self.invalid += 1
                self.limits.count_invalid()
            return response

        return answer

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """Every path that is no route."""
        path = request.path.removeprefix(API)
        self.requests.append(Seen(request.method, path, time.time(), status=404))
        return _json({"message": "404: Not Found", "code": 0}, 404)

    def _fault(self, method: str, path: str) -> Fault | None:
        fault = next((fault for fault in self.faults if fault.concerns(method, path)), None)
        if fault is not None:
            fault.times -= 1
            if not fault.times:
                self.faults.remove(fault)
        return fault

    async def _answer(
        self, request: web.Request, seen: Seen, route: str, handler: Handler, at: float, fault: Fault | None
    ) -> web.Response:
        try:
            seen.payload = await self._body(request)
        except ApiError as error:
            return _json(error.to_json(), error.status)
        if self.limits.banned_for is not None:
            return _shut_out(self.limits.banned_for)
        if fault is not None and fault.lost:
            return web.Response(status=500)
        if fault is not None and fault.status is not None:
            return _failure(fault)
        self._check(seen)
        if not seen.path.startswith(_WITHOUT_TOKEN) and not self._authorised(request):
            return _json(ApiError(0).to_json(), 401)
        headers = {}
        if self.enforce_rates:
            majors = "+".join(request.match_info[name] for name in _MAJORS if name in request.match_info)
            verdict = self.limits.take(route, majors)
            headers = verdict.headers
            if verdict.retry_after is not None:
                self.rate_limited += 1
                body, more = refusal(verdict.retry_after, verdict.scope)
                return _json(body, 429, {**headers, **more})
        call = Call(request.match_info, request.query, seen.payload, at)
        try:
            reply = handler(call)
        except ApiError as error:
            return _json(error.to_json(), error.status, headers)
        if reply is None:
            return web.Response(status=204, headers=headers)
        return _json(reply, 201 if call.created else 200, headers)

    def _authorised(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return scheme == "Bot" and self._valid(token)

    def _check(self, seen: Seen) -> None:
        payloads = seen.payload if isinstance(seen.payload, list) else [seen.payload]
        for check in self.checks:
            for payload in payloads:
                try:
                    if payload:
                        check(seen.method, seen.path, payload)
                except AssertionError as error:
                    self.violations.append(error)

    async def _body(self, request: web.Request) -> Any:
        """The JSON of the body; of a multipart one that of ``payload_json``, with its files as attachments."""
        if not request.body_exists:
            return {}
        try:
            if request.content_type != "multipart/form-data":
                text = await request.text()
                return json.loads(text) if text else {}
            form = await request.post()
            payload = json.loads(str(form.get("payload_json", "{}")))
        except ValueError as error:
            raise ApiError(50109) from error
        files = {int(name[6:-1]): part for name, part in form.items() if name.startswith("files[")}
        holder = payload.get("data") or payload.get("message") or payload
        described = {str(one["id"]): one for one in holder.get("attachments") or ()}
        attached = [one for one in described.values() if int(one["id"]) not in files]
        for number, part in sorted(files.items()):
            if not isinstance(part, web.FileField):
                raise invalid(f"files[{number}]", "Not a file")
            attached.append(self._attachment(part, described.get(str(number), {})))
        holder["attachments"] = attached
        return payload

    def _attachment(self, part: web.FileField, described: Json) -> Json:
        content = part.file.read()
        number, name = str(self._new_id()), described.get("filename", part.filename)
        url = f"https://cdn.discordapp.com/attachments/0/{number}/{name}"
        more = {"description": described["description"]} if described.get("description") else {}
        return {"id": number, "filename": name, "size": len(content), "url": url, "proxy_url": url, **more}


def _shut_out(seconds: float) -> web.Response:
    """The answer of what stands before Discord: no JSON, and nothing in the headers of who it passed."""
    headers = {"Retry-After": str(math.ceil(seconds))}
    return web.Response(status=429, text="error code: 1015", content_type="text/html", headers=headers)


def _failure(fault: Fault) -> web.Response:
    assert fault.status is not None
    if fault.status != 429:
        return _json({"message": f"{fault.status}: injected", "code": 0}, fault.status)
    body, headers = refusal(fault.retry_after, "shared")
    return _json(body, 429, headers)


def _json(document: object, status: int, headers: dict[str, str] | None = None) -> web.Response:
    """An answer in JSON. The type stands alone, without a charset: discord.py compares it so."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)
