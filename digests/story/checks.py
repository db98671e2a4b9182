"""Checks across the entries and files of a story folder; each mistake is told at its own place.

They read the values as written, not the models: a mistake somewhere else must not hide these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from digests.errors import Problem
from digests.fields import parse_duration
from digests.filingrules import check_rules
from digests.model import LANGUAGES
from digests.story.briefs import BriefFile
from digests.story.filingfile import FilingEntry
from digests.yamlfile import Document, Where
from digests.yamlproblems import closest, repeated_ids

LEAST_EVERY = timedelta(minutes=5)
"""No source is read more often, except those that may lie in one's own network."""
_MOST_NAMED = 12


class Checks:
    """The checks of one story folder. A document without values (missing, not YAML) takes part in none."""

    def __init__(
        self,
        folder: Path,
        *,
        story: Document,
        sources: Document,
        glossary: Document,
        facts: Document,
        questions: Document,
        series: Document,
        briefs: Collection[BriefFile],
    ) -> None:
        self._folder = folder.resolve()
        self._story, self._sources, self._glossary = story, sources, glossary
        self._facts, self._series, self._briefs = facts, series, briefs
        self._questions = questions
        self._sections = _ids(story, "sections")
        self._fact_ids = _ids(facts, "facts")
        self._languages = _languages_of(story)

    def problems(self) -> list[Problem]:
        """Every mistake that a model of one entry does not see."""
        return [
            *self._of_story(),
            *self._of_filing(),
            *self._of_sources(),
            *repeated_ids(self._glossary, "terms"),
            *self._of_facts(),
            *self._of_questions(),
            *self._of_series(),
            *self._of_briefs(),
            *self._missing_briefs(),
        ]

    # --- the files -----------------------------------------------------------------------------------------

    def _of_story(self) -> Iterator[Problem]:
        document = self._story
        value = document.value if isinstance(document.value, dict) else {}
        story_id = value.get("id")
        if isinstance(story_id, str) and story_id != self._folder.name:
            cure = f"Write id: {self._folder.name}, or rename the folder."
            yield document.problem(("id",), f"the id {story_id!r} is not the folder's name", cure)
        if value and "en" not in self._languages:
            cure = "Add en: it stands in wherever a text is missing."
            yield document.problem(("languages",), "English is missing", cure)
        yield from repeated_ids(document, "sections")
        for key in ("name", "description"):
            yield from self._translated(document, (key,), value.get(key))
        for position, section in document.rows("sections"):
            for key in ("name", "short", "description"):
                yield from self._translated(document, ("sections", position, key), section.get(key))

    def _of_filing(self) -> Iterator[Problem]:
        value = self._story.value.get("filing") if isinstance(self._story.value, dict) else None
        terms = _ids(self._glossary, "terms")
        if not isinstance(value, dict) or terms is None or self._sections is None:
            return
        try:
            rules = FilingEntry.model_validate(value).filing_rules()
        except ValidationError:
            # Told where the file as a whole is validated.
            return
        for found in check_rules(rules, list(self._sections), list(terms)):
            cure = found.cure[:1].upper() + found.cure[1:].rstrip(".") + "."
            yield self._story.problem(("filing", *found.where), found.what, cure)

    def _of_sources(self) -> Iterator[Problem]:
        document = self._sources
        yield from repeated_ids(document, "sources")
        addresses: dict[str, object] = {}
        for position, source in document.rows("sources"):
            where: Where = ("sources", position)
            url = source.get("url")
            if isinstance(url, str) and addresses.setdefault(url, source.get("id")) != source.get("id"):
                what = f"the source {addresses[url]!r} has the same address"
                yield document.problem((*where, "url"), what, "Keep one of the two.")
            yield from self._place_of(where, source)
            yield from self._manners(where, source)
            yield from self._translated(document, (*where, "name"), source.get("name"))

    def _place_of(self, where: Where, source: dict[str, Any]) -> Iterator[Problem]:
        """Whether the source says rightly where its items are."""
        document, path = self._sources, source.get("path")
        if source.get("type", "feed") == "feed":
            if not source.get("url"):
                yield document.problem(where, "the feed has no url", "Add url: https://…")
            if path is not None:
                yield document.problem((*where, "path"), "a feed has no path", "Remove it, or write type: documents.")
        elif source["type"] == "documents":
            if not isinstance(path, str) or not path:
                yield document.problem(where, "the source has no path", "Add path: documents (inside this folder).")
                return
            target = (self._folder / path).resolve()
            if not target.is_relative_to(self._folder) or target == self._folder:
                cure = "Name a folder inside it, such as documents."
                yield document.problem((*where, "path"), "the path leads out of the story folder", cure)
            elif not target.is_dir():
                yield document.problem((*where, "path"), f"there is no folder {path!r}", "Create it, or correct path.")

    def _manners(self, where: Where, source: dict[str, Any]) -> Iterator[Problem]:
        if source.get("enabled") is False and not source.get("reason"):
            what, cure = "the source is disabled without a reason", "Add reason: why it is switched off."
            yield self._sources.problem((*where, "enabled"), what, cure)
        try:
            every = parse_duration(str(source.get("every", "")))
        except ValueError:
            return
        if every < LEAST_EVERY and source.get("allow_private") is not True:
            yield self._sources.problem((*where, "every"), "that is too often", "Write 5m or longer.")

    def _of_facts(self) -> Iterator[Problem]:
        document = self._facts
        yield from repeated_ids(document, "facts")
        for position, fact in document.rows("facts"):
            where: Where = ("facts", position)
            section = fact.get("section")
            if isinstance(section, str) and self._sections is not None and section not in self._sections:
                what = f"the story has no section {section!r}"
                yield document.problem((*where, "section"), what, _one_of(section, self._sections))
            yield from self._translated(document, (*where, "claim"), fact.get("claim"))
            for key in ("superseded_by", "disputed_by"):
                yield from self._known_facts(document, (*where, key), fact.get(key), own=fact.get("id"))

    def _of_questions(self) -> Iterator[Problem]:
        document = self._questions
        for position, entry in document.rows("questions"):
            yield from self._known_facts(document, ("questions", position, "facts"), entry.get("facts"))

    def _of_series(self) -> Iterator[Problem]:
        document = self._series
        yield from repeated_ids(document, "series")
        for position, series in document.rows("series"):
            where: Where = ("series", position)
            for key in ("title", "measure", "note"):
                yield from self._translated(document, (*where, key), series.get(key))
            for key in ("columns", "labels"):
                named = series.get(key)
                for name, texts in named.items() if isinstance(named, dict) else ():
                    yield from self._translated(document, (*where, key, name), texts)
            yield from self._known_facts(document, (*where, "fact_ids"), series.get("fact_ids"))
            source = series.get("source")
            if isinstance(source, dict):
                yield from self._known_facts(document, (*where, "source", "from_facts"), source.get("from_facts"))
                yield from self._translated(document, (*where, "source", "terms"), source.get("terms"))

    def _of_briefs(self) -> Iterator[Problem]:
        for file in self._briefs:
            section = file.section
            if section is not None and self._sections is not None and section.id not in self._sections:
                what = f"the story has no section {section.id!r}"
                yield Problem(file.name, section.line, section.column, what, _one_of(section.id, self._sections))
            for cited in file.citations:
                if self._fact_ids is not None and cited.id not in self._fact_ids:
                    what = f"there is no fact {cited.id!r}"
                    yield Problem(file.name, cited.line, cited.column, what, _one_of(cited.id, self._fact_ids))

    def _missing_briefs(self) -> Iterator[Problem]:
        # A brief that is there but wrong tells its own problems.
        there = {file.path.name for file in self._briefs}
        for position, section in self._story.rows("sections"):
            for language in self._languages:
                name = f"{section.get('id')}.{language}.md"
                if isinstance(section.get("id"), str) and name not in there:
                    what = f"the section {section['id']!r} has no brief in {language!r}"
                    yield self._story.problem(("sections", position, "id"), what, f"Write briefs/{name}.")

    # --- what several of them use --------------------------------------------------------------------------

    def _translated(self, document: Document, where: Where, texts: object) -> Iterator[Problem]:
        """Languages of the story in which a text is missing; that of English the models tell."""
        if isinstance(texts, dict):
            for language in self._languages:
                if language != "en" and not texts.get(language):
                    yield document.problem(where, f"{where[-1]} is missing in {language!r}", f"Add {language}: …")

    def _known_facts(self, document: Document, where: Where, named: object, own: object = None) -> Iterator[Problem]:
        for index, fact_id in enumerate(named if isinstance(named, list) else ()):
            if isinstance(fact_id, str) and self._fact_ids is not None and fact_id not in self._fact_ids:
                what = f"there is no fact {fact_id!r}"
                yield document.problem((*where, index), what, _one_of(fact_id, self._fact_ids))
            elif fact_id == own and own is not None:
                yield document.problem((*where, index), "the fact names itself", "Name the other fact.")


def _ids(document: Document, key: str) -> dict[str, None] | None:
    """The ids of a file's entries as an ordered set; None when the file could not be read."""
    if not isinstance(document.value, dict):
        return None
    found = (row.get("id") for _, row in document.rows(key))
    return dict.fromkeys(entry for entry in found if isinstance(entry, str))


def _languages_of(story: Document) -> tuple[str, ...]:
    named = story.value.get("languages", LANGUAGES) if isinstance(story.value, dict) else LANGUAGES
    return tuple(code for code in named if code in LANGUAGES) if isinstance(named, list | tuple) else LANGUAGES


def _one_of(word: str, allowed: Collection[str]) -> str:
    if guess := closest(word, sorted(allowed)):
        return guess
    return f"Use one of {', '.join(allowed)}." if len(allowed) <= _MOST_NAMED else "Correct the id, or add the fact."
