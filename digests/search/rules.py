"""The rules that a passage must pass to support an answer, and a question's premise with it.

Facts for which readers' questions are known are judged by fitted scores (:mod:`digests.search.scoring`), among whose
features these rules are; passages of items, for which nobody wrote questions, by the rules alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from digests.model import Status
from digests.search import evidence, scoring
from digests.search.query import Concept, ConceptKind
from digests.search.questions import Question, Wanted
from digests.search.support import DONE, IMPLIED, UNDONE, Support

LEAST_COVERAGE = 0.6
"""Share of the question, by weight, that a support must hold. Fitted on tests/data/questions.jsonl and ask.jsonl."""
LEAST_DOING = 0.34
"""Share of the words that are no names: a text about the right names that says something else is no answer."""
_ACTS = frozenset(
    (
        "join",
        "pay",
        "buy",
        "send",
        "give",
        "export",
        "give+export",
        "sign",
        "visit",
        "attend",
        "renew",
        "leave",
        "treat",
    )
)
"""Lines of the lexicon that name deeds: whether they were done can be told from the status of facts."""
_PROMISED = frozenset(("pay", "give", "give+export", "send", "buy"))
"""Deeds of which a public promise is news enough."""
_SPEECH = frozenset(("react", "deny", "oppose", "oppose+deny", "offer", "consider", "pledge", "warn2"))
"""Lines of the lexicon that name statements: making them is the deed."""
_NEARLY_ALL = 0.7
_YEAR = re.compile(r"n(?:19|20)\d\d\Z")


def objection(support: Support, question: Question) -> str | None:
    """Why a unit may not support an answer, or None."""
    unit = support.unit
    if support.coverage < LEAST_COVERAGE:
        return "holds too little of the question"
    if support.doing < LEAST_DOING:
        return "holds the names of the question, but not what it asks of them"
    for concept in question.query.concepts:
        if _is_required(concept, question) and not _is_held(support, concept):
            return f"does not hold {concept.surface!r}"
    if question.after and f"{unit.date}-99" < question.after.isoformat():
        return "is older than the question asks about"
    if question.wanted[0] in scoring.MEASURED and not support.fits:
        return "holds nothing of the wanted kind"
    if evidence.tells_nothing(unit.texts.values()):
        return "says only that it was not made known"
    return None


def _is_held(support: Support, concept: Concept) -> bool:
    """Of a term more than a word of its name must be there, unless nearly all the rest of the question is."""
    found = support.found[concept.id]
    return found >= IMPLIED or (found > 0 and (concept.kind is not ConceptKind.TERM or support.coverage >= _NEARLY_ALL))


def _is_required(concept: Concept, question: Question) -> bool:
    if concept.kind is ConceptKind.DATE:
        return any(_YEAR.match(token) for form in concept.forms["en"] for token in form)
    if concept.id == "total":
        return question.wanted[0] in (Wanted.MONEY, Wanted.COUNT)
    if concept == question.predicate:
        return question.presupposes and question.wanted[0] in (Wanted.TIME, Wanted.REASON)
    return concept.names_something or concept in (question.counted, question.asked_for)


def premise_fails(fitting: Sequence[Support], question: Question) -> bool:
    """Whether the question takes for granted, or asks about, a deed that the archive does not say was done.

    So it is when, of the facts that hold the question best, some say that the deed is only studied or denied and none
    that it was done. Whether something was done ("Has Japan …") may be answered by those; but not by mere statements.
    """
    said = {concept.id for concept in question.query.concepts}
    acts = said & _ACTS
    if not acts or said & _SPEECH or not (question.presupposes or question.whether_done):
        return False
    best = max((support.coverage for support in fitting), default=0.0)
    statuses = {support.unit.fact.status for support in fitting if support.unit.fact and support.coverage >= best - 0.1}
    done = DONE | ({Status.ANNOUNCED} if acts <= _PROMISED else frozenset())
    if question.whether_done:
        return bool(statuses) and statuses <= {Status.STATED}
    return not statuses.isdisjoint(UNDONE) and statuses.isdisjoint(done)
