"""An answer told in a model's words where they pass the check, and in quotations where they do not.

The archive decides first: a refusal stays a refusal, and the model is not asked. Nor does the model choose what is
told: each passage that the quoted answer cites stays in the answer, phrased or quoted, in its order, so that no
contradiction can be left out.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from digests.model import LANGUAGES, Answer, AnswerSentence, Fact
from digests.phrasing.check import Ground, Objection, Why, check
from digests.phrasing.client import Endpoint, MakeClient, ModelClient, ModelError
from digests.phrasing.prompt import NumberedPassage, make_prompt
from digests.phrasing.reply import Draft, UnreadableReplyError, parse
from digests.phrasing.wording import Names, known_terms
from digests.story import Story

log = structlog.get_logger()

MOST_SENTENCES = 4
_LEAST_PASSED = 0.5
"""Share of a model's sentences that must pass: of a model that mostly errs nothing is taken."""
UNREADABLE = "unreadable"
MOSTLY_WRONG = "mostly-wrong"


class Phraser(Protocol):
    """Tells a quoted answer in other words, or leaves it as it is."""

    @property
    def endpoint(self) -> Endpoint | None:
        """Where questions and passages go; None when no model is used."""
        ...

    async def phrase(self, answer: Answer, story: Story) -> Answer:
        """The answer, phrased as far as that is safe. Never raises for what a model does, and never waits longer than
        the endpoint's timeout."""
        ...


@dataclass(frozen=True, slots=True)
class _Judged:
    draft: Draft
    number: int | None
    """The passage that it may stand for; None when it passes for none."""
    objections: tuple[Objection, ...]


class ModelPhraser:
    """A :class:`Phraser` over one endpoint that may change, or be none, while the bot runs.

    ``counts`` holds plain counters since the start: ``asked``, ``phrased`` and ``quoted`` answers; ``sentence.passed``
    and ``sentence.<reason>`` by :class:`~digests.phrasing.check.Why`; ``failed.<reason>`` by
    :class:`~digests.phrasing.client.Failure` (and ``unreadable``, ``mostly-wrong``).
    """

    def __init__(self, endpoint: Endpoint | None = None, make_client: MakeClient = ModelClient) -> None:
        self.counts: Counter[str] = Counter()
        self._make_client = make_client
        self._client = make_client(endpoint) if endpoint else None
        self._names: tuple[Story, Names] | None = None

    @property
    def endpoint(self) -> Endpoint | None:
        return self._client.endpoint if self._client else None

    async def use(self, endpoint: Endpoint | None) -> None:
        """Ask this endpoint from now on; calls under way end with their connections."""
        if endpoint == self.endpoint:
            return
        before, self._client = self._client, self._make_client(endpoint) if endpoint else None
        if before:
            await before.close()

    async def close(self) -> None:
        """Close the connections."""
        await self.use(None)

    async def phrase(self, answer: Answer, story: Story) -> Answer:
        """See :class:`Phraser`."""
        client = self._client
        if client is None or answer.refused or answer.language not in LANGUAGES:
            return answer
        grounds = await asyncio.to_thread(_grounds, answer, story)
        asked = {number: ground for number, ground in grounds.items() if ground.has(answer.language)}
        if not asked:
            return answer
        started = time.perf_counter()
        self.counts["asked"] += 1
        prompt = make_prompt(
            answer.question, _numbered(answer, asked), answer.language, most=min(MOST_SENTENCES, 2 * len(asked))
        )
        try:
            drafts = parse(await client.complete(prompt.turns))
        except ModelError as error:
            return self._quoted(answer, error.failure.value, started)
        except UnreadableReplyError:
            return self._quoted(answer, UNREADABLE, started)
        names = await self._names_of(story)
        judged = await asyncio.to_thread(_judge, drafts, answer.language, asked, names, prompt.boundary)
        self._count(judged)
        passed = [each for each in judged if each.number is not None]
        if not passed or len(passed) < _LEAST_PASSED * len(judged):
            return self._quoted(answer, MOSTLY_WRONG if judged else "empty", started)
        self.counts["phrased"] += 1
        log.info("answer.phrased", sentences=len(judged), passed=len(passed), took_ms=_milliseconds(started))
        sentences = _put_together(answer, passed)
        return replace(
            answer,
            sentences=sentences,
            phrased_by=client.endpoint.model,
            took_ms=round(answer.took_ms + _milliseconds(started), 1),
        )

    def _quoted(self, answer: Answer, why: str, started: float) -> Answer:
        self.counts["quoted"] += 1
        self.counts[f"failed.{why}"] += 1
        log.info("answer.quoted", why=why, took_ms=_milliseconds(started))
        return replace(answer, took_ms=round(answer.took_ms + _milliseconds(started), 1))

    def _count(self, judged: Sequence[_Judged]) -> None:
        for each in judged:
            if each.number is not None:
                self.counts["sentence.passed"] += 1
            for why in {objection.why for objection in each.objections} if each.number is None else ():
                self.counts[f"sentence.{why.value}"] += 1

    async def _names_of(self, story: Story) -> Names:
        if self._names is None or self._names[0] is not story:
            self._names = story, await asyncio.to_thread(known_terms, story.glossary)
        return self._names[1]


def _grounds(answer: Answer, story: Story) -> dict[int, Ground]:
    """By number of a citation what a sentence with it may rest on: the quoted words and a fact's other versions."""
    facts: Mapping[str, Fact] = {fact.id: fact for fact in story.facts}
    grounds: dict[int, Ground] = {}
    for sentence in answer.sentences:
        for number in sentence.citations:
            citation = answer.citations[number - 1]
            fact = facts.get(citation.id)
            whole = fact is not None and fact.claim.values.get(sentence.language, "").strip() == sentence.text
            texts = dict(fact.claim.values) if fact and whole else {}
            grounds.setdefault(
                number,
                Ground(texts | {sentence.language: sentence.text}, citation.status, citation.grade, citation.publisher),
            )
    return grounds


def _numbered(answer: Answer, grounds: Mapping[int, Ground]) -> list[NumberedPassage]:
    return [
        NumberedPassage(
            number,
            ground.texts[answer.language],
            answer.language,
            ground.publisher,
            answer.citations[number - 1].date,
            ground.status.value if ground.status else None,
        )
        for number, ground in grounds.items()
    ]


def _judge(
    drafts: Sequence[Draft], language: str, grounds: Mapping[int, Ground], names: Names, boundary: str
) -> list[_Judged]:
    return [_judged(draft, language, grounds, names, boundary) for draft in drafts[:MOST_SENTENCES]]


def _judged(draft: Draft, language: str, grounds: Mapping[int, Ground], names: Names, boundary: str) -> _Judged:
    """A sentence stands for the first of the passages that it cites against which nothing speaks."""
    if not draft.passages or any(number not in grounds for number in draft.passages):
        return _Judged(draft, None, (Objection(Why.CITATION),))
    if boundary in draft.text:
        return _Judged(draft, None, (Objection(Why.FORM, "the boundary"),))
    found: tuple[Objection, ...] = ()
    for number in draft.passages:
        objections = check(draft.text, language, grounds[number], names)
        if not objections:
            return _Judged(draft, number, ())
        found = found or objections
    return _Judged(draft, None, found)


def _put_together(answer: Answer, passed: Sequence[_Judged]) -> tuple[AnswerSentence, ...]:
    """Each quoted sentence, or in its place what was phrased from it."""
    phrased: dict[int, list[str]] = {}
    for each in passed:
        if each.number is not None and each.draft.text not in phrased.setdefault(each.number, []):
            phrased[each.number].append(each.draft.text)
    sentences: list[AnswerSentence] = []
    for sentence in answer.sentences:
        number = next((number for number in sentence.citations if number in phrased), None)
        if number is None:
            sentences.append(sentence)
            continue
        sentences += [
            AnswerSentence(text, answer.language, (number,), sentence.span, quotation=sentence.text)
            for text in phrased.pop(number)
        ]
    return tuple(sentences)


def _milliseconds(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
