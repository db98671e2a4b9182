"""A message as Discord's: a Components V2 container, or an embed for errors; never both in one message. Pure.

Limits: Discord's documentation, components/reference, resources/message. Lengths are counted in UTF-16 units, which is
never less than what Discord counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import regex

from bot.adapters.discord.markdown import LONGEST_URL, address, escaped, markdown, visible
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
    Message,
    Paragraph,
    Quote,
    Table,
    Text,
)

if TYPE_CHECKING:
    import discord

Json = dict[str, Any]
IS_COMPONENTS_V2 = 1 << 15
ACTION_ROW, BUTTON, TEXT, GALLERY, SEPARATOR, CONTAINER = 1, 2, 10, 12, 14, 17
"""Component types (components/reference)."""
WIDEST = 1_500
HEADLINE = 1_800
"""Characters of the message in the channel when the rest goes to its thread: about a screen, links counted."""
MOST_TEXT = 3_800
"""A message takes 4,000 characters over all text displays."""
MOST_PIECES = 36
"""A message takes 40 components, nested ones counted; the container is one."""
LONGEST_LABEL, LONGEST_ACTION, LONGEST_BUTTON_URL, LONGEST_ALT = 80, 100, 512, 1_024
LONGEST_HEADING = 240
LONGEST_EMBED = 4_000
BUTTONS_A_ROW = 5
_COLOURS = {"digest": 0x2F6FDE, "notice": 0x2F6FDE, "reply": 0x6B7A90, "error": 0xC0392B}
"""Decoration only: no meaning hangs on it."""
_BUTTON_STYLES = {"primary": 1, "plain": 2, "danger": 4}
_LINK_STYLE = 5
_CHARACTER = regex.compile(r"\X")


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message. ``files``: keys of pictures to attach as ``<key>.png``."""

    components: tuple[Json, ...] = ()
    embeds: tuple[Json, ...] = ()
    flags: int = 0
    files: tuple[str, ...] = field(default=())

    @property
    def is_v2(self) -> bool:
        return bool(self.flags & IS_COMPONENTS_V2)

    def payload(self) -> Json:
        """The message as the API takes it: nothing in it pings."""
        body: Json = {"allowed_mentions": {"parse": []}, "flags": self.flags}
        if self.embeds:
            body["embeds"] = list(self.embeds)
        if self.components:
            body["components"] = list(self.components)
        return body

    def view(self) -> discord.ui.LayoutView | discord.ui.View | None:
        """The components for discord.py; stop it before sending, so that it is not kept in memory."""
        from bot.adapters.discord.views import view_of

        return view_of(self)

    def discord_embeds(self) -> list[discord.Embed]:
        """The embeds for discord.py."""
        import discord

        return [discord.Embed.from_dict(embed) for embed in self.embeds]


def render(message: Message) -> Rendered:
    """The message as one of Discord's; it must fit (see :data:`FIT`)."""
    if message.kind == "error":
        return _embed(message)
    pieces = list(_merged(part for block in message.blocks for part in _block(block)))
    files = tuple(block.key for block in message.blocks if isinstance(block, Image))
    container = {"type": CONTAINER, "accent_color": _COLOURS[message.kind], "components": pieces}
    return Rendered(components=(container,), flags=IS_COMPONENTS_V2, files=files)


def _embed(message: Message) -> Rendered:
    parts = [part for block in message.blocks for part in _block(block)]
    words = "\n".join(part["content"] for part in parts if part["type"] == TEXT)
    rows = tuple(part for part in parts if part["type"] == ACTION_ROW)
    embed = {"type": "rich", "description": shortened(words, LONGEST_EMBED), "color": _COLOURS["error"]}
    return Rendered(components=rows, embeds=(embed,))


def _merged(parts: Iterable[Json]) -> Iterator[Json]:
    """Neighbouring texts as one; each text display is one of few components."""
    lines: list[str] = []
    for part in parts:
        if part["type"] == TEXT:
            lines.append(part["content"])
            continue
        if lines:
            yield _text("\n".join(lines))
            lines = []
        yield part
    if lines:
        yield _text("\n".join(lines))


# --- blocks ------------------------------------------------------------------------------------------------


def _block(block: Block) -> Iterator[Json]:
    match block:
        case Heading():
            sign = "##" if block.level == 1 else "###"
            yield _text(f"{sign} {_heading(block)}")
        case Paragraph():
            yield _text(markdown(block.inlines) or "–")
        case BulletList():
            for number, item in enumerate(block.items, block.start):
                yield _text(_bullet(item, f"{number}. " if block.ordered else "- "))
        case Quote():
            quoted = "\n".join(f"> {line}" for line in markdown(block.inlines).split("\n"))
            yield _text(f"{quoted}\n{_small(block.source)}" if block.source else quoted)
        case Context():
            yield _text(_small(block.inlines))
        case Divider():
            yield {"type": SEPARATOR, "divider": True, "spacing": 1}
        case Table():
            yield _text(f"**{escaped(block.caption)}**")
            for row in block.rows:
                yield _text(_bullet(Bullet(_row(block, row)), "- "))
        case Image():
            media = {"url": f"attachment://{block.key}.png"}
            yield {"type": GALLERY, "items": [{"media": media, "description": shortened(block.alt, LONGEST_ALT)}]}
            if block.title:
                yield _text(_small((Text(block.title),)))
        case Actions():
            yield from _rows(block.buttons)


def _heading(block: Heading) -> str:
    return escaped(shortened(block.text.replace("\n", " "), LONGEST_HEADING)) or "–"


def _bullet(item: Bullet, mark: str) -> str:
    """The item's first line, bold where it is a headline; the others below the mark; the detail as small print."""
    head, *more = (markdown(item.inlines) or "–").split("\n")
    first = f"**{head}**" if item.detail and head.startswith("[") and head.endswith(">)") else head
    lines = [f"{mark}{first}", *(f"{' ' * len(mark)}{line}" for line in more)]
    if item.detail:
        lines.append(_small(item.detail))
    return "\n".join(lines)


def _small(inlines: Inlines) -> str:
    return "\n".join(f"-# {line}" for line in (markdown(inlines).strip() or "–").split("\n"))


def _row(table: Table, row: tuple[Inlines, ...]) -> Inlines:
    """A row in words: its first cell, then ``column: value`` for the others."""
    parts: list[Inline] = [*(row[0] if row else ())]
    for number, (column, cell) in enumerate(zip(table.columns[1:], row[1:], strict=False)):
        parts += [Text(f"{' · ' if number else ' – '}{column}: "), *cell]
    return tuple(parts)


def _rows(buttons: Iterable[Button]) -> Iterator[Json]:
    shapes = [shape for button in buttons if (shape := _button(button)) is not None]
    for start in range(0, len(shapes), BUTTONS_A_ROW):
        yield {"type": ACTION_ROW, "components": shapes[start : start + BUTTONS_A_ROW]}


def _button(button: Button) -> Json | None:
    """None for a link that Discord would not take."""
    label = shortened(button.label, LONGEST_LABEL) or "–"
    if button.action is not None:
        style = _BUTTON_STYLES[button.style]
        shape: Json = {"type": BUTTON, "style": style, "label": label, "custom_id": button.action[:LONGEST_ACTION]}
        return {**shape, "disabled": True} if button.disabled else shape
    url = address(button.url or "")
    if url is None or len(url) > min(LONGEST_BUTTON_URL, LONGEST_URL):
        return None
    shape = {"type": BUTTON, "style": _LINK_STYLE, "label": label, "url": url}
    return {**shape, "disabled": True} if button.disabled else shape


def _text(words: str) -> Json:
    return {"type": TEXT, "content": words}


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
    return "".join(kept).rstrip("\\ ") + "…"


def units(words: str) -> int:
    """Length in UTF-16 units."""
    return len(words) if words.isascii() else len(words.encode("utf-16-le", "surrogatepass")) // 2


# --- what things cost ----------------------------------------------------------------------------------------


def width(inlines: Inlines) -> int:
    """Characters of a run of text as sent. Each may begin a line, where more is escaped."""
    return sum(units(markdown((inline,))) + 4 for inline in inlines)


def cost(block: Block) -> Cost:
    """What a block takes of a message at most. Texts are merged, so most blocks are less than a component."""
    parts = list(_block(block))
    characters = sum(units(part["content"]) + 1 for part in parts if part["type"] == TEXT)
    pieces = sum(1 + len(part.get("components", ())) for part in parts if part["type"] != TEXT)
    # A text that stands between two other components is one of its own.
    return Cost(pieces + bool(pieces), characters)


FIT = Fit(width, cost, Cost(MOST_PIECES, MOST_TEXT), WIDEST, HEADLINE)
