"""How a source stands below what it supports: publisher, date, labels, language, link."""

from __future__ import annotations

from collections.abc import Mapping

from bot.i18n import LANGUAGE_NAMES, Translator, format_partial_date
from bot.message import Bullet, BulletList, Inline, Inlines, Link, Text
from bot.present.labels import grade_label, kind_label, status_label
from digests.model import Citation, SourceKind

_SHOWN_KINDS = (SourceKind.OFFICIAL, SourceKind.STATE_MEDIA, SourceKind.COMMENTARY, SourceKind.THINK_TANK)
"""Kinds worth a word; that a newspaper is a newspaper goes without saying."""
SEPARATOR = " · "


def citation_line(citation: Citation, t: Translator, *, with_status: bool = True) -> Inlines:
    """``Publisher · 29 May 2026 · [ja] · labels``; the publisher is the link."""
    parts: list[Inline] = [source_link(citation)]
    details = [format_partial_date(citation.date, t.language)]
    if citation.locator:
        details.append(citation.locator)
    if citation.language != t.language and citation.grade is None:
        details.append(language_tag(citation.language))
    if with_status and citation.status is not None:
        details.append(status_label(citation.status, t))
    if citation.kind in _SHOWN_KINDS and citation.grade is None:
        details.append(kind_label(citation.kind, t))
    if label := grade_label(citation.grade, t):
        details.append(label)
    parts.append(Text(SEPARATOR + SEPARATOR.join(details)))
    return tuple(parts)


def source_link(citation: Citation) -> Inline:
    """The publisher as a link; plain words where there is no address (a document of the newsroom)."""
    return Link(citation.publisher, citation.url) if citation.url else Text(citation.publisher)


def language_tag(language: str) -> str:
    """``[ja]``: the language of what the link leads to."""
    return f"[{language}]"


def language_name(language: str) -> str:
    return LANGUAGE_NAMES.get(language, language)


def source_list(
    citations: tuple[Citation, ...], t: Translator, *, quotations: Mapping[int, Text] | None = None
) -> BulletList:
    """Numbered sources, in the order of their numbers in the text. Where ``quotations`` has words for a number, they
    stand in the title's place."""
    given = quotations or {}
    return BulletList(
        tuple(
            Bullet(
                (given.get(number) or Text(citation.title, language=_foreign(citation, t)),), citation_line(citation, t)
            )
            for number, citation in enumerate(citations, 1)
        ),
        ordered=True,
    )


def _foreign(citation: Citation, t: Translator) -> str | None:
    """A title's language when it is surely not the reader's. Titles of facts' sources are mostly English."""
    language = "en" if citation.grade is not None else citation.language
    return language if language != t.language else None
