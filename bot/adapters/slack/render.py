"""A message as Slack's blocks. Pure.

Paragraphs, list items and quotations are rich text, whose elements carry plain text: nothing in it can format, ping or
link. What stands below a list item is a context block, small and grey. Limits: docs.slack.dev, "Block Kit" and each
block's page; what Slack refuses without saying so in its documentation has a margin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import regex

from bot.adapters.slack.mrkdwn import DATE_FORMATS, address, escaped, fallback, mrkdwn, timestamp, visible
from bot.adapters.splitting import Cost, Fit
from bot.message import (
    Actions,
    Block,
    Bullet,
    BulletList,
    Button,
    Context,
    Divider,
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
)

Json = dict[str, Any]
MOST_BLOCKS = 45
"""A message takes 50; some are kept for what is added below it."""
MOST_CHARACTERS = 12_000
"""Over all blocks; Slack refuses more than about 13,200 (slackapi/bolt-js#2509)."""
WIDEST = 2_400
"""Characters of one paragraph or list item; a text takes 3,000."""
HEADLINE = 2_400
"""Characters of the message in the channel when the rest goes to its thread: about a screen, links counted."""
LONGEST_HEADER = 150
LONGEST_LABEL = 75
LONGEST_ALT = 2_000
LONGEST_FALLBACK = 3_000
LONGEST_BUTTON_URL = 3_000
BUTTONS_A_ROW = 5
MOST_ROWS, MOST_COLUMNS = 100, 20
_CHARACTER = regex.compile(r"\X")
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
    return escaped(shortened(summary, LONGEST_FALLBACK // 5)) or "Kakehashi"


def shortened(words: str, most: int) -> str:
    """``words`` in at most ``most`` UTF-16 units, cut between characters as readers see them."""
    words = visible(words)
    if units(words) <= most:
        return words
    kept, used = [], 1
    for character in _CHARACTER.findall(words):
        used += units(character)
        if used > most:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def units(words: str) -> int:
    """Length in UTF-16 units, which is never less than what Slack counts."""
    return len(words) if words.isascii() else len(words.encode("utf-16-le", "surrogatepass")) // 2


class _Renderer:
    def __init__(self, language: str, files: Mapping[str, str]) -> None:
        self._language = language
        self._files = files
        self._links = 0
        self._tables = 0

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
            case Actions():
                yield from self._actions(block.buttons)

    def _heading(self, block: Heading) -> Json:
        words = shortened(block.text, LONGEST_HEADER)
        if block.level == 1:
            return {"type": "header", "text": _plain(words)}
        return _rich({"type": "rich_text_section", "elements": [{"type": "text", "text": words, "style": _BOLD}]})

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
        if block.ordered and (block.start > 1 or any(item.detail for item in block.items)):
            # A list of Slack's begins at 1; one that goes on after small print carries its numbers as words.
            for place, section in enumerate(sections, number):
                section["elements"] = [{"type": "text", "text": f"{place}. "}, *section["elements"]]
            return {"type": "rich_text", "elements": sections}
        style = "ordered" if block.ordered else "bullet"
        return _rich({"type": "rich_text_list", "style": style, "elements": sections})

    def _elements(self, inlines: Inlines, *, lead: bool = False) -> list[Json]:
        """Rich text; with ``lead`` a link at the beginning is bold: it is the headline."""
        elements = [self._element(inline, bold=lead and number == 0) for number, inline in enumerate(inlines)]
        return [element for element in elements if element is not None] or [{"type": "text", "text": "–"}]

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
                words, url = visible(inline.text) or "…", address(inline.url)
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
        words = mrkdwn(inlines, self._language).strip() or "–"
        return {"type": "context", "elements": [{"type": "mrkdwn", "text": words}]}

    def _table(self, table: Table) -> Iterator[Json]:
        """Slack takes one table a message; the next ones are lists."""
        yield self._context((Text(table.caption, "strong"),))
        fits = 0 < len(table.columns) <= MOST_COLUMNS and len(table.rows) < MOST_ROWS
        if self._tables or not fits:
            yield from self._list(BulletList(tuple(_row_item(table, row) for row in table.rows)))
            return
        self._tables += 1
        head = [
            _cell([{"type": "text", "text": column or "–", "style": _BOLD}]) for column in map(visible, table.columns)
        ]
        rows = [[_cell(self._elements(cell)) for cell in row] for row in table.rows]
        yield {"type": "table", "rows": [head, *rows]}

    def _image(self, image: Image) -> Json:
        file = self._files.get(image.key)
        if file is None:
            return self._context((Text(image.alt),))
        shape: Json = {
            "type": "image",
            "slack_file": {"id": file},
            "alt_text": shortened(image.alt, LONGEST_ALT),
        }
        return {**shape, "title": _plain(shortened(image.title, LONGEST_ALT))} if image.title else shape

    def _actions(self, buttons: Iterable[Button]) -> Iterator[Json]:
        """Rows of buttons. Slack knows no disabled ones: those are left out."""
        shapes = [shape for button in buttons if (shape := self._button(button)) is not None]
        for start in range(0, len(shapes), BUTTONS_A_ROW):
            yield {"type": "actions", "elements": shapes[start : start + BUTTONS_A_ROW]}

    def _button(self, button: Button) -> Json | None:
        url = address(button.url) if button.url is not None else None
        if button.disabled or (button.action is None and url is None):
            return None
        shape: Json = {"type": "button", "text": _plain(shortened(button.label, LONGEST_LABEL))}
        if button.action is None:
            self._links += 1
            shape |= {"action_id": f"open:{self._links}", "url": url}
        else:
            shape |= {"action_id": button.action, "value": button.action}
        if button.style != "plain":
            shape["style"] = button.style
        if button.description:
            shape["accessibility_label"] = shortened(button.description, LONGEST_LABEL)
        return shape


_BOLD = {"bold": True}


def _rich(element: Json) -> Json:
    return {"type": "rich_text", "elements": [element]}


def _plain(words: str) -> Json:
    return {"type": "plain_text", "text": words or "–", "emoji": False}


def _cell(elements: list[Json]) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def _row_item(table: Table, row: tuple[Inlines, ...]) -> Bullet:
    """A row in words: its first cell, then ``column: value`` for the others."""
    rest: list[Inline] = []
    for column, cell in zip(table.columns[1:], row[1:], strict=False):
        rest += [Text(f"{' · ' if rest else ''}{column}: "), *cell]
    return Bullet(row[0] if row else (), tuple(rest))


# --- what things cost ----------------------------------------------------------------------------------------


def width(inlines: Inlines) -> int:
    """Characters of a run of text, as rich text or as markup, whichever is more."""
    total = 0
    for inline in inlines:
        match inline:
            case Time():
                total += 90
            case Link():
                total += units(escaped(inline.text)) + 3 * len(inline.url.encode()) + 8
            case Text():
                total += units(escaped(inline.text)) + 2
    return total


def cost(block: Block) -> Cost:
    """What a block takes of a message at most."""
    match block:
        case Heading():
            return Cost(1, LONGEST_HEADER if units(block.text) > LONGEST_HEADER else units(block.text) + 1)
        case Paragraph() | Context():
            return Cost(1, width(block.inlines) + 1)
        case Quote():
            return Cost(1 + bool(block.source), width(block.inlines) + width(block.source) + 2)
        case BulletList():
            detailed = sum(1 for item in block.items if item.detail)
            bare = any(not item.detail for item in block.items)
            return Cost(2 * detailed + bare, sum(width(item.inlines) + width(item.detail) + 8 for item in block.items))
        case Table():
            names = sum(units(column) + 4 for column in table_columns(block))
            cells = sum(width(cell) + 2 for row in block.rows for cell in row)
            return Cost(2 + 2 * len(block.rows), units(block.caption) + names * (len(block.rows) + 1) + cells)
        case Image():
            return Cost(1, units(escaped(block.alt)) + units(block.title or ""))
        case Actions():
            return Cost(-(-len(block.buttons) // BUTTONS_A_ROW), sum(LONGEST_LABEL * 2 for _ in block.buttons))
        case Divider():
            return Cost(1, 0)


def table_columns(table: Table) -> tuple[str, ...]:
    return table.columns


FIT = Fit(width, cost, Cost(MOST_BLOCKS - 1, MOST_CHARACTERS), WIDEST, HEADLINE)
