"""``kakehashi ask``: a question on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from bot.app import App
from bot.i18n import supported, translator
from bot.present.answer import answer_message
from bot.tools.terminal import show
from digests.answer import answer
from digests.language import detect_language
from digests.model import Answer, AnswerSentence, Citation


async def ask_once(config: Path, question: str, *, as_json: bool, language: str | None) -> None:
    """Print the answer for people, or as one JSON object (fields: see README, "Asking from scripts")."""
    app = await App.create(config)
    try:
        chosen = supported(language or detect_language(question))
        found = await answer(app.archive, app.index, app.store.story, question, language=chosen, now=app.services.now())
        found = await app.phraser.phrase(found, app.store.story)
    finally:
        await app.close()
    if as_json:
        click.echo(json.dumps(as_object(found), ensure_ascii=False))
    else:
        show(answer_message(found, translator(chosen)), Console(), ZoneInfo(app.store.settings.zone))


def as_object(found: Answer) -> dict[str, Any]:
    """An answer as JSON-ready values; sentences name their citations by number, from 1."""
    return {
        "refused": found.refused,
        "language": found.language,
        "answer": [
            {
                "text": sentence.text,
                "language": sentence.language,
                "citations": list(sentence.citations),
                "phrased": sentence.phrased,
                "span": _place(sentence),
            }
            for sentence in found.sentences
        ],
        "citations": [
            _citation(citation) | {"span": _span(found, number)} for number, citation in enumerate(found.citations, 1)
        ],
        "nearest": [_citation(citation) for citation in found.nearest],
        "missing": list(found.missing),
        "phrased_by": found.phrased_by,
        "took_ms": round(found.took_ms, 1),
    }


def _span(found: Answer, number: int) -> dict[str, Any] | None:
    """What of the cited passage is quoted, with its place there in characters."""
    quoted = next((sentence for sentence in found.sentences if number in sentence.citations), None)
    return _place(quoted) if quoted else None


def _place(sentence: AnswerSentence) -> dict[str, Any]:
    return {"start": sentence.span[0], "end": sentence.span[1], "text": sentence.quoted}


def _citation(citation: Citation) -> dict[str, Any]:
    return {
        "id": citation.id,
        "title": citation.title,
        "publisher": citation.publisher,
        "url": citation.url,
        "kind": citation.kind.value,
        "date": citation.date,
        "language": citation.language,
        "grade": citation.grade.value if citation.grade else None,
        "status": citation.status.value if citation.status else None,
        "locator": citation.locator,
    }
