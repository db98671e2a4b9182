"""The story's glossary as questions need it.

In a question about the story a term needs no second word beside it (PURL is PURL here), and Ukrainian names stand in
any case: names are looked up as written and by their tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digests.glossary import Glossary, TermMatch
from digests.search.analysers import tokens

Form = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenMatch:
    """A term found in a sequence of tokens."""

    term_id: str
    start: int
    end: int


class Terms:
    """Glossary terms, findable in questions. Immutable once made."""

    def __init__(self, glossary: Glossary) -> None:
        self._glossary = glossary
        needed = {word.rstrip("*") for term in glossary.terms.values() for word in term.needs_any}
        self._context = "\n" + "\n".join(sorted(needed))
        self._by_token = {language: self._index(language) for language in ("en", "ja", "uk")}

    def find(self, text: str) -> list[TermMatch]:
        """Terms as written, longest first where they overlap."""
        found = [match for match in self._glossary.find(text + self._context) if match.end <= len(text)]
        kept: list[TermMatch] = []
        for match in sorted(found, key=lambda match: (match.start, -match.end)):
            if not kept or match.start >= kept[-1].end:
                kept.append(match)
        return kept

    def find_tokens(self, found: Sequence[str], language: str) -> list[TokenMatch]:
        """Terms by their tokens, longest first: inflected names."""
        index = self._by_token.get(language, self._by_token["en"])
        matches = []
        at = 0
        while at < len(found):
            for form, term_id in index.get(found[at], ()):
                if tuple(found[at : at + len(form)]) == form:
                    matches.append(TokenMatch(term_id, at, at + len(form)))
                    at += len(form)
                    break
            else:
                at += 1
        return matches

    def names(self, term_id: str, language: str) -> tuple[str, ...]:
        """The term's names in a language, with its abbreviation."""
        return self._glossary.names(term_id, language)

    def _index(self, language: str) -> Mapping[str, list[tuple[Form, str]]]:
        forms: dict[Form, str] = {}
        for term_id in self._glossary.terms:
            for name in self._glossary.names(term_id, language):
                form = tuple(tokens(name, language))
                # Abbreviations are told from words by their capitals, which tokens have lost ("cap").
                if form and not (name.isupper() and len(name) <= 6):
                    forms.setdefault(form, term_id)
        index: dict[str, list[tuple[Form, str]]] = {}
        for form in sorted(forms, key=len, reverse=True):
            index.setdefault(form[0], []).append((form, forms[form]))
        return index
