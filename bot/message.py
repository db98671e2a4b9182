"""The platform-neutral message: what commands and digests produce and adapters render natively.

A message is a tuple of blocks; text within blocks is a tuple of inlines. Text is always plain: adapters escape it,
so that nothing from a feed can ping or format. Everything is JSON both ways (:func:`to_json`, :func:`from_json`),
because the ledger keeps what it sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Literal

# --- inlines -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text. ``style`` is a hint; meaning never hangs on it. ``language`` marks text in another language."""

    text: str
    style: Literal["plain", "strong", "emphasis", "code"] = "plain"
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A link with its own words. ``url`` is http(s) and canonical."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Time:
    """A moment that each reader sees in their own zone where the platform can do that."""

    at: datetime
    style: Literal["date", "time", "datetime", "relative"] = "datetime"


Inline = Text | Link | Time
Inlines = tuple[Inline, ...]


# --- blocks ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    level: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    inlines: Inlines


@dataclass(frozen=True, slots=True)
class Bullet:
    """One list item: a main line and an optional quieter line below it (source, date, labels)."""

    inlines: Inlines
    detail: Inlines = ()


@dataclass(frozen=True, slots=True)
class BulletList:
    items: tuple[Bullet, ...]
    ordered: bool = False
    start: int = 1


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a source, verbatim, with where they stand."""

    inlines: Inlines
    source: Inlines = ()


@dataclass(frozen=True, slots=True)
class Context:
    """Quiet small print: coverage, as-of dates, hints."""

    inlines: Inlines


@dataclass(frozen=True, slots=True)
class Divider:
    pass


@dataclass(frozen=True, slots=True)
class Table:
    """A small table. Adapters without tables show it as a list of rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Inlines, ...], ...]
    caption: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture by archive key; ``alt`` is never empty."""

    key: str
    alt: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A file to save, by archive key. ``name`` is what it should be saved as (see :func:`bot.files.saved_as`),
    ``content_type`` one such as ``text/csv``, ``size`` its bytes."""

    key: str
    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Button:
    """Either an action (``action`` is a custom id, at most 100 characters) or a link (``url``)."""

    label: str
    action: str | None = None
    url: str | None = None
    style: Literal["plain", "primary", "danger"] = "plain"
    disabled: bool = False
    description: str | None = None
    """What the button does, for screen readers, when the label alone does not say it."""


@dataclass(frozen=True, slots=True)
class Actions:
    buttons: tuple[Button, ...]


Block = Heading | Paragraph | BulletList | Quote | Context | Divider | Table | Image | File | Actions


@dataclass(frozen=True, slots=True)
class Message:
    """What is said once.

    ``summary`` is one plain line: notification, fallback and screen-reader text; never empty.
    ``private`` asks for a reply that only the asking member sees.
    """

    blocks: tuple[Block, ...]
    summary: str
    language: str = "en"
    kind: Literal["reply", "refusal", "digest", "error", "notice"] = "reply"
    private: bool = False
    shareable: bool = False
    """Whether a private reply offers "Share with channel"."""

    def as_private(self) -> Message:
        return replace(self, private=True)


# --- helpers -----------------------------------------------------------------------------------------------


def text(value: str, *, style: Literal["plain", "strong", "emphasis", "code"] = "plain") -> Inlines:
    """One run of plain text as inlines."""
    return (Text(value, style),)


def plain(inlines: Iterable[Inline], *, time_format: str = "%Y-%m-%d %H:%M UTC") -> str:
    """Inlines as plain text: links lose their address, times are written in UTC."""
    return "".join(
        part.at.astimezone(UTC).strftime(time_format) if isinstance(part, Time) else part.text for part in inlines
    )


# --- JSON --------------------------------------------------------------------------------------------------

_INLINES: dict[str, type] = {"text": Text, "link": Link, "time": Time}
_BLOCKS: dict[str, type] = {
    "heading": Heading,
    "paragraph": Paragraph,
    "list": BulletList,
    "quote": Quote,
    "context": Context,
    "divider": Divider,
    "table": Table,
    "image": Image,
    "file": File,
    "actions": Actions,
}
_NAMES = {cls: name for name, cls in (_INLINES | _BLOCKS).items()}


def to_json(message: Message) -> dict[str, Any]:
    """The message as JSON-ready values; each block and inline carries its name under ``type``."""
    return {
        "blocks": [_encode(block) for block in message.blocks],
        "summary": message.summary,
        "language": message.language,
        "kind": message.kind,
        "private": message.private,
        "shareable": message.shareable,
    }


def from_json(data: Mapping[str, Any]) -> Message:
    """The inverse of :func:`to_json`. Raises KeyError or TypeError on foreign data."""
    return Message(
        blocks=tuple(_decode_block(block) for block in data["blocks"]),
        summary=data["summary"],
        language=data["language"],
        kind=data["kind"],
        private=data["private"],
        shareable=data["shareable"],
    )


def _encode(value: object) -> Any:
    cls = type(value)
    if cls in _AS_THEY_ARE:
        return value
    if isinstance(value, tuple):
        return [_encode(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Text):  # by far the most
        return {"type": "text", "text": value.text, "style": value.style, "language": value.language}
    names = _FIELDS.get(cls)
    if names is None:
        return value
    name = _NAMES.get(cls)
    encoded: dict[str, Any] = {"type": name} if name else {}
    for field in names:
        encoded[field] = _encode(getattr(value, field))
    return encoded


_AS_THEY_ARE = frozenset((str, int, bool, type(None)))
_FIELDS = {cls: tuple(field.name for field in fields(cls)) for cls in (*_NAMES, Bullet, Button)}


def _decode_inlines(data: Iterable[Mapping[str, Any]]) -> Inlines:
    return tuple(_decode_inline(inline) for inline in data)


def _decode_inline(data: Mapping[str, Any]) -> Inline:
    match data["type"]:
        case "text":
            return Text(data["text"], data["style"], data["language"])
        case "link":
            return Link(data["text"], data["url"])
        case "time":
            return Time(_decode_moment(data["at"]), data["style"])
    raise KeyError(data["type"])


def _decode_moment(data: str) -> datetime:
    try:
        return datetime.fromisoformat(data)
    except ValueError as error:
        raise TypeError(f"{data!r} is no moment") from error


def _decode_block(data: Mapping[str, Any]) -> Block:
    match data["type"]:
        case "heading":
            return Heading(data["text"], data["level"])
        case "paragraph":
            return Paragraph(_decode_inlines(data["inlines"]))
        case "context":
            return Context(_decode_inlines(data["inlines"]))
        case "quote":
            return Quote(_decode_inlines(data["inlines"]), _decode_inlines(data["source"]))
        case "divider":
            return Divider()
        case "list":
            items = tuple(
                Bullet(_decode_inlines(item["inlines"]), _decode_inlines(item["detail"])) for item in data["items"]
            )
            return BulletList(items, data["ordered"], data["start"])
        case "table":
            rows = tuple(tuple(_decode_inlines(cell) for cell in row) for row in data["rows"])
            return Table(tuple(data["columns"]), rows, data["caption"])
        case "image":
            return Image(data["key"], data["alt"], data["title"])
        case "file":
            return File(data["key"], data["name"], data["content_type"], data["size"])
        case "actions":
            return Actions(tuple(Button(**button) for button in data["buttons"]))
    raise KeyError(data["type"])
