"""`kakehashi check`: everything that is wrong or doubtful, in one run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.check import check_all

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "data" / "stories" / "tiny"
BOT = """\
story: tiny
digests:
  - {id: all, name: {en: All}, destinations: ["web:digest"], schedule: hourly}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(TINY, tmp_path / "stories" / "tiny")
    (tmp_path / "bot.yaml").write_text(BOT)
    return tmp_path


def test_the_shipped_configuration_has_neither_mistakes_nor_doubts() -> None:
    report = check_all(ROOT / "config")
    assert [str(problem) for problem in report.problems] == []
    assert report.warnings == ()
    assert report.counts["section"] == 7
    assert report.counts["brief"] == 21


def test_a_good_folder_says_what_there_is(folder: Path) -> None:
    report = check_all(folder)
    assert not report.problems
    assert not report.warnings
    assert report.lines() == [
        "ok: 3 sections, 2 sources, 6 facts, 6 glossary terms, 1 series, 9 briefs, 1 digest",
    ]


def test_mistakes_are_listed_and_counted(folder: Path) -> None:
    (folder / "bot.yaml").write_text(BOT.replace("hourly", "never").replace("web:", "wob:"))
    (folder / "stories" / "tiny" / "glossary.yaml").write_text("terms: [")
    lines = check_all(folder).lines()
    assert len(lines) == 4
    assert lines[0].startswith(f"{folder / 'bot.yaml'}:3:")
    assert lines[-1] == "3 mistakes in 2 files"


def test_one_mistake_is_singular(folder: Path) -> None:
    (folder / "bot.yaml").write_text("story: nowhere\n")
    assert check_all(folder).lines()[-1] == "1 mistake in 1 file"


def test_a_story_without_enabled_sources_is_doubtful(folder: Path) -> None:
    sources = folder / "stories" / "tiny" / "sources.yaml"
    sources.write_text(sources.read_text().replace("every: 30m", "enabled: false\n    reason: test"))
    (warning,) = check_all(folder).warnings
    assert "every source is disabled" in warning


def test_a_section_that_nothing_is_filed_into_or_posted_from_is_doubtful(folder: Path) -> None:
    story = folder / "stories" / "tiny" / "story.yaml"
    story.write_text(
        story.read_text()
        .replace("        - {all: [bridge, payment], weight: 0.6}\n", "")
        .replace("      needs: [[bridge], [bridge-fund]]\n      rules:\n", "      needs: [[bridge], [bridge-fund]]\n")
    )
    (folder / "bot.yaml").write_text(BOT.replace("schedule", "sections: [building], schedule"))
    warnings = check_all(folder).warnings
    assert len(warnings) == 2
    assert "into the section money" in warnings[0]
    assert "no digest posts the section money" in warnings[1]


def test_a_digest_in_a_language_that_the_story_lacks_is_doubtful(folder: Path) -> None:
    story = folder / "stories" / "tiny" / "story.yaml"
    story.write_text(story.read_text().replace("languages: [en, ja, uk]", "languages: [en, ja]"))
    (folder / "bot.yaml").write_text(BOT + "language: uk\n")
    (warning,) = check_all(folder).warnings
    assert "'uk'" in warning


def test_no_digest_and_a_destination_on_a_platform_that_is_off_are_doubtful(folder: Path) -> None:
    (folder / "bot.yaml").write_text("story: tiny\n")
    assert any("no digest" in warning for warning in check_all(folder).warnings)
    (folder / "bot.yaml").write_text(BOT + "platforms: {web: {enabled: false}}\n")
    assert any("platforms.web is not enabled" in warning for warning in check_all(folder).warnings)
