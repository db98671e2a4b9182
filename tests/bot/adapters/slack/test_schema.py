"""The check of what Slack takes refuses what Slack refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.slack.schema import check_call, check_message, check_view

SECTION: dict[str, Any] = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}


def button(action: str = "a", **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": "x"}, "action_id": action, **more}


def plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words}


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


GOOD: dict[str, Any] = {"text": "x", "blocks": [SECTION, {"type": "actions", "elements": [button()]}]}
BAD: list[tuple[str, dict[str, Any]]] = [
    ("text: empty", {"text": " ", "blocks": [SECTION]}),
    ("text: 4001", {"text": "x" * 4001}),
    ("blocks: 51", {"text": "x", "blocks": [{"type": "divider"}] * 51}),
    ("in all", {"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2_900}}] * 5}),
    ("section: 3001", {"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]}),
    ("header: 151", {"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]}),
    ("no such block", {"text": "x", "blocks": [{"type": "marquee"}]}),
    ("stands there 2 times", {"text": "x", "blocks": [{"type": "actions", "elements": [button(), button()]}]}),
    ("button: 76", {"text": "x", "blocks": [{"type": "actions", "elements": [button(text=plain("x" * 76))]}]}),
    ("26 elements", {"text": "x", "blocks": [{"type": "actions", "elements": [button(str(n)) for n in range(26)]}]}),
    ("context", {"text": "x", "blocks": [{"type": "context", "elements": []}]}),
    ("without words", {"text": "x", "blocks": [rich({"type": "text", "text": ""})]}),
    ("elements", {"text": "x", "blocks": [rich({"type": "sparkle", "text": "x"})]}),
    ("additional", {"text": "x", "blocks": [{"type": "divider", "colour": "red"}]}),
    ("more than one table", {"text": "x", "blocks": [{"type": "table", "rows": [[]]}] * 2}),
]  # fmt: skip


def test_a_good_message_passes() -> None:
    check_message(GOOD)


@pytest.mark.parametrize(("why", "payload"), BAD, ids=[why for why, _ in BAD])
def test_a_bad_message_is_refused(why: str, payload: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="(?i)" + why):
        check_message(payload)


def test_a_post_that_unfurls_is_refused() -> None:
    check_call("chat.postMessage", {**GOOD, "unfurl_links": "false", "unfurl_media": "false"})
    with pytest.raises(AssertionError, match="unfurl"):
        check_call("chat.postMessage", {**GOOD, "unfurl_links": False})


def test_views_are_checked() -> None:
    title = {"type": "plain_text", "text": "x"}
    good = {"type": "modal", "title": title, "blocks": [SECTION]}
    check_view(good)
    check_call("views.publish", {"view": {"type": "home", "blocks": [SECTION]}})
    with pytest.raises(AssertionError, match="title"):
        check_view({**good, "title": {"type": "plain_text", "text": "x" * 25}})
    with pytest.raises(AssertionError, match="private_metadata"):
        check_view({**good, "private_metadata": "x" * 3_001})
    with pytest.raises(AssertionError, match="blocks: 101"):
        check_view({"type": "home", "blocks": [SECTION] * 101})
    with pytest.raises(AssertionError, match="is no view"):
        check_view({"type": "window", "blocks": []})
