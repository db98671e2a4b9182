"""What a message's blocks take of Slack's limits, before they are made. Pure.

The numbers are upper bounds of what :func:`bot.adapters.slack.render.render` makes, so that a message that is cut by
them fits. Characters are those of the blocks as JSON.
"""

from __future__ import annotations

from functools import lru_cache

from bot.adapters.slack.mrkdwn import REMEMBERED, address, escaped, link_markup, units
from bot.adapters.splitting import Cost, Fit
from bot.files import in_words
from bot.message import (
    Actions,
    Block,
    BulletList,
    Button,
    Context,
    Divider,
    File,
    Heading,
    Image,
    Inlines,
    Link,
    Paragraph,
    Quote,
    Table,
    Text,
    Time,
)
from digests.model import LANGUAGES

MOST_BLOCKS = 45
"""A message takes 50; some are kept for what is added below it."""
MOST_CHARACTERS = 13_000
"""Of all blocks as JSON. Slack counts the words (12,000) and something for what holds them; it does not say how much.
It took 15,561 characters of JSON and refused 17,694 (slackapi/bolt-js#2867), and 13,300 where all was words (#2509)."""
WIDEST = 2_400
"""Characters of one paragraph or list item; a text takes 3,000."""
HEADLINE = 3_200
"""Characters, as above, of the message in the channel when the rest goes to its thread: about a screen."""
LONGEST_LABEL = 75
"""Of a button and of its description."""
BUTTONS_A_ROW = 5
_TIME = 90
"""Characters of a time, its format and what old clients show included."""
_BLOCK, _SMALL_PRINT, _RUN, _ELEMENT, _BUTTON = 110, 80, 50, 65, 160
"""Characters of JSON around the words, at most: of a block, of a context block, of a section, of a run of text."""
_MARK = 100
"""Room for the small print that tells one part from the next."""


def width(inlines: Inlines) -> int:
    """Characters of a run of text, as rich text or as markup, whichever is more."""
    total = 0
    for inline in inlines:
        match inline:
            case Time():
                total += _TIME
            case Link():
                total += _said(inline.text) + len(link_markup(inline)) - len(escaped(inline.text)) + 2
            case Text():
                total += _said(inline.text) + 2
    return total


@lru_cache(REMEMBERED)
def _said(words: str) -> int:
    """Characters of plain words, escaped as markup and as JSON."""
    made = escaped(words)
    return units(made) + sum(made.count(sign) for sign in '"\\\n\t')


def cost(block: Block) -> Cost:
    """What a block takes of a message at most."""
    match block:
        case Heading():
            return Cost(1, _BLOCK + _ELEMENT + _said(block.text))
        case Paragraph():
            return Cost(1, _BLOCK + _rich_cost(block.inlines))
        case Context():
            return Cost(1, _SMALL_PRINT + width(block.inlines))
        case Quote():
            source = _SMALL_PRINT + width(block.source) if block.source else 0
            return Cost(1 + bool(block.source), _BLOCK + _rich_cost(block.inlines) + source)
        case BulletList():
            return _list_cost(block)
        case Table():
            return _table_cost(block)
        case Image():
            return Cost(1, 2 * _BLOCK + _said(block.alt) + _said(block.title or ""))
        case File():
            return Cost(1, _SMALL_PRINT + max(_said(in_words(block, language)) for language in LANGUAGES))
        case Actions():
            rows = -(-len(block.buttons) // BUTTONS_A_ROW)
            return Cost(rows, rows * _BLOCK + sum(map(_button_cost, block.buttons)))
        case Divider():
            return Cost(1, _BLOCK)


def _rich_cost(inlines: Inlines) -> int:
    return _RUN + _ELEMENT * max(len(inlines), 1) + width(inlines)


def _list_cost(block: BulletList) -> Cost:
    """Each item with small print ends a list; what is left is one more."""
    detailed = sum(1 for item in block.items if item.detail)
    lists = detailed + any(not item.detail for item in block.items)
    words = sum(_rich_cost(item.inlines) + width(item.detail) for item in block.items)
    return Cost(lists + detailed, lists * _BLOCK + detailed * _SMALL_PRINT + words)


def _table_cost(table: Table) -> Cost:
    """As a table or as a list, whichever is more: a list takes two blocks a row and repeats the columns' names."""
    rows, across = len(table.rows), columns(table)
    names = sum(_said(column) + 8 for column in table.columns)
    words = _said(table.caption) + names * (rows + 1) + sum(_rich_cost(cell) for row in table.rows for cell in row)
    holders = 3 * _BLOCK * (rows + 1) + across * (rows + 1) * (_BLOCK + _ELEMENT)
    return Cost(2 + 2 * rows, words + holders)


def _button_cost(button: Button) -> int:
    target = len((address(button.url) or "") if button.url else button.action or "") * 2
    return _BUTTON + _said(button.label) + _said(button.description or "") + target


def columns(table: Table) -> int:
    """As many as the longest row has: Slack's rows are all of one length."""
    return max(len(row) for row in (table.columns, *table.rows))


FIT = Fit(width, cost, Cost(MOST_BLOCKS - 1, MOST_CHARACTERS - _MARK), WIDEST, HEADLINE)
