"""Numbers, sums, shares and dates of a sentence: do they stand in the passage, and do they stand there for the same?

Numbers are compared as :mod:`digests.search.numbers` writes them, so that 4 billion, 40億 and 4 млрд are one. A number
that is there may still be set beside the wrong thing ("Australia 50 million, New Zealand 15 million", turned round);
so its surroundings must fit the passage's at least as well as those of any other number there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from digests.phrasing.marks import BOUND
from digests.phrasing.reading import Reading
from digests.search.numbers import MONEY, MONTHS

_NUMBER = re.compile(r"n\d+(?:p\d+)?\Z")
_YEAR = re.compile(r"n(?:19|20)\d\d\Z")
_DATED = re.compile(r"(?:m|d)\d\d\Z")
_UNITS = MONEY | {"pct"}
_AROUND = 4
"""Words on each side that count as a number's surroundings."""
_CLOSE = {"en": (14, 10), "uk": (16, 12), "ja": (4, 6)}
"""Characters before and after a number within which a bound ("more than") belongs to it."""
_ENGLISH = (
    "the end of early late mid beginning start middle spring summer autumn winter fiscal year month first last half"
)
_UKRAINIAN = "кінця початку середини весни літа осені зими року місяця"
_WORDS_OF_A_DATE = frozenset(f"{_ENGLISH} {_UKRAINIAN} next may march".split())
"""What may stand between "by" or "since" and its date: "by the end of March 2026"."""
_FAR = 99
_PAUSE = re.compile(r"[、,;:().]")
_ONE = frozenset(("one", "одн", "один"))
"""Numbers that the analysers leave words, because they mostly are."""
_RANGE = re.compile(r"\s*\d[\d.,]*\s*(?:to|and|до|й|і|та|-|–|~)\s*\d")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a text. ``unit`` is a currency or ``pct`` beside it."""

    token: str
    unit: str | None
    near: Mapping[str, int]
    """Tokens around it with their distance, in tokens."""
    bounds: frozenset[str]
    beside: frozenset[str]
    """Parts of a date directly beside it."""
    partner: frozenset[str]
    """The other end of a range: 2028 to 2033."""
    counted: str | None
    """The token right after it: what it counts, mostly."""


def is_number(token: str) -> bool:
    """Whether a token stands for a number, a month or a day."""
    return bool(_NUMBER.match(token) or _DATED.match(token))


def figures_of(reading: Reading) -> tuple[Figure, ...]:
    """Every number of a text in order."""
    flat = [(place, token) for place, word in enumerate(reading.words) for token in word.tokens]
    places = [
        (at, "n1" if token in _ONE else token, place, reading.words[place])
        for at, (place, token) in enumerate(flat)
        if is_number(token) or token in _ONE
    ]
    return tuple(
        Figure(
            token,
            _unit(reading, place),
            _around(reading.tokens, at),
            frozenset(_bounds(reading, word.start, word.end, dated=_date_part(token))),
            frozenset(other for other in _beside(reading.tokens, at) if _date_part(other)),
            frozenset(other for other in _beside(reading.tokens, at) if is_number(other)),
            _counted(reading, place),
        )
        for at, token, place, word in places
    )


def new_numbers(sentence: Reading, passages: Sequence[Reading]) -> list[str]:
    """Numbers, dates, currencies and per cents of a sentence that no version of the passage holds."""
    there = frozenset().union(*(passage.held for passage in passages))
    return [token for token in sentence.held if (is_number(token) or token in _UNITS) and token not in there]


def misplaced(sentence: Reading, passage: Reading) -> list[str]:
    """Numbers that are there, but with another unit, bound or date, or beside other things. Same language only."""
    known: dict[str, list[Figure]] = {}
    for figure in figures_of(passage):
        known.setdefault(figure.token, []).append(figure)
    everything = [figure for figures in known.values() for figure in figures]
    mine = figures_of(sentence)
    return [
        figure.token
        for figure in mine
        if figure.token in known and not any(_same(figure, other, mine, everything) for other in known[figure.token])
    ]


def _same(figure: Figure, other: Figure, mine: Sequence[Figure], everything: Sequence[Figure]) -> bool:
    if figure.unit is not None and figure.unit != other.unit:
        return False
    if figure.bounds != other.bounds:
        return False
    if _date_part(figure.token) and not figure.beside <= other.beside:
        return False  # 10 April is not the 10 May of the passage
    fit = _fit(figure, other)
    rivals = [
        rival
        for rival in everything
        if rival.token != figure.token
        and rival.token not in other.partner
        and (_kind(rival.token), rival.unit) == (_kind(other.token), other.unit)
    ]
    counted = other.near.get(figure.counted or "", _FAR)
    if any(rival.near.get(figure.counted or "", _FAR) < counted for rival in rivals) and not _is_nearer(figure, mine):
        return False  # two from the ground force and one each from the others
    return fit >= max((_fit(figure, rival) for rival in rivals), default=0.0)


def _is_nearer(figure: Figure, mine: Sequence[Figure]) -> bool:
    """Whether another number of the same sentence stands nearer to what this one seems to count."""
    counted = figure.counted or ""
    return any(other.near.get(counted, _FAR) < figure.near[counted] for other in mine if other.token != figure.token)


def _fit(one: Figure, other: Figure) -> float:
    """How much two numbers have around them in common, most for what stands close to both and equally far.

    A number fits itself better than it fits any other.
    """
    return sum(
        1 / (distance * (1 + abs(distance - other.near[token])))
        for token, distance in one.near.items()
        if token in other.near
    )


def _kind(token: str) -> str:
    return "year" if _YEAR.match(token) else token[0] if _DATED.match(token) else "number"


def _date_part(token: str) -> bool:
    return is_number(token) and _kind(token) != "number"


def _unit(reading: Reading, place: int) -> str | None:
    """The currency or per cent directly before or after a number; a bracket between them parts them."""
    words = reading.words
    if unit := _UNITS.intersection(words[place].tokens):
        return min(unit)  # 62億円 is one word
    # Between a number and its currency a word for the country may stand: 1500万NZドル, 50 млн австралійських доларів.
    for at in (place - 1, place + 1, place + 2):
        if not 0 <= at < len(words):
            continue
        between = (
            reading.text[words[at].end : words[place].start]
            if at < place
            else (reading.text[words[place].end : words[at].start])
        )
        allowed = {"", words[place + 1].surface} if at == place + 2 else {""}
        if between.strip() in allowed and (unit := _UNITS.intersection(words[at].tokens)):
            return min(unit)
    return None


def _around(tokens: Sequence[str], at: int) -> Mapping[str, int]:
    """Tokens near a number that are no numbers of their own, with their distance from it."""
    found: dict[str, int] = {}
    for side in (tokens[:at][::-1], tokens[at + 1 :]):
        for distance, token in enumerate(side[: 2 * _AROUND], 1):
            if not is_number(token) and token not in _UNITS:
                found[token] = min(distance, found.get(token, distance))
    return found


def _counted(reading: Reading, place: int) -> str | None:
    words = reading.words
    following = next((word for word in words[place + 1 : place + 3] if not _UNITS.issuperset(word.tokens)), None)
    if following is None or _PAUSE.search(reading.text, words[place].end, following.start):
        return None
    return None if not following.tokens or is_number(following.tokens[0]) else following.tokens[0]


def _beside(tokens: Sequence[str], at: int) -> Iterator[str]:
    for place in (at - 1, at + 1):
        if 0 <= place < len(tokens):
            yield tokens[place]


def _bounds(reading: Reading, start: int, end: int, *, dated: bool) -> Iterator[str]:
    """How a number is bounded: more, less, about, since, until."""
    before, after = _CLOSE[reading.language if reading.language in _CLOSE else "en"]
    for mark in reading.of(BOUND):
        if mark.mark.id in ("since", "until") and _is_range(reading, mark.start, mark.end):
            continue  # from 10 to 20
        if start - before <= mark.end <= start and not _number_between(reading, mark.end, start):
            if reading.language == "ja" and mark.mark.id not in ("about", "less"):
                continue  # 超, 以上, から follow their number
            gap = reading.text[mark.end : start].split()
            if mark.mark.id not in ("since", "until") or (dated and all(map(_belongs_to_a_date, gap))):
                yield mark.mark.id
        elif reading.language == "ja":
            belongs = (
                not _number_between(reading, end, mark.start) and not reading.text[mark.end : mark.end + 1].isdigit()
            )
            if end <= mark.start <= end + after and belongs:
                yield mark.mark.id
        elif end <= mark.start <= end + 2 and reading.text.startswith("or ", mark.start):
            yield mark.mark.id  # "50 or more"


def _is_range(reading: Reading, start: int, end: int) -> bool:
    """Whether a mark stands between the two numbers of a range, or before the first: "10 to 20", "from 10 to 20"."""
    following = _RANGE.match(reading.text, end)
    preceding = reading.text[:start].rstrip()[-1:].isdigit() and reading.text[end:].lstrip()[:1].isdigit()
    return preceding or following is not None


def _belongs_to_a_date(word: str) -> bool:
    plain = word.casefold().strip(".,")
    return plain in _WORDS_OF_A_DATE or plain in MONTHS or plain.isdigit()


def _number_between(reading: Reading, start: int, end: int) -> bool:
    return any(character.isdigit() for character in reading.text[start:end])
