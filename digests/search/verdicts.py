"""What each precedent weighs in the verdict on a new question: fitted over all of them, not counted.

The verdict is the value of a kernel machine: the sum, over the precedents, of a weight times :func:`nearness`. Votes of
the nearest treat each precedent alike; here one that stands among questions of the other kind weighs much, and one
whose neighbours say the same weighs little. The weights come from ridge regression in :mod:`digests.fit_verdicts`,
which ``kakehashi eval ask --fit`` runs; they are kept in ``verdicts.json`` by a checksum of the question, so that a
story with other questions, or a question added later, simply has none.
"""

from __future__ import annotations

import json
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from digests.model import Precedent

LINEAR = 0.3
"""How much a similarity itself counts beside its square. With squares alone fewer near misses were told."""
_STEP = 1000
"""Weights are kept as thousandths."""
_FILE = "verdicts.json"
_SHIPPED = Path(__file__).parent / _FILE


def nearness(similarity: float) -> float:
    """The kernel of one sort of feature: of a similarity from 0 to 1, a number from 0 to 1.3."""
    return similarity * (LINEAR + similarity)


def checksum(precedent: Precedent) -> int:
    """By what a weight is kept, in 32 bits: its language, whether it was answered, and its words."""
    told = f"{precedent.language}{'+' if precedent.facts else '-'}{precedent.text}"
    return zlib.crc32(told.encode())


class Weights:
    """What precedents weigh, by checksum. Two sorted arrays: as a dictionary it took megabytes at every start."""

    def __init__(self, weights: Mapping[int, float]) -> None:
        self.checksums = array("I", sorted(weights))
        self._weights = array("f", map(weights.__getitem__, self.checksums))

    def of(self, precedent: Precedent) -> float:
        """The weight of a precedent, of either sign, mostly within 1; 0 when it has none."""
        wanted = checksum(precedent)
        at = bisect_left(self.checksums, wanted)
        return self._weights[at] if at < len(self.checksums) and self.checksums[at] == wanted else 0.0


def shipped() -> Weights:
    """The fitted weights that the package ships with."""
    return load(files("digests.search").joinpath(_FILE))


def load(file: Traversable) -> Weights:
    """Read weights as :func:`save` writes them."""
    read = json.loads(file.read_text(encoding="utf-8"))
    return Weights({key: weight / _STEP for key, weight in read})


def save(weights: Iterable[tuple[Precedent, float]], path: Path = _SHIPPED) -> None:
    """Write weights as JSON: pairs of checksum and thousandths. Of precedents with the same words, language and outcome
    one is kept: they weigh the same."""
    content = {checksum(precedent): round(weight * _STEP) for precedent, weight in weights}
    path.write_text(json.dumps(sorted(content.items()), separators=(",", ":")).replace("],", "],\n") + "\n")
