"""What ``kakehashi eval search`` measures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from digests import evaluate_search
from digests.errors import ConfigError
from digests.evaluate_search import as_table, evaluate_set, load_set, ndcg

SETS = Path(__file__).parents[1] / "data" / "search"
PAGES = (
    ("ferry", "How the ferry runs", "The ferry leaves at eight. Tickets are sold on board."),
    ("school", "Schools in winter", "Each school is heated by wood. Pupils bring it along."),
    ("harbour", "Ships at the quay", "Ships lie at the quay for a night. The harbour master takes the fee."),
)


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_the_gain_falls_with_the_place() -> None:
    ranked = [f"p{number}" for number in range(12)]
    assert ndcg(ranked, "p0") == 1
    assert ndcg(ranked, "p1") == pytest.approx(0.6309, abs=1e-4)
    assert ndcg(ranked, "p9") == pytest.approx(0.2891, abs=1e-4)
    assert ndcg(ranked, "p10") == 0
    assert ndcg([], "p0") == 0


async def test_every_engine_answers_every_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_search, "has_semantic", lambda: False)
    rows = [{"id": id_, "title": title, "summary": "zeppelin", "text": text} for id_, title, text in PAGES]
    titles, summaries = await evaluate_set(load_set(write(tmp_path / "tiny.en.jsonl", rows)))

    assert (titles.name, titles.language, titles.kind, titles.pages, titles.questions) == ("tiny", "en", "title", 3, 3)
    assert titles.ours == 1  # "Schools" finds "school"
    assert titles.fts5 == pytest.approx(2 / 3)  # without stems it does not
    assert (summaries.ours, summaries.fts5) == (0, 0)
    assert (titles.sudachi, titles.semantic) == (None, None)
    assert "tiny" in as_table([titles, summaries])


def test_a_line_that_is_no_page_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"tiny\.en\.jsonl:1"):
        load_set(write(tmp_path / "tiny.en.jsonl", [{"id": "a"}]))


@pytest.mark.parametrize("language", ["en", "ja", "uk"])
def test_the_sets_are_there_and_hold_no_question_in_its_own_page(language: str) -> None:
    found = load_set(SETS / f"gnome-help.{language}.jsonl")
    assert len(found.pages) > 90
    assert len({page.id for page in found.pages}) == len(found.pages)
    assert all(page.questions.get("summary", "zeppelin") not in page.text for page in found.pages)
