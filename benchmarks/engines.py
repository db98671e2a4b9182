"""Search engines over the same made-up passages, each measured in a process of its own that has just started.

``python -m benchmarks.engines ENGINE FOLDER`` opens what :mod:`benchmarks.index` built in FOLDER, asks each question of
``questions.json`` once and prints one JSON object: seconds from opening to the first answer (loading the engine's code
counts), milliseconds of each later question and of the processor's time for it, resident megabytes.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DEPTH = 20
"""Hits that each engine returns."""
_MEGABYTE = 1e6


def plain_words(question: str) -> list[str]:
    """The runs of letters and digits of a question: what a plain engine is asked for."""
    return "".join(character if character.isalnum() else " " for character in question).split()


# --- building ------------------------------------------------------------------------------------------------


class Fts5Default:
    """SQLite's FTS5 as it comes: its default tokenizer over the plain text."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "fts5.sqlite3")
        self._connection.execute("CREATE VIRTUAL TABLE plain USING fts5(text)")

    def add(self, texts: list[str]) -> None:
        with self._connection:
            self._connection.executemany("INSERT INTO plain (text) VALUES (?)", ((text,) for text in texts))

    def close(self) -> None:
        self._connection.close()


class Bm25s:
    """bm25s with its own tokenizer; its index is made of all texts at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "bm25s"
        self._texts: list[str] = []

    def add(self, texts: list[str]) -> None:
        self._texts += texts

    def close(self) -> None:
        import bm25s

        made = bm25s.BM25()
        made.index(bm25s.tokenize(self._texts, stopwords=None, show_progress=False), show_progress=False)
        made.save(self._folder)


class Tantivy:
    """tantivy with its default tokenizer, merged as it merges by itself."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        place = folder / "tantivy"
        place.mkdir()
        schema = tantivy.SchemaBuilder().add_unsigned_field("id", stored=True).add_text_field("text").build()
        self._tantivy = tantivy
        self._writer = tantivy.Index(schema, path=str(place)).writer(128 << 20, 1)
        self._count = 0

    def add(self, texts: list[str]) -> None:
        for text in texts:
            self._count += 1
            self._writer.add_document(self._tantivy.Document(id=self._count, text=text))

    def close(self) -> None:
        self._writer.commit()
        self._writer.wait_merging_threads()


BUILDERS: dict[str, Callable[[Path], Any]] = {"fts5": Fts5Default, "bm25s": Bm25s, "tantivy": Tantivy}


# --- asking --------------------------------------------------------------------------------------------------

Ask = Callable[[str, str], int]
"""From a question and its language to how many passages were found."""


def _open_fts5(folder: Path) -> Ask:
    connection = sqlite3.connect(folder / "fts5.sqlite3")

    def ask(text: str, language: str) -> int:
        wanted = " OR ".join(f'"{word}"' for word in plain_words(text))
        rows = connection.execute("SELECT rowid, text FROM plain WHERE plain MATCH ? ORDER BY rank LIMIT 20", (wanted,))
        return len(rows.fetchall())

    return ask


def _open_bm25s(folder: Path) -> Ask:
    import bm25s

    engine = bm25s.BM25.load(folder / "bm25s", mmap=True)

    def ask(text: str, language: str) -> int:
        tokens = bm25s.tokenize([text], stopwords=None, show_progress=False, return_ids=False)
        found, _ = engine.retrieve(tokens, k=DEPTH, show_progress=False)
        return len(found[0])

    return ask


def _open_tantivy(folder: Path) -> Ask:
    import tantivy

    index = tantivy.Index.open(str(folder / "tantivy"))
    searcher = index.searcher()

    def ask(text: str, language: str) -> int:
        wanted = index.parse_query(" ".join(plain_words(text)).lower(), ["text"])
        hits = searcher.search(wanted, DEPTH).hits
        return len([searcher.doc(address)["id"] for _, address in hits])

    return ask


class _Ours:
    """The archive's own index, or the whole way of a question when ``answering``."""

    def __init__(self, folder: Path, *, answering: bool) -> None:
        from benchmarks import corpus
        from digests.archive import Archive
        from digests.glossary import Glossary
        from digests.search.index import open_index
        from digests.search.terms import Terms

        self._runner = asyncio.Runner()
        self._archive = self._runner.run(Archive.open(f"sqlite:///{folder / 'archive.sqlite3'}"))
        self._index = self._runner.run(open_index(self._archive))
        self._answerer = None
        if answering:
            from digests.answer import Answerer

            self._answerer = Answerer(self._archive, self._index, corpus.story())
        self._terms = Terms(Glossary(corpus.story().glossary))

    def ask(self, text: str, language: str) -> int:
        from digests.search.query import parse_query

        if self._answerer:
            return len(self._runner.run(self._answerer.answer(text, language, datetime.now(UTC))).citations)
        query = parse_query(text, language, self._terms, limit=DEPTH)
        return len(self._runner.run(self._index.search(self._archive, query)).hits)

    def close(self) -> None:
        self._runner.run(self._archive.close())
        self._runner.close()


def measure(engine: str, folder: Path) -> dict[str, Any]:
    """Open, ask everything once, and tell what that took."""
    import psutil

    questions: list[tuple[str, str]] = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    if engine in ("ours", "ask"):
        from benchmarks import corpus

        corpus.story()  # read before: loading a story is no part of opening an index
    began = time.perf_counter()
    ours = _Ours(folder, answering=engine == "ask") if engine in ("ours", "ask") else None
    openers = {"fts5": _open_fts5, "bm25s": _open_bm25s, "tantivy": _open_tantivy}
    ask = ours.ask if ours else openers[engine](folder)
    found = ask(*questions[0])
    cold = time.perf_counter() - began
    gc.collect()
    gc.freeze()  # as the bot does once it has started
    took, spent = [], []
    for text, language in questions[1:]:
        started, cpu = time.perf_counter(), time.process_time()
        found += ask(text, language)
        took.append((time.perf_counter() - started) * 1000)
        spent.append((time.process_time() - cpu) * 1000)
    memory = psutil.Process().memory_info().rss / _MEGABYTE
    if ours:
        ours.close()
    return {"cold": cold, "took": took, "spent": spent, "memory": memory, "found": found}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
