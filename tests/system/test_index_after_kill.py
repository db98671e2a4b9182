"""Killed while it indexes, the program leaves an index that holds exactly the passages that the archive holds."""

from __future__ import annotations

import asyncio
import random
import signal
from pathlib import Path

import pytest
from sqlalchemy import select

from digests.archive import Archive
from digests.archive.tables import passages
from digests.search.index import open_index
from digests.search.query import parse_query
from digests.search.schema import SHELVES
from tests.system import indexing
from tests.system.indexing import WORDS
from tests.system.killable import begin, ended, heard, pipe

ROUNDS = 6
_ALL = 100_000


async def _killed(url: str, rng: random.Random) -> int:
    """Run the program until it is somewhere in a transaction, and kill it there; returns its last word."""
    words, told = pipe()
    with words:
        process = begin(indexing.program, url, told)
        told.close()
        for _ in range(rng.randint(3, 12)):
            last = int(await heard(words))
        await asyncio.sleep(rng.random() * 0.02)
        process.kill()
        assert await ended(process) == -signal.SIGKILL
    return last


async def _indexed(archive: Archive) -> dict[str, set[str]]:
    """By each word the refs that the index gives for it."""
    index = await open_index(archive)
    found: dict[str, set[str]] = {}
    for word in WORDS:
        for language in ("en", "ja", "uk"):
            hits = (await index.search(archive, parse_query(word, language, limit=_ALL))).hits
            found.setdefault(word, set()).update(hit.passage.ref for hit in hits)
    return found


async def _rows(archive: Archive) -> tuple[set[int], set[int]]:
    """The ids in the tables of the index, and those of the passages."""
    async with archive.read() as connection:
        held = [await connection.exec_driver_sql(f"SELECT rowid FROM {shelf.table}") for shelf in SHELVES]
        return {row[0] for rows in held for row in rows}, set(await connection.scalars(select(passages.c.id)))


async def _archived(archive: Archive) -> dict[str, set[str]]:
    async with archive.read() as connection:
        rows = list(await connection.execute(select(passages.c.ref, passages.c.text)))
    return {word: {row.ref for row in rows if word in row.text} for word in WORDS}


@pytest.mark.parametrize("seed", range(2))
async def test_index_and_passages_agree_after_every_kill(tmp_path: Path, seed: int) -> None:
    url = f"sqlite:///{tmp_path / 'archive.sqlite3'}"
    rng = random.Random(seed)
    for _ in range(ROUNDS):
        last = await _killed(url, rng)
        archive = await Archive.open(url)
        try:
            indexed, there = await _rows(archive)
            assert indexed == there
            archived = await _archived(archive)
            assert await _indexed(archive) == archived
            assert sum(map(len, archived.values())) >= last  # it did work before it died
            async with archive.read() as connection:
                assert (await connection.exec_driver_sql("PRAGMA integrity_check")).scalar() == "ok"
        finally:
            await archive.close()
