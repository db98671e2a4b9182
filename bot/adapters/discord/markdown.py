"""Inlines as Discord's markdown. Everything is escaped here: no text of a message formats, pings, links or previews.

Source: Discord's documentation, reference ("Message Formatting"), and its help page "Markdown Text 101". A backslash
before a sign of punctuation is not shown, so escaped words look, and are copied, as they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote

import regex

from bot.message import Inline, Inlines, Link, Text, Time

LONGEST_URL = 500
"""Characters of a link's address; longer ones would eat up the message (a button's takes 512)."""
_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""Marks that turn the direction of the text around them, control characters, halves of characters."""
_BREAK = re.compile("\r\n?|[\x85\u2028\u2029]")
_SPECIAL = re.compile(r"[\\*_`\[\]<]|(?<=\])\(|\|(?=\|)|(?<=\|)\||~(?=~)|(?<=~)~")
"""What formats. Discord looks for the end of a link's words without regard to escapes: what it looks for, a round
bracket after a square one, must not stand in words that follow a link."""
_EMOJI = re.compile(r":(?=[\w+-]+:)")
_EVERYBODY = re.compile(r"(?i)@(?=everyone|here)")
_LINE_START = re.compile(r"(?m)^([^\S\n]*(?:\d+(?=[.)](?:\s|$)))?)(?=[#>+.)-])")
"""Where a heading, a quotation, small print or a list would begin."""
_GUARD = "\u200b"
"""A space of no width: keeps apart what Discord would read as one."""
_CHARACTER = regex.compile(r"\X")
_SIGNS = {"strong": "**", "emphasis": "*", "code": "`"}
_TIMES = {"date": "D", "time": "t", "datetime": "f", "relative": "R"}
_REMEMBERED = 2_048
"""Texts: what a digest says is measured, rendered and sent to many channels."""


def visible(words: str) -> str:
    """``words`` without what could turn the line around it; every line ends with a line feed."""
    return _UNSEEN.sub("", _BREAK.sub("\n", words))


def shortened(words: str, most: int) -> str:
    """``words`` in at most ``most`` UTF-16 units, cut between characters as readers see them."""
    words = visible(words)
    if units(words) <= most:
        return words
    kept, used = [], 1
    for character in _CHARACTER.findall(words):
        used += units(character)
        if used > most:
            break
        kept.append(character)
    return f"{''.join(kept).rstrip()}…"


def units(words: str) -> int:
    """Length in UTF-16 units."""
    return len(words) if words.isascii() else len(words.encode("utf-16-le", "surrogatepass")) // 2


@lru_cache(_REMEMBERED)
def escaped(words: str) -> str:
    """Plain words as markdown that shows exactly them, wherever on a line they stand."""
    safe = _SPECIAL.sub(r"\\\g<0>", visible(words)).replace("://", ":\\//")
    safe = _EVERYBODY.sub(f"@{_GUARD}", _EMOJI.sub(r"\\:", safe))
    return _LINE_START.sub(r"\1\\", safe)


@lru_cache(_REMEMBERED)
def address(url: str) -> str | None:
    """``url`` as it may stand in a masked link; None when it is too long or leads nowhere on the web."""
    if not url.startswith(("https://", "http://")):
        return None
    safe = quote(url, safe="%/:?#@!$&'+,;=~-._", errors="replace")
    return safe if len(safe) <= LONGEST_URL else None


@lru_cache(_REMEMBERED)
def markdown(inlines: Inlines) -> str:
    """Inlines as markdown."""
    written = ""
    for inline in _joined(inlines):
        part = _inline(inline)
        # Strong words beside emphasised ones: their signs would be read together.
        written += f"{_GUARD}{part}" if written.endswith("*") and part.startswith("*") else part
    return written


def _joined(inlines: Inlines) -> Iterator[Inline]:
    """Neighbouring texts of one style as one: a sign that formats may lie across the border between them."""
    last: Inline | None = None
    for inline in map(_shown, inlines):
        if isinstance(last, Text) and isinstance(inline, Text) and last.style == inline.style:
            last = replace(last, text=last.text + inline.text)
            continue
        if last is not None:
            yield last
        last = inline
    if last is not None:
        yield last


def _shown(inline: Inline) -> Inline:
    """The inline, or plain text where Discord has no sign for it."""
    if isinstance(inline, Link):
        words = visible(inline.text).replace("\n", " ")
        return inline if words.strip() and address(inline.url) else Text(words)
    if isinstance(inline, Text) and inline.style != "plain":
        words = visible(inline.text).strip()
        if not words or "\n" in words or (inline.style == "code" and ("`" in words or "](" in words)):
            return Text(inline.text)
    return inline


def _inline(inline: Inline) -> str:
    match inline:
        case Link():
            return f"[{_link_words(inline.text)}](<{address(inline.url)}>)"
        case Time():
            return f"<t:{int(inline.at.timestamp())}:{_TIMES[inline.style]}>"
        case Text():
            return escaped(inline.text) if inline.style == "plain" else _styled(inline)


def _styled(part: Text) -> str:
    """The words between their signs, the spaces around them outside."""
    words, sign = visible(part.text), _SIGNS[part.style]
    stripped = words.strip()
    lead, _, tail = words.partition(stripped)
    return f"{lead}{sign}{stripped if part.style == 'code' else escaped(stripped)}{sign}{tail}"


@lru_cache(_REMEMBERED)
def _link_words(words: str) -> str:
    """Words between a masked link's brackets. Discord shows no link whose own words look like an address, and does
    not see that a bracket is escaped where it looks for the closing one: odd ones become full-width."""
    safe = escaped(visible(words).replace("\n", " ")).replace(":\\//", f":{_GUARD}//")
    if not _balanced(words):
        safe = safe.replace("\\[", "［").replace("\\]", "］")
    return safe


def _balanced(words: str) -> bool:
    depth = 0
    for sign in re.findall(r"[\[\]]", words):
        depth += 1 if sign == "[" else -1
        if not 0 <= depth <= 1:
            return False
    return depth == 0
