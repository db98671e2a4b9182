"""What grouping into events looks at: the weighted terms of an item's title and lead.

Terms that mean the same in every language bridge between them: glossary terms (``#nsatu``), acronyms (``~NSATU``),
numbers, dates and currencies (``n500``, ``d29``, ``m05``, ``usd``), and what the search lexicon knows: countries,
towns and everyday verbs of news (``@germany``, ``@pay``). The others, stems of words and pairs of kanji, join items of
one script only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from digests.search import analysers, lexicon, numbers

_LEAD_CHARACTERS = 700
_LEAD_CHARACTERS_UNSPACED = 320
_TITLE = 2
_MOST_COUNTED = 12
_DAMPED = (0.0, *(1 + math.log(count) for count in range(1, _MOST_COUNTED + 1)))
_NUMERIC = re.compile(r"[nmd][0-9][0-9p]*\Z")
_ACRONYM = re.compile(r"[A-Z][A-Z0-9]{1,7}(?![A-Za-z0-9])")

LATIN, CYRILLIC, CJK, BRIDGE, AMOUNT = range(5)
"""Kinds of terms: written in one script; understood in every language; numbers that may tell two reports apart."""


def kind_of(term: str) -> int:
    first = term[0]
    if first in "#~@":
        return BRIDGE
    if first in "nmd" and term[1:2].isdigit():
        return AMOUNT if _is_amount(term) else BRIDGE
    if first < "\u0250":
        return BRIDGE if term in numbers.MONEY else LATIN
    return CYRILLIC if first < "\u0530" else CJK


def _is_amount(term: str) -> bool:
    """Whether the term is a number that is neither a day, a month, a year nor a small count."""
    return term[0] == "n" and len(term) > 2 and not (len(term) == 5 and "n1900" <= term <= "n2099")


def script_of(language: str) -> int:
    """The kind of the words of a language."""
    if language in ("ja", "zh"):
        return CJK
    return CYRILLIC if language in ("uk", "ru", "be", "bg") else LATIN


def terms_of(title: str, text: str, language: str, glossary_terms: Iterable[str]) -> dict[str, float]:
    """Term to its frequency in title and lead, damped; what stands in the title counts more."""
    lead = text[: _LEAD_CHARACTERS_UNSPACED if script_of(language) == CJK else _LEAD_CHARACTERS]
    counts: dict[str, int] = {}
    get = counts.get
    for part, weight in ((title, _TITLE), (lead, 1)):
        found = analysers.tokens(part, language)
        for term in found:
            counts[term] = get(term, 0) + weight
        for _, _, entries in lexicon.find(found, language):
            for entry in entries:
                term = "@" + entry.id
                counts[term] = get(term, 0) + weight
        for acronym in set(_ACRONYM.findall(part)):
            counts.pop(acronym.lower(), None)
            counts["~" + acronym] = get("~" + acronym, 0) + weight
    weights = {term: _DAMPED[min(_MOST_COUNTED, count)] for term, count in counts.items()}
    for term in glossary_terms:
        weights["#" + term] = 1.0
    return weights


def is_vague(term: str) -> bool:
    """Whether a term is only the name of a line of the lexicon, which tells a reader less than a word."""
    return term[0] == "@"


def readable_term(term: str, text: str, names: Mapping[str, str]) -> str:
    """A term as a reader knows it: a glossary term by its name, a stem by the word of ``text`` that has it."""
    if term[0] in "#~@":
        return names.get(term[1:], term[1:])
    if _NUMERIC.match(term):
        return term[1:].replace("p", ".")
    for stem in (term, term[:-1]):
        found = re.search(rf"(?<!\w){re.escape(stem)}\w*", text, re.IGNORECASE) if len(stem) > 2 else None
        if found:
            return found[0]
    return term
