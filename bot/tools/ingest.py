"""``kakehashi ingest``: read the sources once and say what came of it."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.app import App
from digests.errors import NotFound
from digests.ingest.update import SourceUpdate
from digests.model import Source


async def ingest_once(config: Path, wanted: tuple[str, ...]) -> None:
    """Update the wanted sources, or all enabled ones, whether or not their turn has come."""
    app = await App.create(config)
    try:
        chosen = _chosen(app, wanted)
        results = await _update(app, chosen)
    finally:
        await app.close()
    Console().print(_table(results))


def _chosen(app: App, wanted: tuple[str, ...]) -> list[Source]:
    sources = {source.id: source for source in app.store.story.sources}
    for name in wanted:
        if name not in sources:
            raise NotFound(f"no source {name!r}; there are: {', '.join(sorted(sources))}")
    return [sources[name] for name in wanted] or [source for source in sources.values() if source.enabled]


async def _update(app: App, sources: list[Source]) -> list[SourceUpdate]:
    columns = (TextColumn("Reading sources"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("sources", total=len(sources))
        return await app.updater.update_all(sources, app.services.now(), lambda update: progress.advance(task))


def _table(results: list[SourceUpdate]) -> Table:
    table = Table("source", "new", "revised", "unchanged", "off topic", "problem")
    for result in sorted(results, key=lambda result: (result.error is None, result.source_id)):
        numbers = (result.new, result.revised, result.unchanged, result.off_topic)
        table.add_row(result.source_id, *(str(number) for number in numbers), result.error or "")
    return table
