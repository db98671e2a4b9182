"""Messages on a terminal, through rich. Text is never read as markup."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table as RichTable
from rich.text import Text as RichText

from bot.files import in_words
from bot.i18n import format_time
from bot.message import (
    Actions,
    Block,
    BulletList,
    Context,
    Divider,
    File,
    Heading,
    Image,
    Inlines,
    Link,
    Message,
    Paragraph,
    Quote,
    Table,
    Text,
    Time,
)

_STYLES = {"plain": "", "strong": "bold", "emphasis": "italic", "code": "cyan"}


def show(message: Message, console: Console, zone: ZoneInfo) -> None:
    """Print a message; buttons are left out, for nothing could press them."""
    for block in message.blocks:
        for part in _block(block, message.language, zone):
            console.print(part)


def _block(block: Block, language: str, zone: ZoneInfo) -> list[RenderableType]:
    match block:
        case Heading():
            style = "bold underline" if block.level == 1 else "bold"
            return [RichText(f"\n{block.text}", style)]
        case Paragraph():
            return [_inlines(block.inlines, language, zone)]
        case Context():
            return [_inlines(block.inlines, language, zone, "dim")]
        case Quote():
            source = (Text("\n"), *block.source) if block.source else ()
            return [Panel(_inlines((*block.inlines, *source), language, zone), border_style="dim")]
        case Divider():
            return [Rule(style="dim")]
        case BulletList():
            return _list(block, language, zone)
        case Table():
            return [_table(block, language, zone)]
        case Image():
            return [RichText(f"[{block.alt}]", "dim")]
        case File():
            return [RichText(f"[{in_words(block, language)}]", "dim")]
        case Actions():
            return []


def _list(block: BulletList, language: str, zone: ZoneInfo) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for number, item in enumerate(block.items, block.start):
        line = RichText(f"{number}. " if block.ordered else "• ")
        line.append_text(_inlines(item.inlines, language, zone))
        if item.detail:
            line.append("\n  ").append_text(_inlines(item.detail, language, zone, "dim"))
        lines.append(line)
    return lines


def _table(block: Table, language: str, zone: ZoneInfo) -> RichTable:
    table = RichTable(title=RichText(block.caption))
    for column in block.columns:
        table.add_column(RichText(column))
    for row in block.rows:
        table.add_row(*(_inlines(cell, language, zone) for cell in row))
    return table


def _inlines(inlines: Inlines, language: str, zone: ZoneInfo, style: str = "") -> RichText:
    line = RichText(style=style)
    for part in inlines:
        match part:
            case Text():
                line.append(part.text, _STYLES[part.style])
            case Link():
                line.append(part.text, f"link {part.url} underline")
            case Time():
                line.append(format_time(part.at, language, zone, part.style))
    return line
