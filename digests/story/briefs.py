"""Briefs: Markdown with front matter, each sentence ending with the ids of the facts it rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from digests.errors import ConfigError, Problem
from digests.model import Brief, BriefPart, BriefSentence
from digests.sentences import split_sentences
from digests.story.files import BriefFront
from digests.yamlfile import load_yaml, read_text, validate

_CITATION = re.compile(r"[ \t]*\[([^\[\]]*)\]")
_AFTER = re.compile(r"[.!?…。！？]+[\"'”’»)」』）]*|\Z")
_HEADING = re.compile(r"#{2,3}\s+(\S.*)")
_QUOTES = str.maketrans({"“": "(", "«": "(", "„": "(", "”": ")", "»": ")"})


@dataclass(frozen=True, slots=True)
class CitedAt:
    """A fact id as cited in a brief: where to point when it does not exist."""

    fact_id: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class BriefFile:
    """A brief as read, with the places that cross checks need."""

    name: str
    brief: Brief
    citations: tuple[CitedAt, ...]
    section_line: int


def load_brief(path: Path) -> BriefFile:
    """Read one brief. Raises :class:`ConfigError` with everything that is wrong with it."""
    name = str(path)
    lines = read_text(path, name=name).splitlines()
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), 0)
    if not lines or lines[0].rstrip() != "---" or not end:
        what = "the brief does not begin with its front matter"
        cure = "Begin with a line ---, then section, language, as_of and title, then another line ---."
        raise ConfigError([Problem(name, 1, 1, what, cure)])
    document = load_yaml(path, "\n".join(lines[1:end]), name=name, first_line=2)
    front = validate(document, BriefFront)
    body = _Body(name, _language_of(path))
    parts = body.read(lines, end + 1)
    problems = [*(front if isinstance(front, list) else []), *body.problems]
    if isinstance(front, BriefFront) and path.name != f"{front.section}.{front.language}.md":
        cure = f"Rename the file to {front.section}.{front.language}.md, or mend section and language."
        what = "the file's name does not fit its section and language"
        problems.append(document.problem(("section",), what, cure))
    if problems or isinstance(front, list):
        raise ConfigError(problems)
    brief = Brief(front.section, front.language, front.title, front.as_of, parts)
    return BriefFile(name, brief, tuple(body.citations), document.place(("section",)).line)


def _language_of(path: Path) -> str:
    return path.name.removesuffix(".md").rpartition(".")[2]


@dataclass(slots=True)
class _Paragraph:
    """Joined lines with, for each, where it begins in the text and which line of the file it is."""

    text: str
    starts: list[tuple[int, int]]

    def place(self, offset: int) -> tuple[int, int]:
        start, line = next(pair for pair in reversed(self.starts) if pair[0] <= offset)
        return line, offset - start + 1


class _Body:
    """One reading of a brief's text."""

    def __init__(self, name: str, language: str) -> None:
        self.problems: list[Problem] = []
        self.citations: list[CitedAt] = []
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
                self.citations.append(CitedAt(fact_id, line, column))
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
