"""Questions that a story lists as such that nothing answers: they are refused, a letter more or less."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from digests.model import Precedent
from digests.search.query import MOST_CHARACTERS


class Listed:
    """The precedents of a story that nothing answers. Case, punctuation and one letter more, less or other make no
    difference; a figure does, and a character of Japanese: another year or country is another question."""

    def __init__(self, precedents: Iterable[Precedent]) -> None:
        self._known = frozenset(
            hash(spelling) for precedent in precedents if not precedent.facts for spelling in _spellings(precedent.text)
        )

    def holds(self, text: str) -> bool:
        """Whether a question is listed."""
        return bool(self._known) and any(hash(spelling) in self._known for spelling in _spellings(text))


def _spellings(text: str) -> Iterator[str]:
    """The letters and figures of a text, all of them and each time without one of the letters that have capitals: two
    texts that differ by one such letter have one of these in common."""
    plain = "".join(filter(str.isalnum, text[:MOST_CHARACTERS].casefold()))
    yield plain
    for at, character in enumerate(plain):
        if character.upper() != character:
            yield plain[:at] + plain[at + 1 :]
