"""Looking for a delivery that may have been posted: Slack knows no idempotency, but keeps a message's metadata.

Source: docs.slack.dev, "Message metadata", conversations.history and conversations.replies.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.base import Found, PermanentSendError, Sent
from bot.adapters.slack.errors import cause_code, told_plainly

EVENT = "kakehashi_delivery"
_PAGE = 200
_MOST_PAGES = 10
_THREADS_SINCE = timedelta(days=1)
"""How much older than its answer a digest's first part may be."""
_CANNOT_TELL = frozenset({"missing_scope", "not_in_channel", "channel_not_found", "no_permission", "access_denied"})
"""A bot may post to a public channel that it has not joined, but not read there."""

Entry = dict[str, Any]


def metadata(key: str) -> dict[str, Any]:
    """What a message carries so that it can be found again."""
    return {"event_type": EVENT, "event_payload": {"key": key}}


async def find(client: AsyncWebClient, channel: str, *, key: str, since: datetime) -> Found:
    """Look for ``key`` in the channel since ``since`` and in the threads of our own messages there.

    ``known`` is False where the bot may not read, or where there is more than it reads. Raises :class:`SendError`'s
    children when Slack does not answer.
    """
    try:
        with told_plainly():
            return await _searched(client, channel, key, since)
    except PermanentSendError as error:
        if cause_code(error) in _CANNOT_TELL:
            return Found(known=False)
        raise


async def _searched(client: AsyncWebClient, channel: str, key: str, since: datetime) -> Found:
    threads: list[str] = []
    complete = True
    async for entry in _history(client, channel, since - _THREADS_SINCE):
        if entry is None:
            complete = False
        elif _is(entry, key):
            return Found(known=True, sent=sent(entry["ts"], channel))
        elif _ours(entry) and float(entry.get("latest_reply") or 0) >= since.timestamp():
            threads.append(entry["ts"])
    for thread in threads:
        async for entry in _replies(client, channel, thread, since):
            if entry is None:
                complete = False
            elif _is(entry, key):
                return Found(known=True, sent=sent(entry["ts"], channel))
    return Found(known=complete)


async def _history(client: AsyncWebClient, channel: str, since: datetime) -> AsyncIterator[Entry | None]:
    """Messages, newest first; None in the place of those that are too many to read."""
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        answer: Any = await client.conversations_history(
            channel=channel, oldest=_ts(since), limit=_PAGE, cursor=cursor, include_all_metadata=True
        )
        for entry in answer.get("messages") or ():
            yield entry
        cursor = _next(answer)
        if not cursor:
            return
    yield None


async def _replies(client: AsyncWebClient, channel: str, thread: str, since: datetime) -> AsyncIterator[Entry | None]:
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        answer: Any = await client.conversations_replies(
            channel=channel, ts=thread, oldest=_ts(since), limit=_PAGE, cursor=cursor, include_all_metadata=True
        )
        for entry in answer.get("messages") or ():
            yield entry
        cursor = _next(answer)
        if not cursor:
            return
    yield None


def _ts(moment: datetime) -> str:
    return f"{moment.timestamp():.6f}"


def _next(answer: Any) -> str | None:
    return (answer.get("response_metadata") or {}).get("next_cursor") or None


def _ours(entry: Entry) -> bool:
    return (entry.get("metadata") or {}).get("event_type") == EVENT


def _is(entry: Entry, key: str) -> bool:
    return _ours(entry) and (entry["metadata"].get("event_payload") or {}).get("key") == key


def sent(ts: str, channel: str) -> Sent:
    """What was posted. A ts is seconds since 1970 with six decimals, unique in its channel."""
    return Sent((ts, channel), datetime.fromtimestamp(float(ts), UTC))
