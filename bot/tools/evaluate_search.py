"""``kakehashi eval search``: our index beside plain BM25 on public question sets."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.status import Status

from digests.evaluate_search import as_table, evaluate_set, load_set

_SETS = Path("tests/data/search")
_LEGEND = """\
nDCG@10. Known-item sets: a page's title, or its summary, is the question, and that page the one right answer.
ours: our index as shipped; FTS5: SQLite FTS5, default tokenizer, plain BM25; bm25s: its default tokenizer;
Sudachi: ours with the extra japanese; +meaning: ours with the extra semantic, fused by reciprocal rank;
-: not installed, or nothing new in this language"""


async def evaluate_search_once(data: Path | None) -> None:
    """Print a table of all sets; ``data`` is another file or folder of them. Raises ConfigError for what is none."""
    place = data or _SETS
    files = sorted(place.glob("*.jsonl")) if place.is_dir() else [place]
    if not files or not files[0].exists():
        raise click.ClickException(f"there are no search sets at {place}")
    rows = []
    with Status("reading", console=Console(stderr=True)) as status:
        for file in files:
            rows += await evaluate_set(load_set(file), lambda what, file=file: status.update(f"{file.name}: {what}"))  # type: ignore[misc]
    click.echo(as_table(rows))
    click.echo(_LEGEND)
