"""Vectors of passages in the archive, as bytes."""

from __future__ import annotations

from digests.archive import Archive, embeddings
from digests.archive.embeddings import Embedding
from digests.model import SourceKind
from digests.search.index import open_index
from digests.search.passages import NewPassage


def passage(ref: str, asked: tuple[str, ...] = ()) -> NewPassage:
    return NewPassage(ref, f"Words of {ref}.", "en", ("money",), SourceKind.WIRE, "2026-02-10", asked=asked)


async def test_missing_vectors_are_named_newest_first_and_go_with_their_passages(either_archive: Archive) -> None:
    index = await open_index(either_archive)
    async with either_archive.write() as connection:
        await index.add(connection, [passage("f-1", ("Who?", "When?")), passage("item:1"), passage("item:2")])

    async with either_archive.read() as connection:
        (fact,) = await embeddings.missing(connection, "m1", news=False, below=None, limit=9)
        newer, older = await embeddings.missing(connection, "m1", news=True, below=None, limit=9)
        assert await embeddings.missing(connection, "m1", news=True, below=newer.id, limit=9) == [older]
        assert (fact.text, fact.asked) == ("Words of f-1.", ("Who?", "When?"))
        assert newer.text == "Words of item:2."

    new = [
        Embedding(fact.id, 0, b"a"),
        Embedding(fact.id, 1, b"b"),
        Embedding(newer.id, 0, b"c"),
        Embedding(10**6, 0, b"d"),
    ]
    async with either_archive.write() as connection:
        stored = await embeddings.put(connection, "m1", new)
    assert [(one.ref, one.part, one.vector) for one in stored] == [
        ("f-1", 0, b"a"),
        ("f-1", 1, b"b"),
        ("item:2", 0, b"c"),
    ]

    async with either_archive.read() as connection:
        assert await embeddings.counts(connection, "m1") == (2, 3)
        assert await embeddings.counts(connection, "m2") == (0, 3)
        assert await embeddings.missing(connection, "m1", news=True, below=None, limit=9) == [older]
        assert len(await embeddings.missing(connection, "m2", news=True, below=None, limit=9)) == 2
        assert await embeddings.read(connection, "m1", most=9) == stored
        assert await embeddings.read(connection, "m1", most=1) == stored[:1]

    async with either_archive.write() as connection:
        await embeddings.put(connection, "m2", [Embedding(fact.id, 0, b"e")])
        await index.remove(connection, ["item:2"])
    async with either_archive.read() as connection:
        assert await embeddings.read(connection, "m1", most=9) == []
        assert [one.vector for one in await embeddings.read(connection, "m2", most=9)] == [b"e"]
