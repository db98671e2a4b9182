"""Measure the index on public question sets: what ``kakehashi eval search`` prints.

A set is a file of pages in one language, ``<name>.<language>.jsonl``: one JSON object a line with ``id``, ``text`` and
one or more kinds of questions of which the page is the right answer (:data:`KINDS`). The measure is nDCG@10.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import math
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digests.archive import Archive
from digests.errors import ConfigError, Problem
from digests.model import SourceKind
from digests.search.extras import choose_japanese, has_semantic, has_sudachi, with_meaning
from digests.search.index import SearchIndex, open_index
from digests.search.passages import NewPassage
from digests.search.query import parse_query

DEPTH = 10
KINDS = ("title", "summary")
"""What of a page is asked as a question."""
_LIMIT = 20
_DAY = "2026-01-01"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a set, with the questions that it answers by their kind."""

    id: str
    text: str
    questions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SearchSet:
    """Pages in one language. ``name`` is the file's, without its language."""

    name: str
    language: str
    pages: tuple[Page, ...]


@dataclass(frozen=True, slots=True)
class SetFigures:
    """nDCG@10 (0 to 1) on the questions of one kind, by engine; None where the engine is not installed or says
    nothing new."""

    name: str
    language: str
    kind: str
    pages: int
    questions: int
    ours: float
    fts5: float
    bm25s: float | None
    sudachi: float | None
    semantic: float | None


def load_set(path: Path) -> SearchSet:
    """Read a set. Raises :class:`ConfigError` with every line that cannot be read."""
    name, _, language = path.stem.rpartition(".")
    pages: list[Page] = []
    problems: list[Problem] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            pages.append(
                Page(str(row["id"]), str(row["text"]), {kind: str(row[kind]) for kind in KINDS if row.get(kind)})
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            cure = f"Write one JSON object a line with id, text and {' or '.join(KINDS)}."
            problems.append(Problem(str(path), number, 1, f"not a page of a search set ({error})", cure))
    if problems:
        raise ConfigError(problems)
    return SearchSet(name, language or "en", tuple(pages))


def ndcg(ranked: Sequence[str], right: str) -> float:
    """nDCG@10 of a ranking with one right page: 1 when it leads, 0.63 in the second place, 0 below the tenth."""
    top = list(ranked[:DEPTH])
    return 1 / math.log2(top.index(right) + 2) if right in top else 0.0


async def evaluate_set(found: SearchSet, progress: Callable[[str], None] = lambda what: None) -> list[SetFigures]:
    """Figures of a set, a row for each kind of question, of every engine that is installed."""
    progress("our index")
    ours = await _ours(found)
    progress("plain BM25")
    fts5 = _mean(found, _fts5(found))
    bm25s = _mean(found, _bm25s(found)) if importlib.util.find_spec("bm25s") else {}
    sudachi: Mapping[str, float] = {}
    if found.language == "ja" and has_sudachi():
        progress("with SudachiPy")
        choose_japanese("sudachi")
        try:
            sudachi = await _ours(found)
        finally:
            choose_japanese("bigrams")
    semantic: Mapping[str, float] = {}
    if has_semantic():
        progress("by meaning")
        semantic = await _ours(found, meaning=True)
    return [
        SetFigures(
            name=found.name,
            language=found.language,
            kind=kind,
            pages=len(found.pages),
            questions=sum(kind in page.questions for page in found.pages),
            ours=value,
            fts5=fts5[kind],
            bm25s=bm25s.get(kind),
            sudachi=sudachi.get(kind),
            semantic=semantic.get(kind),
        )
        for kind, value in ours.items()
    ]


Ask = Callable[[str], Sequence[str]]
"""From a question to ids of pages, best first."""


def _mean(found: SearchSet, ask: Ask) -> dict[str, float]:
    gains: dict[str, list[float]] = {}
    for page in found.pages:
        for kind, question in page.questions.items():
            gains.setdefault(kind, []).append(ndcg(ask(question), page.id))
    return _means(gains)


def _means(gains: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {kind: sum(values) / len(values) for kind, values in gains.items()}


# --- ours ----------------------------------------------------------------------------------------------------


async def _ours(found: SearchSet, *, meaning: bool = False) -> dict[str, float]:
    async with _filled(found) as (archive, words):
        semantic = with_meaning(words, patience=30.0) if meaning else None
        try:
            if semantic:
                await semantic.catch_up(archive)
            return await _asked(found, archive, semantic or words)
        finally:
            if semantic:
                semantic.close()


async def _asked(found: SearchSet, archive: Archive, index: SearchIndex) -> dict[str, float]:
    gains: dict[str, list[float]] = {}
    for page in found.pages:
        for kind, question in page.questions.items():
            hits = (await index.search(archive, parse_query(question, found.language, limit=_LIMIT))).hits
            ranked = [found.pages[int(hit.passage.ref.removeprefix("item:"))].id for hit in hits]
            gains.setdefault(kind, []).append(ndcg(ranked, page.id))
    return _means(gains)


@asynccontextmanager
async def _filled(found: SearchSet) -> AsyncIterator[tuple[Archive, SearchIndex]]:
    """An archive that holds the pages, a passage each, as news."""
    with tempfile.TemporaryDirectory() as folder:
        archive = await Archive.open(f"sqlite:///{folder}/evaluation.sqlite3")
        try:
            index = await open_index(archive)
            new = [
                NewPassage(f"item:{number}", page.text, found.language, (), SourceKind.OFFICIAL, _DAY)
                for number, page in enumerate(found.pages)
            ]
            async with archive.write() as connection:
                await index.add(connection, new)
            yield archive, index
        finally:
            await archive.close()


# --- others --------------------------------------------------------------------------------------------------


def plain_words(question: str) -> list[str]:
    """The runs of letters and digits of a question: what plain engines are asked for."""
    return "".join(character if character.isalnum() else " " for character in question).split()


def _fts5(found: SearchSet) -> Ask:
    """SQLite's FTS5 with its default tokenizer and its BM25."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE plain USING fts5(text)")
    connection.executemany("INSERT INTO plain (text) VALUES (?)", ((page.text,) for page in found.pages))

    def ask(question: str) -> list[str]:
        wanted = " OR ".join(f'"{word}"' for word in plain_words(question))
        rows = connection.execute(f"SELECT rowid FROM plain WHERE plain MATCH ? ORDER BY rank LIMIT {DEPTH}", (wanted,))  # noqa: S608
        return [found.pages[row[0] - 1].id for row in rows]

    return ask


def _bm25s(found: SearchSet) -> Ask:
    """bm25s with its default tokenizer."""
    bm25s: Any = importlib.import_module("bm25s")
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    engine = bm25s.BM25()
    options = {"stopwords": None, "show_progress": False}
    engine.index(bm25s.tokenize([page.text for page in found.pages], **options), show_progress=False)

    def ask(question: str) -> list[str]:
        tokens = bm25s.tokenize([question], return_ids=False, **options)
        rows, scores = engine.retrieve(tokens, k=min(DEPTH, len(found.pages)), show_progress=False)
        return [found.pages[row].id for row, score in zip(rows[0], scores[0], strict=True) if score > 0]

    return ask


# --- printing ------------------------------------------------------------------------------------------------


def as_table(rows: Iterable[SetFigures]) -> str:
    """The figures as lines of text."""
    head = f"{'set':<12} {'':<2} {'question':<8} {'pages':>5} {'asked':>5}" + "".join(
        f"{name:>10}" for name in ("ours", "FTS5", "bm25s", "Sudachi", "+meaning")
    )
    return "\n".join([head, *map(_line, rows)])


def _line(row: SetFigures) -> str:
    values = (row.ours, row.fts5, row.bm25s, row.sudachi, row.semantic)
    shown = "".join(f"{'-' if value is None else f'{value:.3f}':>10}" for value in values)
    return f"{row.name:<12} {row.language:<2} {row.kind:<8} {row.pages:>5} {row.questions:>5}{shown}"
