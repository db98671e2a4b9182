"""Questions answered from the archive alone: quoted and cited sentences, or an honest refusal. Extractive only.

Steps: read the question (:mod:`digests.search.questions`), find passages in every language, put the language versions
of a fact together, measure each candidate against the question (:mod:`digests.search.support`), then either choose
one to four verbatim pieces or refuse. A refusal shows no sentence as support; it names what came nearest and which
words of the question nothing near holds.

Facts of the dossier are ranked, and accepted or refused, by fitted scores (:mod:`digests.search.scoring`): lexical
scores alone do not catch a false premise, so names, numbers, years and the stage of things (considered is not done) are
among their features. Passages of items, for which nobody wrote questions, must pass the rules of
:mod:`digests.search.rules`.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from digests.archive import Archive
from digests.glossary import Glossary
from digests.model import LANGUAGES, Answer, AnswerSentence, Citation, Fact
from digests.search import analysers, citations, evidence, leaning, lexicon, scoring
from digests.search.index import Hit, SearchIndex
from digests.search.leaning import Leaning
from digests.search.likeness import Likeness
from digests.search.listed import Listed
from digests.search.questions import Question, Wanted, analyse
from digests.search.rules import objection, premise_fails
from digests.search.support import Support, Unit, concept_weights, fact_unit, judge, passage_unit
from digests.search.terms import Terms
from digests.search.wording import rarity
from digests.sentences import split_sentences
from digests.story import Story

MOST_SENTENCES = 4
MOST_NEAREST = 3
_LEAST_AGAINST = 0.4
"""Coverage that a contradiction needs: that it is one, the dossier says."""
_CLOSE = 1.0
"""How far below the best ranking score a further piece may be."""
_SAME_QUESTION = 0.6
"""How like a precedent must be for a fact that answers it to be a part of the answer."""
_SUMS = frozenset((Wanted.MONEY, Wanted.COUNT))
"""What may have come in several parts: payments, deliveries."""
_MORE = 0.05
"""How much more of the question than the best fact news must hold to stand beside it."""
_NEAR = 10
"""Facts that count as near a question."""
_SEEN_ENOUGH = 0.25
_LIKELIEST = 8
"""Facts that precedents name and that are looked at, whatever the index found."""
_CANDIDATES = 10
_LONGEST_PIECE = 420
_KANA = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_THIS_YEAR = re.compile(r"\bthis year\b|今年|\b(?:цього|цьому) ро(?:ку|ці)\b", re.IGNORECASE)
_LAST_YEAR = re.compile(r"\blast year\b|昨年|\b(?:минулого|торік|минулому) ?(?:року|році)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ranking:
    """What was found for a question, best first, before anything was chosen or refused."""

    question: Question
    supports: tuple[Support, ...]
    features: tuple[Mapping[str, float], ...]
    """Of each support, those of :data:`digests.search.scoring.FEATURES`."""
    deciding: Mapping[str, float] | None
    """Of the best fact, those of :data:`digests.search.scoring.DECIDING`; None when no fact was found."""
    listed: bool
    """The story says that nothing answers this question."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What precedents and their turns say of a question."""

    words: Likeness
    letters: Likeness
    lean: float
    listed: bool


class Answerer:
    """Answers questions about one story. Make one for each loaded story: it reads the facts once."""

    def __init__(
        self,
        archive: Archive,
        index: SearchIndex,
        story: Story,
        fitted: scoring.Weights | None = None,
        turns: Leaning | None = None,
    ) -> None:
        """``fitted``, ``turns``: other weights than those shipped, for fitting them."""
        from digests.search.precedents import Precedents  # numpy: in the thread that prepares, not at every start

        self.story = story
        self._fitted = fitted or scoring.weights()
        self._archive = archive
        self._index = index
        self._terms = Terms(Glossary(story.glossary))
        for spoken in LANGUAGES:
            lexicon.find((), spoken)  # reads and tokenises the lexicon now, not at the first question
        implied, beside = _implied_places(story.facts), _beside(story.facts)
        read = cache(analysers.tokens)  # precedents that facts answer are read for both
        self._units: Mapping[str, Unit] = {
            fact.id: fact_unit(
                fact, implied.get(fact.section, frozenset()), beside[fact.section, fact.source.url], read
            )
            for fact in story.facts
        }
        self._rarity = rarity(self._units.values())
        self._precedents = Precedents(story.precedents, read)
        self._listed = Listed(story.precedents)
        turns = turns or leaning.shipped()
        self._leaning = turns if turns.story == story.id else None

    async def answer(self, text: str, language: str, now: datetime) -> Answer:
        """Answer a question that was asked by a reader of ``language``."""
        found, _ = await self.explain(text, language, now)
        return found

    async def explain(self, text: str, language: str, now: datetime) -> tuple[Answer, Ranking]:
        """The answer with everything that it was chosen from."""
        started = time.perf_counter()
        ranking = await self.rank(text, language, now)
        chosen = self._chosen(ranking)
        found = await self._quote(text, chosen, ranking.question, started) if chosen else None
        return found or await self._refuse(text, ranking, started), ranking

    def _chosen(self, ranking: Ranking) -> list[Support]:
        if ranking.listed:
            return []
        question = ranking.question
        facts = [support for support in ranking.supports if support.unit.fact]
        news = [support for support in ranking.supports if not support.unit.fact and not objection(support, question)]
        fitting = [support for support in facts if not objection(support, question)]
        if premise_fails([*fitting, *news], question):
            fitting, news = [], []
        if not facts or facts[0].unit.asked_held:
            facts = facts if ranking.deciding is not None and self._accepts(ranking.deciding) else []
        else:
            facts = fitting  # nobody wrote questions for it, so the fit does not know its like
        return _choose(facts, news, ranking.supports, question)

    def _accepts(self, deciding: Mapping[str, float]) -> bool:
        return scoring.probability(deciding, self._fitted) >= self._fitted.threshold

    async def _quote(self, text: str, chosen: Sequence[Support], question: Question, started: float) -> Answer | None:
        """The answer that quotes what was chosen; None when all of it has been withdrawn since."""
        sentences: list[AnswerSentence] = []
        cited: dict[str, Citation] = {}
        news = await self._news_citations(chosen)
        for support in chosen:
            piece, spoken = _piece(support.unit, question)
            if any(piece == sentence.text for sentence in sentences):
                continue  # a copy of one wire report
            source = _citation(support.unit, spoken, news)
            if source:
                start = support.unit.texts[spoken].find(piece)
                numbers = (_number(cited, source),)
                sentences.append(AnswerSentence(piece, spoken, numbers, (start, start + len(piece))))
        if not sentences:
            return None
        return Answer(
            question=text,
            language=question.language,
            refused=False,
            sentences=tuple(sentences),
            citations=tuple(cited.values()),
            nearest=(),
            missing=(),
            took_ms=_milliseconds(started),
        )

    async def rank(self, text: str, language: str, now: datetime) -> Ranking:
        """Everything found for a question, best first."""
        spoken = _spoken(text, language)
        question = analyse(_dated(text, now), spoken, self._terms, limit=_CANDIDATES)
        # Side by side: while the database searches, it hardly needs the interpreter.
        found, told = await asyncio.gather(
            self._index.search(self._archive, question.query),
            asyncio.to_thread(self._told, question, text),
        )
        weights = concept_weights(question.query.concepts, found.weights)
        return await asyncio.to_thread(self._judge_all, question, found.hits, weights, told)

    def _told(self, question: Question, asked: str) -> _Told:
        """``asked``: the question as it came."""
        text, language = question.text, question.language
        return _Told(
            self._precedents.by_words(text, language),
            self._precedents.by_letters(text, language),
            self._leaning.of(question) if self._leaning else 0.0,
            self._listed.holds(asked),
        )

    def _judge_all(self, question: Question, hits: Iterable[Hit], weights: Mapping[str, float], told: _Told) -> Ranking:
        units: dict[str | int, Unit] = {}
        for hit in hits:
            passage = hit.passage
            if passage.ref.startswith("item:"):
                units[passage.id] = passage_unit(passage, hit.tokens)
                continue
            # A brief says what its facts say: it leads to them and is not quoted itself.
            brief = passage.ref.startswith("brief:")
            for fact_id in citations.facts_of_brief(self.story, passage) if brief else (passage.ref,):
                if fact_id in self._units:
                    units[fact_id] = self._units[fact_id]
        words, letters = told.words, told.letters
        for likely in (words, letters):
            for fact_id in sorted(likely.of_fact, key=lambda id_: -likely.of_fact[id_])[:_LIKELIEST]:
                if fact_id in self._units:
                    units[fact_id] = self._units[fact_id]
        supports = [judge(unit, question, weights, self._rarity, words, letters) for unit in units.values()]
        newness = _newness(supports)
        scored = []
        for support in supports:
            features = scoring.features(support, question, newness[support.unit.ref])
            scored.append((support.scored(scoring.rank_score(features, self._fitted)), features))
        scored.sort(key=lambda pair: -pair[0].score)
        supports = [support for support, _ in scored]
        return Ranking(
            question,
            tuple(supports),
            tuple(features for _, features in scored),
            self._deciding(question, scored, told),
            told.listed,
        )

    def _deciding(
        self,
        question: Question,
        scored: Sequence[tuple[Support, Mapping[str, float]]],
        told: _Told,
    ) -> Mapping[str, float] | None:
        facts = [pair for pair in scored if pair[0].unit.fact]
        if not facts:
            return None
        best, features = facts[0]
        near = [support.unit for support, _ in facts[:_NEAR]]
        unknown = self._rarity.unknown_share(question.tokens, near, analysers.group_of(question.language))
        passing = [support for support, _ in facts if not objection(support, question)]
        fails = premise_fails(passing, question)
        return scoring.deciding(
            features,
            question,
            scores=[support.score for support, _ in facts],
            unknown=unknown,
            premise_fails=fails,
            letters=told.letters,
            lean=told.lean,
            passing=bool(passing) and not fails,
            best_passes=any(support is best for support in passing) and not fails,
        )

    async def _news_citations(self, supports: Iterable[Support]) -> Mapping[str, Citation]:
        """Citations of those that are items and still stand, by ref: one reading for all."""
        refs = [support.unit.ref for support in supports if not support.unit.fact]
        return await citations.of_items(self._archive, refs) if refs else {}

    async def _refuse(self, text: str, ranking: Ranking, started: float) -> Answer:
        question = ranking.question
        near = [support for support in ranking.supports if support.coverage >= _SEEN_ENOUGH][: 2 * MOST_NEAREST]
        nearest: dict[str, Citation] = {}
        news = await self._news_citations(near)
        for support in near:
            source = _citation(support.unit, question.language, news)
            if source and len(nearest) < MOST_NEAREST:
                nearest[source.id] = source
        return Answer(
            question=text,
            language=question.language,
            refused=True,
            sentences=(),
            citations=(),
            nearest=tuple(nearest.values()),
            missing=_missing(question, near),
            took_ms=_milliseconds(started),
        )


@dataclass(frozen=True, slots=True)
class _Prepared:
    archive: Archive
    index: SearchIndex
    story: Story
    answerer: asyncio.Task[Answerer]


_prepared: list[_Prepared] = []
"""At most one: a reload replaces the story, and nobody asks about the old one again."""


async def prepare(archive: Archive, index: SearchIndex, story: Story) -> Answerer:
    """Read the story's facts and precedents, in a thread, unless that was done or is under way. It takes a second or
    two, which the first question need not wait for."""
    for known in _prepared:
        same = known.story is story and known.archive is archive and known.index is index
        if same and not _failed(known.answerer):
            break
    else:
        known = _Prepared(
            archive, index, story, asyncio.create_task(asyncio.to_thread(Answerer, archive, index, story))
        )
        _prepared[:] = [known]
    return await asyncio.shield(known.answerer)


def _failed(work: asyncio.Task[Answerer]) -> bool:
    return work.done() and (work.cancelled() or work.exception() is not None)


async def answer(
    archive: Archive, index: SearchIndex, story: Story, question: str, language: str, now: datetime
) -> Answer:
    """Answer ``question`` from the archive for a reader of ``language``. Reads the story's facts on first use."""
    answerer = await prepare(archive, index, story)
    return await answerer.answer(question, language, now)


def _citation(unit: Unit, language: str, news: Mapping[str, Citation]) -> Citation | None:
    return citations.of_fact(unit.fact, language) if unit.fact else news.get(unit.ref)


def _newness(supports: Sequence[Support]) -> dict[str, float]:
    """By ref the place of each support's day among all, from 0 (the oldest) to 1."""
    days = sorted({_day(support) for support in supports})
    place = {day: at / max(len(days) - 1, 1) for at, day in enumerate(days)}
    return {support.unit.ref: place[_day(support)] for support in supports}


def _day(support: Support) -> str:
    """A day to order by: the middle of what an inexact date may mean."""
    return support.unit.date + (
        "-06-30" if len(support.unit.date) == 4 else "-15" if len(support.unit.date) == 7 else ""
    )


def _choose(
    facts: Sequence[Support], news: Sequence[Support], everything: Sequence[Support], question: Question
) -> list[Support]:
    """The pieces to show: the best and what is nearly as good, contradictions included, newer before superseded."""
    if not facts and not news:
        return []
    best = (facts or news)[0]
    chosen = [found for found in facts or news if found.score >= best.score - _CLOSE]
    if question.wanted[0] in _SUMS and not objection(best, question):
        # What a sum is made of stands together, and what is somebody else's sum does not stand beside it.
        chosen = [found for found in facts or news if found in chosen or found.likest >= _SAME_QUESTION]
        chosen = [found for found in chosen if not objection(found, question)]
    chosen = chosen[:MOST_SENTENCES]
    by_ref = {support.unit.ref: support for support in everything}
    for support in list(chosen):
        for other in support.unit.fact.disputed_by if support.unit.fact else ():
            against = by_ref.get(other)
            if against and against not in chosen and against.coverage >= _LEAST_AGAINST:
                chosen.insert(chosen.index(support) + 1, against)
    if facts:
        # News repeats what facts say: beside a fact only what holds more of the question stands.
        chosen += [found for found in news if found.coverage > best.coverage + _MORE]
    chosen = chosen[:MOST_SENTENCES]
    if question.wanted[0] is Wanted.YES_NO:
        chosen = sorted(chosen, key=_day, reverse=True)
    return _newer_first(chosen)


def _newer_first(chosen: list[Support]) -> list[Support]:
    ordered = list(chosen)
    for support in chosen:
        fact = support.unit.fact
        for newer in [other for other in ordered if fact and other.unit.ref in fact.superseded_by]:
            if ordered.index(newer) > ordered.index(support):
                ordered.remove(newer)
                ordered.insert(ordered.index(support), newer)
    return ordered


def _piece(unit: Unit, question: Question) -> tuple[str, str]:
    """The words to quote and their language: the claim in the asker's language, or the passage's best sentence."""
    language = question.language if question.language in unit.texts else next(iter(unit.texts))
    if unit.fact and "en" in unit.texts and question.language not in unit.texts:
        language = "en"
    text = unit.texts[language]
    sentences = split_sentences(text, language)
    if unit.fact and len(text) <= _LONGEST_PIECE:
        return text.strip(), language
    if unit.ref.startswith("item:") and len(sentences) > 1 and text.find("\n") == len(sentences[0]):
        sentences = sentences[1:]  # the first line is the title, which the citation shows
    group = analysers.group_of(language)
    forms = [form for concept in question.query.concepts for form in concept.forms.get(group, ())]

    def held(sentence: str) -> int:
        found = f" {' '.join(analysers.tokens(sentence, language))} "
        return sum(f" {' '.join(form)} " in found for form in forms)

    return max(sentences, key=held), language


def _missing(question: Question, near: Sequence[Support]) -> tuple[str, ...]:
    """Wordings of the question that nothing near holds; else those that the nearest lacks, or what is not counted."""
    concepts = question.query.concepts
    lacking = [concept for concept in concepts if all(support.found[concept.id] == 0 for support in near)]
    if not lacking and near:
        # Of what the nearest leaves unsaid, what the fewest others near name: they all speak of Japan, one of Gaza.
        unsaid = [concept for concept in concepts if near[0].found[concept.id] == 0]
        held = {concept.id: sum(support.found[concept.id] > 0 for support in near) for concept in unsaid}
        lacking = [concept for concept in unsaid if held[concept.id] == min(held.values())]
    if not lacking and question.counted and not any(support.fits for support in near):
        lacking = [question.counted]
    if not lacking and question.predicate and question.presupposes:
        lacking = [question.predicate]
    return tuple(dict.fromkeys(concept.surface for concept in lacking))


def _implied_places(facts: Iterable[Fact]) -> dict[str, frozenset[str]]:
    """By section the places that most of its facts name: what the others there leave unsaid."""
    counts: dict[str, dict[str, int]] = {}
    sizes: dict[str, int] = {}
    places = [entry for entry in lexicon.entries().values() if entry.place]
    for fact in facts:
        sizes[fact.section] = sizes.get(fact.section, 0) + 1
        text = f" {' '.join(analysers.tokens(fact.claim.get('en'), 'en'))} "
        for place in places:
            if any(f" {' '.join(form)} " in text for form in place.forms["en"]):
                section = counts.setdefault(fact.section, {})
                section[place.id] = section.get(place.id, 0) + 1
    return {
        section: frozenset(place for place, count in found.items() if count >= 0.5 * sizes[section])
        for section, found in counts.items()
    }


def _beside(facts: Iterable[Fact]) -> dict[tuple[str, str], str]:
    """By section and page the English tokens of all facts taken from it: "the four" are told by the fact beside it."""
    pages: dict[tuple[str, str], list[str]] = {}
    for fact in facts:
        pages.setdefault((fact.section, fact.source.url), []).extend(analysers.tokens(fact.claim.get("en"), "en"))
    return {page: evidence.joined(found) for page, found in pages.items()}


def _spoken(text: str, language: str) -> str:
    """The language of a question: told by its letters, as members ask in other languages than their platform's."""
    if _KANA.search(text):
        return "ja"
    if _CYRILLIC.search(text):
        return "uk"
    return "en" if language in ("ja", "uk") else language


def _dated(text: str, now: datetime) -> str:
    return _LAST_YEAR.sub(str(now.year - 1), _THIS_YEAR.sub(str(now.year), text))


def _number(cited: dict[str, Citation], source: Citation) -> int:
    cited.setdefault(source.id, source)
    return list(cited).index(source.id) + 1


def _milliseconds(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
