"""What Slack would refuse: Block Kit's schema, slack_sdk's own models, and the documented limits.

The schema is made from the types of Slack's own package for Node (``tests/data/specs/slack``); it knows shapes, not
lengths. Lengths are those of docs.slack.dev, each block's page. What has the wrong shape is not measured.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block as SdkBlock

Json = dict[str, Any]

_SPECS = Path(__file__).parents[2] / "data" / "specs" / "slack" / "blockkit"
_SCHEMA = "blockkit.from-slack-types-3.2.0.schema.json"
MOST_BLOCKS, MOST_VIEW_BLOCKS = 50, 100
MOST_CHARACTERS = 12_000
"""Words over all blocks (Slack's answer in slackapi/bolt-js#2509)."""
MOST_JSON = 15_500
"""Of all blocks: Slack took 15,561 characters and refused 17,694 (slackapi/bolt-js#2867)."""
MOST_IN_TABLES = 10_000
"""Characters of all cells ("Table block")."""
LONGEST_TEXT = 4_000
"""Of ``text``: longer ones are cut or split by Slack (slackapi/bolt-js#2509)."""
_BROADCAST = ("<!channel", "<!here", "<!everyone", "<!subteam")
_BROADCASTS = frozenset({"broadcast", "usergroup"})
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
    if method == "files.completeUploadExternal":
        comment = payload.get("initial_comment") or ""
        assert _units(comment) <= LONGEST_TEXT, "a file's comment is too long"
        assert not any(mark in comment for mark in _BROADCAST), "a file's comment calls everybody"
        return
    check_message(payload)
    if method == "chat.postMessage":
        quiet = all(payload.get(name) in (False, "false", "0") for name in ("unfurl_links", "unfurl_media"))
        assert quiet, "a post must not unfurl links or media"


# --- messages and views ------------------------------------------------------------------------------------


def _message(payload: Json) -> Iterator[str]:
    text, blocks = payload.get("text"), _decoded(payload.get("blocks"))
    if payload.get("delete_original"):
        return
    if not isinstance(text, str) or not text.strip():
        yield "text: empty; notifications and screen readers read it"
    elif _units(text) > LONGEST_TEXT:
        yield f"text: {_units(text)} characters, Slack takes {LONGEST_TEXT}"
    if isinstance(text, str) and any(mark in text for mark in _BROADCAST):
        yield "text: calls everybody"
    if not isinstance(blocks, list):
        yield f"blocks: {type(blocks).__name__}, not a list"
        return
    if len(blocks) > MOST_BLOCKS:
        yield f"blocks: {len(blocks)}, Slack takes {MOST_BLOCKS}"
    yield from _all_together(blocks)
    yield from _blocks(blocks)


def _decoded(blocks: Any) -> Any:
    """A form has them as JSON."""
    if isinstance(blocks, str):
        return json.loads(blocks)
    return [] if blocks is None else list(blocks) if isinstance(blocks, tuple) else blocks


def _all_together(blocks: list[Any]) -> Iterator[str]:
    words = sum(map(_words, blocks))
    if words > MOST_CHARACTERS:
        yield f"blocks: {words} characters in all, Slack takes {MOST_CHARACTERS}"
    size = len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
    if size > MOST_JSON:
        yield f"blocks: {size} characters of JSON in all, Slack takes about {MOST_JSON}"
    tables = [block for block in blocks if isinstance(block, dict) and block.get("type") == "table"]
    if len(tables) > 1:
        yield "blocks: more than one table"
    if (cells := sum(map(_words, tables))) > MOST_IN_TABLES:
        yield f"blocks: {cells} characters in tables, Slack takes {MOST_IN_TABLES}"


def _view(view: Json) -> Iterator[str]:
    kind = {"home": "HomeView", "modal": "ModalView"}.get(str(view.get("type")))
    if kind is None:
        yield f"type: {view.get('type')!r} is no view"
        return
    problems = list(_schema_problems(kind, view, "view"))
    yield from problems
    blocks = view.get("blocks")
    if isinstance(blocks, list):
        if len(blocks) > MOST_VIEW_BLOCKS:
            yield f"blocks: {len(blocks)}, Slack takes {MOST_VIEW_BLOCKS}"
        yield from _blocks(blocks)
    if not problems:
        yield from _view_limits(view)


def _view_limits(view: Json) -> Iterator[str]:
    for name in ("title", "submit", "close"):
        if name in view and not (view[name]["text"].strip() and _units(view[name]["text"]) <= 24):
            yield f"{name}: {view[name]['text']!r} has not 1 to 24 characters"
    for name, most in (("private_metadata", 3_000), ("callback_id", 255), ("external_id", 255)):
        if len(view.get(name, "")) > most:
            yield f"{name}: longer than {most}"
    if "submit" not in view and any(block["type"] == "input" for block in view["blocks"]):
        yield "submit: missing, though there is something to fill in"


def _blocks(blocks: list[Any]) -> Iterator[str]:
    sound: list[Json] = []
    for number, block in enumerate(blocks):
        kind = str(block.get("type")) if isinstance(block, dict) else type(block).__name__
        where = f"blocks[{number}] ({kind})"
        name = _definitions().get(kind)
        if name is None:
            yield f"{where}: Slack knows no such block"
            continue
        if problems := list(_schema_problems(name, _as_in_schema(block), where)):
            yield from problems
            continue
        sound.append(block)
        yield from (f"{where}: {problem}" for problem in (*_sdk_problems(block), *_limits(block)))
    ids = Counter(element["action_id"] for block in sound for element in _elements(block) if "action_id" in element)
    yield from (f"action_id {name!r} stands there {count} times" for name, count in ids.items() if count > 1)
    block_ids = Counter(block["block_id"] for block in sound if "block_id" in block)
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


def _as_in_schema(block: Json) -> Json:
    """``block`` without ``offset`` of lists, which the types lack and "Rich text list element" has."""
    if block.get("type") != "rich_text" or not isinstance(block.get("elements"), list):
        return block
    lists = [
        {name: value for name, value in part.items() if name != "offset"} if _is_list(part) else part
        for part in block["elements"]
    ]
    return {**block, "elements": lists}


def _is_list(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "rich_text_list"


def _schema_problems(definition: str, value: Json, where: str) -> Iterator[str]:
    for error in _validator(definition).iter_errors(value):
        cause = _cause(error)
        yield f"{where}{cause.json_path[1:]}: {cause.message[:300]}"


def _cause(error: ValidationError) -> ValidationError:
    """Where a value fits none of several shapes: what is wrong with the shape whose type it has."""
    shapes: dict[Any, list[ValidationError]] = {}
    for part in error.context or ():
        shapes.setdefault(part.relative_schema_path[0], []).append(part)
    meant = [parts for parts in shapes.values() if not any(map(_is_other_type, parts))]
    return _cause(min(meant, key=len)[0]) if meant else error


def _is_other_type(error: ValidationError) -> bool:
    return error.validator == "const" and list(error.relative_path) == ["type"]


def _sdk_problems(block: Json) -> Iterator[str]:
    """What slack_sdk's models say. They know fewer blocks than the schema."""
    parsed = SdkBlock.parse(block)
    if parsed is None:
        return
    try:
        parsed.to_dict()
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
            if len(block["rows"]) > 100 or not all(0 < len(row) <= 20 for row in block["rows"]):
                yield "1 to 100 rows of 1 to 20 columns"
            for cell in (cell for row in block["rows"] for cell in row):
                yield from _rich_text(cell)
        case "rich_text":
            yield from _rich_text(block)
    for part in _walk(block):
        if part.get("type") == "mrkdwn" and any(mark in part["text"] for mark in _BROADCAST):
            yield "calls everybody"
    for element in _elements(block):
        yield from _element(element)


def _rich_text(block: Json) -> Iterator[str]:
    """A block of rich text or a table's cell."""
    for part in _walk(block):
        kind = part.get("type")
        if kind in ("rich_text", "rich_text_section", "rich_text_quote", "rich_text_list") and not part["elements"]:
            yield f"an empty {kind}"
        if kind in ("text", "link", "raw_text") and not part.get("text"):
            yield f"a {kind} without words"
        if kind == "link" and (len(part["url"]) > 3_000 or not part["url"].startswith("http")):
            yield f"a link to {part['url'][:40]!r}"
        if kind in _BROADCASTS:
            yield "calls everybody"
        if "offset" in part and not (part.get("style") == "ordered" and part["offset"] >= 0):
            yield "an offset is for numbered lists"


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
    if not words.strip() or _units(words) > LENGTHS[what]:
        yield f"{what}: {_units(words)} characters, Slack takes 1 to {LENGTHS[what]} and no blanks alone"


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


def _words(block: Any) -> int:
    """Characters that are read."""
    return sum(
        _units(part[name])
        for part in _walk(block)
        for name in ("text", "alt_text", "fallback")
        if isinstance(part.get(name), str)
    )


def _units(words: str) -> int:
    return len(words.encode("utf-16-le", "surrogatepass")) // 2
