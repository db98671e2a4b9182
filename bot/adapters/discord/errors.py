"""What Discord's refusals and broken connections mean for a message, and what to do about them.

Sources: Discord's documentation, "Opcodes and Status Codes" (JSON error codes, HTTP response codes, gateway close
codes) and "Rate Limits".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import aiohttp
import discord

from bot.adapters.base import PermanentSendError, SendError, TransientSendError, UncertainSendError

DEFAULT_RETRY_AFTER = 30.0
"""Seconds, where Discord says "too many" without saying for how long."""

TOKEN = (
    "copy the bot's token anew from the Developer Portal (Bot, Reset Token) to the variable "  # noqa: S105 - no secret
    "DISCORD_TOKEN and restart"
)
_ROLE = "in the server's settings (Roles), or in the channel's (Permissions)"
_CHANNEL = "correct the channel's id in bot.yaml"
_OURS = "report this, it is a fault of the bot"

CURES: Mapping[int, str] = {
    10003: f"Discord knows no such channel, it may have been deleted: {_CHANNEL}",
    10004: "Discord knows no such server, or the bot was removed from it: invite it again (kakehashi invite discord)",
    10008: "the message is no longer there",
    10013: "Discord knows no such user: correct the user's id, or end the subscription",
    20028: "the channel takes too many messages: choose another one, or fewer editions",
    30033: "the thread has its greatest number of members: choose another channel",
    40005: "the pictures are larger than Discord takes there: make them smaller",
    40067: "the forum wants a tag on every post: give one of its tags the name of the digest or of a section, or no "
    "longer require tags in the forum's settings",
    50001: f"the bot may not see the channel: give it View Channel {_ROLE}, or invite it (kakehashi invite discord)",
    50007: "the user takes no direct messages from this bot: they have to share a server with it and allow messages "
    "from its members, or end the subscription",
    50008: f"nothing can be posted to this kind of channel: {_CHANNEL}",
    50013: f"the bot lacks a permission there: give it Send Messages, Embed Links, Attach Files, Read Message History, "
    f"Create Public Threads and Send Messages in Threads {_ROLE}",
    50024: f"nothing can be posted to this kind of channel: {_CHANNEL}",
    50035: f"Discord does not take the message's layout; {_OURS}",
    50083: "the thread is archived and locked: unlock it, or name another channel in bot.yaml",
    50109: f"Discord cannot read the message; {_OURS}",
    50278: "the user shares no server with the bot: they have to join one, or end the subscription",
    160002: "give the bot Read Message History there",
    160005: "the thread is locked: unlock it, or name another channel in bot.yaml",
    160006: "the server has its greatest number of active threads: archive some of them",
    160007: "the channel has its greatest number of active announcement threads: archive some of them",
    200000: "the server's AutoMod blocks the message: exempt the bot's role in the server's settings (Safety Setup)",
    200001: "the server's AutoMod blocks the title: exempt the bot's role in the server's settings (Safety Setup)",
    240000: "Discord takes one of the links for harmful: look which, and block its source",
}
"""What to do about each of Discord's JSON error codes."""

THREAD_EXISTS = 160004
ARCHIVED = 50083
TAG_REQUIRED = 40067
LOCKED = 160005
NO_THREAD = frozenset({10008, 50013, 50024, 160006, 160007})
"""Codes of a refused thread with which the channel itself still takes messages."""
UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008

CLOSINGS: Mapping[int, str] = {
    4004: f"Discord does not know the token: {TOKEN}",
    4010: "the number of shards is wrong: leave platforms.discord.shards out of bot.yaml",
    4011: "the bot is in too many servers for its connections: leave platforms.discord.shards out of bot.yaml",
    4012: "Discord has given up this version of its gateway: update the bot",
    4013: f"Discord does not know one of the intents; {_OURS}",
    4014: f"Discord does not allow one of the intents; {_OURS}",
}
"""What to do when the gateway closes the connection for good."""

_CLOSED = "Session is closed"
"""What aiohttp says to a request that is made after its session was closed."""
TROUBLES = (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError)
"""What a call to Discord can raise."""


@contextmanager
def told_plainly(*, posting: bool = False, repeatable: bool = True) -> Iterator[None]:
    """Within: what goes wrong with Discord is raised as one of :class:`SendError`'s children.

    ``posting``: a message is being posted, so it matters whether Discord took it before the trouble. ``repeatable``:
    the request has a nonce, so that asking again after Discord's own fault makes no second message.
    """
    try:
        yield
    except SendError:
        raise
    except TROUBLES as error:
        raise send_error(error, posting=posting, repeatable=repeatable) from error
    except RuntimeError as error:
        if str(error) != _CLOSED:
            raise
        raise TransientSendError("the connection to Discord is being made anew") from error


def send_error(error: BaseException, *, posting: bool = True, repeatable: bool = True) -> SendError:
    """What ``error`` means for a message: nothing was sent, nobody knows, or it cannot work. Pure."""
    match error:
        case discord.RateLimited():
            return TransientSendError("Discord asks to wait", retry_after=error.retry_after)
        case discord.LoginFailure():
            return PermanentSendError(f"401: Discord does not know the token: {TOKEN}")
        case discord.HTTPException():
            return _refused(error, unknown=posting and not repeatable)
        case discord.ConnectionClosed() if error.code in CLOSINGS:
            return PermanentSendError(f"{error.code}: {CLOSINGS[error.code]}")
        case discord.PrivilegedIntentsRequired():
            return PermanentSendError(f"4014: {CLOSINGS[4014]}")
        case discord.GatewayNotFound() | discord.ConnectionClosed():
            return TransientSendError(f"Discord's gateway is away: {_words(error)}")
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError() | ConnectionRefusedError():
            return TransientSendError(f"Discord cannot be reached: {_words(error)}")
        case aiohttp.ClientError() | OSError() if posting:
            return UncertainSendError(f"the connection to Discord broke before its answer: {_words(error)}")
        case aiohttp.ClientError() | OSError():
            return TransientSendError(f"the connection to Discord broke: {_words(error)}")
        case _:
            return PermanentSendError(f"the request could not be made: {_words(error)}")


def code_of(error: BaseException | None) -> int:
    """Discord's JSON error code; 0 when there is none."""
    return error.code if isinstance(error, discord.HTTPException) else 0


def _refused(error: discord.HTTPException, *, unknown: bool) -> SendError:
    if error.status == 429:
        return TransientSendError("Discord asks to wait (429)", retry_after=_retry_after(error))
    if error.status >= 500:
        words = f"Discord fails ({error.status})"
        return UncertainSendError(words) if unknown else TransientSendError(words)
    if error.status == 401:
        return PermanentSendError(f"401: Discord does not know the token, it may have been revoked: {TOKEN}")
    cure = CURES.get(error.code, "see Discord's documentation, Opcodes and Status Codes, JSON Error Codes")
    detail = f" ({_words(error)})" if error.code == 50035 or error.code not in CURES else ""
    return PermanentSendError(f"{error.code or error.status}: {cure}{detail}")


def _retry_after(error: discord.HTTPException) -> float:
    # discord.py waits for rate limits by itself; a 429 that it raises comes from Cloudflare, which answers in HTML.
    headers: Mapping[str, str] = getattr(error.response, "headers", None) or {}
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:
        return DEFAULT_RETRY_AFTER


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    words = str(error)
    return " ".join(words.split())[:300] if words else type(error).__name__
