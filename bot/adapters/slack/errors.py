"""What Slack's refusals and broken connections mean for a message, and what to do about them.

Sources: the lists of errors of chat.postMessage, conversations.info and auth.test (docs.slack.dev, "Methods") and
"Rate limits".
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError, SlackClientNotConnectedError

from bot.adapters.base import PermanentSendError, SendError, TransientSendError, UncertainSendError

DEFAULT_RETRY_AFTER = 30.0
"""Seconds, where Slack says "too many" without saying for how long."""

_INVITE = "invite the bot there (/invite @its-name), or correct the channel's id in bot.yaml"
_TOKEN = "copy the bot's token anew from OAuth & Permissions to SLACK_BOT_TOKEN and restart"  # noqa: S105 - no secret
_TOO_LARGE = "the message is larger than Slack takes; report this, it should have been split"

CURES: Mapping[str, str] = {
    "channel_not_found": f"Slack knows no such channel, or the bot may not see it: {_INVITE}",
    "not_in_channel": f"the bot is not in the channel: {_INVITE}",
    "is_archived": "the channel is archived: unarchive it, or name another channel in bot.yaml",
    "user_not_found": "Slack knows no such member: correct the member's id, or end the subscription",
    "users_not_found": "Slack knows no such member: correct the member's id, or end the subscription",
    "user_disabled": "the member's account is deactivated: end the subscription",
    "cannot_dm_bot": "a bot takes no direct messages: name a member in its place",
    "restricted_action": "the workspace does not let this bot post there: ask its admins, or choose another channel",
    "restricted_action_read_only_channel": "the channel is read-only: let the bot post, or choose another channel",
    "restricted_action_thread_only_channel": "the channel takes answers in threads only: choose another channel",
    "restricted_action_non_threadable_channel": "the channel has no threads: choose another channel",
    "ekm_access_denied": "the workspace's admins have suspended posting by key management: ask them",
    "team_access_not_granted": "the app has no access to this workspace: install it there",
    "access_denied": "the workspace does not let this app do that: ask its admins",
    "not_allowed_token_type": f"this is not a bot's token (xoxb-…): {_TOKEN}",
    "not_authed": f"no token was sent: {_TOKEN}",
    "invalid_auth": f"Slack does not know the token: {_TOKEN}",
    "token_revoked": f"the token was revoked: reinstall the app, then {_TOKEN}",
    "token_expired": f"the token has run out: {_TOKEN}",
    "account_inactive": f"the app was removed or its account deactivated: reinstall the app, then {_TOKEN}",
    "app_missing_action_url": "the app has no address for buttons: turn on Interactivity in its settings",
    "two_factor_setup_required": "the workspace asks for two-factor authentication first: set it up",
    "org_login_required": "the workspace is moving to an enterprise organisation: wait, then restart",
    "msg_too_long": _TOO_LARGE,
    "msg_blocks_too_long": _TOO_LARGE,
    "too_many_attachments": _TOO_LARGE,
    "invalid_blocks": "Slack does not take the message's layout; report this, it is a fault of the bot",
    "invalid_blocks_format": "Slack does not take the message's layout; report this, it is a fault of the bot",
    "no_text": "the message is empty; report this, it is a fault of the bot",
    "metadata_too_large": "the message's metadata is too large; report this, it is a fault of the bot",
    "metadata_must_be_sent_from_app": "the token is no app's token: create the app from its manifest and use its token",
    "message_not_found": "the message is no longer there",
    "cant_update_message": "the message was not written by this bot",
    "edit_window_closed": "the workspace does not let messages of this age be edited",
    "thread_not_found": "the thread's first message is no longer there",
    "cannot_reply_to_message": "the message above takes no answers",
    "message_limit_exceeded": "the workspace has used up its messages on its plan: ask its admins",
    "link_disabled": "socket mode is off: turn it on under Socket Mode in the app's settings",
}
"""What to do about each of Slack's error codes."""

NOTHING_SENT = frozenset({"ratelimited", "rate_limited", "service_unavailable", "request_timeout", "team_added_to_org"})
"""Codes that say "not now", and that nothing was done."""

HALF_DONE = frozenset({"internal_error", "fatal_error"})
"""Slack on both: "It's possible some aspect of the operation succeeded before the error was raised"."""

DEAD_TOKEN = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type"}
)
"""Codes after which no call with this token will work."""


TROUBLES = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError)
"""What a call to Slack can raise."""


@contextmanager
def told_plainly(*, posting: bool = False) -> Iterator[None]:
    """Within: what goes wrong with Slack is raised as one of :class:`SendError`'s children.

    Only where a message is posted (``posting``) does it matter that an answer is missing; elsewhere asking again is
    safe.
    """
    try:
        yield
    except SendError:
        raise
    except TROUBLES as error:
        told = send_error(error)
        if isinstance(told, UncertainSendError) and not posting:
            told = TransientSendError(str(told))
        raise told from error


def send_error(error: Exception) -> SendError:
    """What ``error``, met while something was sent, means: nothing was sent, nobody knows, or it cannot work."""
    if isinstance(error, SlackApiError):
        return _refused(code_of(error), _status(error), _headers(error), _data(error))
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | SlackClientNotConnectedError):
        return TransientSendError(f"Slack cannot be reached: {_words(error)}")
    if isinstance(error, SlackClientError):
        return PermanentSendError(f"the request could not be made: {_words(error)}")
    return UncertainSendError(f"the connection to Slack broke before its answer: {_words(error)}")


def code_of(error: BaseException | None) -> str:
    """Slack's error code; empty when Slack did not answer with one."""
    return str(_data(error).get("error") or "") if isinstance(error, SlackApiError) else ""


def cause_code(error: SendError) -> str:
    """The error code behind an error that :func:`told_plainly` raised."""
    return code_of(error.__cause__)


def _refused(code: str, status: int, headers: Mapping[str, str], data: Mapping[str, Any]) -> SendError:
    if status == 429 or code in NOTHING_SENT or (status == 503 and not code):
        wait = _retry_after(headers) if status == 429 or code in ("ratelimited", "rate_limited") else None
        return TransientSendError(f"Slack asks to wait ({code or status})", retry_after=wait)
    if code in HALF_DONE or (status >= 500 and not code):
        return UncertainSendError(f"Slack failed in the middle of it ({code or status})")
    if not code:
        return UncertainSendError(f"Slack's answer cannot be read (HTTP {status})")
    if code == "missing_scope":
        return PermanentSendError(f"{code}: {missing_scope(str(data.get('needed') or 'the missing scope'))}")
    cure = CURES.get(code, "see the list of errors at https://docs.slack.dev/reference/methods/chat.postMessage")
    return PermanentSendError(f"{code}: {cure}{_detail(data)}")


def missing_scope(scope: str) -> str:
    """What to do when the token lacks ``scope``."""
    return f"add {scope} under OAuth & Permissions in the app's settings and reinstall the app"


def app_token_error(error: PermanentSendError) -> PermanentSendError:
    """``error`` where the app-level token was used, whose cures are others than the bot's token's."""
    code = cause_code(error)
    if code == "missing_scope":
        return PermanentSendError(f"{code}: the app-level token needs connections:write: make a new one with it")
    if code in DEAD_TOKEN:
        return PermanentSendError(
            f"{code}: make a new app-level token (Basic Information, with connections:write), set SLACK_APP_TOKEN "
            "to it and restart"
        )
    return PermanentSendError(str(error))


def _detail(data: Mapping[str, Any]) -> str:
    """Slack says what it dislikes about blocks in ``errors`` or ``response_metadata.messages``."""
    messages = data.get("errors") or (data.get("response_metadata") or {}).get("messages") or ()
    return f" ({'; '.join(str(message) for message in messages)[:500]})" if messages else ""


def _retry_after(headers: Mapping[str, str]) -> float:
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        return max(0.0, float(value))
    except ValueError:
        return DEFAULT_RETRY_AFTER


def _status(error: SlackApiError) -> int:
    # An answer that is no JSON reaches us as aiohttp's response, any other as the SDK's.
    response = error.response
    found = getattr(response, "status_code", None) or getattr(response, "status", None)
    return found if isinstance(found, int) else 0


def _headers(error: SlackApiError) -> Mapping[str, str]:
    headers = getattr(error.response, "headers", None)
    return headers if isinstance(headers, Mapping) else {}


def _data(error: SlackApiError) -> Mapping[str, Any]:
    data = error.response if isinstance(error.response, Mapping) else getattr(error.response, "data", None)
    return data if isinstance(data, Mapping) else {}


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return "no answer in time"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
