"""Whether a sentence claims no more than its passage: modality, denials, exceptions, conditions, shares, attribution.

Each mark of the passage that bears on words which the sentence takes over has to be taken over with them, and each
mark of the sentence has to have its like in the passage. "May" may not become "will", nor "considers" "decided"; a
weaker word for a plan is let through, one for a deed that is done is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from digests.model import Grade, Status
from digests.phrasing import tenses
from digests.phrasing.marks import (
    ATTRIBUTION,
    COMMITTED,
    CONDITION,
    EXCEPTION,
    MODAL,
    NEGATION,
    PORTION,
    RANK,
    REVERSED,
)
from digests.phrasing.reading import Reading, Scoped
from digests.search import lexicon

_ALIKE = frozenset(map(frozenset, (("not", "ban"), ("not", "deny"), ("deny", "oppose"), ("not", "nonlethal"))))
"""Kinds of negation that say the same: "may not" and "is banned"."""
_SPEAKING = frozenset(("ask", "propose", "announce", "pledge"))
"""Modal marks that are statements by themselves: they keep a statement one."""
_TOPIC = re.compile("によると|によれば|は|が|の話では")
_SPEAKER = 4
"""Words beside a verb of saying that may name who says it."""
_SAID_BY_SOMEBODY = frozenset((Status.REPORTED, Status.STATED, Status.DENIED))


def overstated(sentence: Reading, passage: Reading, status: Status | None) -> list[str]:
    """Ids of the marks of stage (may … decided) that the sentence has lost, added or made stronger."""
    mine, theirs = sentence.of(MODAL), passage.of(MODAL)
    wrong = [
        mark.mark.id
        for mark in _touched(theirs, sentence, passage)
        if not any(
            (other.mark.strength <= mark.mark.strength and _meet(other, mark)) or other.mark.id == mark.mark.id
            for other in mine
        )
    ]
    for mark in mine:
        allowed = [
            other
            for other in theirs
            if (
                other.mark.id == mark.mark.id
                or (mark.mark.strength < COMMITTED and other.mark.strength >= mark.mark.strength)
            )
            and _bears(other, sentence)
        ]
        if not allowed:
            wrong.append(mark.mark.id)
    wrong += tenses.put_into_past(sentence, passage)
    if status is Status.CONSIDERED and _tentative(theirs) and not _tentative(mine):
        wrong.append("considered")
    return wrong


def turned(sentence: Reading, passage: Reading, status: Status | None) -> list[str]:
    """Ids of negations, denials, exceptions, conditions and shares that the sentence has lost or added."""
    wrong: list[str] = []
    negations = passage.of(NEGATION)
    mine = sentence.of(NEGATION)
    if {mark.mark.id for mark in sentence.of(REVERSED)} != {
        mark.mark.id for mark in _touched(passage.of(REVERSED), sentence, passage)
    }:
        wrong.append("reversed")
    wrong += _unkept({mark.mark.id for mark in _touched(negations, sentence, passage)}, {each.mark.id for each in mine})
    wrong += [mark.mark.id for mark in mine if not any(_bears(other, sentence) for other in negations)]
    if status is Status.DENIED and negations and not mine:
        wrong.append("denied")
    for kind in (EXCEPTION, CONDITION, PORTION, RANK):
        wrong += _exchanged(sentence.of(kind), passage.of(kind), sentence, passage)
    return wrong


def unattributed(sentence: Reading, passage: Reading, status: Status | None, grade: Grade | None) -> bool:
    """Whether what somebody says in the passage has become a plain fact in the sentence.

    For facts whose status or grade is weak, and for passages of news, every statement keeps its speaker; what a state
    or partisan source says may not be phrased at all, because its exact words matter.
    """
    if grade is Grade.STATE_OR_PARTISAN:
        return True
    said = passage.of(ATTRIBUTION)
    if status is Status.REPORTED and (speaker := _speaker(passage)) and not speaker & sentence.held:
        return True
    if not said or sentence.of(ATTRIBUTION):
        return False
    if any(mark.mark.id in _SPEAKING for mark in sentence.of(MODAL)):
        return False
    demanding = status is None or status in _SAID_BY_SOMEBODY or (grade is not None and grade.needs_label)
    return demanding or bool(_touched(said, sentence, passage))


def _speaker(passage: Reading) -> frozenset[str]:
    """Tokens of who says what a passage reports: of several, the one that vouches for the others."""
    if passage.language == "ja":
        match = _TOPIC.search(passage.text)
        end = match.start() if match else 0
        return frozenset(token for word in passage.words if word.end <= end for token in word.tokens)
    said = passage.of(ATTRIBUTION)
    if not said:
        return frozenset()
    before = [word for word in passage.words if word.end <= said[0].start and word.tokens][-_SPEAKER:]
    after = [word for word in passage.words if word.start >= said[0].end and word.tokens][:_SPEAKER]
    return frozenset(
        token for word in (before if len(before) > 1 or not after else before + after) for token in word.tokens
    )


def _unkept(needed: set[str], mine: set[str]) -> list[str]:
    """Kinds of negation that a sentence has lost. Some may stand for each other, but not for two at once: who says
    that giving up is difficult says two things."""
    spare = mine - needed
    lost = []
    for kind in sorted(needed - mine):
        instead = next((other for other in sorted(spare) if frozenset((kind, other)) in _ALIKE), None)
        if instead is None:
            lost.append(kind)
        else:
            spare.discard(instead)
    return lost


def _tentative(found: Sequence[Scoped]) -> bool:
    return any(mark.mark.strength < COMMITTED for mark in found)


def _exchanged(mine: Sequence[Scoped], theirs: Sequence[Scoped], sentence: Reading, passage: Reading) -> list[str]:
    """Marks of one kind, of which each has to stay what it is."""
    lost = [
        mark.mark.id
        for mark in _touched(theirs, sentence, passage)
        if not any(other.mark.id == mark.mark.id for other in mine)
    ]
    there = {mark.mark.id for mark in theirs}
    return lost + [mark.mark.id for mark in mine if mark.mark.id not in there]


def _touched(found: Sequence[Scoped], sentence: Reading, passage: Reading) -> list[Scoped]:
    """Marks of the passage that bear on words which the sentence has taken over.

    A word counts when the mark bears on it wherever it stands; names of countries, which stand everywhere, do not.
    """
    return [mark for mark in found if _telling(mark, passage) & sentence.held]


def _telling(mark: Scoped, passage: Reading) -> frozenset[str]:
    """The words by which to tell whether what a mark bears on was taken over."""
    telling = mark.scope - _places()
    if mark.mark.kind == MODAL:
        telling = telling - passage.names
    else:
        # "99% of all military aid": the same noun may stand elsewhere without the mark.
        telling = frozenset(token for token in telling if passage.tokens.count(token) == 1)
    return telling or mark.scope - _places()


def _meet(one: Scoped, other: Scoped) -> bool:
    """Whether two marks bear on common words; one that bears on none says nothing against it."""
    return not one.scope or not other.scope or bool(one.scope & other.scope)


def _bears(mark: Scoped, sentence: Reading) -> bool:
    """Whether a mark of the passage bears on anything that the sentence says."""
    return not mark.scope or bool(mark.scope & sentence.held)


@cache
def _places() -> frozenset[str]:
    return frozenset(
        form[0]
        for entry in lexicon.entries().values()
        if entry.place
        for forms in entry.forms.values()
        for form in forms
        if len(form) == 1
    )
