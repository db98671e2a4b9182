"""Search at 10,000, 100,000 and (with ``--full``) 1,000,000 passages: our index and the whole way of ``/ask``, beside
SQLite FTS5 with its default tokenizer, ``bm25s`` and, where it is installed, ``tantivy``, on the same passages.

The others search plain words of the question in one index of all languages. Ours does more in its time: it looks for
each concept's forms in every language, ranks eight shelves by themselves, and loads the passages found.

Each engine answers in a process of its own that has just started; before it starts, its files are dropped from the
page cache as far as the system lets go of them. Each question is asked once, so none profits from its own repetition.
``cpu``: the processor's time, which depends less on what else the machine does.
"""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import corpus, passages
from benchmarks.engines import BUILDERS
from benchmarks.machine import heading, percentile
from digests.archive import Archive
from digests.archive.tables import items
from digests.ingest.dossier import sync_facts
from digests.search.index import SearchIndex, open_index
from digests.search.passages import NewPassage

SIZES = (10_000, 100_000)
FULL_SIZES = (*SIZES, 1_000_000)
LIMITS_MS = {10_000: 60.0, 100_000: 150.0, 1_000_000: 400.0}
COLD_LIMIT_S = 2.0
_CHUNK = 3_000
_QUESTIONS = ("questions.jsonl", "ask.jsonl")
_NAMES = {
    "ours": "Kakehashi, search",
    "ask": "Kakehashi, all of /ask",
    "fts5": "SQLite FTS5, default tokenizer",
    "bm25s": "bm25s",
    "tantivy": "tantivy",
}


def run() -> None:
    engines = [name for name in BUILDERS if name == "fts5" or importlib.util.find_spec(name)]
    heading(f"Search: {len(_questions())} questions in English, Japanese and Ukrainian, each asked once")
    for size in FULL_SIZES if "--full" in sys.argv else SIZES:
        with TemporaryDirectory() as name:
            _at(Path(name), size, engines)


def _questions() -> list[tuple[str, str]]:
    """The questions of the evaluation, languages in turn."""
    rows = [
        json.loads(line)
        for name in _QUESTIONS
        for line in (Path("tests/data") / name).read_text(encoding="utf-8").splitlines()
    ]
    by_language = [
        [(row["question"], row["lang"]) for row in rows if row["lang"] == code] for code in ("en", "ja", "uk")
    ]
    in_turn = itertools.zip_longest(*by_language)
    return [question for together in in_turn for question in together if question]


def _at(folder: Path, size: int, engines: Sequence[str]) -> None:
    (folder / "questions.json").write_text(json.dumps(_questions()), encoding="utf-8")
    began = time.perf_counter()
    asyncio.run(_build(folder, size, engines))
    print(f"\n{size:,} passages (made and indexed in {time.perf_counter() - began:.0f} s)", flush=True)
    print(f"{'':<32}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}{'cpu p95':>9}{'cold s':>9}{'MB':>7}{'disk MB':>9}")
    for engine in ("ours", "ask", *engines):
        _report(engine, folder, size)


def _report(engine: str, folder: Path, size: int) -> None:
    stored = _files(engine, folder)
    for file in stored:
        _forget(file)
    command = [sys.executable, "-m", "benchmarks.engines", engine, str(folder)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode:
        raise SystemExit(f"{engine} failed:\n{done.stderr}")
    measured = json.loads(done.stdout.splitlines()[-1])
    took = measured["took"]
    p50, p95 = percentile(took, 0.5), percentile(took, 0.95)
    spent = percentile(measured["spent"], 0.95)
    disk = sum(file.stat().st_size for file in stored) / 1e6
    limit = f"  limit {LIMITS_MS[size]:.0f}" if engine in ("ours", "ask") else ""
    if engine == "ours" and size == 100_000:
        limit += f", cold {COLD_LIMIT_S:.0f}"
    print(
        f"{_NAMES[engine]:<32}{p50:>9.1f}{p95:>9.1f}{max(took):>9.1f}{spent:>9.1f}{measured['cold']:>9.2f}"
        f"{measured['memory']:>7.0f}{disk:>9.0f}{limit}",
        flush=True,
    )


def _files(engine: str, folder: Path) -> list[Path]:
    names = {"ours": "archive.sqlite3*", "ask": "archive.sqlite3*", "fts5": "fts5.sqlite3*"}
    return sorted(folder.glob(names.get(engine, f"{engine}/*")))


def _forget(file: Path) -> None:
    """Ask the system to drop a file from its page cache."""
    if not hasattr(os, "posix_fadvise"):
        return
    opened = os.open(file, os.O_RDONLY)
    try:
        os.fsync(opened)
        os.posix_fadvise(opened, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(opened)


# --- building ------------------------------------------------------------------------------------------------


async def _build(folder: Path, size: int, engines: Sequence[str]) -> None:
    """The archive, with the dossier in it, and the other engines' indexes of the same passages."""
    archive = await Archive.open(f"sqlite:///{folder / 'archive.sqlite3'}")
    others = [BUILDERS[name](folder) for name in engines]
    try:
        index = await open_index(archive)
        await sync_facts(archive, index, corpus.story(), datetime.now(UTC))
        for chunk in _chunks(passages.passages(size)):
            await _add(archive, index, chunk)
            for other in others:
                other.add([passage.text for passage in chunk])
    finally:
        await archive.close()
    for other in others:
        other.close()


def _chunks(made: Iterator[NewPassage]) -> Iterator[list[NewPassage]]:
    while chunk := list(itertools.islice(made, _CHUNK)):
        yield chunk


async def _add(archive: Archive, index: SearchIndex, chunk: Sequence[NewPassage]) -> None:
    async def work(connection: Any) -> None:
        rows = [_item(passage) for passage in chunk[:: passages.EACH_ITEM]]
        await connection.execute(items.insert(), rows)
        await index.add(connection, chunk)

    await archive.write_at_once(work)


def _item(passage: NewPassage) -> dict[str, Any]:
    """The row of the item that a passage is the first of: answers cite it."""
    day = datetime.fromisoformat(passage.date).replace(tzinfo=UTC)
    return {
        "id": passage.item_id,
        "source_id": f"source-{(passage.item_id or 0) % 40}",
        "key": passage.ref,
        "fingerprint": passage.ref,
        "language": passage.language,
        "published_at": day,
        "dating": "given",
        "first_seen_at": day,
        "publisher": f"Publisher {(passage.item_id or 0) % 40}",
        "family": f"family-{(passage.item_id or 0) % 40}",
        "kind": passage.kind.value,
        "title": passage.text[:60],
        "url": f"https://news.example/{passage.item_id}",
        "text": passage.text,
    }
