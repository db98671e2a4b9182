"""The article of a whole HTML page, without what surrounds it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from digests.errors import ParseError
from digests.ingest.dates import parse_date
from digests.ingest.htmltext import html_to_text
from digests.ingest.tidy import one_line, paragraphs
from digests.ingest.worker import WORKERS

PAGE_LIMIT = 2_000_000
"""Characters of HTML that are read of one page; trafilatura needs 16 to 22 s for some pages of 4 MB."""
PAGE_SECONDS = 20.0
_SECTION_LIMIT = 200_000
_HEADING_LIMIT = 200
_HEADING = re.compile(r"<h[1-6]\b[^<>]*+>(.*?)</h[1-6]\s*>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class PageSection:
    """A part of a page below one heading; ``heading`` is None before the first."""

    heading: str | None
    text: str


@dataclass(frozen=True, slots=True)
class CleanPage:
    """The article of a page. ``text`` has one paragraph a line, headings included; ``published`` is what it states."""

    title: str | None
    text: str
    published: datetime | None
    sections: tuple[PageSection, ...]


def clean_page(html: str, url: str | None = None) -> CleanPage:
    """The article of the page ``html``; of a longer page than :data:`PAGE_LIMIT` only the beginning is read.

    Blocks its thread while a worker process does the work (about 10 ms, half a second more for the first page).
    Raises :class:`ParseError` when the page holds no text or takes longer than :data:`PAGE_SECONDS`.
    """
    payload = html[:PAGE_LIMIT].encode("utf-8", "replace")
    return WORKERS.run(extract_page, payload, CleanPage, timeout=PAGE_SECONDS, url=url)


def extract_page(payload: bytes, url: str | None = None) -> CleanPage:
    """What :func:`clean_page` returns, done in this process: for a worker."""
    import trafilatura

    page = payload.decode("utf-8")
    article = trafilatura.extract(
        page, url=url, output_format="html", include_comments=False, include_tables=True, favor_recall=True
    )
    sections = sections_of(article or page)
    if not sections:
        raise ParseError("the page holds no text")
    metadata = trafilatura.extract_metadata(page, default_url=url)
    lines = [line for section in sections for line in (section.heading, section.text) if line]
    return CleanPage(
        title=one_line(metadata.title or "", _HEADING_LIMIT) or None,
        text="\n".join(lines),
        published=parse_date(metadata.date) if metadata.date else None,
        sections=sections,
    )


def sections_of(html: str) -> tuple[PageSection, ...]:
    """``html`` cut at its headings; parts with neither a heading nor text are left out."""
    pieces = _HEADING.split(html)
    headings = [None, *(one_line(html_to_text(piece), _HEADING_LIMIT) or None for piece in pieces[1::2])]
    texts = [paragraphs(html_to_text(piece), _SECTION_LIMIT) for piece in pieces[::2]]
    return tuple(PageSection(heading, text) for heading, text in zip(headings, texts, strict=True) if heading or text)
