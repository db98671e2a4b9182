"""How much of a question's words the facts and their readers' questions hold.

Those questions (questions.yaml of a story) hold the words that people use and claims do not: "chip in" for
"contribute", "the boss" for "the commander". Words count by how rare they are among all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

_NONE: frozenset[str] = frozenset()


class Worded(Protocol):
    """What is compared, by language group: the tokens of its text, and those of the questions asked of it."""

    @property
    def tokens(self) -> Mapping[str, frozenset[str]]: ...

    @property
    def tokens_asked(self) -> Mapping[str, frozenset[str]]: ...


@dataclass(frozen=True, slots=True)
class Rarity:
    """How much each token tells, by language group: rare ones more. Made once for a story's units."""

    known: Mapping[str, Mapping[str, float]]
    unknown: Mapping[str, float]

    def of(self, token: str, group: str) -> float:
        """The token's weight, above zero; a token that no unit holds weighs most."""
        return self.known.get(group, {}).get(token, self.unknown.get(group, 1.0))

    def total(self, tokens: Iterable[str], group: str) -> float:
        return sum(self.of(token, group) for token in tokens)

    def unknown_share(self, tokens: frozenset[str], near: Iterable[Worded], group: str) -> float:
        """Which share of a question's words, by weight, no text or readers' question of ``near`` holds; 0 to 1."""
        held: set[str] = set()
        for unit in near:
            held |= _words(unit, group)
        whole = self.total(tokens, group)
        return self.total(tokens - held, group) / whole if whole else 0.0

    def share_held(self, tokens: frozenset[str], unit: Worded, group: str) -> float:
        """Which share of a question's words, by weight, the unit's text and readers' questions hold; 0 to 1."""
        whole = self.total(tokens, group)
        return (
            self.total((tokens & unit.tokens.get(group, _NONE)) | (tokens & unit.tokens_asked.get(group, _NONE)), group)
            / whole
            if whole
            else 0.0
        )


def rarity(units: Iterable[Worded]) -> Rarity:
    """Weights of the tokens of claims and of readers' questions."""
    counts: dict[str, dict[str, int]] = {}
    sizes: dict[str, int] = {}
    for unit in units:
        for group in unit.tokens:
            sizes[group] = sizes.get(group, 0) + 1
            found = counts.setdefault(group, {})
            for token in _words(unit, group):
                found[token] = found.get(token, 0) + 1
    known = {
        group: {token: math.log1p(sizes[group] / count) for token, count in found.items()}
        for group, found in counts.items()
    }
    return Rarity(known, {group: math.log1p(size) for group, size in sizes.items()})


def _words(unit: Worded, group: str) -> frozenset[str]:
    return unit.tokens.get(group, _NONE) | unit.tokens_asked.get(group, _NONE)
