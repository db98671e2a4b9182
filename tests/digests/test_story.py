"""Story folders: what loads, and every mistake across files told at its place in one run."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from digests.errors import ConfigError, NotFound, Problem
from digests.model import Grade, SourceKind, Status
from digests.story import Story, load_story

TINY = Path(__file__).parents[1] / "data" / "stories" / "tiny"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the tiny story that a test may spoil."""
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


def change(file: Path, old: str, new: str, count: int = 1) -> int:
    """Replace text; returns the line that the change begins on."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, count), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def problems(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load_story(folder)
    return caught.value.problems


def only(folder: Path) -> Problem:
    (problem,) = problems(folder)
    return problem


@pytest.fixture(scope="module")
def tiny() -> Story:
    return load_story(TINY)


# --- what loads --------------------------------------------------------------------------------------------


def test_a_story_has_its_sections_in_order(tiny: Story) -> None:
    assert [section.id for section in tiny.sections] == ["overview", "building", "money"]
    assert tiny.section("money").name.get("uk") == "Гроші"
    assert tiny.name.get("de") == "The river bridge"
    assert tiny.languages == ("en", "ja", "uk")


def test_sources_have_their_kind_interval_and_reason(tiny: Story) -> None:
    hall, courier = tiny.sources
    assert (hall.kind, hall.every, hall.enabled) == (SourceKind.OFFICIAL, timedelta(minutes=30), True)
    assert (courier.enabled, courier.reason) == (False, "The feed has been empty since March.")
    assert tiny.source("town-hall") is hall


def test_facts_keep_what_their_source_says(tiny: Story) -> None:
    by_id = {fact.id: fact for fact in tiny.facts}
    fact = by_id["mo-002"]
    assert (fact.date, fact.status, fact.grade) == ("2025-12-20", Status.AGREED, Grade.OFFICIAL)
    assert (fact.figures[0].value, fact.figures[0].currency) == (32.5, "USD")
    assert by_id["bu-002"].date == "2025-09"
    assert by_id["bu-003"].first_day == date(2026, 1, 1)
    assert by_id["mo-001"].superseded_by == ("mo-002",)


def test_glossary_terms_keep_their_names_and_guards(tiny: Story) -> None:
    term = next(term for term in tiny.glossary if term.id == "bridge-authority")
    assert term.abbr == "RBA"
    assert term.names["ja"] == ("河川橋梁公社", "橋梁公社")
    assert "橋" in term.needs_any


def test_series_keep_their_points_and_facts(tiny: Story) -> None:
    (series,) = tiny.series
    assert series.points[1] == {"x": "2025-12", "value": 32.5}
    assert series.source.from_facts == ("mo-001", "mo-002")


def test_filing_rules_come_from_story_yaml(tiny: Story) -> None:
    assert tiny.filing.sections["building"].needs == (("bridge",),)
    assert tiny.filing.sections["building"].rules[0].within == "sentence"
    assert tiny.filing.lists["payment"].terms == ("bridge-fund",)
    assert tiny.filing.off_topic[0].reason == "sport"
    assert tiny.filing.threshold == 0.5


def test_every_section_has_its_brief_in_every_language(tiny: Story) -> None:
    assert len(tiny.briefs) == 9
    assert tiny.brief("money", "ja").title == "誰が払うのか"
    assert tiny.brief("money", "fr").language == "en"


def test_names_that_do_not_exist_are_told_with_those_that_do(tiny: Story) -> None:
    with pytest.raises(NotFound, match="overview, building, money"):
        tiny.section("nowhere")
    with pytest.raises(NotFound, match="nobody"):
        tiny.source("nobody")


def test_glossary_facts_and_series_may_be_missing(folder: Path) -> None:
    for name in ("glossary.yaml", "series.yaml"):
        (folder / name).unlink()
    change(folder / "story.yaml", "      terms: [bridge-fund]\n", "")
    change(folder / "story.yaml", ", [bridge-fund]]", "]")
    change(folder / "story.yaml", "        - {all: [bridge-authority], weight: 0.5}\n", "")
    story = load_story(folder)
    assert (story.glossary, story.series) == ((), ())


def test_a_story_in_english_alone_needs_no_other_texts(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    (folder / "briefs").mkdir(parents=True)
    texts = "{en: Small}"
    (folder / "story.yaml").write_text(
        f"id: small\nname: {texts}\ndescription: {texts}\nlanguages: [en]\n"
        f"sections:\n  - {{id: overview, name: {texts}, short: {texts}, description: {texts}}}\n"
    )
    (folder / "sources.yaml").write_text("sources: []\n")
    (folder / "facts.yaml").write_text(
        "facts:\n  - {id: a-1, date: '2026', section: overview, status: stated, claim: {en: So.}, grade: press,\n"
        "     source: {title: T, publisher: P, url: 'https://p.example/', kind: wire}}\n"
    )
    (folder / "briefs" / "overview.en.md").write_text(
        "---\nsection: overview\nlanguage: en\nas_of: 2026-06-30\ntitle: T\n---\nSo it is [a-1].\n"
    )
    assert load_story(folder).languages == ("en",)


def test_documents_of_the_folder_are_a_source(folder: Path) -> None:
    (folder / "documents").mkdir()
    change(
        folder / "sources.yaml",
        "type: feed\n    url: https://townhall.example/feed.xml",
        "type: documents\n    path: documents",
    )
    assert load_story(folder).sources[0].path == folder / "documents"


# --- what is refused ---------------------------------------------------------------------------------------


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "no such story folder" in only(tmp_path / "none").what


def test_files_that_must_be_there_are_missed_by_name(folder: Path) -> None:
    (folder / "sources.yaml").unlink()
    problem = only(folder)
    assert problem.file.endswith("sources.yaml")
    assert "missing" in problem.what


@pytest.mark.parametrize(
    ("file", "old", "new", "what", "cure"),
    [
        ("story.yaml", "id: tiny", "id: tinny", "not the folder's name", "tiny"),
        ("story.yaml", "id: money", "id: building", "a second time", "of its own"),
        ("story.yaml", "reason: sport, any: [sport]", "reason: sport, any: [sports]", "'sports'", "under lists"),
        ("story.yaml", "terms: [bridge-fund]", "terms: [bridge-found]", "'bridge-found'", "glossary.yaml"),
        (
            "story.yaml",
            "all: [bridge, payment], weight: 0.6",
            "all: [bridge, payment], weight: 6",
            "weight is 6",
            "at most 1",
        ),
        ("story.yaml", "within: title", "within: titel", "'titel'", "Did you mean title?"),
        ("sources.yaml", "url: https://courier.example/rss", "url: courier.example", "http(s)", "https://"),
        ("sources.yaml", "    url: https://courier.example/rss\n", "", "no url", "Add url"),
        (
            "sources.yaml",
            "url: https://courier.example/rss",
            "url: https://townhall.example/feed.xml",
            "same address",
            "Keep one",
        ),
        ("sources.yaml", "    reason: The feed has been empty since March.\n", "", "without a reason", "Add reason"),
        ("sources.yaml", "every: 30m", "every: 30s", "too often", "5m"),
        ("sources.yaml", "kind: local", "kind: locale", "'locale'", "Did you mean local?"),
        ("sources.yaml", "id: river-courier", "id: town-hall", "a second time", "of its own"),
        ("sources.yaml", "language: uk", "language: ukr", "language code", "uk"),
        ("glossary.yaml", "id: ferry", "id: south-town", "a second time", "of its own"),
        ("facts.yaml", "section: money", "section: mony", "no section 'mony'", "Did you mean money?"),
        ("facts.yaml", "status: under-way", "status: underway", "'underway'", "Did you mean under-way?"),
        ("facts.yaml", "grade: relay", "grade: recalled", "'recalled'", "relay"),
        ("facts.yaml", "superseded_by: [mo-002]", "superseded_by: [mo-003]", "no fact 'mo-003'", "Did you mean mo-00"),
        ("facts.yaml", "disputed_by: [bu-003]", "disputed_by: [bu-004]", "names itself", "other"),
        ("facts.yaml", "id: bu-002", "id: bu-001", "a second time", "of its own"),
        ("facts.yaml", "value: 420", 'value: "420"', "must be a number", "without quotes"),
        ("facts.yaml", "currency: USD", "currency: dollars", "'dollars'", "[A-Z]"),
        ("facts.yaml", 'date: "2025-03-14"', "date: 14.3.2025", "'14.3.2025'", "2026-05-29"),
        ("facts.yaml", "      ja: 2025年9月、北側の橋脚の工事が始まった。\n", "", "missing in 'ja'", "Add ja"),
        ("facts.yaml", "      url: https://courier.example/fund\n", "", "'url' is missing", "Add url"),
        ("series.yaml", "fact_ids: [mo-001, mo-002]", "fact_ids: [mo-001, zz-9]", "no fact 'zz-9'", ""),
        ("questions.yaml", "facts: [mo-002]", "facts: [mo-003]", "no fact 'mo-003'", "Did you mean mo-00"),
        ("questions.yaml", "facts: [mo-002]", "facts: []", "", ""),
        (
            "series.yaml",
            "from_facts: [mo-001, mo-002]",
            "title: Only a title",
            "where its numbers come from",
            "publisher",
        ),
        ("series.yaml", "chart: step", "chart: pie", "'pie'", "bar"),
        ("series.yaml", 'x: "2025-12", value: 32.5', 'x: "2025-12", value: many', "without a number", "12.5"),
        ("briefs/money.en.md", "mo-002", "mo-020", "no fact 'mo-020'", "Did you mean mo-002?"),
        ("briefs/money.en.md", " [mo-001, mo-002]", "", "without the facts", "ids"),
    ],
)
def test_one_mistake_is_one_problem_in_its_line(
    folder: Path, file: str, old: str, new: str, what: str, cure: str
) -> None:
    line = change(folder / file, old, new)
    found = problems(folder)
    problem = next((problem for problem in found if what in problem.what), None)
    assert problem is not None, found
    assert problem.file == str(folder / file)
    # A missing key is told at its entry, a few lines up.
    assert line - 12 <= problem.line <= line + 1
    assert cure in problem.cure


def test_a_brief_that_is_missing_in_one_language_is_named(folder: Path) -> None:
    (folder / "briefs" / "money.ja.md").unlink()
    problem = only(folder)
    assert problem.file.endswith("story.yaml")
    assert "briefs/money.ja.md" in problem.cure


@pytest.mark.parametrize("path", ["../outside", "/etc", ".", "documents/../.."])
def test_documents_outside_the_story_folder_are_refused(folder: Path, path: str) -> None:
    (folder.parent / "outside").mkdir()
    change(
        folder / "sources.yaml",
        "type: feed\n    url: https://townhall.example/feed.xml",
        f"type: documents\n    path: {path}",
    )
    assert "out of the story folder" in only(folder).what


def test_a_link_that_leads_out_of_the_story_folder_is_refused(folder: Path) -> None:
    (folder.parent / "outside").mkdir()
    (folder / "documents").symlink_to(folder.parent / "outside")
    change(
        folder / "sources.yaml",
        "type: feed\n    url: https://townhall.example/feed.xml",
        "type: documents\n    path: documents",
    )
    assert "out of the story folder" in only(folder).what


def test_a_private_source_may_be_read_often(folder: Path) -> None:
    change(folder / "sources.yaml", "every: 30m", "every: 2s\n    allow_private: true")
    assert load_story(folder).sources[0].every == timedelta(seconds=2)


def test_all_mistakes_of_all_files_come_in_one_run_sorted_by_file_and_line(folder: Path) -> None:
    change(folder / "story.yaml", "languages: [en, ja, uk]", "languages: [en, ja, ua]")
    change(folder / "sources.yaml", "kind: local", "kind: locale")
    change(folder / "sources.yaml", "    reason: The feed has been empty since March.\n", "")
    change(folder / "glossary.yaml", "category: place", "catgory: place")
    change(folder / "facts.yaml", "status: denied", "status: refused")
    change(folder / "facts.yaml", "superseded_by: [mo-002]", "superseded_by: [mo-777]")
    change(folder / "series.yaml", "chart: step", "chart: stepp")
    change(folder / "briefs" / "money.uk.md", "mo-001", "mo-901")
    change(folder / "briefs" / "building.en.md", "as_of: 2026-06-30", "as_of: June")
    found = problems(folder)
    files = {Path(problem.file).name for problem in found}
    assert files == {
        "story.yaml", "sources.yaml", "glossary.yaml", "facts.yaml", "series.yaml", "money.uk.md", "building.en.md"
    }  # fmt: skip
    assert len([problem for problem in found if problem.file.endswith("sources.yaml")]) == 2
    assert len([problem for problem in found if problem.file.endswith("facts.yaml")]) == 2
    assert list(found) == sorted(found, key=lambda p: (p.file, p.line, p.column))


def test_a_file_that_is_no_yaml_hides_no_mistakes_of_the_others(folder: Path) -> None:
    (folder / "facts.yaml").write_text("facts: [", encoding="utf-8")
    change(folder / "sources.yaml", "kind: local", "kind: locale")
    found = problems(folder)
    assert [Path(problem.file).name for problem in found] == ["facts.yaml", "sources.yaml"]
