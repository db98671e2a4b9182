"""A program that indexes and is killed for real: run by tests/system/test_index_after_kill.py.

It adds passages of made-up items to the archive and takes some of them away again, a transaction after the other, and
says each time that one is done. It never ends by itself.
"""

from __future__ import annotations

import asyncio
import itertools
from multiprocessing.connection import Connection

from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive import Archive
from digests.model import SourceKind
from digests.search.index import open_index
from digests.search.passages import NewPassage

WORDS = ("heron", "otter", "ibis", "lynx", "marten", "stoat")
TOGETHER = 40
_TEXTS = {"en": "The {} was seen by the river.", "ja": "川で{}が見られた。警察が発表。", "uk": "Біля річки бачили {}."}


def passages(number: int) -> list[NewPassage]:
    """The passages of one transaction; each word stands in some of them."""
    languages = itertools.cycle(_TEXTS)
    return [
        NewPassage(
            f"item:{number * TOGETHER + at}",
            _TEXTS[language].format(WORDS[at % len(WORDS)]),
            language,
            ("assistance",),
            SourceKind.WIRE,
            "2026-02-10",
        )
        for at, language in zip(range(TOGETHER), languages, strict=False)
    ]


async def main(url: str, words: Connection) -> None:
    archive = await Archive.open(url)
    index = await open_index(archive)
    for number in itertools.count():

        async def work(connection: AsyncConnection, number: int = number) -> None:
            new = passages(number)
            await index.add(connection, new)
            gone = [passage.ref for passage in passages(number - 2)][::3] if number > 1 else []
            await index.remove(connection, gone)

        await archive.write_at_once(work)
        words.send(number)


def program(url: str, words: Connection) -> None:
    asyncio.run(main(url, words))
