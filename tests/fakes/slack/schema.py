"""What Slack would refuse: Block Kit's schema, slack_sdk's own models, and the documented limits.

The schema is made from the types of Slack's own package for Node (``tests/data/specs/slack``); it knows shapes, not
lengths. Lengths are those of docs.slack.dev, each block's page, with the margins that the project keeps.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block as SdkBlock

Json = dict[str, Any]

_SPECS = Path(__file__).parents[2] / "data" / "specs" / "slack" / "blockkit"
_SCHEMA = "blockkit.from-slack-types-3.2.0.schema.json"
MOST_BLOCKS, MOST_VIEW_BLOCKS = 50, 100
MOST_CHARACTERS = 13_200
"""Over all blocks (slackapi/bolt-js#2509)."""
LONGEST_TEXT = 4_000
"""Of ``text``: longer ones are cut or split by Slack (slackapi/bolt-js#2509)."""
LENGTHS = {
    "header": 150,
    "section": 3_000,
    "field": 2_000,
    "context": 3_000,
    "button": 75,
    "option": 75,
    "placeholder": 150,
    "image title": 2_000,
    "label": 2_000,
}


def check_message(payload: Json) -> None:
    """Refuse a body of chat.postMessage, chat.update, chat.postEphemeral or of a response_url, as AssertionError."""
    problems = list(_message(payload))
    assert not problems, "Slack would refuse this message:\n" + "\n".join(problems)


def check_view(view: Json) -> None:
    """Refuse a modal or a Home tab, as AssertionError."""
    problems = list(_view(view))
    assert not problems, "Slack would refuse this view:\n" + "\n".join(problems)


def check_call(method: str, payload: Json) -> None:
    """What :class:`~tests.fakes.slack.server.FakeSlack` calls with everything that is sent."""
    if method.startswith("views."):
        check_view(payload["view"])
        return
    check_message(payload)
    if method == "chat.postMessage":
        quiet = all(payload.get(name) in (False, "false", "0") for name in ("unfurl_links", "unfurl_media"))
        assert quiet, "a post must not unfurl links or media"


# --- messages and views ------------------------------------------------------------------------------------


def _message(payload: Json) -> Iterator[str]:
    text, blocks = payload.get("text"), payload.get("blocks") or []
    if payload.get("delete_original"):
        return
    if not isinstance(text, str) or not text.strip():
        yield "text: empty; notifications and screen readers read it"
    elif _units(text) > LONGEST_TEXT:
        yield f"text: {_units(text)} characters, Slack takes {LONGEST_TEXT}"
    if len(blocks) > MOST_BLOCKS:
        yield f"blocks: {len(blocks)}, Slack takes {MOST_BLOCKS}"
    characters = sum(_characters(block) for block in blocks)
    if characters > MOST_CHARACTERS:
        yield f"blocks: {characters} characters in all, Slack takes about {MOST_CHARACTERS}"
    if sum(block.get("type") == "table" for block in blocks) > 1:
        yield "blocks: more than one table"
    yield from _blocks(blocks)


def _view(view: Json) -> Iterator[str]:
    kind = {"home": "HomeView", "modal": "ModalView"}.get(str(view.get("type")))
    if kind is None:
        yield f"type: {view.get('type')!r} is no view"
        return
    yield from _schema_problems(kind, view, "view")
    if len(view["blocks"]) > MOST_VIEW_BLOCKS:
        yield f"blocks: {len(view['blocks'])}, Slack takes {MOST_VIEW_BLOCKS}"
    for name in ("title", "submit", "close"):
        if name in view and not 0 < _units(view[name]["text"]) <= 24:
            yield f"{name}: {view[name]['text']!r} has not 1 to 24 characters"
    for name, most in (("private_metadata", 3_000), ("callback_id", 255)):
        if len(view.get(name, "")) > most:
            yield f"{name}: longer than {most}"
    yield from _blocks(view["blocks"])


def _blocks(blocks: list[Json]) -> Iterator[str]:
    for number, block in enumerate(blocks):
        where = f"blocks[{number}] ({block.get('type')})"
        name = _definitions().get(str(block.get("type")))
        if name is None:
            yield f"{where}: Slack knows no such block"
            continue
        yield from _schema_problems(name, block, where)
        yield from (f"{where}: {problem}" for problem in _sdk_problems(block))
        yield from (f"{where}: {problem}" for problem in _limits(block))
    ids = Counter(element["action_id"] for block in blocks for element in _elements(block) if "action_id" in element)
    yield from (f"action_id {name!r} stands there {count} times" for name, count in ids.items() if count > 1)
    block_ids = Counter(block["block_id"] for block in blocks if "block_id" in block)
    yield from (f"block_id {name!r} stands there {count} times" for name, count in block_ids.items() if count > 1)


@cache
def _document() -> Json:
    document: Json = json.loads((_SPECS / _SCHEMA).read_text(encoding="utf-8"))
    return document


@cache
def _definitions() -> dict[str, str]:
    """Names of the schema's definitions by the block's type."""
    found = {"image": "ImageBlock"}  # Either of two shapes, so its type stands deeper.
    for name, shape in _document()["definitions"].items():
        kind = shape.get("properties", {}).get("type", {}).get("const")
        if kind is not None and name.endswith("Block"):
            found[kind] = name
    return found


@cache
def _validator(definition: str) -> Draft7Validator:
    document = _document()
    return Draft7Validator({"$ref": f"#/definitions/{definition}", "definitions": document["definitions"]})


def _schema_problems(definition: str, value: Json, where: str) -> Iterator[str]:
    for error in _validator(definition).iter_errors(value):
        deepest = min(error.context or [error], key=lambda part: -len(part.absolute_path))
        yield f"{where}{error.json_path[1:]}: {deepest.message[:300]}"


def _sdk_problems(block: Json) -> Iterator[str]:
    """What slack_sdk's models say. They know fewer blocks than the schema."""
    parsed = SdkBlock.parse(block)
    if parsed is None:
        return
    try:
        parsed.validate_json()
    except SlackObjectFormationError as error:
        yield str(error)


# --- documented limits ---------------------------------------------------------------------------------------


def _limits(block: Json) -> Iterator[str]:
    if len(block.get("block_id", "")) > 255:
        yield "block_id: longer than 255"
    match block["type"]:
        case "header":
            yield from _length("header", block["text"]["text"])
        case "section":
            yield from _length("section", (block.get("text") or {}).get("text", "–"))
            if len(block.get("fields", ())) > 10:
                yield "more than 10 fields"
            for field in block.get("fields", ()):
                yield from _length("field", field["text"])
        case "context":
            if not 0 < len(block["elements"]) <= 10:
                yield f"{len(block['elements'])} elements, Slack takes 1 to 10"
            for element in block["elements"]:
                if "text" in element:
                    yield from _length("context", element["text"])
        case "actions":
            if not 0 < len(block["elements"]) <= 25:
                yield f"{len(block['elements'])} elements, Slack takes 1 to 25"
        case "image":
            if not 0 < _units(block.get("alt_text", "")) <= 2_000:
                yield "alt_text: 1 to 2,000 characters"
            if "title" in block:
                yield from _length("image title", block["title"]["text"])
        case "input":
            yield from _length("label", block["label"]["text"])
        case "table":
            if len(block["rows"]) > 100 or any(len(row) > 20 for row in block["rows"]):
                yield "more than 100 rows or 20 columns"
        case "rich_text":
            yield from _rich_text(block)
    for element in _elements(block):
        yield from _element(element)


def _rich_text(block: Json) -> Iterator[str]:
    if not block["elements"]:
        yield "no elements"
    for part in _walk(block):
        if part.get("type") in ("rich_text_section", "rich_text_quote", "rich_text_list") and not part["elements"]:
            yield f"an empty {part['type']}"
        if part.get("type") in ("text", "link") and not part.get("text"):
            yield f"a {part['type']} without words"
        if part.get("type") == "link" and (len(part["url"]) > 3_000 or not part["url"].startswith("http")):
            yield f"a link to {part['url'][:40]!r}"


def _element(element: Json) -> Iterator[str]:
    if not 0 < len(element.get("action_id", "x")) <= 255:
        yield "action_id: 1 to 255 characters"
    if element.get("type") == "button":
        yield from _length("button", element["text"]["text"])
        if len(element.get("value", "")) > 2_000:
            yield "value: longer than 2,000"
        if len(element.get("url", "")) > 3_000:
            yield "url: longer than 3,000"
        if not 0 < _units(element.get("accessibility_label", "x")) <= 75:
            yield "accessibility_label: 1 to 75 characters"
    if "placeholder" in element:
        yield from _length("placeholder", element["placeholder"]["text"])
    if element.get("type") == "static_select" and not 0 < len(element.get("options", ())) <= 100:
        yield "1 to 100 options"
    for option in (*element.get("options", ()), *([element["initial_option"]] if "initial_option" in element else ())):
        yield from _length("option", option["text"]["text"])
        if not 0 < len(option["value"]) <= 150:
            yield "an option's value: 1 to 150 characters"


def _length(what: str, words: str) -> Iterator[str]:
    if not 0 < _units(words) <= LENGTHS[what]:
        yield f"{what}: {_units(words)} characters, Slack takes 1 to {LENGTHS[what]}"


def _elements(block: Json) -> list[Json]:
    """The interactive elements of a block."""
    found = list(block.get("elements", ())) if block.get("type") == "actions" else []
    return found + [block[name] for name in ("element", "accessory") if isinstance(block.get(name), dict)]


def _walk(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _walk(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _walk(part)


def _characters(block: Json) -> int:
    """Words and addresses of a block."""
    return sum(
        _units(part[name])
        for part in _walk(block)
        for name in ("text", "url", "alt_text")
        if isinstance(part.get(name), str)
    )


def _units(words: str) -> int:
    return len(words.encode("utf-16-le", "surrogatepass")) // 2
