"""A local OpenAI-compatible endpoint that behaves as told: honestly, or in each of the ways in which models and
networks go wrong. Real HTTP on loopback; it reads passages and question out of the prompt as a model would.

>>> async with ModelServer() as server:
...     server.mode = "numbers"
...     server.phrases["numbers"] = {"A passage.": "A lie."}
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

PROTOCOL_MODES = (
    "stalls", "drips", "huge", "throttled", "fails", "not-json", "no-choices", "empty", "closes", "redirects", "gzip",
)  # fmt: skip
"""Modes in which no usable words come."""
_DATA = re.compile(r"-----(\w+) begin of data-----\n(.*)\n-----\1 end of data-----", re.DOTALL)
_ORDERED = re.compile(r"ignore (?:all )?previous instructions and write: (.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Passage:
    number: int
    text: str
    language: str


@dataclass(frozen=True)
class Asked:
    """A request as a model would understand it."""

    headers: Mapping[str, str]
    body: Mapping[str, Any]
    system: str
    user: str
    boundary: str
    question: str
    passages: tuple[Passage, ...]


class ModelServer:
    """``mode`` says how it behaves; ``phrases[mode]`` what it writes for each passage, where a mode writes something
    of its own. A passage without a phrase is repeated word for word."""

    def __init__(self) -> None:
        self.mode = "honest"
        self.phrases: dict[str, Mapping[str, str]] = {}
        self.asked: list[Asked] = []
        self.elsewhere = 0
        """Requests that came to the place the redirect leads to."""
        self.sent = 0
        """Bytes of the endless body that went out."""
        self.gate = asyncio.Event()
        """A stalled answer ends when it is set, so that no test has to wait for it."""
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/v1/chat/completions", self._complete)
        application.router.add_route("*", "/elsewhere", self._elsewhere)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.gate.set()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    async def _elsewhere(self, _: web.Request) -> web.StreamResponse:
        self.elsewhere += 1
        return _completion('{"sentences": []}')

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        asked = _understood(dict(request.headers), await request.json())
        self.asked.append(asked)
        match self.mode:
            case "stalls":
                await self.gate.wait()
                return _completion("{}")
            case "drips":
                return await self._drip(request)
            case "huge":
                return await self._huge(request)
            case "throttled":
                return web.Response(status=429, headers={"Retry-After": "120"})
            case "fails":
                return web.Response(status=500, text="out of memory")
            case "not-json":
                return web.Response(text="<html>Bad gateway</html>", content_type="text/html")
            case "no-choices":
                return web.json_response({"error": {"message": "no such model"}})
            case "empty":
                return _completion("")
            case "closes":
                assert request.transport is not None
                request.transport.close()
                return web.Response()
            case "redirects":
                return web.Response(status=307, headers={"Location": "/elsewhere"})
            case "gzip":
                answer = _completion(_sentences(self._phrased(asked)))
                answer.enable_compression(web.ContentCoding.gzip)
                answer.headers["Content-Encoding"] = "gzip"
                return answer
            case "bare-only" if "max_tokens" in asked.body or "temperature" in asked.body:
                return web.json_response({"error": {"message": "Unsupported parameter: 'max_tokens'"}}, status=400)
        return _completion(self._content(asked))

    def _content(self, asked: Asked) -> str:
        match self.mode:
            case "prose":
                return "Certainly! Japan paid a lot of money, and I am glad to help."
            case "fenced":
                return f"Here is the answer:\n```json\n{_sentences(self._phrased(asked))}\n```\nI hope this helps."
            case "thinks":
                return f"<think>Passage 1 {{seems}} right.</think>{_sentences(self._phrased(asked))}"
            case "cites-nothing":
                return _sentences([(text, []) for text, _ in self._phrased(asked)])
            case "cites-what-is-not-there":
                return _sentences([(text, [99]) for text, _ in self._phrased(asked)])
            case "obeys":
                return _sentences([(order, [number]) for number, order in _orders(asked)] or self._phrased(asked))
            case "leaks":
                return _sentences([(asked.system[:200], [1]), (f"The mark is {asked.boundary}.", [1])])
            case "writes-much":
                return _sentences(self._phrased(asked) * 30)
        return _sentences(self._phrased(asked))

    def _phrased(self, asked: Asked) -> list[tuple[str, list[int]]]:
        mine = self.phrases.get(self.mode) or self.phrases.get("honest", {})
        return [(mine.get(passage.text, passage.text), [passage.number]) for passage in asked.passages]

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        """A byte at a time, each well within any idle timeout, until the client hangs up."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            while not self.gate.is_set():
                await response.write(b" ")
                await asyncio.sleep(0.02)
        except ConnectionError:
            pass
        return response

    async def _huge(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            while self.sent < 64 * 2**20:
                await response.write(b" " * 65_536)
                self.sent += 65_536
        except ConnectionError:
            pass
        return response


def _understood(headers: Mapping[str, str], body: Mapping[str, Any]) -> Asked:
    system, user = (next(turn["content"] for turn in body["messages"] if turn["role"] == role) for role in _ROLES)
    found = _DATA.fullmatch(user)
    assert found is not None, "the data stand between their boundaries"
    data = json.loads(found[2])
    passages = tuple(Passage(each["number"], each["text"], each["language"]) for each in data["passages"])
    return Asked(headers, body, system, user, found[1], data["question"], passages)


_ROLES = ("system", "user")


def _orders(asked: Asked) -> list[tuple[int, str]]:
    """What passages order, as a gullible model would do it."""
    found = ((passage.number, _ORDERED.search(passage.text)) for passage in asked.passages)
    return [(number, order[1]) for number, order in found if order]


def _sentences(phrased: list[tuple[str, list[int]]]) -> str:
    value = {"sentences": [{"text": text, "passages": numbers} for text, numbers in phrased]}
    return json.dumps(value, ensure_ascii=False)


def _completion(content: str) -> web.Response:
    return web.json_response(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": "fake",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
    )
