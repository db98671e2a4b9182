"""Documents taken apart into pages or headed sections, in a worker process (see :mod:`digests.ingest.documents`)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from digests.errors import ParseError
from digests.ingest.charset import decode
from digests.ingest.dates import parse_date
from digests.ingest.pages import extract_page, sections_of
from digests.ingest.reflow import reflow
from digests.ingest.tidy import one_line, paragraphs

if TYPE_CHECKING:
    from docx.document import Document

MOST_PAGES = 1_500
PART_LIMIT = 200_000
TITLE_LIMIT = 200
_TEXT_LIMIT = 5_000_000
_MOST_ZIP_ENTRIES = 5_000
_ZIP_LIMIT = 200 * 1024 * 1024
"""Bytes that a DOCX may have after decompression."""
_XML_LIMIT = 40 * 1024 * 1024
_MOSTLY_ARTICLE = 0.7
_DECLARATION = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.{0,5000}?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"^(title|date|updated)[ \t]*:[ \t]*(.+)$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """A page or section. ``text`` has one paragraph a line; ``locator`` is ``p. 3`` or ``§ Heading``."""

    locator: str | None
    text: str


@dataclass(frozen=True, slots=True)
class DocumentParts:
    """A document taken apart, with what it says about itself."""

    title: str | None
    published: datetime | None
    updated: datetime | None
    parts: tuple[DocumentPart, ...]


def take_apart(payload: bytes, kind: str) -> DocumentParts:
    """The parts of the document ``payload``; ``kind`` is markdown, html, pdf or docx. Raises :class:`ParseError`."""
    readers = {"markdown": _markdown, "html": _html, "pdf": _pdf, "docx": _docx}
    parts = readers[kind](payload)
    if not any(part.text for part in parts.parts):
        raise ParseError("it holds no text (a scan without text recognition?)" if kind == "pdf" else "it holds no text")
    return parts


def _markdown(payload: bytes) -> DocumentParts:
    from markdown_it import MarkdownIt

    text = decode(payload)[0][:_TEXT_LIMIT].replace("\r\n", "\n")
    fields: dict[str, str] = {}
    if front := _FRONT_MATTER.match(text):
        fields = {name.lower(): value.strip().strip("\"'") for name, value in _FIELD.findall(front[1])}
        text = text[front.end() :]
    sections = sections_of(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
    heading = next((section.heading for section in sections if section.heading), None)
    return DocumentParts(
        title=one_line(fields.get("title") or heading or "", TITLE_LIMIT) or None,
        published=parse_date(fields.get("date", "")),
        updated=parse_date(fields.get("updated", "")),
        parts=tuple(DocumentPart(_section_mark(section.heading), section.text) for section in sections),
    )


def _html(payload: bytes) -> DocumentParts:
    text = decode(payload)[0][:_TEXT_LIMIT]
    page = extract_page(text.encode("utf-8", "replace"))
    whole = sections_of(text)
    # A page that is nearly all article is taken as it is: the extractor drops headings of short pages.
    mostly = len(page.text) > _MOSTLY_ARTICLE * sum(len(section.text) for section in whole)
    return DocumentParts(
        title=page.title,
        published=page.published,
        updated=None,
        parts=tuple(
            DocumentPart(_section_mark(section.heading), section.text)
            for section in (whole if mostly else page.sections)
        ),
    )


def _section_mark(heading: str | None) -> str | None:
    return f"§ {heading}" if heading else None


# --- PDF ---------------------------------------------------------------------------------------------------


def _pdf(payload: bytes) -> DocumentParts:
    import pypdf

    if b"%PDF-" not in payload[:1_024]:
        raise ParseError("it is no PDF, whatever its name says")
    reader = pypdf.PdfReader(io.BytesIO(payload), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise ParseError("it is protected with a password")
    if len(reader.pages) > MOST_PAGES:
        raise ParseError(f"it has more than {MOST_PAGES} pages")
    about = reader.metadata
    return DocumentParts(
        title=one_line(str(about.title or ""), TITLE_LIMIT) or None if about else None,
        published=_stated(lambda: about.creation_date) if about else None,
        updated=_stated(lambda: about.modification_date) if about else None,
        parts=tuple(_pdf_page(page, number) for number, page in enumerate(reader.pages, start=1)),
    )


def _pdf_page(page: Any, number: int) -> DocumentPart:
    return DocumentPart(f"p. {number}", paragraphs(reflow(page.extract_text() or ""), PART_LIMIT))


def _stated(read: Any) -> datetime | None:
    """A date of the document's own, in UTC; a malformed one counts as none."""
    try:
        moment = read()
    except ValueError:
        return None
    if not isinstance(moment, datetime):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


# --- DOCX --------------------------------------------------------------------------------------------------


def _docx(payload: bytes) -> DocumentParts:
    import docx

    _check_package(payload)
    document = docx.Document(io.BytesIO(payload))
    about = document.core_properties
    blocks = list(_blocks(document))
    title = about.title or next((text for level, text in blocks if level == 0), "")
    return DocumentParts(
        title=one_line(title or next((text for level, text in blocks if level), ""), TITLE_LIMIT) or None,
        published=_stated(lambda: about.created),
        updated=_stated(lambda: about.modified),
        parts=tuple(_docx_sections(blocks)),
    )


def _check_package(payload: bytes) -> None:
    """Refuse zip bombs and XML with definitions of its own before anything is unpacked for good."""
    try:
        package = zipfile.ZipFile(io.BytesIO(payload))
    except zipfile.BadZipFile as error:
        raise ParseError("it is no DOCX, whatever its name says") from error
    with package:
        entries = package.infolist()
        if len(entries) > _MOST_ZIP_ENTRIES or sum(entry.file_size for entry in entries) > _ZIP_LIMIT:
            raise ParseError(f"unpacked it has more than {_ZIP_LIMIT // 1048576} MiB or {_MOST_ZIP_ENTRIES} parts")
        texts = [entry for entry in entries if entry.filename.lower().endswith((".xml", ".rels"))]
        if sum(entry.file_size for entry in texts) > _XML_LIMIT:
            raise ParseError(f"its text has more than {_XML_LIMIT // 1048576} MiB")
        for entry in texts:
            if _DECLARATION.search(package.read(entry).replace(b"\0", b"")):
                raise ParseError("it defines XML entities of its own; that is refused")


def _blocks(document: Document) -> Iterator[tuple[int | None, str]]:
    """(heading level, text) of each paragraph and table row; level 0 is the title, None ordinary text."""
    from docx.table import Table

    for block in document.iter_inner_content():
        if isinstance(block, Table):
            for row in block.rows:
                cells = dict.fromkeys(cell.text.strip() for cell in row.cells)  # merged cells come repeatedly
                yield None, " ".join(text.replace("\n", " ") for text in cells if text)
        else:
            yield _heading_level(block), block.text


def _heading_level(paragraph: Any) -> int | None:
    name = (paragraph.style.name or "").lower() if paragraph.style is not None else ""
    if name == "title":
        return 0
    level = name.removeprefix("heading ")
    return int(level) if level != name and level.isdecimal() else None


def _docx_sections(blocks: Iterable[tuple[int | None, str]]) -> Iterator[DocumentPart]:
    heading, lines = None, list[str]()
    for level, text in blocks:
        if level:
            yield DocumentPart(_section_mark(heading), paragraphs("\n".join(lines), PART_LIMIT))
            heading, lines = one_line(text, TITLE_LIMIT), []
        elif level is None:
            lines.append(text)
    yield DocumentPart(_section_mark(heading), paragraphs("\n".join(lines), PART_LIMIT))
