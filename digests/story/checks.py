"""Checks across the files of a story folder; each mistake is told at its own place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from digests.errors import Problem
from digests.story.briefs import BriefFile
from digests.story.files import FactsFile, GlossaryFile, SeriesFile, SourcesFile, StoryFile
from digests.yamlfile import Document


@dataclass(frozen=True, slots=True)
class Files:
    """What was read. A model is None when its file has mistakes of its own: checks that need it are left out."""

    folder: Path
    story: tuple[Document, StoryFile | None]
    sources: tuple[Document, SourcesFile | None]
    glossary: tuple[Document, GlossaryFile | None]
    facts: tuple[Document, FactsFile | None]
    series: tuple[Document, SeriesFile | None]
    briefs: tuple[BriefFile, ...]


def cross_check(files: Files) -> list[Problem]:
    return []
