"""Discord's rate limits (topics/rate-limits): a bucket for each route, one limit for the whole bot, a ban at the end.

The documentation gives numbers for the global limit and for the ban alone, and says that the others are to be read
from the headers. The routes' numbers below are those that bots see.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import md5

Headers = dict[str, str]

GLOBAL_REQUESTS = 50
"""Requests a second and bot, callbacks of interactions apart (global rate limit)."""
INVALID_REQUESTS = 10_000
INVALID_SECONDS = 600.0
"""Answers 401, 403 and 429 (of a shared scope not) before an address is shut out (invalid request limit)."""


@dataclass(frozen=True)
class Limit:
    requests: int
    seconds: float


OTHERWISE = Limit(50, 1.0)
ROUTES: Mapping[str, Limit] = {
    "POST /channels/{channel}/messages": Limit(5, 5.0),
    "PATCH /channels/{channel}/messages/{message}": Limit(5, 5.0),
    "DELETE /channels/{channel}/messages/{message}": Limit(5, 1.0),
    "POST /channels/{channel}/messages/{message}/threads": Limit(50, 300.0),
    "POST /channels/{channel}/threads": Limit(50, 300.0),
    "POST /users/@me/channels": Limit(10, 10.0),
    "POST /webhooks/{application}/{token}": Limit(5, 2.0),
    "PATCH /webhooks/{application}/{token}/messages/{message}": Limit(5, 2.0),
}
UNLIMITED = ("POST /interactions/{interaction}/{token}/callback",)
"""Routes whose answers carry no bucket."""
OUTSIDE_GLOBAL = ("/interactions/", "/webhooks/")
"""Interaction endpoints "are not bound to the bot's Global Rate Limit"."""


@dataclass
class _Window:
    """A span that begins with its first request and ends whole."""

    used: int
    ends: float


@dataclass(frozen=True)
class Verdict:
    """What the limits say about a request: the headers of its answer and, when refused, how long to wait (seconds)."""

    headers: Headers
    retry_after: float | None = None
    scope: str = "user"

    @property
    def is_global(self) -> bool:
        return self.scope == "global"


class Limits:
    """Counts requests. ``routes``, ``global_requests`` and ``invalid_requests`` may be changed."""

    def __init__(self) -> None:
        self.routes: dict[str, Limit] = dict(ROUTES)
        self.global_requests = GLOBAL_REQUESTS
        self.invalid_requests = INVALID_REQUESTS
        self._windows: dict[tuple[str, str], _Window] = {}
        self._whole = _Window(0, 0.0)
        self._invalid: deque[float] = deque()

    def take(self, route: str, majors: str) -> Verdict:
        """Ask for one request. ``majors`` are the top-level resources in its path, such as the channel."""
        now = time.monotonic()
        if not route.split(" ")[1].startswith(OUTSIDE_GLOBAL):
            if now >= self._whole.ends:
                self._whole = _Window(0, now + 1.0)
            if self._whole.used >= self.global_requests:
                return Verdict({}, self._whole.ends - now, "global")
            self._whole.used += 1
        if route in UNLIMITED:
            return Verdict({})
        return self._take_of_route(route, majors, now)

    def _take_of_route(self, route: str, majors: str, now: float) -> Verdict:
        limit = self.routes.get(route, OTHERWISE)
        window = self._windows.get((route, majors))
        if window is None or now >= window.ends:
            window = self._windows[route, majors] = _Window(0, now + limit.seconds)
        refused = window.used >= limit.requests
        if not refused:
            window.used += 1
        wait = window.ends - now
        headers = {
            "X-RateLimit-Limit": str(limit.requests),
            "X-RateLimit-Remaining": str(limit.requests - window.used),
            "X-RateLimit-Reset": f"{_up(time.time() + wait):.3f}",
            "X-RateLimit-Reset-After": f"{_up(wait):.3f}",
            "X-RateLimit-Bucket": md5(route.encode(), usedforsecurity=False).hexdigest(),
        }
        return Verdict(headers, wait if refused else None)

    def count_invalid(self) -> None:
        """An answer that counts towards the ban."""
        self._invalid.append(time.monotonic())

    @property
    def banned_for(self) -> float | None:
        """Seconds for which every request is refused; None when none is."""
        now = time.monotonic()
        while self._invalid and now - self._invalid[0] >= INVALID_SECONDS:
            self._invalid.popleft()
        if len(self._invalid) < self.invalid_requests:
            return None
        return self._invalid[0] + INVALID_SECONDS - now


def refusal(wait: float, scope: str) -> tuple[dict[str, object], Headers]:
    """The body and the headers of an answer 429."""
    body = {"message": "You are being rate limited.", "retry_after": _up(wait), "global": scope == "global"}
    headers = {"Retry-After": str(math.ceil(wait)), "X-RateLimit-Scope": scope, "Via": "1.1 google"}
    if scope == "global":
        headers["X-RateLimit-Global"] = "true"
    return body, headers


def _up(seconds: float) -> float:
    """Rounded up to milliseconds: who waits that long is never early."""
    return math.ceil(seconds * 1_000) / 1_000
