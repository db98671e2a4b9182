"""Items as a list: title, publisher, date, language."""

from __future__ import annotations

from collections.abc import Sequence

from bot.i18n import Translator
from bot.message import Bullet, BulletList, Context, Heading, Inline, Link, Message, Paragraph, Text, Time, text
from bot.present.citations import SEPARATOR, language_tag
from bot.present.labels import kind_label
from digests.model import Dating, Item, SourceKind

_NAMED = (SourceKind.OFFICIAL, SourceKind.STATE_MEDIA, SourceKind.COMMENTARY, SourceKind.THINK_TANK)


def items_message(items: Sequence[Item], name: str, t: Translator) -> Message:
    """The newest items under ``name``; says what to do when there are none."""
    heading = Heading(t("Latest: {name}", name=name))
    if not items:
        words = t("No item has been filed here yet. The dossier may help: /section and /timeline.")
        return Message((heading, Paragraph(text(words))), summary=words, language=t.language)
    bullets = tuple(_bullet(item, t) for item in items)
    hint = Context(text(t("Why an item is here: /why and its number.")))
    summary = t.n("{n} item: {title}", "{n} items, newest: {title}", len(items), title=items[0].title)
    return Message((heading, BulletList(bullets), hint), summary=summary, language=t.language, shareable=True)


def _bullet(item: Item, t: Translator) -> Bullet:
    foreign = item.language if item.language != t.language else None
    title: Inline = Link(item.title, item.url) if item.url else Text(item.title, "strong", foreign)
    parts: list[Inline] = [Text(f"{item.publisher}{SEPARATOR}"), Time(item.published_at)]
    extras = []
    if item.dating is not Dating.STATED:
        extras.append(t("date uncertain"))
    if foreign:
        extras.append(language_tag(item.language))
    if item.kind in _NAMED:
        extras.append(kind_label(item.kind, t))
    if item.withdrawn_at is not None:
        extras.append(t("withdrawn"))
    extras.append(f"#{item.id}")
    parts.append(Text(SEPARATOR + SEPARATOR.join(extras)))
    return Bullet((title,), tuple(parts))
