"""Loading a story folder: every file read, every mistake of all of them reported in one go."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from digests.errors import ConfigError, Problem
from digests.story.briefs import BriefFile, load_brief
from digests.story.checks import Files, cross_check
from digests.story.files import FactsFile, GlossaryFile, SeriesFile, SourcesFile, StoryFile
from digests.story.story import Story
from digests.yamlfile import Document, load_yaml, validate

M = TypeVar("M", bound=BaseModel)

STORY, SOURCES, GLOSSARY, FACTS, SERIES = "story.yaml", "sources.yaml", "glossary.yaml", "facts.yaml", "series.yaml"
BRIEFS = "briefs"


def load_story(folder: Path) -> Story:
    """Read and check a story folder. Raises :class:`ConfigError` with all problems, sorted by file and line.

    story.yaml and sources.yaml must be there; glossary.yaml, facts.yaml and series.yaml may be missing.
    """
    problems: list[Problem] = []
    if not folder.is_dir():
        what, cure = "there is no such story folder", "Name a folder that holds story.yaml, or create it."
        raise ConfigError([Problem(str(folder), 0, 0, what, cure)])
    files = Files(
        folder=folder,
        story=_read(folder / STORY, StoryFile, problems),
        sources=_read(folder / SOURCES, SourcesFile, problems),
        glossary=_read(folder / GLOSSARY, GlossaryFile, problems, default=GlossaryFile(terms=())),
        facts=_read(folder / FACTS, FactsFile, problems, default=FactsFile(facts=())),
        series=_read(folder / SERIES, SeriesFile, problems, default=SeriesFile(series=())),
        briefs=_briefs(folder / BRIEFS, problems),
    )
    problems += cross_check(files)
    if problems:
        raise ConfigError(sorted(set(problems), key=lambda p: (p.file, p.line, p.column, p.what)))
    return _story(files)


def _read(
    path: Path, model: type[M], problems: list[Problem], *, default: M | None = None
) -> tuple[Document, M | None]:
    if default is not None and not path.exists():
        return Document(str(path), {}, None), default
    try:
        document = load_yaml(path)
    except ConfigError as error:
        problems += error.problems
        return Document(str(path), None, None), None
    result = validate(document, model)
    if isinstance(result, list):
        problems += result
        return document, None
    return document, result


def _briefs(folder: Path, problems: list[Problem]) -> tuple[BriefFile, ...]:
    briefs = []
    for path in sorted(folder.glob("*.md")):
        try:
            briefs.append(load_brief(path))
        except ConfigError as error:
            problems += error.problems
    return tuple(briefs)


def _story(files: Files) -> Story:
    story, sources, glossary = files.story[1], files.sources[1], files.glossary[1]
    facts, series = files.facts[1], files.series[1]
    if story is None or sources is None or glossary is None or facts is None or series is None:
        raise AssertionError("a story with unreadable files must have been refused")
    return Story(
        id=story.id,
        name=story.name.localized(),
        description=story.description.localized(),
        languages=tuple(story.languages),
        sections=tuple(entry.section() for entry in story.sections),
        sources=tuple(entry.source(files.folder) for entry in sources.sources),
        glossary=tuple(entry.term() for entry in glossary.terms),
        facts=tuple(entry.fact() for entry in facts.facts),
        series=tuple(entry.series() for entry in series.series),
        briefs={(file.brief.section, file.brief.language): file.brief for file in files.briefs},
        filing=story.filing.filing_rules(),
        folder=files.folder,
    )
