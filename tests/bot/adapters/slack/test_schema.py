"""The check of what Slack takes refuses what Slack refuses."""

from __future__ import annotations

import json
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


def raw(words: str) -> dict[str, Any]:
    return {"type": "raw_text", "text": words}


def markup(words: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": words}


def bullets(style: str, **more: Any) -> dict[str, Any]:
    items = rich({"type": "text", "text": "x"})["elements"]
    return {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": style, "elements": items, **more}]}


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
    ("JSON in all", {"text": "x", "blocks": [rich(*[{"type": "text", "text": "x"}] * 600)]}),
    ("in tables", {"text": "x", "blocks": [{"type": "table", "rows": [[raw("x" * 5_001)], [raw("x" * 5_000)]]}]}),
    ("1 to 100 rows", {"text": "x", "blocks": [{"type": "table", "rows": [[raw("x")]] * 101}]}),
    ("1 to 20 columns", {"text": "x", "blocks": [{"type": "table", "rows": [[raw("x")] * 21]}]}),
    ("raw_text without words", {"text": "x", "blocks": [{"type": "table", "rows": [[raw("")]]}]}),
    ("empty rich_text_section", {"text": "x", "blocks": [{"type": "table", "rows": [[rich()]]}]}),
    ("rows", {"text": "x", "blocks": [{"type": "table", "rows": 5}]}),
    ("header: 2", {"text": "x", "blocks": [{"type": "header", "text": plain("  ")}]}),
    ("not a list", {"text": "x", "blocks": {"type": "divider"}}),
    ("blocks.0. .int", {"text": "x", "blocks": [5]}),
    ("text", {"text": "x", "blocks": [{"type": "header"}]}),
    ("elements", {"text": "x", "blocks": [{"type": "context"}]}),
    ("text", {"text": "x", "blocks": [{"type": "actions", "elements": [{"type": "button"}]}]}),
    ("field: 2001", {"text": "x", "blocks": [{"type": "section", "fields": [plain("x" * 2001)]}]}),
    ("11 fields|fields", {"text": "x", "blocks": [{"type": "section", "fields": [plain("x")] * 11}]}),
    ("0 elements", {"text": "x", "blocks": [{"type": "actions", "elements": []}]}),
    ("value", {"text": "x", "blocks": [{"type": "actions", "elements": [button(value="x" * 2001)]}]}),
    ("url", {"text": "x", "blocks": [{"type": "actions", "elements": [button(url="https://" + "x" * 3000)]}]}),
    ("action_id", {"text": "x", "blocks": [{"type": "actions", "elements": [button("a" * 256)]}]}),
    ("accessib", {"text": "x", "blocks": [{"type": "actions", "elements": [button(accessibility_label="x" * 76)]}]}),
    ("alt_text", {"text": "x", "blocks": [{"type": "image", "alt_text": "x" * 2001, "slack_file": {"id": "F1"}}]}),
    ("alt_text", {"text": "x", "blocks": [{"type": "image", "alt_text": "", "slack_file": {"id": "F1"}}]}),
    ("block_id", {"text": "x", "blocks": [{"type": "divider", "block_id": "b"}] * 2}),
    ("a link to", {"text": "x", "blocks": [rich({"type": "link", "url": "javascript:x", "text": "x"})]}),
    ("calls everybody", {"text": "x", "blocks": [rich({"type": "broadcast", "range": "here"})]}),
    ("calls everybody", {"text": "x", "blocks": [{"type": "section", "text": markup("<!channel> x")}]}),
    ("calls everybody", {"text": "<!here> x"}),
    ("numbered", {"text": "x", "blocks": [bullets("bullet", offset=2)]}),
    ("numbered", {"text": "x", "blocks": [bullets("ordered", offset=-1)]}),
    ("sparkle", {"text": "x", "blocks": [{"type": "rich_text", "elements": [{"type": "sparkle"}]}]}),
]  # fmt: skip


def test_a_good_message_passes() -> None:
    check_message(GOOD)
    check_message({**GOOD, "blocks": json.dumps(GOOD["blocks"])})
    check_message({"text": "words alone"})
    check_message({"delete_original": True})
    check_message({"text": "x", "blocks": [bullets("ordered", offset=4)]})


def test_every_fault_is_named_at_once() -> None:
    blocks = [{"type": "marquee"}, {"type": "header", "text": plain("x" * 151)}, {"type": "divider", "colour": "red"}]
    with pytest.raises(AssertionError) as refused:
        check_message({"text": "", "blocks": blocks})
    said = str(refused.value)
    assert all(word in said for word in ("text: empty", "marquee", "header: 151", "colour"))


@pytest.mark.parametrize(("why", "payload"), BAD, ids=[f"{number} {why}" for number, (why, _) in enumerate(BAD)])
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
    field = {"type": "input", "label": title, "element": {"type": "plain_text_input", "action_id": "a"}}
    check_view({**good, "blocks": [field], "submit": title})
    with pytest.raises(AssertionError, match="submit"):
        check_view({**good, "blocks": [field]})
    for name in ("submit", "close"):
        with pytest.raises(AssertionError, match=name):
            check_view({**good, name: plain("x" * 25)})
    with pytest.raises(AssertionError, match="private_metadata"):
        check_view({**good, "private_metadata": "x" * 3_001})
    with pytest.raises(AssertionError, match="blocks: 101"):
        check_view({"type": "home", "blocks": [SECTION] * 101})
    with pytest.raises(AssertionError, match="title"):
        check_view({"type": "modal", "blocks": []})
    with pytest.raises(AssertionError, match="title"):
        check_view({"type": "modal", "title": "x", "blocks": []})
    with pytest.raises(AssertionError, match="blocks"):
        check_view({"type": "home", "blocks": 5})
    with pytest.raises(AssertionError, match="marquee"):
        check_view({"type": "home", "blocks": [{"type": "marquee"}]})
    with pytest.raises(AssertionError, match="is no view"):
        check_view({"type": "window", "blocks": []})
