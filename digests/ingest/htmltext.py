"""HTML to plain text in one pass over the characters, for the short pieces of HTML that feeds carry.

No tree is built: the HTML parser of libxml2 takes 13 s for one tag with 100,000 attributes, and attributes are not
wanted here at all. Whatever the input, the cost is linear in its length (about 20 ns a character).
"""

from __future__ import annotations

import html
import re
from functools import lru_cache

_BLOCK_NAMES = (
    "address article blockquote body br caption center dd div dl dt fieldset figcaption figure footer h1 h2 h3 h4 h5 "
    "h6 header hgroup hr li main ol p pre section summary table tbody td tfoot th thead tr ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_CELLS = frozenset(("td", "th"))
_TEXT_ONLY_NAMES = "script style textarea title xmp noframes noembed noscript iframe template svg math object canvas"
_TEXT_ONLY = frozenset(_TEXT_ONLY_NAMES.split())
"""Elements whose content is never prose."""
_ASIDE_NAMES = "nav aside footer form button select audio video figure rt rp menu dialog map"
_ASIDE = frozenset(_ASIDE_NAMES.split())
"""Elements that hold no part of the article: navigation, pictures, forms, readings above Japanese characters."""
_CONTAINER_NAMES = "div section p span ul ol li a table tr td h2 h3 h4 h5 h6 blockquote small strong em"
_CONTAINERS = frozenset(_CONTAINER_NAMES.split())
_NEVER_NESTED = frozenset(("p", "li", "tr", "td", "a"))

_LEFTOVER_WORDS = (
    "share sharing sharedaddy social socials addtoany addthis newsletter signup subscribe subscription related "
    "relatedposts recommended readmore promo advert advertisement ads adbox sponsored cookie breadcrumb breadcrumbs "
    "feedflare paywall"
)
_LEFTOVERS = frozenset(_LEFTOVER_WORDS.split())
"""Words in the class or id of what plugins put around an article."""
_ATTRIBUTE = re.compile(r"""([a-zA-Z][\w-]*+)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++))?""")
_UNSEEN = re.compile(r"display:none|visibility:hidden|font-size:0(?![.\d])|opacity:0(?![.\d])", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+")
_ATTRIBUTES_READ = 500
"""Characters of a tag's attributes that are looked at; bounds what a hostile tag can cost."""

# A well-formed tag; or the beginning of a comment, section or instruction; or of a tag that is not well formed.
_MARKUP = re.compile(
    r"""<(?:(/?)([a-zA-Z][^\s/<>]*+)((?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)>|(!--|!\[CDATA\[|[!?])|/?[a-zA-Z])"""
)
_QUOTED_ANGLE = re.compile(r"""<(/?)([a-zA-Z][^\s/<>]*+)((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""")
_SLOPPY = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*+)([^<>]*+)>?")
_QUOTED_ANGLE_REACH = 4_000
_MOST_REPAIRS = 100
"""Tags with ``<`` in an attribute that are read with care; bounds the cost of a text made of nothing else."""
_ENDS = {"!--": "-->", "![CDATA[": "]]>"}


def html_to_text(markup: str) -> str:
    """The prose of ``markup``, entities resolved; a line break stands wherever HTML would break a paragraph.

    Dropped: scripts, styles, navigation, forms, pictures, hidden elements and what share or newsletter plugins leave.
    White space is not collapsed (see :func:`digests.ingest.tidy.paragraphs`).
    """
    markup = markup.replace("\r", " ").replace("\n", " ")
    pieces = _Reader(markup, thorough=True).pieces()
    if not any(map(str.strip, pieces)):
        pieces = _Reader(markup, thorough=False).pieces()  # the whole text stands in a box named like a leftover
    return html.unescape("".join(pieces))


class _Reader:
    def __init__(self, markup: str, *, thorough: bool) -> None:
        self._markup = markup
        self._thorough = thorough
        self._repairs = 0
        self._never_closed: set[str] = set()

    def pieces(self) -> list[str]:
        markup, out, position = self._markup, [], 0
        while found := _MARKUP.search(markup, position):
            start = found.start()
            if start > position:
                out.append(markup[position:start])
            if found[4]:
                position = self._after_section(found, out)
                continue
            tag = found if found[2] else self._ill_formed(start)
            name = tag[2].lower().rpartition(":")[2]
            if name in _BLOCKS:
                out.append(" " if name in _CELLS else "\n")
            position = tag.end() if tag[1] else self._after_start(name, tag)
        out.append(markup[position:])
        return out

    def _after_section(self, found: re.Match[str], out: list[str]) -> int:
        """Skip a comment, declaration or instruction; the content of a CDATA section is text."""
        kind = found[4]
        end = self._markup.find(_ENDS.get(kind, ">"), found.end())
        if kind == "![CDATA[":
            out.append(self._markup[found.end() : end if end >= 0 else None])
        return len(self._markup) if end < 0 else end + len(_ENDS.get(kind, ">"))

    def _ill_formed(self, start: int) -> re.Match[str]:
        if self._repairs < _MOST_REPAIRS:
            self._repairs += 1
            if tag := _QUOTED_ANGLE.match(self._markup, start, start + _QUOTED_ANGLE_REACH):
                return tag
        sloppy = _SLOPPY.match(self._markup, start)
        assert sloppy is not None
        return sloppy

    def _after_start(self, name: str, tag: re.Match[str]) -> int:
        """Where reading goes on after a start tag: behind its whole element if that holds no prose."""
        if tag[3].endswith("/"):
            return tag.end()
        if name in _TEXT_ONLY:
            return self._close_of(name, tag.end(), nested=False) or len(self._markup)
        if name in _ASIDE or (self._thorough and name in _CONTAINERS and _is_leftover(tag[3])):
            return self._close_of(name, tag.end(), nested=name not in _NEVER_NESTED) or tag.end()
        return tag.end()

    def _close_of(self, name: str, position: int, *, nested: bool) -> int | None:
        """The end of the element that began before ``position``; None when it is never closed."""
        if name in self._never_closed:
            return None
        depth = 1
        for found in _tags_named(name).finditer(self._markup, position):
            depth += -1 if found[1] else int(nested)
            if depth == 0:
                return found.end()
        self._never_closed.add(name)
        return None


def _is_leftover(attributes: str) -> bool:
    """Whether an element with these attributes is hidden or belongs to a plugin."""
    if len(attributes) < 6:
        return False
    for found in _ATTRIBUTE.finditer(attributes[:_ATTRIBUTES_READ]):
        if _tells(found[1].lower(), (found[2] or "").strip("\"'").lower()):
            return True
    return False


def _tells(name: str, value: str) -> bool:
    if name in ("class", "id"):
        return not _LEFTOVERS.isdisjoint(_WORD.findall(value))
    if name == "style":
        return _UNSEEN.search(value.replace(" ", "")) is not None
    return name == "hidden" or (name == "aria-hidden" and value == "true")


@lru_cache(maxsize=64)
def _tags_named(name: str) -> re.Pattern[str]:
    return re.compile(rf"<(/?){name}(?![\w-])[^<>]*+>?", re.IGNORECASE)
