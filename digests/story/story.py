"""The story: everything of a story folder as one frozen value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from digests.errors import NotFound
from digests.model import Brief, Fact, GlossaryTerm, Localized, Precedent, Section, Series, Source

if TYPE_CHECKING:
    from digests.filing import FilingRules


@dataclass(frozen=True, slots=True)
class Story:
    """One running topic. ``briefs`` has every section in every one of ``languages``."""

    id: str
    name: Localized
    description: Localized
    languages: tuple[str, ...]
    sections: tuple[Section, ...]
    sources: tuple[Source, ...]
    glossary: tuple[GlossaryTerm, ...]
    facts: tuple[Fact, ...]
    series: tuple[Series, ...]
    briefs: Mapping[tuple[str, str], Brief]
    filing: FilingRules
    folder: Path
    precedents: tuple[Precedent, ...] = ()
    """What readers ask, with the facts that answer it: they help to find and to refuse, and are never shown."""

    def section(self, section_id: str) -> Section:
        """Raises :class:`NotFound`, naming the sections that exist."""
        for section in self.sections:
            if section.id == section_id:
                return section
        known = ", ".join(section.id for section in self.sections)
        raise NotFound(f"there is no section {section_id!r}; there are: {known}")

    def source(self, source_id: str) -> Source:
        """Raises :class:`NotFound`."""
        for source in self.sources:
            if source.id == source_id:
                return source
        raise NotFound(f"there is no source {source_id!r} in the story {self.id!r}")

    def brief(self, section_id: str, language: str) -> Brief:
        """The section's brief in ``language``, else in English. Raises :class:`NotFound`."""
        brief = self.briefs.get((section_id, language)) or self.briefs.get((section_id, "en"))
        if brief is None:
            raise NotFound(f"the section {section_id!r} has no brief")
        return brief


def asked_by_fact(precedents: Iterable[Precedent]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Questions by the fact that answers them and their language."""
    found: dict[str, dict[str, list[str]]] = {}
    for precedent in precedents:
        for fact in precedent.facts:
            found.setdefault(fact, {}).setdefault(precedent.language, []).append(precedent.text)
    return {fact: {language: tuple(texts) for language, texts in own.items()} for fact, own in found.items()}
