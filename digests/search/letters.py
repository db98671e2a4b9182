"""Runs of letters within words: they see through endings and slips of the pen."""

from __future__ import annotations

from collections.abc import Iterator


def runs(word: str, size: int) -> Iterator[str]:
    """Each run of ``size`` characters of a word with a space before and after it; all of it when it is shorter."""
    padded = f" {word} "
    return (padded[at : at + size] for at in range(max(1, len(padded) - size + 1)))
