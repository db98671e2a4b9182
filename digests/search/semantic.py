"""Search by meaning beside search by words: the extra ``semantic``, wrapped around an index so that nothing else knows.

:class:`SemanticIndex` finds what the index finds and what lies nearest to the question by its vector, in whatever
language, and fuses the two by reciprocal rank. Vectors of passages are made in the background, of facts and briefs
first, then of the newest news (:meth:`SemanticIndex.keep_up`), and kept in the archive, so a restart goes on where it
stopped. While a passage has no vector, or the question's comes too late, words alone find it, as without the extra.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive, embeddings
from digests.archive.embeddings import Embedding, Unembedded
from digests.archive.tables import passages
from digests.errors import ParseError
from digests.search import embedding, store
from digests.search.embedding import Embedder
from digests.search.index import Found, Hit, SearchIndex
from digests.search.passages import NewPassage
from digests.search.query import Filters, Query
from digests.search.vectors import Vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = structlog.get_logger()

RANK_CONSTANT = 60
"""Of reciprocal rank fusion, as its inventors set it (Cormack et al., SIGIR 2009)."""
MOST_VECTORS = 250_000
"""Vectors held in memory, 100 MB; the oldest news has none beyond that."""
PATIENCE = 0.5
"""Seconds that a question waits for its vector; it takes 15 ms when the process for questions is ready."""
_TOGETHER = 4
"""Texts embedded at a time, in about a second; and passages looked up at a time."""
_REST = 5.0
"""Seconds between two looks for new passages."""
_RETRY = 60.0
FIRST_REST = 30.0
"""Seconds from the start to the first passage: a bot that starts has more urgent things to do."""
_REMEMBERED = 256
_NO_FILTERS = Filters()


class SemanticIndex:
    """A :class:`~digests.search.index.SearchIndex` that adds meaning to another. :meth:`close` ends its processes."""

    def __init__(self, inner: SearchIndex, *, patience: float = PATIENCE) -> None:
        self.inner = inner
        self._embedder = Embedder()
        self._patience = patience
        self._vectors = Vectors()
        self._loaded = False
        self._removed = False
        self._questions: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    # --- what every index does -----------------------------------------------------------------------------

    async def add(self, connection: AsyncConnection, passages: Sequence[NewPassage]) -> None:
        await self.inner.add(connection, passages)

    async def remove(self, connection: AsyncConnection, refs: Sequence[str]) -> None:
        await self.inner.remove(connection, refs)
        self._removed = True

    async def tidy(self, archive: Archive) -> None:
        await self.inner.tidy(archive)

    async def rebuild(self, archive: Archive) -> int:
        return await self.inner.rebuild(archive)

    async def search(self, archive: Archive, query: Query) -> Found:
        """What words find and what is near in meaning, by reciprocal rank; ``score`` is 1 for the first of both."""
        await self._load(archive)
        asked = asyncio.create_task(self._question(query.text)) if len(self._vectors) else None
        try:
            found = await self.inner.search(archive, query)
            vector = await asked if asked else None
        finally:
            if asked:
                asked.cancel()
        if vector is None:
            return found
        near = await self._with_passages(archive, found.hits, await self._near(archive, query, vector))
        return replace(found, hits=fused(found.hits, near))

    # --- meaning -------------------------------------------------------------------------------------------

    async def similarities(self, archive: Archive, question: str, fact_ids: Iterable[str]) -> dict[str, float]:
        """By fact the cosine (-1 to 1) of a question and the nearest of the fact's claims and readers' questions, in
        any language. Facts without vectors are left out; all of them when the question's vector comes too late."""
        await self._load(archive)
        vector = await self._question(question)
        if vector is None:
            return {}
        return await asyncio.to_thread(self._vectors.similarities, vector, list(fact_ids))

    async def _question(self, text: str) -> NDArray[np.float32] | None:
        known = self._questions.get(text)
        if known is not None:
            self._questions.move_to_end(text)
            return known
        work = asyncio.create_task(asyncio.to_thread(self._embedder.question, text))
        work.add_done_callback(_quietly)  # when it comes too late, nobody asks what became of it
        try:
            async with asyncio.timeout(self._patience):
                vector = await asyncio.shield(work)
        except (TimeoutError, ParseError) as error:
            log.warning("semantic.question_skipped", why=str(error) or "no vector in time")
            return None
        self._questions[text] = vector
        if len(self._questions) > _REMEMBERED:
            self._questions.popitem(last=False)
        return vector

    async def _near(self, archive: Archive, query: Query, vector: NDArray[np.float32]) -> list[int]:
        allowed = None
        if query.filters != _NO_FILTERS:
            async with archive.read() as connection:
                found = select(passages.c.id).where(*store.conditions(query.filters))
                allowed = frozenset(await connection.scalars(found))
        news = query.most(of_news=True)
        return await asyncio.to_thread(self._vectors.nearest, vector, query.limit, news, allowed)

    async def _with_passages(self, archive: Archive, hits: Sequence[Hit], near: Sequence[int]) -> list[Hit]:
        known = {hit.passage.id: hit for hit in hits}

        async def work(connection: AsyncConnection) -> list[Hit]:
            loaded = await store.load(connection, [id_ for id_ in near if id_ not in known])
            found = known | {id_: Hit(passage, 0.0) for id_, passage in loaded.items()}
            return [found[id_] for id_ in near if id_ in found]

        return await archive.read_at_once(work)

    # --- the background ------------------------------------------------------------------------------------

    async def keep_up(self, archive: Archive, *, after: float = FIRST_REST) -> None:
        """Give every passage its vectors, ``after`` some seconds and then as they come, until cancelled."""
        await self._load(archive)
        await asyncio.sleep(after)
        await self._question("warm up")
        while True:
            try:
                if self._removed:
                    self._removed = False
                    await self._load(archive, again=True)
                await self.catch_up(archive)
            except ParseError as error:
                log.warning("semantic.embedding_failed", why=str(error))
                await asyncio.sleep(_RETRY)
            await asyncio.sleep(_REST)

    async def catch_up(self, archive: Archive, progress: Callable[[int], None] = lambda done: None) -> int:
        """Give vectors to all passages that have none; returns to how many. ``progress`` is told after each batch."""
        await self._load(archive)
        done = 0
        for news in (False, True):
            below: int | None = None
            while len(self._vectors) < MOST_VECTORS:
                async with archive.read() as connection:
                    batch = await embeddings.missing(
                        connection, embedding.model(), news=news, below=below, limit=_TOGETHER
                    )
                if not batch:
                    break
                await self._embed(archive, batch)
                below = batch[-1].id
                done += len(batch)
                progress(done)
        return done

    async def progress(self, archive: Archive) -> tuple[int, int]:
        """How many passages have vectors, and how many passages there are."""
        async with archive.read() as connection:
            return await embeddings.counts(connection, embedding.model())

    async def _embed(self, archive: Archive, batch: Sequence[Unembedded]) -> None:
        places = [(one.id, part) for one in batch for part in range(1 + len(one.asked))]
        texts = [text for one in batch for text in (one.text, *one.asked)]
        packed: list[bytes] = []
        for start in range(0, len(texts), _TOGETHER):
            packed += await asyncio.to_thread(self._embedder.packed, texts[start : start + _TOGETHER])
        new = [Embedding(id_, part, vector) for (id_, part), vector in zip(places, packed, strict=True)]
        async with archive.write() as connection:
            stored = await embeddings.put(connection, embedding.model(), new)
        await asyncio.to_thread(self._vectors.add, stored)

    async def _load(self, archive: Archive, *, again: bool = False) -> None:
        if self._loaded and not again:
            return
        self._loaded = True

        async def work(connection: AsyncConnection) -> list[Embedding]:
            return await embeddings.read(connection, embedding.model(), most=MOST_VECTORS)

        self._vectors = await asyncio.to_thread(Vectors, await archive.read_at_once(work))
        log.debug("semantic.loaded", vectors=len(self._vectors), bytes=self._vectors.nbytes)

    def close(self) -> None:
        """End the processes. Later calls start new ones."""
        self._embedder.close()


def fused(first: Sequence[Hit], second: Sequence[Hit]) -> list[Hit]:
    """Two rankings as one by reciprocal rank: 1 for what leads both, near 0 for what is far down in one alone."""
    scores: dict[int, float] = {}
    hits: dict[int, Hit] = {}
    for ranking in (first, second):
        for place, hit in enumerate(ranking):
            scores[hit.passage.id] = scores.get(hit.passage.id, 0.0) + 1 / (RANK_CONSTANT + 1 + place)
            hits.setdefault(hit.passage.id, hit)
    best = 2 / (RANK_CONSTANT + 1)
    ordered = sorted(scores.items(), key=lambda pair: -pair[1])
    return [Hit(hits[id_].passage, score / best, hits[id_].tokens) for id_, score in ordered]


def _quietly(work: asyncio.Task[NDArray[np.float32]]) -> None:
    if not work.cancelled():
        work.exception()
