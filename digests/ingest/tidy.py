"""Letters made safe and uniform: what is invisible, reorders text or is no character at all goes away.

Outside text may hide instructions or forge what a reader sees with zero-width, bidirectional and tag characters
(Unicode Technical Report 36); none of them carries news. Full-width letters stay as the source wrote them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# Controls, soft hyphen, combining grapheme joiner, Arabic letter mark, Hangul fillers, Mongolian separators,
# zero-width characters and direction marks, embeddings and isolates, invisible operators, surrogates, variation
# selectors, byte order mark, interlinear marks, non-characters, musical controls, tags.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff]+"
)
_INVISIBLE_ASTRAL = re.compile("[\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+")
_ASCII_CONTROLS = bytes({*range(9), *range(14, 28), 127})
_MOST_MARKS = 4
"""Combining marks that may stand on one letter; more only serve to cover neighbouring lines."""
_HEAPED_MARKS = re.compile(
    f"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{{{_MOST_MARKS}}})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)


def visible(text: str) -> str:
    """``text`` in Unicode NFC without control, zero-width, direction, tag and surrogate characters.

    Line ends and white space stay.
    """
    if text.isascii():
        return text.encode("ascii").translate(None, _ASCII_CONTROLS).decode("ascii")
    text = _INVISIBLE.sub("", text)
    if max(text, default="") > "\uffff":
        text = _INVISIBLE_ASTRAL.sub("", text)
    text = _HEAPED_MARKS.sub(r"\1", text)
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def one_line(text: str, limit: int) -> str:
    """``text`` made :func:`visible`, on one line, of at most ``limit`` characters (cut with an ellipsis)."""
    return shorten(" ".join(visible(text).split()), limit)


def paragraphs(text: str, limit: int) -> str:
    """``text`` made :func:`visible`: one paragraph a line, white space collapsed, at most ``limit`` characters.

    Whatever ends a line in Unicode (CR, LF, NEL, the line and paragraph separators) ends a paragraph here.
    """
    return shorten("\n".join(_filled_lines(visible(text))), limit)


def shorten(text: str, limit: int) -> str:
    """``text``, or as much of it as fits into ``limit`` characters with an ellipsis; cut between words if it can be."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    at = max(kept.rfind(" "), kept.rfind("\n"))
    return (kept[:at] if at > limit * 0.8 else kept).rstrip() + "…"


def _filled_lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if words := line.split():
            yield " ".join(words)
