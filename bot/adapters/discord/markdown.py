"""Inlines as Discord's markdown. Everything is escaped here: no text of a message formats, pings, links or previews.

Source: Discord's documentation, reference ("Message Formatting"), and its help page "Markdown Text 101".
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from bot.message import Inline, Inlines, Link, Text, Time

LONGEST_URL = 500
"""Characters of a link's address; longer ones would eat up the message (a button's takes 512)."""
_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f]")
"""Marks that turn the direction of the text around them, and control characters."""
_SPECIAL = re.compile(r"([\\*_~|`\[\]<])")
_LINE_START = re.compile(r"(?m)^([ \t]*)(#{1,3}|-#?|\+|>{1,3}|\d{1,9}(?=[.)]))(?=[ .)\t]|$)")
_SCHEME = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}:)(?=//)")
_REMEMBERED = 2_048
"""Texts: what a digest says is measured, rendered and sent to many channels."""
_GUARD = "\u200b"
"""A space of no width: keeps apart what Discord would read as one."""
_STYLES = {"plain": "", "strong": "**", "emphasis": "*", "code": ""}
_TIMES = {"date": "D", "time": "t", "datetime": "f", "relative": "R"}


def visible(words: str) -> str:
    """``words`` without what could turn the line around it."""
    return _UNSEEN.sub("", words)


@lru_cache(_REMEMBERED)
def escaped(words: str) -> str:
    """Plain words as markdown that shows exactly them."""
    guarded = _SPECIAL.sub(r"\\\1", visible(words)).replace("@", f"@{_GUARD}")
    return _LINE_START.sub(_not_at_the_start, _SCHEME.sub(rf"\1{_GUARD}", guarded))


def _not_at_the_start(found: re.Match[str]) -> str:
    sign = found[2]
    return f"{found[1]}{sign}\\" if sign.isdigit() else f"{found[1]}\\{sign}"


@lru_cache(_REMEMBERED)
def address(url: str) -> str | None:
    """``url`` as it may stand in a masked link; None when it is too long or leads nowhere on the web."""
    if not url.startswith(("https://", "http://")):
        return None
    safe = quote(url, safe="%/:?#@!$&'*+,;=~-._")
    return safe if len(safe) <= LONGEST_URL else None


def markdown(inlines: Inlines) -> str:
    """Inlines as markdown."""
    return "".join(_inline(inline) for inline in inlines)


def _inline(inline: Inline) -> str:
    match inline:
        case Link():
            words, url = escaped(inline.text.replace("\n", " ")), address(inline.url)
            return words if url is None or not words.strip() else f"[{words}](<{url}>)"
        case Time():
            return f"<t:{int(inline.at.timestamp())}:{_TIMES[inline.style]}>"
        case Text():
            words = escaped(inline.text)
            sign = _STYLES[inline.style]
            stripped = words.strip()
            if not sign or not stripped or "\n" in stripped:
                return words
            lead, _, tail = words.partition(stripped)
            return f"{lead}{sign}{stripped}{sign}{tail}"
