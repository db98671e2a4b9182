"""What precedents say of a question: plain data, apart from the numpy that it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NEIGHBOURS = 10
"""How many of the most similar precedents have a vote."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What the precedents say of a question. All numbers run from 0 to 1."""

    of_fact: Mapping[str, float]
    """The likeliest precedent of each fact."""
    likest: float
    """The likeliest precedent of all."""
    votes: Mapping[str, float]
    """The share of the :data:`NEIGHBOURS` likeliest, by similarity, that each fact answers."""


UNLIKE = Likeness({}, 0.0, {})
"""Of a question without precedents."""
