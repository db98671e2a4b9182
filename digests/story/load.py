"""Loading a story folder: every file read, every mistake of all of them reported in one go."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from digests.errors import ConfigError, Problem
from digests.story.briefs import load_brief
from digests.story.checks import Checks
from digests.story.files import FactsFile, GlossaryFile, QuestionsFile, SeriesFile, SourcesFile, StoryFile
from digests.story.plainlists import read_plain_lists
from digests.story.story import Story, asked_by_fact
from digests.yamlfile import Document, in_order, load_yaml, validate

M = TypeVar("M", bound=BaseModel)


def load_story(folder: Path) -> Story:
    """Read and check a story folder. Raises :class:`ConfigError` with all problems, sorted by file and line.

    story.yaml and sources.yaml must be there, and briefs/SECTION.LANGUAGE.md for every section and language;
    glossary.yaml, facts.yaml, questions.yaml and series.yaml may be missing.
    """
    try:
        return _load(folder, quickly=True)
    except ConfigError:
        return _load(folder, quickly=False)  # now with the places of what is wrong


def _load(folder: Path, *, quickly: bool) -> Story:
    if not folder.is_dir():
        what, cure = "there is no such story folder", "Name a folder that holds story.yaml, or create it."
        raise ConfigError([Problem(str(folder), 0, 0, what, cure)])
    problems: list[Problem] = []
    story_file, story = _read(folder / "story.yaml", StoryFile, problems)
    sources_file, sources = _read(folder / "sources.yaml", SourcesFile, problems)
    glossary_file, glossary = _read(folder / "glossary.yaml", GlossaryFile, problems, without={"terms": []})
    facts_file, facts = _read(folder / "facts.yaml", FactsFile, problems, without={"facts": []})
    series_file, series = _read(folder / "series.yaml", SeriesFile, problems, without={"series": []})
    questions_file, questions = _questions(folder / "questions.yaml", problems, quickly=quickly)
    briefs = [load_brief(path) for path in sorted((folder / "briefs").glob("*.md"))]
    for file in briefs:
        problems += file.problems
    checks = Checks(
        folder,
        story=story_file,
        sources=sources_file,
        glossary=glossary_file,
        facts=facts_file,
        questions=questions_file,
        series=series_file,
        briefs=briefs,
    )
    problems += checks.problems()
    if problems or not (story and sources and glossary and facts and questions and series):
        raise ConfigError(in_order(problems))
    precedents = questions.precedents()
    asked = asked_by_fact(precedents)
    return Story(
        id=story.id,
        name=story.name.localized(),
        description=story.description.localized(),
        languages=tuple(story.languages),
        sections=tuple(entry.section() for entry in story.sections),
        sources=tuple(entry.source(folder) for entry in sources.sources),
        glossary=tuple(entry.term() for entry in glossary.terms),
        facts=tuple(entry.fact(asked.get(entry.id)) for entry in facts.facts),
        series=tuple(entry.series() for entry in series.series),
        briefs={(file.brief.section, file.brief.language): file.brief for file in briefs if file.brief},
        precedents=precedents,
        filing=story.filing.filing_rules(),
        folder=folder,
    )


def _questions(path: Path, problems: list[Problem], *, quickly: bool) -> tuple[Document, QuestionsFile | None]:
    """questions.yaml; ``quickly``: without the places of its values, where its lines allow it."""
    if quickly and path.exists():
        try:
            with path.open(encoding="utf-8") as lines:
                value = read_plain_lists(lines)
        except UnicodeDecodeError:
            value = None
        if value is not None:
            document = Document(str(path), value, None)
            found = validate(document, QuestionsFile)
            return document, None if isinstance(found, list) else found
    return _read(path, QuestionsFile, problems, without={"questions": []})


def _read(
    path: Path, model: type[M], problems: list[Problem], *, without: dict[str, object] | None = None
) -> tuple[Document, M | None]:
    """A file as values and as its model; mistakes go to ``problems``. ``without`` stands in for a missing file."""
    if without is not None and not path.exists():
        return Document(str(path), without, None), model.model_validate(without)
    try:
        document = load_yaml(path)
    except ConfigError as error:
        problems += error.problems
        return Document(str(path), None, None), None
    found = validate(document, model)
    if isinstance(found, list):
        problems += found
        return document, None
    return document, found
