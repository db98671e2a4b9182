"""The check of requests takes what Discord takes and names what it would refuse."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.discord.schema import DOCUMENT, check_request

Json = dict[str, Any]
POST = ("POST", "/channels/1/messages")
EDIT = ("PATCH", "/channels/1/messages/2")
CALLBACK = ("POST", "/interactions/1/token/callback")
FOLLOW_UP = ("POST", "/webhooks/1/token")
ORIGINAL = ("PATCH", "/webhooks/1/token/messages/@original")
COMMANDS = ("PUT", "/applications/1/commands")
QUIET: Json = {"allowed_mentions": {"parse": []}}
V2 = 1 << 15


def button(**more: Any) -> Json:
    return {"type": 2, "style": 1, "label": "Next", "custom_id": "page:1"} | more


def row(*buttons: Json) -> Json:
    return {"type": 1, "components": list(buttons)}


def words(content: str) -> Json:
    return {"type": 10, "content": content}


def layout(*children: Json, **more: Any) -> Json:
    return {**QUIET, "flags": V2, "components": [{"type": 17, "components": list(children)}], **more}


def said(request: tuple[str, str], payload: Any) -> str:
    """What the check says; empty when it has nothing to say."""
    try:
        check_request(*request, payload)
    except AssertionError as error:
        return str(error)
    return ""


def command(**more: Any) -> Json:
    return {"name": "ask", "description": "Ask the archive", "type": 1, **more}


def option(**more: Any) -> Json:
    return {"type": 3, "name": "question", "description": "Your question", **more}


GOOD: dict[str, tuple[tuple[str, str], Any]] = {
    "content": (POST, {**QUIET, "content": "x" * 2000, "nonce": "n" * 25, "enforce_nonce": True, "tts": False}),
    "number as nonce": (POST, {**QUIET, "content": "x", "nonce": 2**62}),
    "nulls": (POST, {**QUIET, "content": None, "embeds": [{"title": "x", "footer": None}], "poll": None}),
    "quiet": (POST, {**QUIET, "content": "x", "flags": 1 << 12 | 1 << 2}),
    "layout": (POST, layout(words("x"), row(button(), button(custom_id="b")), {"type": 14, "divider": True})),
    "link": (POST, layout(row({"type": 2, "style": 5, "label": "Open", "url": "https://example.org/"}))),
    "picture": (
        POST,
        layout(
            {"type": 12, "items": [{"media": {"url": "attachment://a.png"}, "description": "A map"}]},
            attachments=[{"id": "0", "filename": "a.png"}],
        ),
    ),
    "reply": (POST, {**QUIET, "content": "x", "message_reference": {"message_id": 5}}),
    "edit": (EDIT, {**QUIET, "content": "y", "components": []}),
    "edit to a layout": (ORIGINAL, layout(words("x"), content=None, embeds=[])),
    "edit of flags alone": (EDIT, {"flags": 4}),
    "answer": (CALLBACK, {"type": 4, "data": {**QUIET, "content": "x", "flags": 64}}),
    "deferral": (CALLBACK, {"type": 5, "data": {"flags": 64}}),
    "deferred update": (CALLBACK, {"type": 6}),
    "update": (CALLBACK, {"type": 7, "data": layout(words("x"))}),
    "suggestions": (CALLBACK, {"type": 8, "data": {"choices": [{"name": "a", "value": "b"}]}}),
    "follow-up": (FOLLOW_UP, {**QUIET, "content": "x", "flags": 64}),
    "thread": (("POST", "/channels/1/messages/2/threads"), {"name": "Edition", "auto_archive_duration": 1440}),
    "forum post": (("POST", "/channels/1/threads"), {"name": "Edition", "message": layout(words("x"))}),
    "commands": (
        COMMANDS,
        [command(options=[option(required=True)], default_member_permissions="32"), command(name="latest")],
    ),
    "one command": (COMMANDS, command()),
    "subcommands": (
        COMMANDS,
        [command(options=[{"type": 1, "name": "status", "description": "x", "options": [option()]}])],
    ),
    "another request": (("PUT", "/channels/1/permissions/2"), {"allow": "0"}),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_discord_takes_passes(name: str) -> None:
    assert said(*GOOD[name]) == ""


BAD: dict[str, tuple[tuple[str, str], Any, str]] = {
    "empty": (POST, {**QUIET}, "the message is empty"),
    "long content": (POST, {**QUIET, "content": "x" * 2001}, "content has 2001 characters"),
    "content in UTF-16": (POST, {**QUIET, "content": "👍" * 1001}, "content has 2002 characters"),
    "no allowed mentions": (POST, {"content": "x"}, "allowed_mentions is missing"),
    "edit without allowed mentions": (EDIT, {"content": "x"}, "allowed_mentions is missing"),
    "pings": (POST, {"content": "x", "allowed_mentions": {"parse": ["everyone"]}}, "lets something ping"),
    "pings by id": (POST, {"content": "x", "allowed_mentions": {"parse": [], "users": ["1"]}}, "lets something ping"),
    "parse not set": (POST, {"content": "x", "allowed_mentions": {}}, "lets something ping"),
    "long nonce": (POST, {**QUIET, "content": "x", "nonce": "n" * 26}, "nonce"),
    "enforced without nonce": (POST, {**QUIET, "content": "x", "enforce_nonce": True}, "enforce_nonce without"),
    "eleven embeds": (POST, {**QUIET, "embeds": [{"title": "x"}] * 11}, "$.embeds"),
    "long embed": (POST, {**QUIET, "embeds": [{"description": "x" * 4097}]}, "$.embeds[0].description: 4097"),
    "embeds together": (POST, {**QUIET, "embeds": [{"description": "x" * 3001}] * 2}, "embeds have 6002"),
    "empty embed": (POST, {**QUIET, "embeds": [{"color": 1}]}, "embeds[0] is empty"),
    "wrong type": (POST, {**QUIET, "embeds": [{"title": 3}]}, "$.embeds[0].title: 3 is not of type"),
    "layout without flag": (POST, {**layout(words("x")), "flags": 0}, "without the flag"),
    "layout and content": (POST, layout(words("x"), content="y"), "content beside Components V2"),
    "layout and embeds": (EDIT, layout(words("x"), embeds=[{"title": "y"}]), "embeds beside Components V2"),
    "layout without components": (POST, {**QUIET, "flags": V2}, "without a component"),
    "41 components": (POST, layout(*[words("x")] * 40), "41 components of at most 40"),
    "rows count their buttons": (
        POST,
        layout(*[row(*(button(custom_id=f"{r}.{n}") for n in range(5))) for r in range(7)]),
        "43 components",
    ),
    "text displays together": (POST, layout(words("x" * 2000), words("👍" * 1001)), "text displays have 4002"),
    "empty text": (POST, layout(words("")), "$.components[0].components[0].content"),
    "blank text": (POST, layout(words(" \n")), "an empty text display"),
    "unknown component": (POST, layout({"type": 99}), "$.components[0].components[0]"),
    "same custom id": (POST, layout(row(button(), button())), "custom_id 'page:1' stands 2 times"),
    "long custom id": (POST, layout(row(button(custom_id="x" * 101))), "custom_id: 101 characters"),
    "empty custom id": (POST, layout(row(button(custom_id=""))), "custom_id"),
    "long label": (POST, layout(row(button(label="x" * 81))), "label: 81 characters"),
    "blank label": (POST, layout(row(button(label=" "))), "neither label nor emoji"),
    "six buttons": (POST, layout(row(*(button(custom_id=str(n)) for n in range(6)))), "$.components[0].components[0]"),
    "empty row": (POST, layout(row()), "$.components[0].components[0]"),
    "link with custom id": (POST, layout(row(button(style=5, url="https://example.org/"))), "a link has a url"),
    "link to a script": (
        POST,
        layout(row({"type": 2, "style": 5, "label": "x", "url": "javascript:alert(1)"})),
        "leads to the web",
    ),
    "long url": (
        POST,
        layout(row({"type": 2, "style": 5, "label": "x", "url": f"https://e.org/{'x' * 500}"})),
        "url: 514 characters of at most 512",
    ),
    "button without action": (POST, layout(row({"type": 2, "style": 1, "label": "x"})), "has a custom_id"),
    "six rows": (
        POST,
        {**QUIET, "content": "x", "components": [row(button(custom_id=str(n))) for n in range(6)]},
        "6 action rows of at most 5",
    ),
    "nothing attached": (
        POST,
        layout({"type": 12, "items": [{"media": {"url": "attachment://a.png"}}]}),
        "attachment://a.png is not attached",
    ),
    "long alt": (
        POST,
        layout({"type": 12, "items": [{"media": {"url": "https://e.org/"}, "description": "x" * 1025}]}),
        "description: 1025",
    ),
    "private in a channel": (POST, {**QUIET, "content": "x", "flags": 64}, "flags 0x40 cannot be set here"),
    "quiet by edit": (EDIT, {**QUIET, "content": "x", "flags": 1 << 12}, "cannot be set here"),
    "deferral with words": (CALLBACK, {"type": 5, "data": {"content": "x"}}, "a deferral takes nothing"),
    "deferral with flags": (CALLBACK, {"type": 5, "data": {"flags": 64 | V2}}, "a deferral takes nothing"),
    "answer that pings": (CALLBACK, {"type": 4, "data": {"content": "x"}}, "allowed_mentions is missing"),
    "unknown answer": (CALLBACK, {"type": 3}, "is not valid under any"),
    "26 suggestions": (
        CALLBACK,
        {"type": 8, "data": {"choices": [{"name": str(n), "value": "v"} for n in range(26)]}},
        "26 choices of at most 25",
    ),
    "long suggestion": (
        CALLBACK,
        {"type": 8, "data": {"choices": [{"name": "x" * 101, "value": "v"}]}},
        "$.data.choices[0].name: 101 characters",
    ),
    "follow-up": (FOLLOW_UP, {"content": "x" * 2001, **QUIET}, "2001 characters of at most 2000"),
    "long thread name": (("POST", "/channels/1/messages/2/threads"), {"name": "x" * 101}, "name has 101 characters"),
    "no thread name": (("POST", "/channels/1/threads"), {"name": " ", "message": {"content": "x", **QUIET}}, "name"),
    "odd archiving": (
        ("POST", "/channels/1/messages/2/threads"),
        {"name": "x", "auto_archive_duration": 5},
        "$.auto_archive_duration: 5",
    ),
    "forum post that pings": (("POST", "/channels/1/threads"), {"name": "x", "message": {"content": "x"}}, "missing"),
    "upper-case command": (COMMANDS, [command(name="Ask")], "'Ask' is no name"),
    "no description": (COMMANDS, [command(description="")], "a description of 0 characters"),
    "long description": (COMMANDS, [command(description="x" * 101)], "a description of 101 characters"),
    "long translation": (COMMANDS, [command(description_localizations={"ja": "質" * 101})], "101 characters"),
    "command twice": (COMMANDS, [command(), command()], "command 'ask' stands more than once"),
    "26 options": (COMMANDS, [command(options=[option(name=f"o{n}") for n in range(26)])], "26 options of at most 25"),
    "option twice": (COMMANDS, [command(options=[option(), option()])], "option 'question' stands more than once"),
    "required last": (
        COMMANDS,
        [command(options=[option(), option(name="b", required=True)])],
        "required options come first",
    ),
    "choices and completion": (
        COMMANDS,
        [command(options=[option(autocomplete=True, choices=[{"name": "a", "value": "b"}])])],
        "choices beside autocompletion",
    ),
    "long choice": (
        COMMANDS,
        [command(options=[option(choices=[{"name": "x", "value": "y" * 101}])])],
        "value has 101 characters",
    ),
    "8,000 characters": (
        COMMANDS,
        [
            command(
                options=[
                    option(
                        name=f"o{n}",
                        choices=[{"name": f"{c}".ljust(50), "value": f"{c}".ljust(50)} for c in range(20)],
                    )
                    for n in range(5)
                ]
            )
        ],
        "characters combined of at most 8000",
    ),
    "101 commands": (COMMANDS, [command(name=f"c{n}") for n in range(101)], "101 commands of type 1, at most 100"),
    "a path nobody knows": (("POST", "/channels/1/messages/2/3"), {"content": "x"}, "no schema for"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_discord_refuses_is_named(name: str) -> None:
    request, payload, expected = BAD[name]
    assert expected in said(request, payload)


def test_everything_that_is_wrong_is_named_at_once() -> None:
    words = said(POST, {"content": "x" * 2001, "nonce": "n" * 26})
    assert all(part in words for part in ("content has 2001", "nonce", "allowed_mentions is missing"))


def test_the_subset_is_what_the_script_makes_of_itself() -> None:
    """Trimming what is trimmed changes nothing: every schema that is referred to is there, and none beside."""
    trimmed = runpy.run_path(str(Path(DOCUMENT).parents[1] / "trim_openapi.py"))["trimmed"]
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    grown = json.loads(json.dumps(document))
    grown["components"]["schemas"]["Unused"] = {"type": "object", "description": "Nobody refers to it"}
    assert trimmed(grown) == document
