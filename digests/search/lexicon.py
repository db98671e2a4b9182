"""Everyday words of news in English, Japanese and Ukrainian: synonyms within and across the languages.

The glossary of a story knows its names and terms; the table ``lexicon.txt`` knows countries, towns and what they do to
each other (pay, send, join, refuse, …), whatever the story. It is used at query time only: the forms are run through
the analysers, so an inflected word is found by its stem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from digests.search.analysers import tokens


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table: token sequences by language group; ``near`` are those of related lines."""

    id: str
    place: bool
    forms: Mapping[str, tuple[tuple[str, ...], ...]]
    near: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)


@cache
def entries() -> Mapping[str, Entry]:
    """The whole table by id."""
    plain: dict[str, Entry] = {}
    related: dict[str, list[str]] = {}
    place = False
    for line in files("digests.search").joinpath("lexicon.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            place = line == "[places]"
        elif line and not line.startswith("#"):
            name, english, japanese, ukrainian, near = (cell.strip() for cell in line.split("|"))
            forms = {"en": _forms(english, "en"), "ja": _forms(japanese, "ja"), "uk": _forms(ukrainian, "uk")}
            forms["other"] = forms["en"]
            plain[name] = Entry(name, place, forms)
            related[name] = near.split()
    return {name: _with_near(entry, [plain[other] for other in related[name]]) for name, entry in plain.items()}


def find(found: Sequence[str], language: str) -> list[tuple[int, int, tuple[Entry, ...]]]:
    """Lines of the table in a sequence of tokens: start, end and the lines that the longest form there belongs to."""
    index = _index(language if language in ("ja", "uk") else "en")
    matches = []
    at = 0
    while at < len(found):
        for form, lines in index.get(found[at], ()):
            if tuple(found[at : at + len(form)]) == form:
                matches.append((at, at + len(form), lines))
                at += len(form)
                break
        else:
            at += 1
    return matches


@cache
def _index(group: str) -> Mapping[str, list[tuple[tuple[str, ...], tuple[Entry, ...]]]]:
    by_form: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries().values():
        for form in entry.forms[group]:
            by_form.setdefault(form, []).append(entry)
    index: dict[str, list[tuple[tuple[str, ...], tuple[Entry, ...]]]] = {}
    for form in sorted(by_form, key=len, reverse=True):
        index.setdefault(form[0], []).append((form, tuple(by_form[form])))
    return index


def _forms(cell: str, language: str) -> tuple[tuple[str, ...], ...]:
    forms = (tuple(tokens(words, language)) for words in cell.split(",") if words.strip())
    return tuple(dict.fromkeys(form for form in forms if form))


def _with_near(entry: Entry, others: Sequence[Entry]) -> Entry:
    near = {
        group: tuple(form for other in others for form in other.forms[group] if form not in own)
        for group, own in entry.forms.items()
    }
    return Entry(entry.id, entry.place, entry.forms, near)
