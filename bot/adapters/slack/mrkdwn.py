"""Inlines as Slack's markup, where a block takes nothing else (context, ``text``). Everything is escaped here.

Source: docs.slack.dev, "Formatting text for app surfaces". Where it can, the renderer uses rich text, whose elements
carry plain text that cannot format.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

import regex

from bot.i18n import format_time
from bot.message import Inline, Inlines, Link, Text, Time

LONGEST_URL = 2_000
"""Characters as sent; Slack takes 3,000 ("Image", "Button"), but a link's markup counts into its block's text."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\ud800-\udfff\x00-\x08\x0e-\x1f\x7f-\x9f]")
"""Marks that turn the direction of the text around them, control characters, halves of characters."""
_FORMATS = re.compile(r"(?<![^\W_])[*_~]|[*_~](?![^\W_])|`")
"""Between two letters or digits only a backtick formats: snake_case stays as it is."""
_EMOJI_CODE = re.compile(r":(?=[^\s:]+:)")
_BROADCAST = re.compile(r"(?i)@(?=here|channel|everyone)")
_QUOTED = re.compile(r"(?m)^(?=[ \t]*&gt;)")
REMEMBERED = 2_048
"""Texts: what a digest says is measured, rendered and sent to many channels."""
_GUARD = "\u200b"
"""A space of no width: beside a sign of markup it makes it a sign like any other."""
_CHARACTER = regex.compile(r"\X")
DATE_FORMATS = {
    "date": "{date_short}",
    "time": "{time}",
    "datetime": "{date_short_pretty} {time}",
    "relative": "{ago}",
}


def visible(words: str) -> str:
    """``words`` without what could turn the line around it or cannot be sent; line breaks are all alike."""
    return _UNSEEN.sub("", _BREAKS.sub("\n", words))


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
    return "".join(kept).rstrip() + "…"


def units(words: str) -> int:
    """Length in UTF-16 units, which is never less than what Slack counts."""
    return len(words) if words.isascii() else len(words.encode("utf-16-le", "surrogatepass")) // 2


@lru_cache(REMEMBERED)
def escaped(words: str) -> str:
    """Plain words as markup that shows exactly them: no mention, no format, no emoji, no quotation."""
    made = _EMOJI_CODE.sub(f":{_GUARD}", visible(words).translate(_ESCAPES))
    made = _FORMATS.sub(rf"{_GUARD}\g<0>{_GUARD}", made)
    return _QUOTED.sub(_GUARD, _BROADCAST.sub(f"@{_GUARD}", made))


@lru_cache(REMEMBERED)
def address(url: str) -> str | None:
    """``url`` as it may stand in a link; None when Slack would not take it or it leads nowhere on the web."""
    if not url.startswith(("https://", "http://")) or len(url) > LONGEST_URL:
        return None
    try:
        made = quote(url, safe="%/:?#[]@!$&'()*+,;=~-._")
    except UnicodeEncodeError:
        return None
    return made if len(made) <= LONGEST_URL else None


def mrkdwn(inlines: Inlines, language: str) -> str:
    """Inlines as markup."""
    return "".join(_inline(inline, language) for inline in inlines)


@lru_cache(REMEMBERED)
def link_markup(link: Link) -> str:
    """The link as markup; its words alone when its address is none that Slack takes."""
    url = address(link.url)
    words = escaped(link.text).replace("\n", " ")
    if url is None:
        return words
    return f"<{url.translate(_ESCAPES)}|{words if words.strip() else '…'}>"


def _inline(inline: Inline, language: str) -> str:
    match inline:
        case Link():
            return link_markup(inline)
        case Time():
            return f"<!date^{timestamp(inline)}^{DATE_FORMATS[inline.style]}|{escaped(fallback(inline, language))}>"
        case Text():
            return _styled(inline)


def _styled(run: Text) -> str:
    """A style holds for one line, and where the words do not have its sign themselves."""
    words = escaped(run.text)
    stripped = words.strip()
    if run.style == "plain" or not stripped or "\n" in stripped:
        return words
    sign = {"strong": "*", "emphasis": "_", "code": "`"}[run.style]
    return words if sign in stripped else words.replace(stripped, f"{sign}{stripped}{sign}", 1)


def timestamp(time: Time) -> int:
    """Whole seconds since 1970."""
    return int(time.at.timestamp())


def fallback(time: Time, language: str) -> str:
    """What old clients show: the moment in UTC, in the message's language."""
    from zoneinfo import ZoneInfo

    return format_time(time.at, language, ZoneInfo("UTC"), time.style)
