"""Japanese cut into words by SudachiPy, the extra ``japanese``, in the place of pairs of characters.

Words are the dictionary's shortest units (mode A) in their normal form: 決めた and 決める meet, and 附属 and 付属. The
core dictionary is a file of 200 MB that is mapped into memory; what is used of it stays there. A tokenizer belongs to
one thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import Any

_AT_ONCE = 8_000
"""Characters; Sudachi refuses texts of more than 49,149 bytes."""


@dataclass(frozen=True, slots=True)
class Morpheme:
    """A word of a text: where it stands, and its normal form."""

    start: int
    end: int
    normal: str


class _Cutters(threading.local):
    """A tokenizer for each thread."""

    def __init__(self) -> None:
        from sudachipy import SplitMode

        self.tokenizer: Any = _dictionary().tokenizer(mode=SplitMode.A)


@lru_cache
def _dictionary() -> Any:
    from sudachipy import Dictionary

    return Dictionary(dict="core")


@lru_cache
def _cutters() -> _Cutters:
    return _Cutters()


def version() -> str:
    """Which program and dictionary cut: with others the words may differ."""
    return f"sudachi-{metadata.version('sudachipy')}-{metadata.version('sudachidict_core')}"


def morphemes(text: str) -> Iterator[Morpheme]:
    """The words of ``text`` in order; together they are the whole of it."""
    tokenizer = _cutters().tokenizer
    for begin in range(0, len(text), _AT_ONCE):
        for found in tokenizer.tokenize(text[begin : begin + _AT_ONCE]):
            yield Morpheme(begin + found.begin(), begin + found.end(), found.normalized_form())
