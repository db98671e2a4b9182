"""Paragraphs put together again from the lines of a laid-out page."""

from __future__ import annotations

import re
from statistics import median

_ENDS = re.compile(r"[.!?。！？:：;；][\"'”’»）)」』]*\Z")
_NEW = re.compile(r"(?:[•‣▪●○◦–—*・]|\(?\d{1,3}[.)]|[（(][0-9a-zア-ン][)）]|第[0-9一二三四五六七八九十]+)\s*")
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
_SHORT = 0.6
"""A line shorter than this share of the usual length was not broken for want of room."""


def reflow(text: str) -> str:
    """``text`` with lines joined that belong to one paragraph; words hyphenated at a line end are made whole."""
    lines = [line.strip() for line in text.splitlines()]
    usual = median([len(line) for line in lines if line] or [0])
    out: list[str] = []
    before = ""
    for line in lines:
        if before and line and _continues(before, line, usual):
            out.append(_joint(before, line, out))
        elif line:
            out.append(f"\n{line}" if out else line)
        before = line
    return "".join(out)


def _continues(before: str, line: str, usual: float) -> bool:
    if before.endswith("-") and line[:1].islower():
        return True
    return len(before) >= usual * _SHORT and not _ENDS.search(before[-5:]) and not _NEW.match(line)


def _joint(before: str, line: str, out: list[str]) -> str:
    """``line`` as it goes on after ``before``; takes the hyphen off the end of ``out`` if there is one."""
    if before.endswith("-") and line[:1].islower():
        out[-1] = out[-1][:-1]
        return line
    if _CJK.match(before[-1]) and _CJK.match(line[0]):
        return line
    return f" {line}"
