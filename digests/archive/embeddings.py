"""Vectors of passages in the archive: which are missing, writing and reading them. Bytes here; what they mean is known
to :mod:`digests.search.embedding`. They go with their passages (foreign key)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.tables import embeddings, passages


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A passage without vectors: its text, and the readers' questions of it."""

    id: int
    text: str
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Embedding:
    """One vector. ``part`` 0 is the passage's text, others are its readers' questions."""

    passage_id: int
    part: int
    vector: bytes
    ref: str = ""


async def missing(
    connection: AsyncConnection, model: str, *, news: bool, below: int | None, limit: int
) -> list[Unembedded]:
    """The newest passages without a vector of ``model``, of news or of what is written by hand, with ids below
    ``below``."""
    found = (
        select(passages.c.id, passages.c.text, passages.c.asked)
        .outerjoin(
            embeddings,
            and_(embeddings.c.passage_id == passages.c.id, embeddings.c.part == 0, embeddings.c.model == model),
        )
        .where(embeddings.c.passage_id.is_(None), _news(news=news))
        .order_by(passages.c.id.desc())
        .limit(limit)
    )
    if below is not None:
        found = found.where(passages.c.id < below)
    rows = await connection.execute(found)
    return [Unembedded(row.id, row.text, tuple((row.asked or "").splitlines())) for row in rows]


def _news(*, news: bool) -> ColumnElement[bool]:
    return passages.c.ref.like("item:%") if news else passages.c.ref.not_like("item:%")


async def put(connection: AsyncConnection, model: str, new: Sequence[Embedding]) -> list[Embedding]:
    """Write vectors in the place of what these passages had; returns those written, with refs. Passages that have gone
    meanwhile are passed over."""
    ids = sorted({one.passage_id for one in new})
    rows = await connection.execute(select(passages.c.id, passages.c.ref).where(passages.c.id.in_(ids)))
    refs = {row.id: row.ref for row in rows}
    kept = [replace(one, ref=refs[one.passage_id]) for one in new if one.passage_id in refs]
    await connection.execute(delete(embeddings).where(embeddings.c.passage_id.in_(ids)))
    if kept:
        values = [(one.passage_id, one.part, model, one.vector) for one in kept]
        names = ("passage_id", "part", "model", "vector")
        await connection.execute(embeddings.insert(), [dict(zip(names, row, strict=True)) for row in values])
    return kept


async def read(connection: AsyncConnection, model: str, *, most: int) -> list[Embedding]:
    """The vectors of the newest passages, ``most`` at most; those written by hand first."""
    found = (
        select(embeddings.c.passage_id, embeddings.c.part, embeddings.c.vector, passages.c.ref)
        .join(passages, passages.c.id == embeddings.c.passage_id)
        .where(embeddings.c.model == model)
        .order_by(passages.c.ref.like("item:%"), embeddings.c.passage_id.desc(), embeddings.c.part)
        .limit(most)
    )
    rows = await connection.execute(found)
    return [Embedding(row.passage_id, row.part, row.vector, row.ref) for row in rows]


async def counts(connection: AsyncConnection, model: str) -> tuple[int, int]:
    """How many passages have vectors of ``model``, and how many passages there are."""
    done = select(func.count()).select_from(embeddings).where(embeddings.c.part == 0, embeddings.c.model == model)
    total = select(func.count()).select_from(passages)
    return int(await connection.scalar(done) or 0), int(await connection.scalar(total) or 0)
