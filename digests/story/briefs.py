"""Briefs: Markdown with front matter, each sentence ending with the ids of the facts it rests on."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from digests.errors import ConfigError, Problem
from digests.model import Brief, BriefPart, BriefSentence
from digests.sentences import split_sentences
from digests.story.files import BriefFront
from digests.yamlfile import load_yaml, read_text, validate

_CITATION = re.compile(r"[ \t]*\[([^\[\]]*)\]")
_AFTER = re.compile(r"[\"'”’»)」』）]*[.!?…。！？]+[\"'”’»)」』）]*|\Z")
_HEADING = re.compile(r"#{2,3}\s+(\S.*)")
_QUOTES = str.maketrans({"“": "(", "«": "(", "„": "(", "”": ")", "»": ")"})


@dataclass(frozen=True, slots=True)
class Named:
    """The id of a section or fact as it stands in a brief."""

    id: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class BriefFile:
    """A brief as read. ``brief`` is None when there are problems; what can be checked on is there all the same."""

    path: Path
    brief: Brief | None
    section: Named | None
    citations: tuple[Named, ...]
    problems: tuple[Problem, ...]

    @property
    def name(self) -> str:
        return str(self.path)


def load_brief(path: Path) -> BriefFile:
    """Read one brief with everything that is wrong with it by itself."""
    name = str(path)
    try:
        lines = read_text(path, name=name).splitlines()
    except ConfigError as error:
        return BriefFile(path, None, None, (), error.problems)
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), 0)
    if not end or lines[0].rstrip() != "---":
        what = "the brief does not begin with its front matter"
        cure = "Begin with a line ---, then section, language, as_of and title, then another line ---."
        return BriefFile(path, None, None, (), (Problem(name, 1, 1, what, cure),))
    body = _Body(name, path.name.removesuffix(".md").rpartition(".")[2])
    parts = body.read(lines, end + 1)
    front, section, problems = _front(path, "\n".join(lines[1:end]))
    problems += body.problems
    brief = None
    if front is not None and not problems:
        brief = Brief(front.section, front.language, front.title, front.as_of, parts)
    return BriefFile(path, brief, section, tuple(body.citations), tuple(problems))


def _front(path: Path, text: str) -> tuple[BriefFront | None, Named | None, list[Problem]]:
    """The front matter, which begins in the file's second line."""
    try:
        document = load_yaml(path, text, first_line=2)
    except ConfigError as error:
        return None, None, list(error.problems)
    place = document.place(("section",))
    given = document.value.get("section") if isinstance(document.value, dict) else None
    section = Named(given, place.line, place.column) if isinstance(given, str) else None
    front = validate(document, BriefFront)
    if isinstance(front, list):
        return None, section, front
    if path.name != f"{front.section}.{front.language}.md":
        what = "the file's name does not fit its section and language"
        cure = f"Rename the file to {front.section}.{front.language}.md, or correct section and language."
        return front, section, [document.problem(("section",), what, cure)]
    return front, section, []


@dataclass(slots=True)
class _Paragraph:
    """Joined lines with, for each, where it begins in the text and which line of the file it is."""

    text: str
    starts: list[tuple[int, int]]

    def place(self, offset: int) -> tuple[int, int]:
        start, line = self.starts[bisect_right(self.starts, offset, key=lambda pair: pair[0]) - 1]
        return line, offset - start + 1


class _Body:
    """One reading of a brief's text."""

    def __init__(self, name: str, language: str) -> None:
        self.problems: list[Problem] = []
        self.citations: list[Named] = []
        self._name = name
        self._language = language
        self._glue = "" if language == "ja" else " "

    def read(self, lines: list[str], begin: int) -> tuple[BriefPart, ...]:
        parts: list[BriefPart] = []
        heading: str | None = None
        for block in self._blocks(lines, begin):
            if isinstance(block, str):
                heading = block
                continue
            sentences = tuple(self._sentences(block))
            if sentences:
                parts.append(BriefPart(heading, sentences))
                heading = None
        if not parts and not self.problems:
            cure = "Write at least one sentence that ends with a fact id: … [bg-001]."
            self._refuse((begin + 1, 1), "the brief has no text", cure)
        return tuple(parts)

    def _blocks(self, lines: list[str], begin: int) -> Iterator[_Paragraph | str]:
        """Headings and paragraphs in order; an empty line ends a paragraph."""
        paragraph: _Paragraph | None = None
        for number, line in enumerate(lines[begin:], begin + 1):
            heading = _HEADING.fullmatch(line.strip())
            if heading or not line.strip():
                if paragraph:
                    yield paragraph
                paragraph = None
                if heading:
                    yield heading[1].strip()
            elif paragraph is None:
                paragraph = _Paragraph(line.rstrip(), [(0, number)])
            else:
                paragraph.starts.append((len(paragraph.text) + len(self._glue), number))
                paragraph.text += self._glue + line.strip()
        if paragraph:
            yield paragraph

    def _sentences(self, paragraph: _Paragraph) -> Iterator[BriefSentence]:
        text, ids, begin, done = "", [], 0, 0
        source = paragraph.text
        for match in _CITATION.finditer(source):
            text += source[done : match.start()]
            ids += self._ids(match, paragraph)
            done = match.end()
            closing = _AFTER.match(source, done)
            if closing or text.rstrip().endswith((".", "。")):
                text += closing[0] if closing else ""
                done = closing.end() if closing else done
                self._check_whole(text, paragraph.place(begin))
                yield BriefSentence(text.strip(), tuple(dict.fromkeys(ids)))
                text, ids, begin = "", [], done + len(source[done:]) - len(source[done:].lstrip())
        if (text + source[done:]).strip():
            what = "a sentence ends without the facts it rests on"
            self._refuse(paragraph.place(min(begin, len(source) - 1)), what, "End it with their ids, such as [bg-001].")

    def _ids(self, match: re.Match[str], paragraph: _Paragraph) -> list[str]:
        ids = []
        offset = match.start(1)
        for part in match[1].split(","):
            fact_id = part.strip()
            line, column = paragraph.place(offset + len(part) - len(part.lstrip()))
            if fact_id:
                ids.append(fact_id)
                self.citations.append(Named(fact_id, line, column))
            else:
                self._refuse((line, column), "square brackets without a fact id", "Write an id, such as [bg-001].")
            offset += len(part) + 1
        return ids

    def _check_whole(self, text: str, place: tuple[int, int]) -> None:
        """Refuse text that holds more than one sentence: those before the last have no ids of their own."""
        pieces = split_sentences(text.strip(), self._language)
        quoted = 0
        for piece in pieces[:-1]:
            plain = piece.translate(_QUOTES)
            quoted += plain.count("(") - plain.count(")")
            if quoted <= 0:
                what = f"a sentence without the facts it rests on: {_short(piece)}"
                self._refuse(place, what, "Put their ids before its full stop, such as [bg-001].")

    def _refuse(self, place: tuple[int, int], what: str, cure: str) -> None:
        self.problems.append(Problem(self._name, place[0], place[1], what, cure))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
