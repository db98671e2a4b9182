"""RSS 0.9 to 2.0, RDF and Atom 0.3 and 1.0 from a parsed XML tree.

Read directly with lxml: one pass over the children of each entry, by (namespace, name). fastfeedparser, which is as
fast, gives no ``<source>`` of an entry, no entries of RSS 0.90 and dates it has already guessed at.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

from digests.ingest.entries import Found

_XML = "{http://www.w3.org/XML/1998/namespace}"
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_ATOM = ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")
_FAMILIES = {
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/elements/1.0/": "dc",
    "http://purl.org/dc/terms/": "dc",
    "http://search.yahoo.com/mrss/": "media",
    "http://search.yahoo.com/mrss": "media",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
}
_RSS = (
    "http://purl.org/rss/1.0/",
    "http://purl.org/net/rss",
    "http://my.netscape.com/",
    "http://channel.netscape.com/",
    "http://backend.userland.com/",
    "http://blogs.law.harvard.edu/",
    "http://cyber.law.harvard.edu/",
    "http://www.rssboard.org/",
    "http://www.w3.org/2005/atom",  # a misspelling that was seen
)
_PREFIXES = {"content": "content", "dc": "dc", "dcterms": "dc", "media": "media", "xhtml": "xhtml", "rss": "rss"}
_CORE = {
    "title": "title",
    "link": "link",
    "guid": "id",
    "id": "id",
    "description": "body",
    "summary": "body",
    "content": "body",
    "body": "body",
    "fullitem": "body",
    "pubdate": "published",
    "published": "published",
    "issued": "published",
    "created": "published",
    "date": "published",
    "updated": "updated",
    "modified": "updated",
    "source": "source",
    "item": "entry",
    "entry": "entry",
    "channel": "channel",
    "language": "language",
}
_NAMES: dict[str, dict[str, str]] = {
    "rss": _CORE,
    "atom": _CORE,
    "content": {"encoded": "body"},
    "dc": {
        "date": "published",
        "issued": "published",
        "created": "published",
        "available": "published",
        "modified": "updated",
        "description": "body",
        "language": "language",
        "title": "second title",
    },
    "media": {"group": "group", "description": "body", "title": "second title"},
    "itunes": {"summary": "body", "title": "second title"},
    "xhtml": {"body": "body", "div": "body"},
    "feedburner": {"origlink": "original link"},
}
_NAMESPACE = re.compile(r""" xmlns(?::[\w.-]+)?="[^"]*+\"""")
_NO_TEXT = ("image/", "audio/", "video/", "application/octet-stream", "application/pdf")


class NotAFeed(Exception):
    """The document's root element is none of a feed; ``root`` is its name."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.root = root


class Tree:
    """A feed's tree: its title, language and entries."""

    def __init__(self, root: etree._Element) -> None:
        self._root = root
        name = _local(root.tag)
        if name not in ("rss", "rdf", "feed", "channel"):
            raise NotAFeed(name)
        self._channel = next((child for child in root if _field(child.tag) == "channel"), root)

    @property
    def title(self) -> str | None:
        return next((_text(child) for child in self._channel if _field(child.tag) == "title"), None)

    @property
    def language(self) -> str | None:
        stated = next((child.text for child in self._channel if _field(child.tag) == "language"), None)
        return stated or self._channel.get(f"{_XML}lang") or self._root.get(f"{_XML}lang")

    def entries(self) -> Iterator[Found]:
        """The entries in the order of the document, wherever the feed's version keeps them."""
        base = self._root.get(f"{_XML}base") or self._channel.get(f"{_XML}base")
        parents = (self._root,) if self._channel is self._root else (self._root, self._channel)
        for parent in parents:
            for child in parent:
                if _field(child.tag) == "entry":
                    yield _found(child, base)


def _found(entry: etree._Element, base: str | None) -> Found:
    found = Found(
        id=entry.get(_RDF_ABOUT), language=entry.get(f"{_XML}lang"), base=_web_base(entry.get(f"{_XML}base") or base)
    )
    links: dict[str, str] = {}
    for child in entry:
        if name := _field(child.tag):
            _take(name, child, found, links)
    found.link = links.get("original") or links.get("page") or links.get("plain") or links.get("other")
    found.title = found.title or links.get("second title", "")
    return found


def _take(name: str, child: etree._Element, found: Found, links: dict[str, str]) -> None:
    """Put what ``child`` says where it belongs."""
    if name == "title":
        found.title = found.title or _text(child)
    elif name == "body":
        found.bodies.append(_text(child))
    elif name == "link":
        _take_link(child, links)
    elif name == "id":
        found.id = child.text or found.id
        if child.get("isPermaLink", "").lower() == "true":
            links.setdefault("other", child.text or "")
    elif name in ("published", "updated"):
        (found.published if name == "published" else found.updated).append((child.text or "").strip())
    elif name == "source":
        found.publisher = _source(child)
    elif name == "language":
        found.language = child.text
    elif name == "original link":
        links["original"] = child.text or ""
    elif name == "second title":
        links.setdefault("second title", _text(child))
    elif name == "group":
        found.bodies.extend(_text(part) for part in child if _field(part.tag) == "body")


def _take_link(child: etree._Element, links: dict[str, str]) -> None:
    """An RSS link is text; an Atom link has a relation and a type, of which the page is wanted."""
    href = child.get("href")
    if href is None:
        if text := (child.text or "").strip():
            links.setdefault("page", text)
        return
    if child.get("rel", "alternate") != "alternate":
        return
    links.setdefault("page" if child.get("type", "text/html") in ("text/html", "html") else "plain", href)


def _source(child: etree._Element) -> str | None:
    """The publisher: RSS names it in the element's text, Atom in a title inside."""
    if len(child):
        return next((_text(part) for part in child if _field(part.tag) == "title"), None)
    return child.text


def _text(child: etree._Element) -> str:
    """The content of a title or body as HTML or plain text."""
    if child.get("type", "").startswith(_NO_TEXT):
        return ""
    text = child.text or ""
    if child.get("mode") == "base64":  # Atom 0.3
        return _from_base64(text)
    if len(child):
        inner = "".join(etree.tostring(part, encoding="unicode") for part in child)
        return html.escape(text, quote=False) + _NAMESPACE.sub("", inner)
    if "<" in text and child.tag.startswith(_ATOM_TAGS) and child.get("type", "text") in ("text", "text/plain"):
        return html.escape(text, quote=False)
    return text


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(text, validate=False).decode("utf-8", "replace")
    except ValueError:
        return ""


_ATOM_TAGS = tuple(f"{{{namespace}}}" for namespace in _ATOM)


def _web_base(base: str | None) -> str | None:
    return base if base and base.startswith(("http://", "https://")) else None


def _local(tag: str) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2].lower()


@lru_cache(maxsize=2_048)
def _field(tag: str) -> str | None:
    """What an element of this name is for; None for what is not read."""
    namespace, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    if namespace:
        family = _family(namespace)
    else:  # a prefix that the feed uses without declaring it stands in the name
        prefix, _, local = local.rpartition(":")
        family = _PREFIXES.get(prefix.lower(), "rss" if not prefix else "")
    return _NAMES.get(family, {}).get(local.lower())


def _family(namespace: str) -> str:
    if namespace in _ATOM:
        return "atom"
    if namespace.startswith(_RSS) and "/modules/" not in namespace:
        return "rss"
    return _FAMILIES.get(namespace, "")
