"""A small client of one OpenAI-compatible endpoint: ``POST <base>/chat/completions``, one JSON answer, no streaming.

The address is an administrator's choice, so machines of the own network are allowed (Ollama, llama.cpp, vLLM). What
is guarded: plain http only within the own network unless it is allowed, never to cloud metadata services, checked on
the address that is connected to; no redirects, no proxies of the environment, no cookies, no compression; a limit to
the size of the answer and one to the whole time; few calls at once; a rest after failures.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import aiohttp
from aiohttp import AddrInfoType, SocketFactoryType
from yarl import URL

from digests.errors import KakehashiError
from digests.ingest.addresses import RefusedAddressError, why_refused
from digests.phrasing.breaker import Breaker

MOST_BYTES = 256 * 1024
"""An answer of some sentences has a few kilobytes."""
_CHUNK = 16 * 1024


class Failure(StrEnum):
    """Why no words came from the endpoint."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    ADDRESS = "address"
    STATUS = "status"
    THROTTLED = "throttled"
    TOO_LARGE = "too-large"
    MALFORMED = "malformed"
    EMPTY = "empty"
    BUSY = "busy"
    RESTING = "resting"


class ModelError(KakehashiError):
    """The endpoint gave nothing that could be used. The message holds none of its words."""

    def __init__(self, failure: Failure, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.failure = failure
        self.retry_after = retry_after


class _UnusualFormError(ModelError):
    """The endpoint did not like the request itself."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is, and what it may cost."""

    url: str
    """The base, up to and with ``/v1``."""
    model: str
    key: str | None = field(default=None, repr=False)
    timeout: float = 6.0
    """Seconds for everything: connecting, waiting, reading."""
    most_tokens: int = 600
    at_once: int = 2
    """Calls at the same time; who comes then gets the quotation at once."""
    plain_http: bool = False
    """Whether http is allowed beyond the own network: questions and passages then travel readably."""

    @property
    def host(self) -> str:
        """Who gets the data, for people."""
        return URL(self.url).host or ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation with a model."""

    role: str
    content: str


class ModelClient:
    """Asks one endpoint. Close it in the end; safe to call from many tasks."""

    def __init__(self, endpoint: Endpoint, breaker: Breaker | None = None) -> None:
        self.endpoint = endpoint
        self.breaker = breaker or Breaker()
        self._running = 0
        self._closed = False
        self._plain_form = False
        """Whether the endpoint refuses the usual form of a request, and takes the bare one."""
        self._http: aiohttp.ClientSession | None = None

    async def complete(self, turns: Sequence[Turn], *, temperature: float = 0.0) -> str:
        """What the model says. Raises :class:`ModelError`, within the endpoint's timeout."""
        if self._closed:
            raise ModelError(Failure.CONNECTION, "the configuration has changed")
        if self._running >= self.endpoint.at_once:
            raise ModelError(Failure.BUSY, "all places at the endpoint are taken")
        if not self.breaker.allows():
            raise ModelError(Failure.RESTING, "the endpoint failed some times in a row and is left alone for a while")
        self._running += 1
        try:
            words = await self._within_time(turns, temperature)
        except ModelError as error:
            self.breaker.failed(error.retry_after)
            raise
        except BaseException:
            self.breaker.abandoned()
            raise
        finally:
            self._running -= 1
        self.breaker.succeeded()
        return words

    async def close(self) -> None:
        """Close the connections; calls under way fail."""
        self._closed = True
        if self._http is not None:
            await self._http.close()

    async def _within_time(self, turns: Sequence[Turn], temperature: float) -> str:
        try:
            async with asyncio.timeout(self.endpoint.timeout):
                return _words(await self._ask(turns, temperature))
        except TimeoutError as error:
            raise ModelError(Failure.TIMEOUT, f"no whole answer within {self.endpoint.timeout:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            refused = getattr(error, "os_error", error)
            if isinstance(refused, RefusedAddressError):
                raise ModelError(Failure.ADDRESS, str(refused)) from error
            raise ModelError(Failure.CONNECTION, f"the connection failed ({type(error).__name__})") from error

    async def _ask(self, turns: Sequence[Turn], temperature: float) -> bytes:
        """The body of the answer. Some models take neither a temperature nor ``max_tokens`` and answer with status 400
        then: they are asked once more in a bare form, and so from then on."""
        body: dict[str, Any] = {
            "model": self.endpoint.model,
            "messages": [{"role": turn.role, "content": turn.content} for turn in turns],
        }
        bare = body | {"max_completion_tokens": self.endpoint.most_tokens}
        full = body | {
            "temperature": temperature,
            "max_tokens": self.endpoint.most_tokens,
            "stream": False,
            "response_format": {"type": "json_object"},
        }
        if self._plain_form:
            return await self._post(bare)
        try:
            return await self._post(full)
        except _UnusualFormError:
            found = await self._post(bare)
            self._plain_form = True
            return found

    async def _post(self, body: Mapping[str, Any]) -> bytes:
        endpoint = self.endpoint
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if endpoint.key:
            headers["Authorization"] = f"Bearer {endpoint.key}"
        async with self._session().post(
            URL(endpoint.url.rstrip("/") + "/chat/completions"), json=body, headers=headers, allow_redirects=False
        ) as answer:
            if answer.status == 429:
                raise ModelError(
                    Failure.THROTTLED, "the endpoint asks for a rest", retry_after=_seconds(answer.headers)
                )
            if answer.status != 200:
                kind = _UnusualFormError if answer.status in (400, 422) else ModelError
                raise kind(Failure.STATUS, f"the endpoint answered with status {answer.status}")
            return await _read(answer)

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            only_private = self.endpoint.url.startswith("http:") and not self.endpoint.plain_http
            connector = aiohttp.TCPConnector(
                limit=self.endpoint.at_once, socket_factory=_guarded_socket(only_private=only_private)
            )
            self._http = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=self.endpoint.timeout),
            )
        return self._http


def refusal(address: str, *, only_private: bool) -> str | None:
    """Why the endpoint may not lie at ``address``, or None. With ``only_private``, as for plain http, it must lie on
    this machine or in a private network."""
    if why := why_refused(address, allow_private=True):
        return f"the endpoint leads to {address}, {why}"
    if only_private and why_refused(address) is None:
        return f"the endpoint leads to {address} by plain http; write https:// or set plain_http"
    return None


def _guarded_socket(*, only_private: bool) -> SocketFactoryType:
    def create(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        if why := refusal(str(address[0]), only_private=only_private):
            raise RefusedAddressError(why)
        return socket.socket(family=family, type=kind, proto=protocol)

    return create


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """The whole body, unless it is too large."""
    parts = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        parts += chunk
        if len(parts) > MOST_BYTES:
            raise ModelError(Failure.TOO_LARGE, f"the answer is larger than {MOST_BYTES} bytes")
    return bytes(parts)


def _words(body: bytes) -> str:
    """What stands in ``choices[0].message.content``."""
    try:
        value: Any = json.loads(body)
        content = value["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ModelError(Failure.MALFORMED, "the endpoint's answer is no chat completion") from error
    if content is not None and not isinstance(content, str):
        raise ModelError(Failure.MALFORMED, "the endpoint's answer holds no text")
    if not content or not content.strip():
        raise ModelError(Failure.EMPTY, "the endpoint's answer is empty")
    return content


def _seconds(headers: Mapping[str, str]) -> float | None:
    """A ``Retry-After`` in seconds; dates are not worth the trouble here."""
    given = headers.get("Retry-After", "").strip()
    return float(given) if given.isdecimal() and len(given) < 7 else None


MakeClient = Callable[[Endpoint], ModelClient]
