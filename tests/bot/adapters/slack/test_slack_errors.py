"""What Slack's refusals and broken connections mean for a message."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.adapters.base import PermanentSendError, TransientSendError, UncertainSendError
from bot.adapters.slack.errors import CURES, DEFAULT_RETRY_AFTER, cause_code, send_error, told_plainly


def refused(
    error: str = "", *, status: int = 200, headers: dict[str, str] | None = None, **data: object
) -> SlackApiError:
    response = AsyncSlackResponse(
        client=AsyncWebClient(),
        http_verb="POST",
        api_url="https://slack.com/api/chat.postMessage",
        req_args={},
        data={"ok": False, "error": error, **data} if error else {},
        headers=headers or {},
        status_code=status,
    )
    return SlackApiError("The request to the Slack API failed.", response)  # type: ignore[no-untyped-call]


class Unreachable(aiohttp.ClientConnectorError):
    def __init__(self) -> None:
        Exception.__init__(self)

    def __str__(self) -> str:
        return "Cannot connect to host slack.com:443"


@pytest.mark.parametrize(("headers", "wait"), [({"Retry-After": "17"}, 17.0), ({}, DEFAULT_RETRY_AFTER)])
def test_too_many_messages_wait_as_long_as_slack_wishes(headers: dict[str, str], wait: float) -> None:
    error = send_error(refused("ratelimited", status=429, headers=headers))
    assert isinstance(error, TransientSendError)
    assert error.retry_after == wait


@pytest.mark.parametrize("error", [refused(status=503), refused("service_unavailable"), refused("request_timeout")])
def test_nothing_was_sent_when_slack_says_not_now(error: SlackApiError) -> None:
    assert isinstance(send_error(error), TransientSendError)


def test_nothing_was_sent_when_slack_was_not_reached() -> None:
    error = send_error(Unreachable())
    assert isinstance(error, TransientSendError)
    assert "slack.com" in str(error)


@pytest.mark.parametrize(
    "error",
    [
        refused("internal_error"),
        refused("fatal_error"),
        refused(status=500),
        refused(status=502),
        refused(status=200),
        TimeoutError(),
        aiohttp.ServerDisconnectedError(),
        ConnectionResetError("reset"),
        aiohttp.ClientPayloadError("half an answer"),
    ],
)
def test_a_message_may_have_been_posted_when_the_answer_is_missing(error: Exception) -> None:
    assert isinstance(send_error(error), UncertainSendError)


def test_what_posts_nothing_may_be_asked_again() -> None:
    with pytest.raises(TransientSendError), told_plainly():
        raise TimeoutError
    with pytest.raises(UncertainSendError), told_plainly(posting=True):
        raise TimeoutError


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        ("channel_not_found", "/invite"),
        ("not_in_channel", "/invite"),
        ("is_archived", "unarchive"),
        ("restricted_action", "admins"),
        ("token_revoked", "SLACK_BOT_TOKEN"),
        ("invalid_auth", "SLACK_BOT_TOKEN"),
        ("account_inactive", "reinstall"),
        ("msg_too_long", "split"),
        ("invalid_blocks", "layout"),
    ],
)
def test_what_cannot_work_names_its_cure(code: str, cure: str) -> None:
    error = send_error(refused(code))
    assert isinstance(error, PermanentSendError)
    assert str(error).startswith(f"{code}: ")
    assert cure in str(error)


def test_a_missing_scope_is_named() -> None:
    error = send_error(refused("missing_scope", needed="channels:history", provided="chat:write"))
    assert isinstance(error, PermanentSendError)
    assert "add channels:history under OAuth & Permissions" in str(error)
    assert "reinstall" in str(error)


def test_what_slack_dislikes_about_a_layout_is_passed_on() -> None:
    messages = {"messages": ["[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"]}
    assert "/blocks/0/text/text" in str(send_error(refused("invalid_blocks", response_metadata=messages)))


def test_an_unknown_refusal_is_permanent_and_points_to_the_documentation() -> None:
    error = send_error(refused("brand_new_error"))
    assert isinstance(error, PermanentSendError)
    assert "docs.slack.dev" in str(error)


def test_a_request_that_cannot_be_made_is_permanent() -> None:
    assert isinstance(send_error(SlackRequestError("no file")), PermanentSendError)


def test_the_code_stays_readable_behind_the_error() -> None:
    with pytest.raises(PermanentSendError) as raised, told_plainly():
        raise refused("is_archived")
    assert cause_code(raised.value) == "is_archived"


def test_no_cure_is_empty_or_shows_a_token() -> None:
    cures: dict[str, Any] = dict(CURES)
    assert all(len(cure.split()) >= 3 and "xoxb-1" not in cure for cure in cures.values())
