"""Inlines as Slack's markup, where a block takes nothing else (context, ``text``). Everything is escaped here.

Source: docs.slack.dev, "Formatting text for app surfaces". Where it can, the renderer uses rich text, whose elements
carry plain text that cannot format.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from bot.i18n import format_time
from bot.message import Inline, Inlines, Link, Text, Time

LONGEST_URL = 2_000
"""Characters; Slack takes 3,000 ("Image", "Button"), but a link's markup counts into its block's text."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f]")
"""Marks that turn the direction of the text around them, and control characters."""
_FORMATS = re.compile(r"([*_~`])")
_EMOJI_CODE = re.compile(r":(?=[a-z0-9_+'-]+:)")
_QUOTED = re.compile(r"(?m)^(?=&gt;)")
_REMEMBERED = 2_048
"""Texts: what a digest says is measured, rendered and sent to many channels."""
_GUARD = "\u200b"
"""A space of no width: beside a sign of markup it makes it a sign like any other."""
DATE_FORMATS = {
    "date": "{date_short}",
    "time": "{time}",
    "datetime": "{date_short_pretty} {time}",
    "relative": "{ago}",
}


def visible(words: str) -> str:
    """``words`` without what could turn the line around it."""
    return _UNSEEN.sub("", words)


@lru_cache(_REMEMBERED)
def escaped(words: str) -> str:
    """Plain words as markup that shows exactly them: no mention, no format, no emoji, no quotation."""
    guarded = _FORMATS.sub(rf"{_GUARD}\1{_GUARD}", visible(words).translate(_ESCAPES))
    return _QUOTED.sub(_GUARD, _EMOJI_CODE.sub(f":{_GUARD}", guarded))


@lru_cache(_REMEMBERED)
def address(url: str) -> str | None:
    """``url`` as it may stand in a link; None when Slack would not take it or it leads nowhere on the web."""
    if not url.startswith(("https://", "http://")) or len(url) > LONGEST_URL:
        return None
    return quote(url, safe="%/:?#[]@!$&'()*+,;=~-._")


def mrkdwn(inlines: Inlines, language: str) -> str:
    """Inlines as markup."""
    return "".join(_inline(inline, language) for inline in inlines)


def _inline(inline: Inline, language: str) -> str:
    match inline:
        case Link():
            url = address(inline.url)
            words = escaped(inline.text).replace("\n", " ")
            return words if url is None else f"<{url.translate(_ESCAPES)}|{words}>"
        case Time():
            return f"<!date^{timestamp(inline)}^{DATE_FORMATS[inline.style]}|{escaped(fallback(inline, language))}>"
        case Text():
            words = escaped(inline.text)
            stripped = words.strip()
            if inline.style == "plain" or not stripped or "\n" in stripped:
                return words
            sign = {"strong": "*", "emphasis": "_", "code": "`"}[inline.style]
            return words.replace(stripped, f"{sign}{stripped}{sign}", 1)


def timestamp(time: Time) -> int:
    """Whole seconds since 1970."""
    return int(time.at.timestamp())


def fallback(time: Time, language: str) -> str:
    """What old clients show: the moment in UTC, in the message's language."""
    from zoneinfo import ZoneInfo

    return format_time(time.at, language, ZoneInfo("UTC"), time.style)
