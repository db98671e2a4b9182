"""Cutting a message into parts that fit a platform, on its structure.

Pure and the same for every platform: an adapter says what things cost there (:class:`Fit`), and gets parts that fit.
Cuts are made, in this order of preference, before a heading, between blocks, between list items, between sentences,
between words, between characters as readers see them (grapheme clusters); never inside a link or a time. When a
message needs several parts each of them says so: (i/N).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import regex

from bot.i18n import Translator, translator
from bot.message import (
    Block,
    Bullet,
    BulletList,
    Context,
    Heading,
    Inline,
    Inlines,
    Link,
    Message,
    Paragraph,
    Quote,
    Table,
    Text,
    text,
)


class Cost(NamedTuple):
    """What a block takes of a message: ``pieces`` (Slack's blocks, Discord's components), ``characters``."""

    pieces: int
    characters: int


@dataclass(frozen=True, slots=True)
class Fit:
    """What a platform can take. Costs of blocks add up; characters are counted as sent, escapes included."""

    width: Callable[[Inlines], int]
    """Characters of one run of text."""
    cost: Callable[[Block], Cost]
    most: Cost
    """What one message holds."""
    widest: int
    """Characters of one paragraph, list item, quotation or cell."""
    headline: int
    """Characters of the first part of a digest whose rest goes into its thread. Digests of up to twice that stay whole:
    nobody opens a thread for three lines."""


_END = regex.compile(r"(?<=[.!?…]['\"”»)\]]?)\s+|(?<=[。！？][」』）]?)|\n+")
_SPACE = regex.compile(r"\s+")
_GRAPHEME = regex.compile(r"\X")
_MARK = Cost(1, 24)
"""Room for (i/N)."""
_MOST_NAMES = 8
_SMALL = 80
"""Characters; shorter texts are moved whole rather than cut."""


def split(message: Message, fit: Fit) -> tuple[Message, ...]:
    """Cut ``message`` into parts that fit; one that fits stays as it is.

    A long digest becomes a headline, which says what follows, and its continuation.
    """
    fit = replace(fit, width=_remembering(fit.width), cost=_remembering(fit.cost))
    blocks = tuple(part for block in message.blocks for part in _narrowed(block, fit))
    total = _total(blocks, fit)
    digest = message.kind == "digest"
    if _fits(total, fit.most) and not (digest and total.characters > 2 * fit.headline):
        return (message,) if blocks == message.blocks else (replace(message, blocks=blocks),)
    t = translator(message.language)
    parts = _packed(_groups(blocks), fit, t, headline=digest)
    return _numbered(message, parts)


T = TypeVar("T")
R = TypeVar("R")


def _remembering(measure: Callable[[T], R]) -> Callable[[T], R]:
    """``measure`` that measures each object once. The objects are kept, so that no other gets their identity."""
    known: dict[int, tuple[T, R]] = {}

    def measured(thing: T) -> R:
        found = known.get(id(thing))
        if found is None:
            found = known[id(thing)] = (thing, measure(thing))
        return found[1]

    return measured


def _numbered(message: Message, parts: list[list[Block]]) -> tuple[Message, ...]:
    total = len(parts)
    numbered = []
    for number, blocks in enumerate(parts, 1):
        mark = f"({number}/{total})"
        blocks = _marked(blocks, mark)
        numbered.append(replace(message, blocks=tuple(blocks), summary=f"{message.summary} {mark}"))
    return tuple(numbered)


def _marked(blocks: list[Block], mark: str) -> list[Block]:
    """``blocks`` with the mark in the small print at the end."""
    *before, last = blocks
    if isinstance(last, Context):
        return [*before, Context((*last.inlines, Text(f"  {mark}")))]
    return [*blocks, Context(text(mark))]


# --- packing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Group:
    """A heading with what stands below it, or what stands before the first heading."""

    heading: Heading | None
    body: tuple[Block, ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        return (self.heading, *self.body) if self.heading else self.body


def _groups(blocks: tuple[Block, ...]) -> list[_Group]:
    groups: list[_Group] = []
    heading: Heading | None = None
    body: list[Block] = []
    for block in blocks:
        if isinstance(block, Heading):
            if heading or body:
                groups.append(_Group(heading, tuple(body)))
            heading, body = block, []
        else:
            body.append(block)
    groups.append(_Group(heading, tuple(body)))
    return groups


def _packed(groups: list[_Group], fit: Fit, t: Translator, *, headline: bool) -> list[list[Block]]:
    """Parts, filled in order. With ``headline`` the first one is short and names what follows."""
    room = Cost(fit.most.pieces - _MARK.pieces, fit.most.characters - _MARK.characters)
    waiting = list(groups)
    parts: list[list[Block]] = []
    if headline:
        first, waiting = _headline(waiting, room, fit, t)
        parts.append(first)
    part: list[Block] = []
    for group in waiting:
        if _fits(_total((*part, *group.blocks), fit), room):
            part.extend(group.blocks)
            continue
        for chunk in _chunks(group, part, room, fit, t):
            if part and not _fits(_total((*part, *chunk), fit), room):
                parts.append(part)
                part = []
            part.extend(chunk)
    return [*parts, part] if part else parts


def _headline(groups: list[_Group], room: Cost, fit: Fit, t: Translator) -> tuple[list[Block], list[_Group]]:
    """The first part, with as many whole sections as stay short, and the groups that are left."""
    short = Cost(room.pieces, min(room.characters, fit.headline))
    taken: list[Block] = []
    for number, group in enumerate(groups):
        rest = _following(groups[number + 1 :], t)
        if not _fits(_total((*taken, *group.blocks, *rest), fit), short):
            left = groups[number:]
            if not any(isinstance(block, BulletList | Paragraph) for block in taken):
                # A title alone says nothing: what fits of the first section stands below it.
                some, left = _opened(left, taken, short, fit, t)
                taken.extend(some)
            return [*taken, *_following(left, t)], left
        taken.extend(group.blocks)
    return taken, []


def _opened(
    groups: list[_Group], taken: list[Block], room: Cost, fit: Fit, t: Translator
) -> tuple[list[Block], list[_Group]]:
    """As much of the first group as fits below ``taken``, and the groups with the remainder of it in front."""
    first, *others = groups
    spare = _total(tuple(_following([_Group(first.heading, ()), *others], t)), fit)
    room = Cost(room.pieces - spare.pieces, room.characters - spare.characters)
    pieces = list(_pieces(first.body))
    some: list[Block] = [first.heading] if first.heading else []
    used = 0
    for piece in pieces:
        if some[1 if first.heading else 0 :] and not _fit_together((*taken, *some, piece), room, fit):
            break
        some.append(piece)
        used += 1
    rest = tuple(_joined(pieces[used:]))
    left = [_Group(_continued(first.heading, t), rest)] if rest else []
    return _joined(some), [*left, *others]


def _following(groups: list[_Group], t: Translator) -> list[Block]:
    """A line that names the sections which come in the thread."""
    names = [group.heading.text for group in groups if group.heading and group.heading.level == 2]
    if not names:
        return []
    if len(names) > _MOST_NAMES:
        names = [*names[:_MOST_NAMES], "…"]
    return [Context(text(t("In the thread: {sections}", sections=", ".join(names))))]


def _chunks(group: _Group, part: list[Block], room: Cost, fit: Fit, t: Translator) -> Iterator[tuple[Block, ...]]:
    """A group that does not fit beside ``part``: whole for a part of its own, else cut between its pieces."""
    if _fits(_total(group.blocks, fit), room):
        yield group.blocks
        return
    chunk: list[Block] = [group.heading] if group.heading else []
    started = False
    for piece in _pieces(group.body):
        if started and not _fit_together((*chunk, piece), room, fit):
            yield tuple(_joined(chunk))
            again = _continued(group.heading, t)
            chunk = [again] if again else []
        chunk.append(piece)
        started = True
    yield tuple(_joined(chunk))


def _continued(heading: Heading | None, t: Translator) -> Heading | None:
    if heading is None:
        return None
    mark = t("(continued)")
    return heading if heading.text.endswith(mark) else replace(heading, text=f"{heading.text} {mark}", level=2)


def _pieces(blocks: Iterable[Block]) -> Iterator[Block]:
    """Blocks with lists taken apart into lists of one, tables into tables of one row."""
    for block in blocks:
        match block:
            case BulletList():
                for number, item in enumerate(block.items):
                    yield replace(block, items=(item,), start=block.start + number)
            case Table():
                for row in block.rows:
                    yield replace(block, rows=(row,))
            case _:
                yield block


def _joined(blocks: Iterable[Block]) -> list[Block]:
    """The inverse of :func:`_pieces`: neighbouring pieces of one list or table become one again."""
    joined: list[Block] = []
    for block in blocks:
        last = joined[-1] if joined else None
        if isinstance(block, BulletList) and isinstance(last, BulletList) and _continues(last, block):
            joined[-1] = replace(last, items=(*last.items, *block.items))
        elif isinstance(block, Table) and isinstance(last, Table) and _same_table(last, block):
            joined[-1] = replace(last, rows=(*last.rows, *block.rows))
        else:
            joined.append(block)
    return joined


def _continues(last: BulletList, block: BulletList) -> bool:
    return last.ordered == block.ordered and (not block.ordered or block.start == last.start + len(last.items))


def _same_table(last: Table, block: Table) -> bool:
    return (last.columns, last.caption) == (block.columns, block.caption)


def _fit_together(pieces: tuple[Block, ...], room: Cost, fit: Fit) -> bool:
    """Whether the pieces fit. Joined they cost no more than apart, so joining is tried only when that decides."""
    return _fits(_total(pieces, fit), room) or _fits(_total(_joined(pieces), fit), room)


def _total(blocks: Iterable[Block], fit: Fit) -> Cost:
    pieces = characters = 0
    for block in blocks:
        cost = fit.cost(block)
        pieces += cost.pieces
        characters += cost.characters
    return Cost(pieces, characters)


def _fits(cost: Cost, room: Cost) -> bool:
    return cost.pieces <= room.pieces and cost.characters <= room.characters


# --- runs of text that are too long -------------------------------------------------------------------------


def _narrowed(block: Block, fit: Fit) -> Iterator[Block]:
    """``block``, or several in its place when a paragraph, list item or cell of it is wider than the platform takes."""
    match block:
        case Paragraph() if fit.width(block.inlines) > fit.widest:
            yield from (Paragraph(piece) for piece in cut(block.inlines, fit))
        case Context() if fit.width(block.inlines) > fit.widest:
            yield from (Context(piece) for piece in cut(block.inlines, fit))
        case Quote() if fit.width(block.inlines) + fit.width(block.source) > fit.widest:
            *before, last = cut(block.inlines, fit)
            yield from (Quote(piece) for piece in before)
            yield Quote(last, _shortened(block.source, fit))
        case BulletList() if any(_item_width(item, fit) > fit.widest for item in block.items):
            yield replace(block, items=tuple(_narrowed_items(block.items, fit)))
        case Table() if any(fit.width(cell) > fit.widest // len(block.columns) for row in block.rows for cell in row):
            most = fit.widest // len(block.columns)
            rows = tuple(tuple(_shortened(cell, fit, most) for cell in row) for row in block.rows)
            yield replace(block, rows=rows)
        case _:
            yield block


def _item_width(item: Bullet, fit: Fit) -> int:
    return fit.width(item.inlines) + fit.width(item.detail)


def _narrowed_items(items: Iterable[Bullet], fit: Fit) -> Iterator[Bullet]:
    for item in items:
        if _item_width(item, fit) <= fit.widest:
            yield item
            continue
        detail = _shortened(item.detail, fit, fit.widest // 2)
        *before, last = cut(item.inlines, fit, fit.widest - fit.width(detail))
        yield from (Bullet(piece) for piece in before)
        yield Bullet(last, detail)


def _shortened(inlines: Inlines, fit: Fit, widest: int | None = None) -> Inlines:
    """What fits of a run whose rest may go: small print, cells."""
    if fit.width(inlines) <= (widest or fit.widest):
        return inlines
    first = cut(inlines, fit, (widest or fit.widest) - 4)[0]
    return (*first, Text("…"))


def cut(inlines: Inlines, fit: Fit, widest: int | None = None) -> list[Inlines]:
    """Runs of at most ``widest`` characters (as sent). Links and times stay whole, even where one is wider."""
    room = widest or fit.widest
    runs: list[list[Inline]] = [[]]
    used = 0
    for inline in inlines:
        for piece in _text_pieces(inline, fit, room):
            width = fit.width((piece,))
            if runs[-1] and used + width > room:
                runs.append([])
                used = 0
            if runs[-1] and isinstance(piece, Text) and isinstance(runs[-1][-1], Text):
                runs[-1].extend(_merged(runs[-1].pop(), piece))
            else:
                runs[-1].append(piece)
            used += width
    return [tuple(run) for run in runs if run] or [()]


def _merged(last: Inline, piece: Text) -> Iterator[Inline]:
    if isinstance(last, Text) and (last.style, last.language) == (piece.style, piece.language):
        yield replace(last, text=last.text + piece.text)
    else:
        yield last
        yield piece


def _text_pieces(inline: Inline, fit: Fit, room: int) -> Iterator[Inline]:
    """The inline in pieces that may stand in different runs: sentences, and smaller where a sentence is too wide."""
    if isinstance(inline, Link) and fit.width((inline,)) > room:
        inline = _short_link(inline, fit, room)
    if not isinstance(inline, Text) or fit.width((inline,)) <= min(room, _SMALL):
        yield inline
        return
    for sentence in _kept(_END, inline.text):
        if fit.width((replace(inline, text=sentence),)) <= room:
            yield replace(inline, text=sentence)
            continue
        for word in _kept(_SPACE, sentence):
            if fit.width((replace(inline, text=word),)) <= room:
                yield replace(inline, text=word)
            else:
                yield from (replace(inline, text=piece) for piece in _clusters(word, inline, fit, room))


def _short_link(link: Link, fit: Fit, room: int) -> Inline:
    """A link whose words alone are wider than a paragraph: its beginning, still a link; without an address when even
    that does not fit."""
    words = next(_clusters(link.text, Text(""), fit, min(room // 4, 300)), "")
    short = Link(f"{words}…", link.url)
    return short if fit.width((short,)) <= room else Text(f"{words}…")


def _clusters(word: str, inline: Text, fit: Fit, room: int) -> Iterator[str]:
    """A word without spaces that is wider than ``room``, in pieces of whole grapheme clusters."""
    piece, used = "", 0
    for cluster in _GRAPHEME.findall(word):
        width = fit.width((replace(inline, text=cluster),))
        # A cluster with hundreds of marks on one letter is no character that anybody reads.
        for part in (cluster,) if width <= room else cluster:
            width = fit.width((replace(inline, text=part),))
            if piece and used + width > room:
                yield piece
                piece, used = "", 0
            piece += part
            used += width
    if piece:
        yield piece


def _kept(pattern: regex.Pattern[str], value: str) -> Iterator[str]:
    """``value`` cut after each match; nothing is lost."""
    start = 0
    for match in pattern.finditer(value):
        if match.end() > start:
            yield value[start : match.end()]
            start = match.end()
    if start < len(value):
        yield value[start:]
