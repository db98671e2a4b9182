"""Measure answering on a question set: what ``kakehashi eval ask`` prints.

A question file holds one JSON object a line: ``id``, ``lang``, ``question``, ``answerable`` and ``fact_ids``, the facts
of which any one answers it; translations of one question share a ``group``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from digests.answer import Answerer
from digests.archive import Archive
from digests.errors import ConfigError, Problem
from digests.model import Localized, Precedent
from digests.search.extras import with_meaning
from digests.search.index import SearchIndex, open_index
from digests.search.leaning import Leaning
from digests.search.passages import brief_passages, fact_passages
from digests.search.scoring import Weights
from digests.story import Story

if TYPE_CHECKING:
    from digests.fit_ask import Example, Fit

_WITHIN = 5


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question with the facts that answer it; none when the archive cannot answer it."""

    id: str
    language: str
    text: str
    answerable: bool
    fact_ids: frozenset[str]
    group: str = ""
    """What it shares with its translations, and with nothing of another file."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question."""

    question: LabelledQuestion
    ranked: tuple[str, ...]
    """Refs found, best first."""
    cited: tuple[str, ...]
    refused: bool
    took_ms: float

    @property
    def recalled(self) -> bool:
        return not self.question.fact_ids.isdisjoint(self.ranked[:_WITHIN])

    @property
    def first_right(self) -> bool:
        return bool(self.cited) and self.cited[0] in self.question.fact_ids

    @property
    def wrong(self) -> bool:
        """Whether it is worth a look: a right fact missed, a wrong first citation, or the wrong kind of reply."""
        if not self.question.answerable:
            return not self.refused
        return self.refused or not self.first_right or not self.recalled


@dataclass(frozen=True, slots=True)
class Figures:
    """Rates from 0 to 1 over one group of questions; None where there are no such questions."""

    name: str
    answerable: int
    unanswerable: int
    recall_at_5: float | None
    first_right: float | None
    wrongly_refused: float | None
    rightly_refused: float | None
    p50_ms: float
    p95_ms: float


def load_questions(paths: Iterable[Path]) -> tuple[LabelledQuestion, ...]:
    """Read question files. Raises :class:`ConfigError` with every line that cannot be read."""
    questions: list[LabelledQuestion] = []
    problems: list[Problem] = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                row = json.loads(line)
                facts = frozenset(str(id_) for id_ in row["fact_ids"])
                group = f"{path.name} {row.get('group', row['id'])}"
                questions.append(
                    LabelledQuestion(row["id"], row["lang"], row["question"], bool(row["answerable"]), facts, group)
                )
            except (ValueError, KeyError, TypeError) as error:
                cure = "Write one JSON object a line with id, lang, question, answerable and fact_ids."
                problems.append(Problem(str(path), number, 1, f"not a labelled question ({error})", cure))
    if problems:
        raise ConfigError(problems)
    return tuple(questions)


def as_precedents(questions: Iterable[LabelledQuestion]) -> tuple[Precedent, ...]:
    """Labelled questions as such whose outcome is known."""
    return tuple(Precedent(one.text, one.language, tuple(sorted(one.fact_ids))) for one in questions)


async def evaluate(
    story: Story,
    questions: Sequence[LabelledQuestion],
    now: datetime,
    progress: Callable[[], None] = lambda: None,
    *,
    meaning: bool = False,
) -> tuple[Outcome, ...]:
    """Ask every question of an archive that holds the story's facts and briefs and nothing else. ``meaning``: search
    by meaning, too, which needs the extra ``semantic``."""
    async with _filled(story) as (archive, words), _searched(archive, words, meaning=meaning) as index:
        answerer = Answerer(archive, index, story)
        outcomes = []
        for question in questions:
            outcomes.append(await _ask(answerer, question, now))
            progress()
        return tuple(outcomes)


def in_english_alone(story: Story) -> Story:
    """The story as if its claims stood in English only: what a question in another language has to reach."""
    facts = (replace(fact, claim=Localized({"en": fact.claim.get("en")})) for fact in story.facts)
    return replace(
        story, facts=tuple(facts), briefs={key: brief for key, brief in story.briefs.items() if key[1] == "en"}
    )


async def refit(
    story: Story,
    questions: Sequence[LabelledQuestion],
    now: datetime,
    turns: Leaning | None = None,
    seen: Iterable[LabelledQuestion] = (),
) -> Fit:
    """Fit the scores of answering anew on these questions: first the ranking, then what refuses.

    Questions in other languages than English are asked of the English claims alone, too: fitted on claims in all
    languages only, the weights refused three times as many where a fact stood in English and nowhere else. What stands
    word for word among the precedents, or among the ``seen`` that the weights of ``turns`` were fitted on, is left out:
    it does not tell how new questions fare.
    """
    from digests.fit_ask import BEFORE, fit_deciding, fit_ranking

    known = frozenset(precedent.text for precedent in story.precedents) | {question.text for question in seen}
    alone = in_english_alone(story)
    async with _filled(story) as (archive, index), _filled(alone) as (other_archive, other_index):

        async def examples(weights: Weights) -> list[Example]:
            found = await _examples(Answerer(archive, index, story, weights, turns), questions, now, known)
            across = Answerer(other_archive, other_index, alone, weights, turns)
            return found + await _examples(across, questions, now, known, leaving_out="en")

        ranking = fit_ranking(await examples(BEFORE))
        return fit_deciding(await examples(replace(BEFORE, ranking=ranking)), ranking)


async def _examples(
    answerer: Answerer,
    questions: Sequence[LabelledQuestion],
    now: datetime,
    known: frozenset[str],
    *,
    leaving_out: str = "",
) -> list[Example]:
    from digests.fit_ask import Example

    examples = []
    groups: dict[str, int] = {}
    for question in questions:
        group = groups.setdefault(question.group, len(groups))
        if question.language == leaving_out or question.text in known:
            continue
        ranking = await answerer.rank(question.text, question.language, now)
        facts = [
            (support.unit.ref in question.fact_ids, features)
            for support, features in zip(ranking.supports, ranking.features, strict=True)
            if support.unit.fact
        ]
        examples.append(
            Example(
                group=group,
                answerable=question.answerable,
                features=tuple(features for _, features in facts),
                right=tuple(right for right, _ in facts),
                deciding=ranking.deciding,
            )
        )
    return examples


@asynccontextmanager
async def _filled(story: Story) -> AsyncIterator[tuple[Archive, SearchIndex]]:
    with tempfile.TemporaryDirectory() as folder:
        archive = await Archive.open(f"sqlite:///{folder}/evaluation.sqlite3")
        try:
            index = await open_index(archive)
            await _fill(archive, index, story)
            yield archive, index
        finally:
            await archive.close()


@asynccontextmanager
async def _searched(archive: Archive, words: SearchIndex, *, meaning: bool) -> AsyncIterator[SearchIndex]:
    """The index to ask: by words, or by meaning, too, with every passage embedded before."""
    semantic = with_meaning(words, patience=30.0) if meaning else None
    try:
        if semantic:
            await semantic.catch_up(archive)
        yield semantic or words
    finally:
        if semantic:
            semantic.close()


async def _fill(archive: Archive, index: SearchIndex, story: Story) -> None:
    passages = [passage for fact in story.facts for passage in fact_passages(fact)]
    passages += [passage for brief in story.briefs.values() for passage in brief_passages(brief)]
    async with archive.write() as connection:
        await index.add(connection, passages)


async def _ask(answerer: Answerer, question: LabelledQuestion, now: datetime) -> Outcome:
    answer, ranking = await answerer.explain(question.text, question.language, now)
    return Outcome(
        question=question,
        ranked=tuple(support.unit.ref for support in ranking.supports),
        cited=tuple(citation.id for citation in answer.citations),
        refused=answer.refused,
        took_ms=answer.took_ms,
    )


def figures(outcomes: Sequence[Outcome]) -> list[Figures]:
    """Figures of all questions together and of each language."""
    languages = sorted({outcome.question.language for outcome in outcomes})
    groups = [("all", outcomes)]
    groups += [(code, [found for found in outcomes if found.question.language == code]) for code in languages]
    return [_figures(name, found) for name, found in groups if found]


def _figures(name: str, outcomes: Sequence[Outcome]) -> Figures:
    answerable = [outcome for outcome in outcomes if outcome.question.answerable]
    others = [outcome for outcome in outcomes if not outcome.question.answerable]
    times = sorted(outcome.took_ms for outcome in outcomes)
    return Figures(
        name=name,
        answerable=len(answerable),
        unanswerable=len(others),
        recall_at_5=_rate([outcome.recalled for outcome in answerable]),
        first_right=_rate([outcome.first_right for outcome in answerable]),
        wrongly_refused=_rate([outcome.refused for outcome in answerable]),
        rightly_refused=_rate([outcome.refused for outcome in others]),
        p50_ms=times[len(times) // 2],
        p95_ms=times[min(int(len(times) * 0.95), len(times) - 1)],
    )


def _rate(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None


def as_table(found: Sequence[Figures]) -> str:
    """The figures as lines of text, one a group of questions."""
    head = "questions  answerable  recall@5  first right  refused wrongly  refused rightly  p50 ms  p95 ms"
    return "\n".join([head, *(_line(row) for row in found)])


def _line(row: Figures) -> str:
    return (
        f"{row.name:<9}  {row.answerable:>4} of {row.answerable + row.unanswerable:<3}"
        f"  {_show(row.recall_at_5):>7}  {_show(row.first_right):>11}  {_show(row.wrongly_refused):>15}"
        f"  {_show(row.rightly_refused):>15}  {row.p50_ms:>6.0f}  {row.p95_ms:>6.0f}"
    )


def _show(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.3f}"
