"""A message as Discord's: a Components V2 container, or an embed for errors; never both in one message. Pure.

Limits: Discord's documentation, components/reference, resources/message. Lengths are counted in UTF-16 units, which is
never less than what Discord counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.adapters.discord.markdown import address, escaped, markdown, shortened, units
from bot.adapters.splitting import Cost, Fit
from bot.files import saved_as
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
)

if TYPE_CHECKING:
    import discord

Json = dict[str, Any]
IS_COMPONENTS_V2 = 1 << 15
ACTION_ROW, BUTTON, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER = 1, 2, 10, 12, 13, 14, 17
"""Component types (components/reference)."""
WIDEST = 1_500
HEADLINE = 1_800
"""Characters of the message in the channel when the rest goes to its thread: about a screen, links counted."""
MOST_TEXT = 3_800
"""A message takes 4,000 characters over all text displays."""
MOST_PIECES = 36
"""A message takes 40 components, nested ones counted; the container and its first text come on top of this."""
LONGEST_LABEL, LONGEST_ACTION, LONGEST_ALT = 80, 100, 1_024
LONGEST_HEADING = 240
BUTTONS_A_ROW, MOST_ROWS = 5, 5
_COLOURS = {"digest": 0x2F6FDE, "notice": 0xB7791F, "reply": 0x6B7A90, "refusal": 0x6B7A90, "error": 0xC0392B}
"""Decoration only: no meaning hangs on it."""
_BUTTON_STYLES = {"primary": 1, "plain": 2, "danger": 4}
_LINK_STYLE = 5
_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Attached:
    """What must be attached, by archive key, under a name that its component refers to."""

    key: str
    filename: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message."""

    components: tuple[Json, ...] = ()
    embeds: tuple[Json, ...] = ()
    flags: int = 0
    files: tuple[Attached, ...] = ()

    @property
    def is_v2(self) -> bool:
        return bool(self.flags & IS_COMPONENTS_V2)

    def payload(self) -> Json:
        """The message as the API takes it, its files attached in their order: nothing in it pings."""
        body: Json = {"allowed_mentions": {"parse": []}, "flags": self.flags}
        if self.embeds:
            body["embeds"] = list(self.embeds)
        if self.components:
            body["components"] = list(self.components)
        if self.files:
            body["attachments"] = [{"id": str(n), "filename": one.filename} for n, one in enumerate(self.files)]
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
    blocks = tuple(_distinct(message.blocks))
    parts = list(_merged(blocks)) or [_text(escaped(shortened(message.summary, WIDEST)).strip() or _NOTHING)]
    attached = (block for block in blocks if isinstance(block, Image | File))
    files = dict.fromkeys(Attached(block.key, attached_as(block)) for block in attached)
    if message.kind == "error" and not files:
        return _embed(parts)
    container = {"type": CONTAINER, "accent_color": _COLOURS[message.kind], "components": parts}
    return Rendered(components=(container,), flags=IS_COMPONENTS_V2, files=tuple(files))


def _distinct(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks, files under names of their own: two of one name in one message would be one to Discord."""
    taken: dict[str, str] = {}
    for block in blocks:
        if isinstance(block, File) and taken.setdefault(saved_as(block), block.key) != block.key:
            yield replace(block, name=f"{block.key}-{block.name}")
        else:
            yield block


def attached_as(block: Image | File) -> str:
    """The name of an attachment, to which its component refers."""
    return f"{block.key}.png" if isinstance(block, Image) else saved_as(block)


def _embed(parts: list[Json]) -> Rendered:
    """A small embed with its buttons."""
    words = "\n".join(part["content"] for part in parts if part["type"] == TEXT)
    rows = [part for part in parts if part["type"] == ACTION_ROW]
    embed = {"type": "rich", "description": words or _NOTHING, "color": _COLOURS["error"]}
    return Rendered(components=tuple(rows[:MOST_ROWS]), embeds=(embed,))


def _merged(blocks: Iterable[Block]) -> Iterator[Json]:
    """The blocks' components, neighbouring texts as one: a message has room for few components."""
    actions: set[str] = set()
    words, last = "", None
    for block in blocks:
        for part in _block(block):
            if part["type"] == TEXT:
                words += (_gap(last, block) if words and last else "") + part["content"]
                last = block
                continue
            shown = _once(part, actions) if part["type"] == ACTION_ROW else part
            if shown is None:
                continue
            if words:
                yield _text(words)
                words = ""
            yield shown
    if words:
        yield _text(words)


def _gap(above: Block, below: Block) -> str:
    """Between texts: headings and small print stay with their text; paragraphs, lists and tables stand apart."""
    if isinstance(above, Heading) or isinstance(below, Heading):
        return "\n"
    both = isinstance(above, Paragraph) and isinstance(below, Paragraph)
    return "\n\n" if both or isinstance(above, BulletList | Quote | Table) or isinstance(below, Table) else "\n"


def _once(row: Json, actions: set[str]) -> Json | None:
    """The row without buttons that stand in the message already: Discord takes each custom id once."""
    kept = []
    for button in row["components"]:
        action = button.get("custom_id")
        if action not in actions:
            kept.append(button)
        if action is not None:
            actions.add(action)
    return {**row, "components": kept} if kept else None


# --- blocks ------------------------------------------------------------------------------------------------


def _block(block: Block) -> Iterator[Json]:
    match block:
        case Actions():
            yield from _rows(block.buttons)
        case Divider():
            yield {"type": SEPARATOR, "divider": True, "spacing": 1}
        case Image():
            media = {"url": f"attachment://{attached_as(block)}"}
            alt = shortened(block.alt, LONGEST_ALT) or _NOTHING
            yield {"type": GALLERY, "items": [{"media": media, "description": alt}]}
            if block.title and (title := _small((Text(block.title),))):
                yield _text(title)
        case File():
            yield {"type": FILE, "file": {"url": f"attachment://{attached_as(block)}"}}
        case _:
            if words := _words(block):
                yield _text(words)


def _words(block: Block) -> str:
    """A block of text; empty when it says nothing."""
    match block:
        case Heading():
            words = escaped(shortened(block.text.replace("\n", " "), LONGEST_HEADING)).strip()
            return f"{'##' if block.level == 1 else '###'} {words}" if words else ""
        case Paragraph():
            return markdown(block.inlines).strip()
        case BulletList():
            items = enumerate(block.items, block.start)
            return "\n".join(_bullet(item, f"{number}. " if block.ordered else "- ") for number, item in items)
        case Quote():
            lines = [f"> {line}" for line in _lines(block.inlines)]
            return "\n".join([*lines, *filter(None, [_small(block.source)])])
        case Context():
            return _small(block.inlines)
        case Table():
            caption = f"**{escaped(block.caption).strip()}**" if block.caption.strip() else ""
            rows = [_bullet(Bullet(_row(block, row)), "- ") for row in block.rows]
            return "\n".join([*filter(None, [caption]), *rows])
    return ""


def _bullet(item: Bullet, mark: str) -> str:
    """The item's first line, strong where it is a headline; the others below the mark; the detail as small print."""
    head, *more = _lines(item.inlines) or [_NOTHING]
    leads = isinstance(next(iter(item.inlines), None), Link) and head.startswith("[") and head.endswith(">)")
    first = f"**{head}**" if leads and item.detail else head
    lines = [f"{mark}{first}", *(f"{' ' * len(mark)}{line}" for line in more), _small(item.detail)]
    return "\n".join(filter(None, lines))


def _small(inlines: Inlines) -> str:
    return "\n".join(f"-# {line}" for line in _lines(inlines))


def _lines(inlines: Inlines) -> list[str]:
    """The lines that say something: within a list, a quotation or small print an empty one would end it."""
    return [line.strip() for line in markdown(inlines).split("\n") if line.strip()]


def _row(table: Table, row: tuple[Inlines, ...]) -> Inlines:
    """A row in words: its first cell, then ``column: value`` for the others that are not empty."""
    first = tuple(replace(part, style="strong") if isinstance(part, Text) else part for part in row[0]) if row else ()
    parts: list[Inline] = [*first]
    for column, cell in zip(table.columns[1:], row[1:], strict=False):
        if cell:
            parts += [Text(f"{' – ' if len(parts) == len(first) else ' · '}{column}: "), *cell]
    return tuple(parts)


def _rows(buttons: Iterable[Button]) -> Iterator[Json]:
    shapes = [shape for button in buttons if (shape := _button(button)) is not None]
    for start in range(0, len(shapes), BUTTONS_A_ROW):
        yield {"type": ACTION_ROW, "components": shapes[start : start + BUTTONS_A_ROW]}


def _button(button: Button) -> Json | None:
    """None for a button that Discord would not take: a link too long for it, one that does nothing."""
    label = shortened(button.label.replace("\n", " "), LONGEST_LABEL).strip() or _NOTHING
    shape: Json = {"type": BUTTON, "label": label}
    if button.disabled:
        shape["disabled"] = True
    if button.action is not None:
        fits = 1 <= units(button.action) <= LONGEST_ACTION
        return {**shape, "style": _BUTTON_STYLES[button.style], "custom_id": button.action} if fits else None
    url = address(button.url or "")
    return {**shape, "style": _LINK_STYLE, "url": url} if url is not None else None


def _text(words: str) -> Json:
    return {"type": TEXT, "content": words}


# --- what things cost ----------------------------------------------------------------------------------------


def width(inlines: Inlines) -> int:
    """Characters of a run of text as sent, at most: beside others a few more signs may need a backslash."""
    return sum(units(markdown((inline,))) + 4 for inline in inlines)


def cost(block: Block) -> Cost:
    """What a block takes of a message at most. Texts are merged, so most blocks are less than a component."""
    parts = list(_block(block))
    characters = sum(units(part["content"]) + 2 for part in parts if part["type"] == TEXT)
    pieces = sum(1 + len(part.get("components", ())) for part in parts if part["type"] != TEXT)
    # What stands between two texts keeps them from being merged.
    return Cost(pieces + bool(pieces), characters)


FIT = Fit(width, cost, Cost(MOST_PIECES, MOST_TEXT), WIDEST, HEADLINE)
