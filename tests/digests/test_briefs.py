"""Briefs: sentences parted by their citations, every fact id with its place, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digests.story.briefs import BriefFile, load_brief

FRONT = "---\nsection: money\nlanguage: {language}\nas_of: 2026-06-30\ntitle: Who pays\n---\n"


def brief(folder: Path, body: str, language: str = "en") -> BriefFile:
    path = folder / f"money.{language}.md"
    path.write_text(FRONT.format(language=language) + body, encoding="utf-8")
    return load_brief(path)


def sentences(file: BriefFile) -> list[tuple[str, tuple[str, ...]]]:
    assert file.brief is not None, file.problems
    return [(sentence.text, sentence.fact_ids) for part in file.brief.parts for sentence in part.sentences]


def test_front_matter_and_text_become_a_brief(tmp_path: Path) -> None:
    file = brief(tmp_path, "One thing is so [a-1]. Another is so too [a-2, b-3].\n")
    assert file.brief is not None
    assert (file.brief.section, file.brief.language, file.brief.title) == ("money", "en", "Who pays")
    assert file.brief.as_of.isoformat() == "2026-06-30"
    assert sentences(file) == [("One thing is so.", ("a-1",)), ("Another is so too.", ("a-2", "b-3"))]


def test_headings_stand_on_the_first_paragraph_below_them(tmp_path: Path) -> None:
    file = brief(tmp_path, "First [a-1].\n\n## Loans\nSecond [a-1].\n\nThird [a-1].\n\n## Grants\n\nFourth [a-1].\n")
    assert file.brief is not None
    assert [part.heading for part in file.brief.parts] == [None, "Loans", None, "Grants"]


def test_japanese_sentences_end_behind_the_bracket(tmp_path: Path) -> None:
    file = brief(tmp_path, "橋の計画は発表された[a-1]。融資は「近く」署名される[a-2]。\n", "ja")
    assert sentences(file) == [("橋の計画は発表された。", ("a-1",)), ("融資は「近く」署名される。", ("a-2",))]


def test_ukrainian_quotes_and_abbreviations_do_not_end_a_sentence(tmp_path: Path) -> None:
    file = brief(tmp_path, "До 30 млн дол. США дав фонд [a-1]. «Так. І ще раз так», — сказала вона [a-2].\n", "uk")
    assert [ids for _, ids in sentences(file)] == [("a-1",), ("a-2",)]


def test_a_citation_inside_a_sentence_belongs_to_that_sentence(tmp_path: Path) -> None:
    file = brief(tmp_path, "The paper says 2028 [a-1]; the mayor, who denies it [a-2], says 2027 [a-1].\n")
    assert sentences(file) == [("The paper says 2028; the mayor, who denies it, says 2027.", ("a-1", "a-2"))]


def test_citations_behind_the_full_stop_and_two_brackets_in_a_row_are_understood(tmp_path: Path) -> None:
    file = brief(tmp_path, "One thing is so. [a-1]\n\nAnother is [a-1] [a-2].\n")
    assert sentences(file) == [("One thing is so.", ("a-1",)), ("Another is.", ("a-1", "a-2"))]


def test_a_quotation_may_close_behind_the_bracket(tmp_path: Path) -> None:
    file = brief(tmp_path, "She said “it is late [a-1].” The paper says “so is this [a-2]”.\n")
    assert [text for text, _ in sentences(file)] == ["She said “it is late.”", "The paper says “so is this”."]


def test_a_sentence_may_run_over_several_lines(tmp_path: Path) -> None:
    file = brief(tmp_path, "One thing\nis so\n[a-1]. More\n[a-2].\n")
    assert sentences(file) == [("One thing is so.", ("a-1",)), ("More.", ("a-2",))]
    assert [(cited.id, cited.line, cited.column) for cited in file.citations] == [("a-1", 9, 2), ("a-2", 10, 2)]


def test_every_citation_knows_its_line_and_column(tmp_path: Path) -> None:
    file = brief(tmp_path, "One [a-1].\n\n## Head\nTwo [a-2,  b-3].\n")
    assert [(cited.id, cited.line, cited.column) for cited in file.citations] == [
        ("a-1", 7, 6),
        ("a-2", 10, 6),
        ("b-3", 10, 12),
    ]


@pytest.mark.parametrize(
    ("body", "line", "word"),
    [
        ("One thing is so.\n", 7, "ends without the facts"),
        ("One [a-1].\n\nTwo has none.\n", 9, "ends without the facts"),
        ("One [a-1]. Two has none.\n", 7, "ends without the facts"),
        ("This one has none. Two has one [a-1].\n", 7, "without the facts it rests on: This one has none."),
        ("One [].\n", 7, "without a fact id"),
        ("One [a-1, ].\n", 7, "without a fact id"),
        ("## Only a heading\n", 7, "has no text"),
        ("", 7, "has no text"),
    ],
)
def test_sentences_without_facts_are_refused_at_their_line(tmp_path: Path, body: str, line: int, word: str) -> None:
    file = brief(tmp_path, body)
    assert file.brief is None
    assert word in file.problems[0].what
    assert file.problems[0].line == line


def test_a_quotation_of_two_sentences_is_one_sentence(tmp_path: Path) -> None:
    file = brief(tmp_path, "“It will be late. It will be very late,” the paper says [a-1].\n")
    assert len(sentences(file)) == 1


def test_mistakes_in_the_front_matter_have_their_line(tmp_path: Path) -> None:
    path = tmp_path / "money.en.md"
    path.write_text("---\nsection: money\nlanguage: eng\nasof: 2026-06-30\ntitle: T\n---\nOne.\n", encoding="utf-8")
    found = load_brief(path).problems
    assert {(problem.line, problem.what.split(" ")[0]) for problem in found} >= {(3, "'eng'"), (4, "the")}
    # The text is checked all the same.
    assert any(problem.line == 7 for problem in found)


def test_a_file_without_front_matter_is_told_how_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "money.en.md"
    for text in ("", "One [a-1].\n", "---\nsection: money\n"):
        path.write_text(text, encoding="utf-8")
        (problem,) = load_brief(path).problems
        assert "front matter" in problem.what


def test_the_name_must_fit_the_front_matter(tmp_path: Path) -> None:
    path = tmp_path / "money.ja.md"
    path.write_text(FRONT.format(language="en") + "One [a-1].\n", encoding="utf-8")
    (problem,) = load_brief(path).problems
    assert "money.en.md" in problem.cure


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from("Ab .,[]\n#-1。「」«»“”"), max_size=80))
def test_any_text_ends_in_sentences_with_ids_or_in_problems(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    file = brief(tmp_path_factory.getbasetemp(), text)
    assert (file.brief is None) == bool(file.problems)
    for _, ids in sentences(file) if file.brief else ():
        assert ids
    for problem in file.problems:
        assert problem.line >= 7
