"""A feed's bytes to its entries, whatever version it is and however it is broken.

Order of attempts: strict XML with our own reader, forgiving XML with it, then feedparser. Small documents that lxml
can read are read in this process (about 0.06 ms an entry); large ones, and all that needs feedparser, in a worker
process that can be stopped.
"""

from __future__ import annotations

import re

from lxml import etree

from digests.errors import ParseError
from digests.ingest.charset import decode
from digests.ingest.entries import FeedData, Found, settled
from digests.ingest.feedtree import NotAFeed, Tree
from digests.ingest.jsonfeed import read_json_feed
from digests.ingest.worker import WORKERS
from digests.ingest.xmlguard import guarded_xml

__all__ = ["FeedData", "parse_feed", "parse_feed_apart"]

IN_PROCESS_LIMIT = 512 * 1024
"""Bytes up to which a document is read in this process."""
WORKER_SECONDS = 30.0
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_ENTRY_TAG = re.compile(r"<(?:[\w-]+:)?(?:item|entry)[\s>/]", re.IGNORECASE)
_WEB_PAGE = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


class _NeedsFeedparser(Exception):
    """Our own reader finds no entries where there seem to be some."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def parse_feed(body: bytes, *, content_type: str | None = None, url: str | None = None) -> FeedData:
    """The feed in ``body``.

    ``content_type`` is the whole header of the response, with its charset; ``url`` the address it came from, for
    relative links. Blocks: call it in a thread. Raises :class:`ParseError` in plain words when ``body`` is no feed,
    is refused as hostile (entity definitions, excessive nesting) or takes too long.
    """
    if len(body) > IN_PROCESS_LIMIT:
        return WORKERS.run(parse_feed_apart, body, FeedData, timeout=WORKER_SECONDS, content_type=content_type, url=url)
    try:
        return _read(body, content_type, url)
    except _NeedsFeedparser:
        return WORKERS.run(parse_feed_apart, body, FeedData, timeout=WORKER_SECONDS, content_type=content_type, url=url)


def parse_feed_apart(payload: bytes, content_type: str | None = None, url: str | None = None) -> FeedData:
    """What :func:`parse_feed` returns, done wholly in this process: for a worker."""
    try:
        return _read(payload, content_type, url)
    except _NeedsFeedparser as finding:
        text, _ = decode(payload, _charset(content_type))
        return _read_with_feedparser(guarded_xml(text), url, finding.why)


def _read(body: bytes, content_type: str | None, url: str | None) -> FeedData:
    text, remark = decode(body, _charset(content_type))
    problems = (remark,) if remark else ()
    beginning = text[:2_048].lstrip("\ufeff \t\r\n\0")
    if not beginning:
        raise ParseError("the document is empty")
    if beginning[0] == "{" or (beginning[0] == "[" and "json" in (content_type or "")):
        return read_json_feed(text, url, problems)
    if _WEB_PAGE.match(beginning):
        raise ParseError("it is a web page, not a feed; look on that page for the address of its feed")
    return _read_xml(guarded_xml(text), url, problems)


def _read_xml(text: str, url: str | None, problems: tuple[str, ...]) -> FeedData:
    encoded = text.encode("utf-8")
    try:
        root = etree.fromstring(encoded, _parser(forgiving=False))
    except etree.XMLSyntaxError as error:
        problems = (*problems, f"the XML is not well-formed: {_first_line(error)}")
        root = _forgiven(encoded, problems[-1])
    try:
        tree = Tree(root)
    except NotAFeed as finding:
        if finding.root == "html" or not _ENTRY_TAG.search(text):
            raise ParseError(f"it is XML but not a feed: its outermost element is {finding.root[:40]!r}") from finding
        raise _NeedsFeedparser(f"its outermost element is {finding.root[:40]!r}") from finding
    found = list(tree.entries())
    if not found and _ENTRY_TAG.search(text):
        raise _NeedsFeedparser(problems[-1] if problems else "no entries stand where they should")
    return settled(found, title=tree.title, language=tree.language, url=url, problems=problems)


def _forgiven(encoded: bytes, why: str) -> etree._Element:
    """The tree as far as libxml2 can mend it; feedparser takes over when nothing is left."""
    try:
        root = etree.fromstring(encoded, _parser(forgiving=True))
    except etree.XMLSyntaxError as error:
        raise _NeedsFeedparser(why) from error
    if root is None:
        raise _NeedsFeedparser(why)
    return root


def _parser(*, forgiving: bool) -> etree.XMLParser:
    """No entities, no network, no external files; the guard has seen the document before."""
    return etree.XMLParser(
        encoding="utf-8",
        recover=forgiving,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        huge_tree=False,
    )


def _read_with_feedparser(text: str, url: str | None, why: str) -> FeedData:
    import feedparser

    try:
        parsed = feedparser.parse(
            text.encode("utf-8"),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except (LookupError, AttributeError, TypeError, ValueError, AssertionError) as error:
        # What its own slips raise on documents that close what they have not opened.
        raise ParseError(f"no entries can be read from it ({why})") from error
    if not parsed.entries:
        raise ParseError(f"no entries can be read from it ({why})")
    return settled(
        map(_from_feedparser, parsed.entries),
        title=parsed.feed.get("title"),
        language=parsed.feed.get("language"),
        url=url,
        problems=(f"read by feedparser: {why}",),
    )


def _from_feedparser(entry: dict[str, object]) -> Found:
    def text(name: str) -> list[str]:
        value = entry.get(name)
        return [value] if isinstance(value, str) and value else []

    contents = entry.get("content")
    bodies = [str(part.get("value") or "") for part in contents if part] if isinstance(contents, list) else []
    source = entry.get("source")
    return Found(
        id=next(iter(text("id")), None),
        link=next(iter(text("link")), None),
        title=next(iter(text("title")), ""),
        bodies=bodies + text("summary"),
        published=text("published") + text("created"),
        updated=text("updated"),
        publisher=source.get("title") if isinstance(source, dict) else None,
        language=next(iter(text("language")), None),
    )


def _charset(content_type: str | None) -> str | None:
    found = _CHARSET.search(content_type or "")
    return found[1] if found else None


def _first_line(error: etree.XMLSyntaxError) -> str:
    return str(error).splitlines()[0][:160]
