"""Discord's markdown as its clients read it: what a reader sees, and what became a format, a link or a mention.

Written from the help page "Markdown Text 101", the documentation's "Message Formatting" and the rules that the desktop
client is known to use; independent of the adapter, so that tests can hold its escaping against it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

_BLOCKS = (
    ("quote", re.compile(r" *>(?:>>)?[^\S\n]+(?=\S)")),
    ("heading", re.compile(r" *#{1,3}\s+(?=\S)")),
    ("small", re.compile(r" *-#\s+(?=\S)")),
    ("item", re.compile(r" *(?:[-*+]|\d+[.)])\s+(?=\S)")),
)
_ESCAPE = re.compile(r"\\([^0-9A-Za-z\s])")
_LINK = re.compile(r"\[((?:\[[^\]]*\]|[^\[\]]|\](?=[^\[]*\]))*)\]\(\s*<?((?:\([^)]*\)|[^\s\\]|\\.)*?)>?\s*\)")
_TIME = re.compile(r"<t:(-?\d+)(?::([tTdDfFR]))?>")
_CODE = re.compile(r"(`+)([\s\S]*?[^`])\1(?!`)")
_MENTIONS = (
    ("mention", re.compile(r"<(?:@[!&]?|#)\d+>|@everyone|@here|<id:\w+>|</[^>\n]+:\d+>")),
    ("emoji", re.compile(r"<a?:\w+:\d+>|:[\w+-]+:")),
    ("url", re.compile(r"(?:https?|steam)://[^\s<]+[^<.,:;\"'\]\s]|<[a-z]+:[^\s>]+>|<[^\s@>]+@[^\s>]+>")),
)
_FORMATS = (
    ("strong", re.compile(r"\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)")),
    ("underline", re.compile(r"__((?:\\[\s\S]|[^\\])+?)__(?!_)")),
    ("emphasis", re.compile(r"\*(?=\S)((?:\*\*|\\[\s\S]|[^*\\])+?)\*(?!\*)")),
    ("emphasis", re.compile(r"_((?:__|\\[\s\S]|[^\\_])+?)_\b")),
    ("strike", re.compile(r"~~((?:\\[\s\S]|[^\\])+?)~~(?!_)")),
    ("spoiler", re.compile(r"\|\|((?:\\[\s\S]|[^\\])+?)\|\|")),
)


@dataclass
class Shown:
    """What a client makes of a text. ``marks`` names the formats, mentions and bare links that it has."""

    words: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)


def read(markdown: str) -> Shown:
    """``markdown`` as a client shows it; lines lose the spaces at their ends."""
    shown = Shown()
    lines = [_line(line, shown) for line in markdown.split("\n")]
    shown.words = _inline("\n".join(lines), shown)
    return shown


def _line(line: str, shown: Shown) -> str:
    """A line without what makes it a heading, a list's item, a quotation or small print."""
    for name, pattern in _BLOCKS:
        if found := pattern.match(line):
            shown.marks.append(name)
            rest = line[found.end() :]
            return _line(rest, shown) if name in ("quote", "item") else rest.strip()
    return line.strip()


def _inline(text: str, shown: Shown) -> str:
    words, at = "", 0
    while at < len(text):
        part, length = _token(text, at, shown)
        words, at = words + part, at + length
    return words


def _token(text: str, at: int, shown: Shown) -> tuple[str, int]:
    """What stands at a place, as shown, and how long it is as written."""
    if found := _ESCAPE.match(text, at):
        return found[1], len(found[0])
    for make, pattern in _MAKERS:
        if found := pattern.match(text, at):
            return make(found, shown), len(found[0])
    for name, pattern in _MENTIONS:
        if found := pattern.match(text, at):
            shown.marks.append(name)
            return found[0], len(found[0])
    for name, pattern in _FORMATS:
        if found := pattern.match(text, at):
            shown.marks.append(name)
            return _inline(found[1], shown), len(found[0])
    return text[at], 1


def _linked(found: re.Match[str], shown: Shown) -> str:
    inner = Shown()
    words = _inline(found[1], inner)
    # Words that look like an address make no link; what is within them is no link either.
    if "://" in words or not words.strip():
        shown.marks.append("broken link")
        return found[0]
    shown.links.append((words, found[2]))
    shown.marks += inner.marks
    return words


def _timed(found: re.Match[str], shown: Shown) -> str:
    shown.times.append(found[2] or "f")
    return ""


def _coded(found: re.Match[str], shown: Shown) -> str:
    shown.marks.append("code")
    return found[2]


_MAKERS: tuple[tuple[Callable[[re.Match[str], Shown], str], re.Pattern[str]], ...] = (
    (_linked, _LINK),
    (_timed, _TIME),
    (_coded, _CODE),
)
