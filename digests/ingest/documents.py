"""Documents in a folder (Markdown, HTML, PDF, DOCX) as entries: one for each page or headed section.

The folder is trusted as little as a feed: nothing outside it is read, whatever links and names say, and every file is
taken apart in a worker process with limits on time and memory.
"""

from __future__ import annotations

import hashlib
import html
import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath

import structlog

from digests.errors import ParseError
from digests.ingest.documentparts import DocumentPart, DocumentParts, take_apart
from digests.ingest.entries import KEY_LIMIT, FeedData
from digests.ingest.tidy import one_line, visible
from digests.ingest.worker import WORKERS
from digests.model import EntryData

log = structlog.get_logger()

KINDS = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html", ".pdf": "pdf", ".docx": "docx"}
"""File name endings that are read; other files are passed over."""
FILE_LIMIT = 50 * 1024 * 1024
MOST_FILES = 2_000
DOCUMENT_SECONDS = 60.0
_LOCATOR_LIMIT = 200


def read_documents(folder: Path) -> tuple[EntryData, ...]:
    """The entries of all documents below ``folder``; what could not be read is logged (see :func:`read_folder`)."""
    feed = read_folder(folder)
    for problem in feed.problems:
        log.warning("document left out", folder=folder.name, problem=problem)
    return feed.entries


def read_folder(folder: Path) -> FeedData:
    """All documents below ``folder`` as one feed, in the order of their names.

    One document that cannot be read stops no other: it is named in ``problems``. Blocks: call it in a thread. Raises
    :class:`ParseError` when there is no such folder.
    """
    root = _root(folder)
    entries: list[EntryData] = []
    paths, problems = list_documents(root)
    for path in paths:
        try:
            entries.extend(read_document(path, root))
        except ParseError as error:
            problems.append(f"{_relative(path, root)}: {error}")
    return FeedData(title=None, entries=tuple(entries), language=None, problems=tuple(problems))


def list_documents(folder: Path) -> tuple[list[Path], list[str]]:
    """The documents below ``folder`` in the order of their names, and what was passed over and why.

    Raises :class:`ParseError` when there is no such folder.
    """
    problems: list[str] = []
    return list(_files(_root(folder), problems)), problems


def read_document(path: Path, root: Path | None = None) -> tuple[EntryData, ...]:
    """The entries of one document, keyed by its path below ``root`` (by its name without one) and their locators.

    ``title`` is the document's, ``locator`` the page (``p. 3``) or heading (``§ Background``), ``url`` None; ``html``
    is clean text already, one paragraph a line. Raises :class:`ParseError` when the file lies outside ``root``, is
    too large, or cannot be read.
    """
    root = _root(root or path.parent)
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise ParseError(f"files that end in {path.suffix!r} are not read; {', '.join(KINDS)} are")
    parts = WORKERS.run(take_apart, _contents(path, root), DocumentParts, timeout=DOCUMENT_SECONDS, kind=kind)
    name = _relative(path, root)
    title = parts.title or one_line(path.stem.replace("_", " "), _LOCATOR_LIMIT)
    return tuple(_entry(name, title, part, locator, parts) for part, locator in _located(parts.parts))


def folder_fingerprint(folder: Path) -> str:
    """Changes when any document below ``folder`` is added, removed or written; costs no reading."""
    root = _root(folder)
    digest = hashlib.sha256()
    for path in _files(root, []):
        try:
            status = path.stat()
        except OSError:
            continue  # gone since it was listed
        digest.update(f"{_relative(path, root)}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _entry(name: str, title: str, part: DocumentPart, locator: str | None, parts: DocumentParts) -> EntryData:
    return EntryData(
        key=_key(name, locator),
        title=html.escape(title, quote=False),
        url=None,
        html=part.text,
        published=_aware(parts.published),
        updated=_aware(parts.updated),
        locator=locator,
    )


def _key(name: str, locator: str | None) -> str:
    key = f"{name}#{locator}" if locator else name
    return key if len(key) <= KEY_LIMIT else f"sha256:{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def _located(parts: tuple[DocumentPart, ...]) -> Iterator[tuple[DocumentPart, str | None]]:
    """Each part with text and its locator; headings that occur again are numbered."""
    seen: dict[str, int] = {}
    for part in parts:
        if not part.text:
            continue
        locator = one_line(part.locator, _LOCATOR_LIMIT) if part.locator else ""
        seen[locator] = seen.get(locator, 0) + 1
        if seen[locator] > 1:
            locator = f"{locator} ({seen[locator]})".strip()
        yield part, locator or None


def _aware(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo else None


def _root(folder: Path) -> Path:
    try:
        root = folder.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise ParseError(f"there is no folder {folder.name!r}; create it or correct the source's path") from error
    if not root.is_dir():
        raise ParseError(f"{folder.name!r} is a file; the source's path must name a folder")
    return root


def _files(root: Path, problems: list[str]) -> Iterator[Path]:
    """The documents below ``root`` by name; links out of it and hidden files are passed over."""
    count = 0
    for place, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith((".", "~$")) or path.suffix.lower() not in KINDS:
                continue
            if not _inside(path, root):
                problems.append(f"{_relative(path, root)}: it is a link to somewhere outside the folder; not read")
                continue
            count += 1
            if count > MOST_FILES:
                problems.append(f"only the first {MOST_FILES} documents were read")
                return
            yield path


def _inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # a link that leads nowhere, or in a circle
        return False


def _contents(path: Path, root: Path) -> bytes:
    if not _inside(path, root):
        raise ParseError("it lies outside the folder (or does not exist); it is not read")
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ParseError("it is no ordinary file")
    if status.st_size > FILE_LIMIT:
        raise ParseError(f"it is larger than {FILE_LIMIT // 1048576} MiB")
    try:
        return path.resolve().read_bytes()
    except OSError as error:
        raise ParseError(f"it cannot be opened ({error.strerror})") from error


def _relative(path: Path, root: Path) -> str:
    """The path below ``root`` with forward slashes, whatever the system: keys stay the same when the folder moves."""
    try:
        relative = path.relative_to(root)
    except ValueError:
        relative = path.resolve().relative_to(root)
    return visible(os.fsencode(PurePosixPath(*relative.parts)).decode("utf-8", "replace"))
