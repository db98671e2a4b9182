"""``kakehashi eval``: filing, event grouping, answers and phrasing measured against labelled data."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bot.reload import load_all
from digests.evaluate import (
    HALVES,
    OFF_TOPIC,
    EventFigures,
    FilingFigures,
    Scores,
    evaluate_events,
    evaluate_filing,
    read_event_labels,
    read_filing_labels,
)
from digests.events import EventIndex
from digests.filing import Filer
from digests.glossary import Glossary
from digests.story import Story

_DATA = Path("tests") / "data"
_FILES = {"filing": "filing.jsonl", "events": "events.jsonl"}


async def evaluate_once(
    config: Path, what: str, data: Path | None, half: str, *, misses: bool, words: bool = False
) -> None:
    """Print the figures; ``misses`` also prints what went wrong (in the tuning half alone, so that nobody tunes rules
    on the test half by looking at it); ``words``: /ask without search by meaning."""
    if what == "ask":
        from bot.tools.evaluate_ask import evaluate_ask_once

        await evaluate_ask_once(config, data, misses=misses, words=words)
        return
    if what == "phrasing":
        from bot.tools.evaluate_phrasing import evaluate_phrasing

        evaluate_phrasing(config, data, misses=misses)
        return
    if what == "search":
        from bot.tools.evaluate_search import evaluate_search_once

        await evaluate_search_once(data)
        return
    _, story = load_all(config)
    path = data or _DATA / _FILES[what]
    halves = HALVES if half == "both" else (half,)
    console = Console()
    for each in halves:
        if what == "filing":
            _print_filing(console, evaluate_filing(Filer(story), read_filing_labels(path), each), misses=misses)
        else:
            _print_events(console, _events(story, path, each), misses=misses)


def _events(story: Story, path: Path, half: str) -> EventFigures:
    glossary = Glossary(story.glossary)
    return evaluate_events(EventIndex.for_story(story), glossary.terms_of, read_event_labels(path), half)


def _print_filing(console: Console, figures: FilingFigures, *, misses: bool) -> None:
    languages = sorted(figures.languages)
    table = Table("section", "precision", "recall", "F1", *(f"F1 {language}" for language in languages))
    table.title = f"filing, {figures.half} half, {figures.items} items"
    for section, scores in (*figures.sections.items(), (OFF_TOPIC, figures.off_topic)):
        by_language = (figures.cells[section, language] for language in languages)
        table.add_row(section, *_three(scores), *(f"{cell.f1:.2f}" if cell.true else "–" for cell in by_language))
    console.print(table)
    line = ", ".join(f"{language} {value:.2f}" for language, value in sorted(figures.languages.items()))
    click.echo(f"{figures.half}: macro-F1 {figures.macro_f1:.3f} ({line}), off topic F1 {figures.off_topic.f1:.3f}")
    if misses and figures.half != "test":
        for miss in figures.misses:
            lacking, surplus = ", ".join(miss.lacking) or "–", ", ".join(miss.surplus) or "–"
            click.echo(f"  {miss.id} [{miss.language}] lacks {lacking}; too much {surplus}; {miss.why}")


def _print_events(console: Console, figures: EventFigures, *, misses: bool) -> None:
    table = Table("measure", "precision", "recall", "F1")
    table.title = f"events, {figures.half} half, {figures.reports} reports of {figures.events} events"
    bcubed = (f"{value:.2f}" for value in (figures.bcubed_precision, figures.bcubed_recall, figures.bcubed_f1))
    table.add_row("B-cubed", *bcubed)
    for name, scores in (
        ("pairs", figures.pairwise),
        ("pairs across languages", figures.crossing),
        ("near copies", figures.duplicates),
    ):
        table.add_row(name, *_three(scores))
    console.print(table)
    if misses and figures.half != "test":
        for line in figures.misses:
            click.echo(f"  {line}")


def _three(scores: Scores) -> tuple[str, str, str]:
    return f"{scores.precision:.2f}", f"{scores.recall:.2f}", f"{scores.f1:.2f}"
