"""The reasons behind an item: date, language, sections, event, copies."""

from __future__ import annotations

from collections.abc import Sequence

from bot.i18n import N_, Translator
from bot.message import (
    Block,
    Bullet,
    BulletList,
    Context,
    Heading,
    Inline,
    Link,
    Message,
    Paragraph,
    Text,
    Time,
    text,
)
from bot.present.citations import SEPARATOR, language_name
from bot.present.labels import kind_label
from digests.model import Dating, Filing, Item
from digests.story import Story

_DATINGS = {
    Dating.STATED: N_("as the source states it"),
    Dating.CORRECTED: N_("the source's own date cannot be right; this is when it was fetched"),
    Dating.MISSING: N_("the source gives none; this is when it was fetched"),
}
_MOST_SIBLINGS = 6


def why_message(
    item: Item,
    filings: Sequence[Filing],
    siblings: Sequence[Item],
    original: Item | None,
    story: Story,
    t: Translator,
    grouping: str | None = None,
) -> Message:
    """Everything the archive can say about how it took the item."""
    title: Inline = Link(item.title, item.url) if item.url else Text(item.title, "strong")
    facts: tuple[Inline, ...] = (
        Text(f"#{item.id}{SEPARATOR}{item.publisher}{SEPARATOR}{kind_label(item.kind, t)}{SEPARATOR}"),
        Text(f"{language_name(item.language)}{SEPARATOR}"),
        Time(item.published_at),
    )
    blocks: list[Block] = [Heading(t("Why this item is where it is")), Paragraph((title,)), Context(facts)]
    blocks += _filed(item, filings, story, t)
    blocks += _grouped(item, siblings, original, t)
    if grouping and item.event_id is not None:
        blocks.append(Context((Text(t("Why it belongs to this event:") + " "), Text(grouping, language="en"))))
    notes = [t("Date: {how}.", how=t(_DATINGS[item.dating]))]
    if item.revision > 1:
        notes.append(
            t.n("The source has edited it {n} time.", "The source has edited it {n} times.", item.revision - 1)
        )
    if item.baseline:
        notes.append(t("It was there when this source was first read, so it was archived and not posted as new."))
    if item.withdrawn_at is not None:
        notes.append(t("The source has withdrawn it."))
    blocks.append(Context(text(" ".join(notes))))
    return Message(tuple(blocks), summary=t("Why: {title}", title=item.title), language=t.language, shareable=True)


def _filed(item: Item, filings: Sequence[Filing], story: Story, t: Translator) -> list[Block]:
    if not filings:
        return [
            Heading(t("Off topic"), level=2),
            Paragraph(text(item.off_topic or t("no section matched"))),
        ]
    bullets = tuple(
        Bullet(
            (
                Text(story.section(filing.section).name.get(t.language), "strong"),
                Text(f" {filing.score:.2f}"),
            ),
            text("; ".join(reason.detail for reason in filing.reasons)),
        )
        for filing in filings
    )
    return [Heading(t("Filed under"), level=2), BulletList(bullets)]


def _grouped(item: Item, siblings: Sequence[Item], original: Item | None, t: Translator) -> list[Block]:
    others = [other for other in siblings if other.id != item.id]
    blocks: list[Block] = []
    if original is not None:
        words = t("A near copy of #{n} ({publisher}).", n=original.id, publisher=original.publisher)
        blocks.append(Paragraph(text(words)))
    if others:
        families = len({other.family for other in siblings})
        blocks.append(Heading(t.n("The same event: {n} other item", "The same event: {n} other items", len(others)), 2))
        blocks.append(
            BulletList(
                tuple(
                    Bullet(
                        (Link(o.title, o.url) if o.url else Text(o.title),), text(f"#{o.id}{SEPARATOR}{o.publisher}")
                    )
                    for o in others[:_MOST_SIBLINGS]
                )
            )
        )
        blocks.append(Context(text(t.n("{n} independent source", "{n} independent sources", families))))
    return blocks
