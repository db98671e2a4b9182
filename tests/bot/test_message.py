"""Messages: what goes into the ledger comes out of it, and nothing else does."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.message import Block, Inline, Link, Message, Paragraph, Text, Time, from_json, plain, text, to_json
from tests.strategies import BLOCKS, INLINES, inlines, messages

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(messages())
def test_a_message_survives_json(message: Message) -> None:
    assert from_json(json.loads(json.dumps(to_json(message)))) == message


@given(messages())
def test_the_same_message_is_always_the_same_json(message: Message) -> None:
    again = from_json(to_json(message))
    assert json.dumps(to_json(again)) == json.dumps(to_json(message))
    assert hash(again) == hash(message)


@given(messages())
def test_making_a_message_private_changes_nothing_else(message: Message) -> None:
    private = message.as_private()
    assert private.private is True
    assert to_json(private) | {"private": message.private} == to_json(message)


@pytest.mark.parametrize(("strategies", "union"), [(BLOCKS, Block), (INLINES, Inline)])
def test_messages_are_drawn_with_every_kind_that_the_model_has(
    strategies: dict[type, st.SearchStrategy[object]], union: object
) -> None:
    assert set(strategies) == set(typing.get_args(union))


@given(inlines())
def test_plain_holds_every_word_and_no_address(parts: tuple[Inline, ...]) -> None:
    shown = plain(parts)
    assert shown == "".join(plain((part,)) for part in parts)
    for part in parts:
        assert not hasattr(part, "text") or part.text in shown


def test_plain_drops_addresses_and_styles() -> None:
    parts = (Text("By ", "strong"), Link("the ministry", "https://example.org/secret"), Text("。", language="ja"))
    assert plain(parts) == "By the ministry。"


def test_plain_writes_times_as_told() -> None:
    at = Time(datetime(2026, 6, 1, 6, 30, tzinfo=UTC), "relative")
    assert plain((Text("at "), at)) == "at 2026-06-01 06:30 UTC"
    assert plain((at,), time_format="%H.%M") == "06.30"


def test_plain_writes_utc_whatever_zone_a_time_came_in() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert plain((Time(datetime(2026, 6, 1, 6, 30, tzinfo=tokyo)),)) == "2026-05-31 21:30 UTC"


def test_text_is_one_run() -> None:
    assert text("a < b", style="code") == (Text("a < b", "code"),)


# --- foreign data ------------------------------------------------------------------------------------------

GOOD = to_json(Message((Paragraph(text("words")),), summary="words"))


@pytest.mark.parametrize(
    "foreign",
    [
        None,
        "a message",
        [],
        {},
        {**GOOD, "blocks": None},
        {**GOOD, "blocks": "text"},
        {**GOOD, "blocks": [None]},
        {**GOOD, "blocks": [{}]},
        {**GOOD, "blocks": [{"type": "marquee", "inlines": []}]},
        {**GOOD, "blocks": [{"type": ["heading"]}]},
        {**GOOD, "blocks": [{"type": "heading", "text": "no level"}]},
        {**GOOD, "blocks": [{"type": "paragraph"}]},
        {**GOOD, "blocks": [{"type": "paragraph", "inlines": [{"type": "heading", "text": "x", "level": 1}]}]},
        {**GOOD, "blocks": [{"type": "paragraph", "inlines": [{"type": "link", "text": "no address"}]}]},
        {**GOOD, "blocks": [{"type": "paragraph", "inlines": [{"type": "time", "at": "soon", "style": "date"}]}]},
        {**GOOD, "blocks": [{"type": "paragraph", "inlines": [{"type": "time", "at": 5, "style": "date"}]}]},
        {**GOOD, "blocks": [{"type": "actions", "buttons": [{"label": "x", "onclick": "y"}]}]},
        {**GOOD, "blocks": [{"type": "actions", "buttons": [{"action": "no label"}]}]},
        {**GOOD, "blocks": [{"type": "table", "columns": ["A"], "rows": [5], "caption": "x"}]},
    ],
)
def test_foreign_data_is_refused(foreign: Any) -> None:
    with pytest.raises((KeyError, TypeError)):
        from_json(foreign)


@pytest.mark.parametrize("key", [field.name for field in fields(Message)])
def test_no_part_of_a_message_may_be_missing(key: str) -> None:
    with pytest.raises(KeyError):
        from_json({name: value for name, value in GOOD.items() if name != key})


@given(JSON_VALUES)
def test_any_json_that_is_no_message_is_refused(foreign: Any) -> None:
    with pytest.raises((KeyError, TypeError)):
        from_json(foreign)


@given(messages(), JSON_VALUES, st.data())
def test_a_message_with_a_broken_part_never_fails_in_another_way(
    message: Message, foreign: Any, data: st.DataObject
) -> None:
    encoded = to_json(message)
    holder, key = data.draw(st.sampled_from(list(_places(encoded))))
    holder[key] = foreign
    try:
        from_json(encoded)
    except (KeyError, TypeError):
        pass


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in JSON-ready values."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from _places(value[key])
