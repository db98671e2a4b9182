"""Guarded HTTP: everything that the bot reads from the network comes through here.

Every hop of a request is checked (scheme, host, the address really connected to), bounded (time, size after
decompression, number of redirects) and polite (few requests at once per host). Redirects are followed here, one by
one, rather than by the HTTP library, which would not check them. Environment proxies are not used: behind a proxy
nobody knows which address is connected to.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urljoin

import aiohttp
import can_ada
from aiohttp.abc import AbstractResolver
from yarl import URL

from digests.errors import FetchError, UnsafeAddress
from digests.ingest.addresses import GuardedResolver, RefusedAddressError, check_url, guarded_socket
from digests.ingest.politeness import HostGate
from digests.ingest.unpack import ACCEPTED, Unpacker

FEED_LIMIT = 10 * 1024 * 1024
"""Bytes of a document, after decompression."""
LONGEST_RETRY_AFTER = 24 * 3600.0
FEED_TYPES = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_PERMANENT = frozenset((301, 308))
_LONGEST_VALIDATOR = 500


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one request, and all of them together, may take. Times in seconds."""

    total: float = 60.0
    """For the whole request with all redirects and the body; waiting for a turn does not count."""
    connect: float = 10.0
    read: float = 20.0
    """Between two pieces of an answer."""
    queue: float = 600.0
    """For a turn on a host."""
    redirects: int = 5
    overall: int = 16
    per_host: int = 2
    spacing: float = 1.0
    """Between the starts of two requests to one host."""


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """What to fetch. ``etag`` and ``last_modified`` are those of the last answer: they make the request conditional."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    allow_private: bool = False
    max_bytes: int = FEED_LIMIT
    accept: str = FEED_TYPES


@dataclass(frozen=True, slots=True)
class FetchResult:
    """An answer. ``content_type`` is the whole header, ``charset`` what it says about encoding.

    With ``not_modified`` the body is empty and the validators are those to send next time.
    """

    status: int
    body: bytes
    etag: str | None
    last_modified: str | None
    content_type: str | None
    charset: str | None
    final_url: str
    not_modified: bool = False
    hops: tuple[str, ...] = ()
    """The addresses that redirected, in order."""
    moved_to: str | None = None
    """Where the document has moved for good: the last of the permanent redirects that the request began with."""
    downgraded: bool = False
    """Whether a redirect led from https to http."""


@dataclass(frozen=True, slots=True)
class _Redirect:
    status: int
    location: str


@dataclass(slots=True)
class _Trail:
    """The way of one request so far."""

    hops: list[str] = field(default_factory=list)
    moved_to: str | None = None
    all_permanent: bool = True
    downgraded: bool = False
    seconds_left: float = 0.0

    def follow(self, here: str, redirect: _Redirect, there: str) -> None:
        self.hops.append(here)
        self.all_permanent = self.all_permanent and redirect.status in _PERMANENT
        if self.all_permanent:
            self.moved_to = there
        self.downgraded = self.downgraded or (here.startswith("https:") and there.startswith("http:"))


class Fetcher:
    """Fetches documents; one per process. Close it when done (or use it as an async context manager)."""

    def __init__(
        self,
        *,
        limits: FetchLimits | None = None,
        resolver: AbstractResolver | None = None,
        user_agent: str | None = None,
    ) -> None:
        self._limits = limits or FetchLimits()
        self._resolver = resolver
        self._user_agent = user_agent or default_user_agent()
        self._gate = HostGate(
            overall=self._limits.overall,
            per_host=self._limits.per_host,
            spacing=self._limits.spacing,
            patience=self._limits.queue,
        )
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    @property
    def limits(self) -> FetchLimits:
        """What requests may take."""
        return self._limits

    async def __aenter__(self) -> Fetcher:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    async def fetch(self, request: FetchRequest) -> FetchResult:
        """The document that ``request`` names.

        Raises :class:`UnsafeAddress` when a hop leads where nothing may be fetched, and :class:`FetchError` for
        everything else that goes wrong, with the HTTP status and the server's Retry-After where there are any.
        """
        trail = _Trail(seconds_left=self._limits.total)
        url = request.url
        while True:
            target = _checked(url, request, trail)
            answer = await self._take_turn(target, request, trail)
            if isinstance(answer, FetchResult):
                return replace(answer, hops=tuple(trail.hops), moved_to=trail.moved_to, downgraded=trail.downgraded)
            url = self._next_url(target.href, answer, trail)

    def _next_url(self, here: str, redirect: _Redirect, trail: _Trail) -> str:
        try:
            there = urljoin(here, redirect.location).partition("#")[0]
        except ValueError as error:
            raise FetchError("it redirects to something that is no web address", status=redirect.status) from error
        trail.follow(here, redirect, there)
        if there in trail.hops:
            raise FetchError("the redirects lead in a circle", status=redirect.status)
        if len(trail.hops) > self._limits.redirects:
            raise FetchError(f"there are more than {self._limits.redirects} redirects", status=redirect.status)
        return there

    async def _take_turn(self, target: can_ada.URL, request: FetchRequest, trail: _Trail) -> FetchResult | _Redirect:
        """One hop, in its turn on the host and within the time that is left."""
        loop = asyncio.get_running_loop()
        async with self._gate.turn(target.host):
            started = loop.time()
            try:
                async with asyncio.timeout(max(trail.seconds_left, 0.0)):
                    return await self._hop(target, request)
            except TimeoutError as error:
                raise FetchError(f"{target.host} took too long to answer") from error
            except aiohttp.ClientError as error:
                raise _in_plain_words(error, target.host) from error
            finally:
                trail.seconds_left -= loop.time() - started

    async def _hop(self, target: can_ada.URL, request: FetchRequest) -> FetchResult | _Redirect:
        session = self._session(request.allow_private)
        async with session.get(
            URL(target.href, encoded=True), headers=_headers(request), allow_redirects=False
        ) as response:
            if response.status in _REDIRECTS and "Location" in response.headers:
                return _Redirect(response.status, response.headers["Location"][:4_096])
            if response.status == 304 and (request.etag or request.last_modified):
                return _result(response, b"", request)
            if response.status != 200:
                raise _refusal(response)
            return _result(response, await _body(response, request.max_bytes), request)

    def _session(self, allow_private: bool) -> aiohttp.ClientSession:
        """One pool of connections for each rule, so that none is reused under the other."""
        if allow_private not in self._sessions:
            connector = aiohttp.TCPConnector(
                resolver=GuardedResolver(self._resolver, allow_private=allow_private),
                socket_factory=guarded_socket(allow_private=allow_private),
                use_dns_cache=False,
                limit=0,
            )
            self._sessions[allow_private] = aiohttp.ClientSession(
                connector=connector,
                connector_owner=True,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=self._limits.connect, sock_read=self._limits.read
                ),
                headers={"User-Agent": self._user_agent, "Accept-Encoding": ACCEPTED},
            )
        return self._sessions[allow_private]


def default_user_agent(contact: str | None = None) -> str:
    """How the bot names itself to servers; ``contact`` is a page or address of whoever runs it."""
    try:
        number = version("kakehashi")
    except PackageNotFoundError:
        number = "0"
    about = "; ".join(("self-hosted news digest", "feed reader", *((contact,) if contact else ())))
    return f"Kakehashi/{number} ({about})"


def retry_after(header: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for (RFC 9110, 10.2.3: a number or a date), at most a day."""
    if header is None:
        return None
    header = header.strip()
    if header.isascii() and header.isdigit():
        return min(float(header[:12]), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, TypeError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


def _checked(url: str, request: FetchRequest, trail: _Trail) -> can_ada.URL:
    try:
        target = check_url(url, allow_private=request.allow_private)
    except UnsafeAddress as error:
        if not trail.hops:
            raise
        raise UnsafeAddress(f"redirected to a place that is not allowed: {error}") from error
    if (URL(target.href, encoded=True).raw_host or "").strip("[]") != target.hostname.strip("[]"):
        raise UnsafeAddress(f"{url[:80]!r} names its host ambiguously")
    return target


def _headers(request: FetchRequest) -> dict[str, str]:
    headers = {"Accept": request.accept}
    if request.etag:
        headers["If-None-Match"] = request.etag
    if request.last_modified:
        headers["If-Modified-Since"] = request.last_modified
    return headers


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    unpacker = Unpacker(response.headers.get("Content-Encoding", ""), limit)
    if (response.content_length or 0) > limit:
        raise FetchError(f"the document is larger than {limit / 1048576:g} MiB; it was not read")
    async for chunk in response.content.iter_any():
        for _ in unpacker.take(chunk):
            await asyncio.sleep(0)
    return unpacker.finish()


def _result(response: aiohttp.ClientResponse, body: bytes, request: FetchRequest) -> FetchResult:
    unchanged = response.status == 304
    return FetchResult(
        status=response.status,
        body=body,
        etag=_validator(response, "ETag") or (request.etag if unchanged else None),
        last_modified=_validator(response, "Last-Modified") or (request.last_modified if unchanged else None),
        content_type=response.headers.get("Content-Type"),
        charset=response.charset.lower() if response.charset else None,
        final_url=str(response.url),
        not_modified=unchanged,
    )


def _validator(response: aiohttp.ClientResponse, name: str) -> str | None:
    value = response.headers.get(name, "").strip()
    return value if value and len(value) <= _LONGEST_VALIDATOR and value.isprintable() else None


def _refusal(response: aiohttp.ClientResponse) -> FetchError:
    """What an answer other than 200 means."""
    status = response.status
    meaning = {
        401: "the server wants a password",
        403: "the server refuses this client",
        404: "there is no such document",
        410: "the document has been removed for good",
        429: "the server asks for fewer requests",
        304: "the server says unchanged without having been asked",
    }.get(status, "the server has a fault" if status >= 500 else "the server gave an unexpected answer")
    wait = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    return FetchError(f"{meaning} (HTTP {status})", status=status, retry_after=wait)


def _in_plain_words(error: aiohttp.ClientError, host: str) -> FetchError:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return FetchError(f"the certificate of {host} is not valid ({error.certificate_error})")
    if isinstance(error, aiohttp.ClientConnectorError):
        if isinstance(error.os_error, RefusedAddressError):
            return UnsafeAddress(str(error.os_error))
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return FetchError(f"the name {host} cannot be resolved")
        if isinstance(error, aiohttp.ClientConnectorSSLError):
            return FetchError(f"no secure connection to {host}: {error.os_error}")
        return FetchError(f"no connection to {host}: {error.os_error.strerror or error.os_error}")
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError | aiohttp.ClientPayloadError):
        return FetchError(f"{host} broke the connection off before the end")
    return FetchError(f"{host} gave an answer that is not understood ({type(error).__name__})")
