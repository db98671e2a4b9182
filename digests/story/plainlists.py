"""A short way to read a long file of lists: questions.yaml has some thirty thousand lines of one shape.

Reading YAML with the place of every value costs more than a second for them, at every start. A file whose every line
is a key with a list in JSON's form means the same in YAML, and is read a line at a time. Any other file is left to the
reader of YAML, and so is one in which something is wrong, for the sake of the places that mistakes are told with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from digests.yamlfile import UNPRINTABLE

_NOT_PLAIN = re.compile("[\r\x85\u2028\u2029]|" + UNPRINTABLE.pattern)
"""Other breaks of lines, and what YAML does not take."""
_TOP = re.compile(r"([a-z]+):\Z")
_ENTRY = re.compile(r"  (- |  )([a-z]+): (\[.*\])\Z")
_TOGETHER = 500
"""Lists read in one go: parsing each by itself takes three times as long, all at once much memory."""
_IDS = re.compile(r"\[[a-z][a-z0-9-]*(?:, [a-z][a-z0-9-]*)*\]\Z")


def read_plain_lists(lines: Iterable[str]) -> dict[str, list[dict[str, Any]]] | None:
    """Lists of entries by key, each entry a mapping to lists of strings; None when any line is of another shape.

    ``lines`` as an open file gives them: the text as a whole, and copies of it, would take 15 MB that stay taken.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    entries: list[dict[str, Any]] | None = None
    unread: list[tuple[dict[str, Any], str, str]] = []
    for written in lines:
        line = written.rstrip("\n")
        if _NOT_PLAIN.search(line):
            return None
        # Escapes other than that of a quotation mark may stand for anything.
        if "\\" in line and "\\" in line.replace('\\"', ""):
            return None
        if line.startswith("#") or not line:
            continue
        top = _TOP.match(line)
        if top:
            if top[1] in found:
                return None
            entries = found[top[1]] = []
            continue
        entry = _ENTRY.match(line)
        if entry is None or entries is None or (entry[1] != "- " and not entries):
            return None
        if entry[1] == "- ":
            entries.append({})
        written_list = entry[3]
        if entry[2] in entries[-1]:
            return None
        if _IDS.match(written_list):
            words = entries[-1][entry[2]] = written_list[1:-1].split(", ")
            # What YAML reads as something else than a string.
            if not {"true", "false", "null"}.isdisjoint(words):
                return None
        elif written_list.startswith('["'):
            entries[-1][entry[2]] = []  # its place among the keys
            unread.append((entries[-1], entry[2], written_list))
        else:
            return None
        if len(unread) == _TOGETHER:
            if not _read(unread):
                return None
            unread.clear()
    return (found or None) if _read(unread) else None


def _read(unread: Sequence[tuple[dict[str, Any], str, str]]) -> bool:
    """Put lists in JSON's form where they belong, read in one go; whether all of them are lists of strings."""
    try:
        lists = json.loads(f"[{','.join(written for _, _, written in unread)}]")
    except ValueError:
        return False
    # A line may hold two lists, or half of one that the next line ends.
    if len(lists) != len(unread):
        return False
    for (entry, key, _), strings in zip(unread, lists, strict=True):
        if not isinstance(strings, list) or not all(isinstance(one, str) for one in strings):
            return False
        entry[key] = strings
    return True
