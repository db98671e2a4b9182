"""What a posted message says once a source has edited or withdrawn what the message cites."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.i18n import Translator, translator
from bot.message import Block, Bullet, BulletList, Context, Inline, Inlines, Link, Message, Text, Time
from bot.present.citations import SEPARATOR


def corrected(
    message: Message, *, posted_url: str, url: str | None, title: str, text: str, withdrawn: bool, at: datetime
) -> Message | None:
    """The message with every line about ``posted_url`` brought up to date and marked; None when none cites it.

    A quoted sentence that the source no longer has is taken out: what stands there is verbatim, or not at all.
    """
    t = translator(message.language)
    blocks: list[Block] = []
    for block in message.blocks:
        if isinstance(block, BulletList):
            items = tuple(
                _item(item, posted_url, Link(title, url or posted_url), text, withdrawn=withdrawn, t=t)
                if _cites(item, posted_url)
                else item
                for item in block.items
            )
            block = replace(block, items=items)
        blocks.append(block)
    if tuple(blocks) == message.blocks:
        return None
    words = t("Corrected: a source has changed what it published.") + " "
    return replace(message, blocks=(*blocks, Context((Text(words), Time(at)))))


def _cites(item: Bullet, url: str) -> bool:
    """Whether the bullet's own words lead there; a source named beside it does not count."""
    own = (*item.inlines, *item.detail[:1])
    return any(isinstance(inline, Link) and inline.url == url for inline in own)


def _item(item: Bullet, posted_url: str, new: Link, text: str, *, withdrawn: bool, t: Translator) -> Bullet:
    mark = t("withdrawn by its source") if withdrawn else t("edited by its source since")
    inlines = item.inlines if withdrawn else tuple(_inlines(item.inlines, posted_url, new, text))
    return Bullet(inlines, (*item.detail, Text(SEPARATOR + mark, "strong")))


def _inlines(inlines: Inlines, posted_url: str, new: Link, text: str) -> list[Inline]:
    known = " ".join(text.split())
    kept: list[Inline] = []
    for inline in inlines:
        if isinstance(inline, Link) and inline.url == posted_url:
            kept.append(new)
        elif isinstance(inline, Text) and inline.text.startswith("\n") and not _said(inline.text, known):
            continue
        else:
            kept.append(inline)
    return kept


def _said(words: str, known: str) -> bool:
    return " ".join(words.split()) in known
