"""A short way to read a long file of lists: questions.yaml has some ten thousand lines of one shape.

Reading YAML with the place of every value costs half a second for them, at every start. A file whose every line is a
key with a list in JSON's form means the same in YAML, and is read a line at a time. Any other file is left to the
reader of YAML, and so is one in which something is wrong, for the sake of the places that mistakes are told with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from digests.yamlfile import UNPRINTABLE

_OTHER_BREAKS = re.compile("[\r\x85\u2028\u2029]")
_TOP = re.compile(r"([a-z]+):\Z")
_ENTRY = re.compile(r"  (- |  )([a-z]+): (\[.*\])\Z")
_IDS = re.compile(r"\[[a-z][a-z0-9-]*(?:, [a-z][a-z0-9-]*)*\]\Z")


def read_plain_lists(lines: Iterable[str]) -> dict[str, list[dict[str, Any]]] | None:
    """Lists of entries by key, each entry a mapping to lists of strings; None when any line is of another shape.

    ``lines`` as an open file gives them: the text as a whole, and copies of it, would take 15 MB that stay taken.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    entries: list[dict[str, Any]] | None = None
    for written in lines:
        line = written.rstrip("\n")
        if _OTHER_BREAKS.search(line) or UNPRINTABLE.search(line):
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
        strings = _strings(entry[3])
        if strings is None or entry[2] in entries[-1]:
            return None
        entries[-1][entry[2]] = strings
    return found or None


def _strings(written: str) -> list[str] | None:
    if _IDS.match(written):
        words = written[1:-1].split(", ")
        # What YAML reads as something else than a string.
        return words if not {"true", "false", "null"}.intersection(words) else None
    if not written.startswith('["'):
        return None
    try:
        read = json.loads(written)
    except ValueError:
        return None
    return read if all(isinstance(one, str) for one in read) else None
