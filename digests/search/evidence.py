"""Whether a text holds the kind of thing that a question wants: a sum, a count of the right things, a period, a person.

Texts come as they are and as their tokens, joined with a space around each (:func:`joined`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from digests.search.numbers import MONEY
from digests.search.query import Concept
from digests.search.questions import Question, Wanted

_NUMBER = re.compile(r"n\d+(?:p\d+)?\Z")
_YEAR_TOKEN = re.compile(r"n(?:19|20)\d\d\Z")
_COUNT_REACH = 4
"""Tokens between a number and what it counts."""
_DURATION = re.compile(
    r"\b(?:\d+|one|two|three|four|five|six|ten|twelve)[- ](?:day|week|month|year)s?\b|\buntil\b|\bto the end of\b"
    r"|\d+(?:日間|週間|か月|カ月|ヶ月|年間)|まで|\b\d+ (?:дн|тиж|міся|рок|рік)\w*|\bдо кінця\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:because|since|so that|in order to|reason|as a way to|therefore|due to|justif\w+|owing to|objected|would)\b"
    r"|ため|理由|として|から、|ので|\b(?:бо|тому|через|оскільки|щоб|причин\w+|аби)\b",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"\b(?:not|cannot|only|ban\w*|bar\w*|prohibit\w*|forbid\w*|limit\w*|exclud\w*|rul\w+ out|break|contrary|breach)\b"
    r"|できない|禁|のみ|限|除|認めない|反する|ない|\b(?:не|лише|заборон\w+|обмеж\w+|виключ\w+|суперечи\w+)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"\b(?:Lt\. ?)?Gen\.|\b[A-Z][a-z]+ [A-Z][a-z]+ (?:became|was elected)"
    r"|\b(?:[Mm]inister|[Pp]resident|[Aa]mbassador|[Ss]ecretary|commander) [A-Z][a-z]+ [A-Z]\w+"
)
_NOT_PEOPLE = re.compile(
    r"[A-Z]{2}|\b(?:Ministry|Forces?|Council|Party|Institute|Agency|Press|States|Fund|Union|Bank|Office|Group|Korea"
    r"|Zealand|Command|Coalition|Programme|Society|News|Drones?|Lab)\b"
)
_NOT_TOLD = re.compile(
    r"\b(?:did not|does not|without|no) (?:give|giving|say|state|disclos\w*|details?|specify|name|publish\w*)\b"
    r"|\b(?:was|were|is|are) not (?:disclosed|given|published|specified|announced|stated|made public)\b|\bundisclosed\b"
    r"|\bneither\b[^.]*\bnor\b[^.]*\b(?:given|stated|announced|disclosed|named|published)\b|\bnot (?:said|disclosed)\b"
    r"|明らかに(?:され|し)てい?な|明らかにしなかった|公表され(?:てい)?な|示され(?:てい)?な|非公表"
    r"|\bне (?:розголош\w+|назв\w+|уточн\w+|повідом\w+|оприлюдн\w+|вказ\w+|розкри\w+)",
    re.IGNORECASE,
)
_SET_APART = tuple(
    (anchor, re.compile(pattern, re.IGNORECASE))
    for anchor, pattern in (
        ("from", r"(?:separate|distinct|different|apart) from ([^,.;]{2,40})"),
        ("part of", r"not (?:part|a part) of ([^,.;]{2,40})"),
        ("とは別", r"([^、。]{2,20})とは別"),
        (" від ", r"(?:окрем\w+|відмінн\w+|відокремлен\w+) від ([^,.;]{2,40})"),
    )
)
"""Words without which a pattern finds nothing, and the pattern: most texts have none of them."""
_YEAR_RANGE = re.compile(r"(?:19|20)\d\d\s*(?:[-–—〜~～]|to|до|から|年度?から)\s*(?:(?:19|20)\d\d|\d\d(?!\d))")
_DEFINING = re.compile(
    r"\s*(?:\([^)]{1,60}\)|「[^」]{1,40}」|（[^）]{1,40}）)?[,:]?\s*"
    r"(?:is|was|lets|allows|pays|means|renounces|[,—–-] ?(?:a|an|the)\b|(?:a|an) (?:new|joint)|は|とは|[—–-] |це|дає"
    r"|дозволя\w+|відмовля\w+|фінансу\w+)",
    re.IGNORECASE,
)


def joined(found: Iterable[str]) -> str:
    """Tokens as one text to look forms up in."""
    return f" {' '.join(found)} "


def has_wanted(texts: Mapping[str, str], held: Mapping[str, str], actors: Sequence[str], question: Question) -> bool:
    """Whether a text in any of its languages holds what the question asks for first.

    Kinds that words do not tell (a place, a definition) count as held.
    """
    wanted = question.wanted[0]
    if wanted is Wanted.MONEY:
        return any(map(_has_money, held.values()))
    if wanted is Wanted.COUNT:
        return any(_has_count(found, question.counted, group) for group, found in held.items())
    if wanted is Wanted.SHARE:
        return any(" pct " in found or _has_number(found) for found in held.values())
    if wanted is Wanted.DURATION:
        return any(says(_DURATION, text) for text in texts.values())
    if wanted is Wanted.REASON:
        return any(says(_REASON, text) and (not question.negated or says(_LIMIT, text)) for text in texts.values())
    if wanted is Wanted.PERSON:
        return any(" " in actor and not says(_NOT_PEOPLE, actor) for actor in actors) or any(
            says(_PERSON, text) for text in texts.values()
        )
    return True


@lru_cache(4096)
def says(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a text holds a pattern. Remembered: the dossier's texts are asked about again and again."""
    return pattern.search(text) is not None


def tells_nothing(texts: Iterable[str]) -> bool:
    """Whether a text says that something was not made known: true, but no answer."""
    return any(says(_NOT_TOLD, text) for text in texts)


def set_apart(text: str) -> list[str]:
    """What a text says it does not speak of: "separate from PURL"."""
    return [match[1] for anchor, pattern in _SET_APART if anchor in text for match in pattern.finditer(text)]


def names_year(text: str, year: str) -> bool:
    """Whether a text names a year by itself and not as the end of a range (2023-2027)."""
    return year in _YEAR_RANGE.sub(" ", text)


def defines(text: str, name: str) -> bool:
    """Whether a text says what ``name`` is: the name stands near the beginning, with "is a" or its like after it."""
    at = text.lower().find(name.lower())
    return 0 <= at < 80 and _DEFINING.match(text, at + len(name)) is not None


@lru_cache(2048)
def _has_money(held: str) -> bool:
    return not MONEY.isdisjoint(held.split()) and _has_number(held)


@lru_cache(2048)
def _has_number(held: str) -> bool:
    return any(_NUMBER.match(token) and not _YEAR_TOKEN.match(token) for token in held.split())


def _has_count(held: str, counted: Concept | None, group: str) -> bool:
    """Whether a number that is no sum of money stands near what is counted, or anywhere if that is not known."""
    numbers = _counts(held)
    if counted is None or not numbers:
        return bool(numbers)
    found = held.split()
    forms = (*counted.forms.get(group, ()), *counted.near.get(group, ()))
    places = [
        at
        for form in forms
        for at, token in enumerate(found)
        if token == form[0] and tuple(found[at : at + len(form)]) == form
    ]
    return any(abs(number - place) <= _COUNT_REACH for number in numbers for place in places)


@lru_cache(2048)
def _counts(held: str) -> tuple[int, ...]:
    """Where the numbers stand that are no sums of money, in tokens."""
    found = held.split()
    return tuple(
        at
        for at, token in enumerate(found)
        if _NUMBER.match(token) and not _YEAR_TOKEN.match(token) and MONEY.isdisjoint(found[max(at - 1, 0) : at + 2])
    )
