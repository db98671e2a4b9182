"""Who does something to whom: the name that a sentence begins with has to be able to be the doer in the passage, too.

"The party proposed to the prime minister" may not become "the prime minister proposed". All its words are there; what
differs is that in the passage the name stands only behind a preposition, in another case, or before another particle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from digests.phrasing.marks import ATTRIBUTION, MODAL
from digests.phrasing.reading import Reading
from digests.phrasing.wording import Names

_PREPOSITIONS = {
    language: frozenset(words.split())
    for language, words in (
        ("en", "to for of in at with from against into on between through about under toward towards over"),
        ("uk", "до для від з із зі у в на про проти через між за при під над"),
    )
}
_TELLING = frozenset(["told", "tell", "tells", "thanked", "met"])
_POSSESSIVE = re.compile(r"['’]s?\Z")
_PARTICLE = re.compile(r"[^、。（）()]{0,6}?(は|が|も|には|では|に|を|へ|から|と|の|、)")
_BETWEEN = re.compile(r"[\u3040-\u309f]{1,2}")
_RECEIVERS = frozenset(("に", "を", "へ"))
_DOERS = frozenset(("は", "が", "も", "、"))
_HEADED = re.compile(r"の[^、。はがをにで]{0,14}[はが]")
"""After a name that stands for one who belongs to it: NATOのターナー代表は."""


def exchanged_roles(sentence: Reading, passage: Reading, names: Names) -> list[str]:
    """Names that do something in the sentence and only suffer it in the passage."""
    swapped = _japanese if sentence.language == "ja" else _western
    return [*swapped(sentence, passage, names), *_estranged(sentence, passage, names)]


def _estranged(sentence: Reading, passage: Reading, names: Names) -> list[str]:
    """Names that stand directly beside a word which in the passage stands beside other names only: "Ukraine's embassy"
    for Japan's, 「ウクライナに輸出」 for 「米国に輸出」."""
    mine, theirs = dict(_named(sentence, names)), dict(_named(passage, names))
    wrong = []
    for at, ids in mine.items():
        for step in (-1, 1):
            place = at + step
            if not _adjoins(sentence, at, place) or place in mine or not sentence.words[place].tokens:
                continue
            token = sentence.words[place].tokens[0]
            beside = [
                theirs[other - step]
                for other, word in enumerate(passage.words)
                if token in word.tokens and other - step in theirs and _adjoins(passage, other, other - step)
            ]
            own = [other for other, known in theirs.items() if known & ids]
            taken = bool(beside) and not any(known & ids for known in beside)
            if taken or (not beside and own and _moved(sentence, passage, at, step, own)):
                wrong.append(sentence.words[at].surface)
    return wrong


def _moved(sentence: Reading, passage: Reading, at: int, step: int, own: list[int]) -> bool:
    """Whether a name has come to own or to do something: a Ukrainian genitive that the passage has not («частка
    України»), or in English a name before a verb that it only follows in the passage ("NATO wishes")."""
    token = sentence.words[at + step].tokens[0]
    places = [place for place, word in enumerate(passage.words) if token in word.tokens]
    if not places:
        return False
    if sentence.language == "uk" and step == -1:
        forms = {passage.words[place].surface.casefold() for place in own}
        return sentence.words[at].surface.casefold() not in forms
    word = sentence.words[at + step]
    marked = any(mark.start <= word.start < mark.end for mark in sentence.of(MODAL))
    return sentence.language == "en" and step == 1 and marked and min(own) > max(places)


def _adjoins(reading: Reading, one: int, other: int) -> bool:
    """Whether two words stand directly beside each other; in Japanese a particle may stand between."""
    first, second = min(one, other), max(one, other)
    if first < 0 or second >= len(reading.words):
        return False
    between = reading.text[reading.words[first].end : reading.words[second].start]
    return not between.strip() or (reading.language == "ja" and _BETWEEN.fullmatch(between) is not None)


def _western(sentence: Reading, passage: Reading, names: Names) -> list[str]:
    mine = dict(_named(sentence, names))
    if sentence.words and passage.names.intersection(sentence.words[0].tokens):
        mine.setdefault(0, frozenset(f"word:{token}" for token in sentence.words[0].tokens))
    if not mine or min(mine) > 2:
        return []
    first = min(mine)
    if _governed(sentence, first):
        return []
    places = [at for at, ids in _named(passage, names) if ids & mine[first]]
    if not places or any(_speaks(passage, at) for at in places):
        return []
    surface = sentence.words[first].surface
    if sentence.language == "uk":
        forms = {passage.words[at].surface.casefold() for at in places}
        return [] if surface.casefold() in forms and not all(_governed(passage, at) for at in places) else [surface]
    return [surface] if all(_governed(passage, at) for at in places) else []


def _named(reading: Reading, names: Names) -> Iterator[tuple[int, frozenset[str]]]:
    """Words that are names, by place: glossary terms, places, and capitalised words as themselves."""
    found = names.found(reading)
    for at, word in enumerate(reading.words):
        ids = set(found.get(at, ()))
        if word.surface[:1].isupper() and word.tokens and (at > 0 or ids):
            ids |= {f"word:{token}" for token in word.tokens}
        if ids:
            yield at, frozenset(ids)


def _governed(reading: Reading, at: int) -> bool:
    """Whether a name depends on something: a preposition before it (an article, or parts of the name, may stand
    between), or a possessive of its own."""
    if _POSSESSIVE.search(reading.words[at].surface):
        return True
    place = at - 1
    while (
        place >= 0
        and _joined(reading, place)
        and (
            reading.words[place].surface.casefold() in ("the", "a", "an") or reading.words[place].surface[:1].isupper()
        )
    ):
        if reading.words[place].surface.casefold() in _PREPOSITIONS.get(reading.language, ()):
            break
        place -= 1
    if place < 0 or not _joined(reading, place):
        return False
    before = reading.words[place]
    asked = [mark for mark in reading.of(MODAL) if mark.mark.id in ("ask", "propose")]
    if any(mark.start < before.end and before.start < mark.end for mark in asked):
        return True  # "urged Japan", «запропонували Такаїчі»
    return before.surface.casefold() in _TELLING or before.surface.casefold() in _PREPOSITIONS.get(reading.language, ())


def _japanese(sentence: Reading, passage: Reading, names: Names) -> list[str]:
    mine = {ids: particle for ids, particle, _ in _with_particles(sentence, names)}
    theirs = list(_with_particles(passage, names))
    wrong = []
    for ids, particle in mine.items():
        there = [other for known, other, _ in theirs if known & ids]
        suffers = particle in ("は", "が") and not any(other in _DOERS for other in there)
        does = particle in _RECEIVERS and all(other in ("は", "が") for other in there)
        if there and (suffers or does):
            wrong.append(min(ids))
    return wrong


def _with_particles(reading: Reading, names: Names) -> Iterator[tuple[frozenset[str], str, int]]:
    """Names with the particle after each; of names that "and" joins, with that of the last."""
    waiting: list[tuple[frozenset[str], int]] = []
    for at, ids in sorted(names.found(reading).items()):
        match = _PARTICLE.match(reading.text, reading.words[at].end)
        if match and match[1] == "と":
            waiting.append((ids, at))
        elif match:
            particle = "は" if match[1] == "の" and _HEADED.match(reading.text, match.start(1)) else match[1]
            yield from ((each, particle, place) for each, place in (*waiting, (ids, at)))
            waiting = []


def _speaks(reading: Reading, at: int) -> bool:
    """Whether a verb of saying or deciding follows a name directly: then what stands before belongs to something else.

    "After a meeting of the Council Rutte announced": the Council is not Rutte's.
    """
    if _POSSESSIVE.search(reading.words[at].surface):
        return False
    following = at + 1
    while following < len(reading.words) and reading.words[following].surface[:1].isupper():
        following += 1
    if following >= len(reading.words) or not _joined(reading, following - 1):
        return False
    word = reading.words[following]
    return any(mark.start <= word.start < mark.end for mark in reading.of(MODAL, ATTRIBUTION))


def _joined(reading: Reading, place: int) -> bool:
    """Whether nothing but a space stands between a word and the next."""
    return not reading.text[reading.words[place].end : reading.words[place + 1].start].strip()
