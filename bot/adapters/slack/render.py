"""A message as Slack's blocks. Pure.

Paragraphs, list items and quotations are rich text, whose elements carry plain text: nothing in it can format, ping or
link. What stands below a list item is a context block, small and grey. Limits: docs.slack.dev, "Block Kit" and each
block's page. What fits into one message: :mod:`bot.adapters.slack.costs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.adapters.slack.costs import BUTTONS_A_ROW, FIT, LONGEST_LABEL, columns
from bot.adapters.slack.mrkdwn import (
    DATE_FORMATS,
    address,
    escaped,
    fallback,
    mrkdwn,
    shortened,
    timestamp,
    units,
    visible,
)
from bot.files import in_words
from bot.message import (
    Actions,
    Block,
    Bullet,
    BulletList,
    Button,
    Context,
    Divider,
    File,
    Heading,
    Image,
    Inline,
    Inlines,
    Link,
    Message,
    Paragraph,
    Quote,
    Table,
    Text,
    Time,
    plain,
)

__all__ = ["FIT", "LONGEST_FALLBACK", "SlackMessage", "fallback_text", "render"]

Json = dict[str, Any]
LONGEST_HEADER = 150
LONGEST_ALT = 2_000
LONGEST_FALLBACK = 3_000
MOST_ROWS, MOST_COLUMNS = 100, 20
WIDEST_TABLE = 9_000
"""Characters of all cells; Slack takes 10,000 a message ("Table block")."""
_STYLES = {"strong": "bold", "emphasis": "italic", "code": "code"}


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """``text`` is what notifications and screen readers get."""

    text: str
    blocks: tuple[Json, ...]


def render(message: Message, files: Mapping[str, str] | None = None) -> SlackMessage:
    """The message as blocks. ``files`` gives Slack's ids of the pictures that have been uploaded, by their keys."""
    renderer = _Renderer(message.language, files or {})
    blocks = tuple(part for block in message.blocks for part in renderer.block(block))
    return SlackMessage(fallback_text(message.summary), blocks)


def fallback_text(summary: str) -> str:
    """``text`` of a message or notification; never empty."""
    return escaped(shortened(summary, LONGEST_FALLBACK // 5)).strip() or "Kakehashi"


class _Renderer:
    def __init__(self, language: str, files: Mapping[str, str]) -> None:
        self._language = language
        self._files = files
        self._links = 0
        self._tables = 0
        self._actions_made: set[str] = set()

    def block(self, block: Block) -> Iterator[Json]:
        match block:
            case Heading():
                yield self._heading(block)
            case Paragraph():
                yield _rich({"type": "rich_text_section", "elements": self._elements(block.inlines)})
            case BulletList():
                yield from self._list(block)
            case Quote():
                yield _rich({"type": "rich_text_quote", "elements": self._elements(block.inlines)})
                if block.source:
                    yield self._context(block.source)
            case Context():
                yield self._context(block.inlines)
            case Divider():
                yield {"type": "divider"}
            case Table():
                yield from self._table(block)
            case Image():
                yield self._image(block)
            case File():
                # No block of Slack's shows a file: it is shared by itself (bot.adapters.slack.uploads).
                yield self._context((Text(in_words(block, self._language)),))
            case Actions():
                yield from self._actions(block.buttons)

    def _heading(self, block: Heading) -> Json:
        words = shortened(block.text, LONGEST_HEADER)
        if block.level == 1:
            return {"type": "header", "text": _plain(words)}
        return _rich(
            {"type": "rich_text_section", "elements": [{"type": "text", "text": words or _NOTHING, "style": _BOLD}]}
        )

    def _list(self, block: BulletList) -> Iterator[Json]:
        waiting: list[Bullet] = []
        number = block.start
        for item in block.items:
            waiting.append(item)
            if item.detail:
                yield self._items(waiting, block, number)
                yield self._context(item.detail)
                number += len(waiting)
                waiting = []
        if waiting:
            yield self._items(waiting, block, number)

    def _items(self, items: Iterable[Bullet], block: BulletList, number: int) -> Json:
        sections = [
            {"type": "rich_text_section", "elements": self._elements(item.inlines, lead=True)} for item in items
        ]
        shape: Json = {"type": "rich_text_list", "style": "bullet", "elements": sections}
        if block.ordered:
            shape["style"] = "ordered"
            if number > 1:
                shape["offset"] = number - 1
        return _rich(shape)

    def _elements(self, inlines: Inlines, *, lead: bool = False) -> list[Json]:
        """Rich text; with ``lead`` a link at the beginning is bold: it is the headline."""
        elements = [self._element(inline, bold=lead and number == 0) for number, inline in enumerate(inlines)]
        return [element for element in elements if element is not None] or [{"type": "text", "text": _NOTHING}]

    def _element(self, inline: Inline, *, bold: bool) -> Json | None:
        match inline:
            case Time():
                return {
                    "type": "date",
                    "timestamp": timestamp(inline),
                    "format": DATE_FORMATS[inline.style],
                    "fallback": fallback(inline, self._language),
                }
            case Link():
                words, url = _worded(inline.text), address(inline.url)
                element: Json = {"type": "text", "text": words}
                if url is not None:
                    element = {"type": "link", "url": url, "text": words}
                return {**element, "style": _BOLD} if bold else element
            case Text():
                words = visible(inline.text)
                if not words:
                    return None
                style = _STYLES.get(inline.style)
                element = {"type": "text", "text": words}
                return {**element, "style": {style: True}} if style else element

    def _context(self, inlines: Inlines) -> Json:
        """Small print. Plain words go as plain text, which cannot format; markup is for links, times and styles."""
        if all(isinstance(inline, Text) and inline.style == "plain" for inline in inlines):
            return {"type": "context", "elements": [_plain(visible(plain(inlines)).strip())]}
        words = mrkdwn(inlines, self._language).strip()
        return {"type": "context", "elements": [{"type": "mrkdwn", "text": words or _NOTHING, "verbatim": True}]}

    def _table(self, table: Table) -> Iterator[Json]:
        """Slack takes one table a message; the next ones are lists."""
        yield self._context((Text(table.caption, "strong"),))
        if self._tables or not _fits_a_table(table):
            yield from self._list(BulletList(tuple(_row_item(table, row) for row in table.rows)))
            return
        self._tables += 1
        width = columns(table)
        names = [*map(visible, table.columns), *[""] * (width - len(table.columns))]
        head = [_cell([{"type": "text", "text": name or _NOTHING, "style": _BOLD}]) for name in names]
        rows = [[_cell(self._elements(cell)) for cell in (*row, *((),) * (width - len(row)))] for row in table.rows]
        yield {"type": "table", "rows": [head, *rows], "column_settings": [{"is_wrapped": True}] * width}

    def _image(self, image: Image) -> Json:
        file = self._files.get(image.key)
        if file is None:
            return self._context((Text(image.alt),))
        shape: Json = {
            "type": "image",
            "slack_file": {"id": file},
            "alt_text": shortened(image.alt, LONGEST_ALT) or _NOTHING,
        }
        return {**shape, "title": _plain(shortened(image.title, LONGEST_ALT))} if image.title else shape

    def _actions(self, buttons: Iterable[Button]) -> Iterator[Json]:
        """Rows of buttons. Slack knows no disabled ones, and no two that do the same: those are left out."""
        shapes = [shape for button in buttons if (shape := self._button(button)) is not None]
        for start in range(0, len(shapes), BUTTONS_A_ROW):
            yield {"type": "actions", "elements": shapes[start : start + BUTTONS_A_ROW]}

    def _button(self, button: Button) -> Json | None:
        url = address(button.url) if button.url is not None else None
        if button.disabled or (button.action is None and url is None) or button.action in self._actions_made:
            return None
        shape: Json = {"type": "button", "text": _plain(shortened(button.label, LONGEST_LABEL))}
        if button.action is None:
            self._links += 1
            shape |= {"action_id": f"open:{self._links}", "url": url}
        else:
            self._actions_made.add(button.action)
            shape |= {"action_id": button.action, "value": button.action}
        if button.style != "plain":
            shape["style"] = button.style
        if description := shortened(button.description or "", LONGEST_LABEL):
            shape["accessibility_label"] = description
        return shape


def _worded(words: str) -> str:
    """The words of a link: never blank, or nobody could press it."""
    words = visible(words)
    return words if words.strip() else "…"


_BOLD = {"bold": True}
_NOTHING = "–"
"""Slack takes no empty text."""


def _rich(element: Json) -> Json:
    return {"type": "rich_text", "elements": [element]}


def _plain(words: str) -> Json:
    return {"type": "plain_text", "text": words if words.strip() else _NOTHING, "emoji": False}


def _cell(elements: list[Json]) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def _fits_a_table(table: Table) -> bool:
    if not 0 < columns(table) <= MOST_COLUMNS or len(table.rows) >= MOST_ROWS:
        return False
    words = sum(units(plain(cell)) for row in table.rows for cell in row)
    return words + sum(map(units, table.columns)) <= WIDEST_TABLE


def _row_item(table: Table, row: tuple[Inlines, ...]) -> Bullet:
    """A row in words: its first cell, then ``column: value`` for the others."""
    rest: list[Inline] = []
    for column, cell in zip(table.columns[1:], row[1:], strict=False):
        rest += [Text(f"{' · ' if rest else ''}{column}: "), *cell]
    return Bullet(row[0] if row else (), tuple(rest))
