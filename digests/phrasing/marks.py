"""Small words that decide what a sentence claims: how sure, by whom, how much, and whether at all.

"Considering" is not "decided", "denied" is not "confirmed", "half" is not "all". The table ``marks.txt`` names the
words of each kind in English, Japanese and Ukrainian; a mark bears on the words near it, as far as its kind reaches.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

MODAL = "modal"
NEGATION = "negation"
REVERSED = "reversed"
"""A negation of a denial: "did not rule out"."""
EXCEPTION = "exception"
CONDITION = "condition"
PORTION = "portion"
RANK = "rank"
ATTRIBUTION = "attribution"
BOUND = "bound"

COMMITTED = 4
"""From this strength on a modal mark names a deed of its own: announced, agreed, decided."""

_REACH: Mapping[str, tuple[tuple[int, int], tuple[int, int]]] = {
    MODAL: ((2, 7), (7, 1)),
    NEGATION: ((2, 5), (4, 1)),
    REVERSED: ((2, 5), (4, 1)),
    EXCEPTION: ((0, 3), (2, 0)),
    CONDITION: ((0, 6), (4, 0)),
    PORTION: ((0, 3), (1, 2)),
    RANK: ((0, 2), (0, 2)),
    ATTRIBUTION: ((6, 6), (6, 2)),
    BOUND: ((0, 1), (1, 1)),
}
"""By kind how many words before and after a mark bear it: in English and Ukrainian, and in Japanese."""
_ENDS = re.compile(r"[;.!?](?=\s|\Z)|[。!?]|\s[—–]\s|, (?:but|while|although|though|whereas|але|проте|однак|хоча|а) ")
_ENDS_JA = re.compile(r"[。!?]|が、|ものの、|一方、")
_COMMAS = re.compile(r"[;.!?,:()](?=\s|\Z)|[。!?、()]|\s[—–]\s")
_STOP_JA = re.compile(r"[してりいめき]{0,2}?、")
_AND = re.compile(r" (?:and|і|й|та) \Z")
_CLOSE = frozenset((PORTION, RANK, EXCEPTION))
_ADNOMINAL = re.compile(r"\b(?:the|their|its|a) (?:pledged|promised|planned|proposed|agreed|expected|announced)\Z")
_PARTICIPLE = re.compile(r"\A(?:обіцян|заплановн|очікуван|погоджен|оголошен)(?:ий|ого|ому|им|их|ими|ою|ої|у|а|е|і)\Z")
_NOT_AFTER = re.compile(r"\s+not\b|n['’]t\b|ない|なかった|なく|ず|ません")
_NOT_BEFORE = re.compile(r"\bне\s+\Z")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the table. ``strength`` orders modal marks, from what may be to what was decided."""

    id: str
    kind: str
    strength: int
    patterns: Mapping[str, re.Pattern[str]] = field(compare=False, hash=False)

    def reach(self, language: str) -> tuple[int, int]:
        """How many words before and after it bear the mark."""
        western, japanese = _REACH[self.kind]
        return japanese if language == "ja" else western


@cache
def table() -> tuple[Mark, ...]:
    """Every line of marks.txt."""
    found = []
    kind = ""
    for line in files("digests.phrasing").joinpath("marks.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif line and not line.startswith("#"):
            name, strength, english, japanese, ukrainian = (cell.strip() for cell in f"{line} ".split(" | "))
            patterns = {"en": _words(english), "ja": _forms(japanese), "uk": _words(ukrainian)}
            found.append(Mark(name, kind, int(strength or 0), patterns))
    return tuple(found)


def find(text: str, language: str) -> tuple[tuple[Mark, int, int], ...]:
    """The marks in a normalised text with their places, in order; of overlapping ones of a kind the longest."""
    hits = [
        (mark, match.start(), match.end())
        for mark in table()
        for match in mark.patterns.get(language, _NEVER).finditer(text)
        if _means_it(mark, match, text)
    ]
    hits.sort(key=lambda hit: (hit[1], -hit[2]))
    kept: list[tuple[Mark, int, int]] = []
    for mark, start, end in hits:
        if not any(_same_family(mark, other) and start < last and first < end for other, first, last in kept):
            kept.append((mark, start, end))
    return tuple(kept)


def _means_it(mark: Mark, match: re.Match[str], text: str) -> bool:
    """Whether a form stands for its mark here: not the month of May, not "could" in "could not"."""
    if mark.id == "may":
        return (
            match.group() != "May"
            and not _NOT_AFTER.match(text, match.end())
            and (not _NOT_BEFORE.search(text, max(match.start() - 4, 0), match.start()))
        )
    return not (
        mark.kind == MODAL and "・" in (text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1])
    )


def clause(
    place: tuple[Mark, int, int], others: tuple[tuple[Mark, int, int], ...], text: str, language: str
) -> tuple[int, int]:
    """Where the clause of a mark begins and ends. Marks that bear on a noun do not reach over a comma."""
    mark, start, end = place
    ends = _COMMAS if mark.kind in _CLOSE else _ENDS_JA if language == "ja" else _ENDS
    left, right = 0, len(text)
    if language == "ja":
        # A verb of saying or deciding before a comma closes what it bears on.
        left = max(
            (match.end() for _, _, last in others if last <= start and (match := _STOP_JA.match(text, last))), default=0
        )
    elif mark.kind == MODAL:
        # "may be delivered, and announced that": what is announced is not what may be.
        right = min(
            (match.start() for _, first, _ in others if first >= end and (match := _AND.search(text, end, first))),
            default=right,
        )
    for match in ends.finditer(text):
        if match.end() <= start:
            left = max(left, match.end())
        elif match.start() >= end:
            right = min(right, match.start())
            break
    return left, right


def is_adnominal(text: str, start: int, end: int, language: str) -> bool:
    """Whether a mark only qualifies the noun after it: "the pledged 40 billion", 約束の400億, обіцяних 40 млрд."""
    if language == "ja":
        return text.startswith("の", end)
    return bool(_ADNOMINAL.search(text[max(start - 6, 0) : end])) or bool(_PARTICIPLE.search(text[start:end]))


def _same_family(one: Mark, other: Mark) -> bool:
    """Whether two marks may not both stand in one place: negations, and those of one kind."""
    family = (NEGATION, REVERSED)
    return one.kind == other.kind or (one.kind in family and other.kind in family)


_NEVER = re.compile(r"(?!)")


def _words(cell: str) -> re.Pattern[str]:
    """Words and phrases; ``*`` stands for any ending. An apostrophe in the text may be any of its shapes."""
    forms = [form.strip() for form in cell.split(",") if form.strip()]
    if not forms:
        return _NEVER
    written = (re.escape(form).replace(r"\*", r"\w*").replace("'", "['’ʼ]") for form in forms)
    either = "|".join(_SPACES.sub(r"\\s+", form.replace(r"\ ", " ")) for form in written)
    return re.compile(rf"(?<![\w-])(?:{either})(?!\w)", re.IGNORECASE)


def _forms(cell: str) -> re.Pattern[str]:
    """Japanese forms as they stand; what stands between slashes is a regular expression (without commas)."""
    forms = sorted((form.strip() for form in cell.split(",") if form.strip()), key=len, reverse=True)
    if not forms:
        return _NEVER
    return re.compile("|".join(form[1:-1] if form.startswith("/") else re.escape(form) for form in forms))
