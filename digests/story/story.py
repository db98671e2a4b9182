"""The story: everything of a story folder as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from digests.errors import NotFound
from digests.model import Brief, Fact, GlossaryTerm, Localized, Section, Series, Source

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
    unanswered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By language questions that readers ask and no fact answers."""

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
