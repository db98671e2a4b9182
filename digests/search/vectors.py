"""Vectors in memory, and which are nearest to a question's: every one is compared, some thousand at a time.

A vector takes 388 bytes and about 16 for its ids: 40 MB for 100,000. Comparing that many takes some 25 ms in a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digests.archive.embeddings import Embedding
from digests.search.embedding import DIMENSIONS, split

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AT_ONCE = 1_024
"""Vectors made numbers of at a time: 1.5 MB, which stays in the processor's cache. With eight times as many it takes
several times as long."""
_MOST_BLOCKS = 32


@dataclass(frozen=True, slots=True)
class _Block:
    """Vectors that came together; the arrays are of one length."""

    ids: NDArray[np.int64]
    news: NDArray[np.bool_]
    scales: NDArray[np.float32]
    whole: NDArray[np.int8]


_Scored = tuple[_Block, "NDArray[np.float32]"]
"""A block and its cosines."""


class Vectors:
    """A growing set of vectors. One thread may add while others look: what they see is replaced as a whole."""

    def __init__(self, found: Sequence[Embedding] = ()) -> None:
        self._blocks: tuple[_Block, ...] = ()
        self._facts: Mapping[str, tuple[int, ...]] = {}
        self.add(found)

    def __len__(self) -> int:
        return sum(len(block.ids) for block in self._blocks)

    @property
    def nbytes(self) -> int:
        """Bytes that the vectors take."""
        arrays = ((block.ids, block.news, block.scales, block.whole) for block in self._blocks)
        return sum(array.nbytes for block in arrays for array in block)

    def add(self, new: Sequence[Embedding]) -> None:
        """Take in more vectors. ``ref`` of each must be filled in."""
        if not new:
            return
        scales, whole = split([one.vector for one in new])
        ids = np.fromiter((one.passage_id for one in new), np.int64, len(new))
        news = np.fromiter((one.ref.startswith("item:") for one in new), np.bool_, len(new))
        blocks = (*self._blocks, _Block(ids, news, scales, whole))
        self._blocks = blocks if len(blocks) <= _MOST_BLOCKS else (_joined(blocks),)
        facts = dict(self._facts)
        for one in new:
            if ":" not in one.ref and one.passage_id not in facts.get(one.ref, ()):
                facts[one.ref] = (*facts.get(one.ref, ()), one.passage_id)
        self._facts = facts

    def nearest(
        self, question: NDArray[np.float32], count: int, news: int, allowed: frozenset[int] | None = None
    ) -> list[int]:
        """Ids of the passages nearest to the question's vector, nearest first: ``count`` of what is written by hand
        and ``news`` of news. A passage is as near as the nearest of its parts. ``allowed``: no others."""
        scored = list(self._cosines(question))
        found: list[tuple[float, int]] = []
        for of_news, most in ((False, count), (True, news)):
            found += _nearest(scored, most, allowed, of_news=of_news)
        return [id_ for _, id_ in sorted(found, reverse=True)]

    def similarities(self, question: NDArray[np.float32], fact_ids: Iterable[str]) -> dict[str, float]:
        """By fact the cosine of the question and the nearest of its claims and readers' questions; facts without
        vectors are left out."""
        wanted = {id_: fact_id for fact_id in fact_ids for id_ in self._facts.get(fact_id, ())}
        ids = np.fromiter(wanted, np.int64, len(wanted))
        best: dict[str, float] = {}
        for block, cosines in self._cosines(question, ids):
            for row in np.flatnonzero(np.isin(block.ids, ids)):
                fact_id = wanted[int(block.ids[row])]
                best[fact_id] = max(best.get(fact_id, -1.0), float(cosines[row]))
        return best

    def _cosines(self, question: NDArray[np.float32], of: NDArray[np.int64] | None = None) -> Iterator[_Scored]:
        """The cosines of all vectors, block by block; with ``of`` only of blocks that hold any of these ids."""
        for block in self._blocks:
            if of is not None and not np.isin(of, block.ids).any():
                continue
            pieces = (slice(begin, begin + _AT_ONCE) for begin in range(0, len(block.ids), _AT_ONCE))
            products = [block.whole[piece].astype(np.float32) @ question for piece in pieces]
            yield block, np.concatenate(products) * block.scales


def _nearest(
    scored: Sequence[_Scored], most: int, allowed: frozenset[int] | None, *, of_news: bool
) -> list[tuple[float, int]]:
    best: dict[int, float] = {}
    for block, cosines in scored:
        ids = block.ids
        wanted = block.news == of_news
        if allowed is not None:
            wanted &= np.isin(ids, np.fromiter(allowed, np.int64, len(allowed)))
        rows = np.flatnonzero(wanted)
        # A fact's parts crowd together: some more than wanted are taken before each passage is counted once.
        if len(rows) > 8 * most:
            rows = rows[np.argpartition(-cosines[rows], 8 * most)[: 8 * most]]
        for row in rows:
            id_ = int(ids[row])
            best[id_] = max(best.get(id_, -1.0), float(cosines[row]))
    return sorted(((cosine, id_) for id_, cosine in best.items()), reverse=True)[:most]


def _joined(blocks: Sequence[_Block]) -> _Block:
    return _Block(
        np.concatenate([block.ids for block in blocks]),
        np.concatenate([block.news for block in blocks]),
        np.concatenate([block.scales for block in blocks]),
        np.concatenate([block.whole for block in blocks]).reshape(-1, DIMENSIONS),
    )
