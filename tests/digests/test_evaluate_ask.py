from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digests.errors import ConfigError
from digests.evaluate_ask import LabelledQuestion, Outcome, as_table, evaluate, figures, load_questions
from tests.shipped import shipped_story

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
_JUDGED = (
    "questions.jsonl",
    "ask.jsonl",
    "ask_fit.jsonl",
    "ask_fit2.jsonl",
    "ask_fit3.jsonl",
    *(f"ask_held{n}.jsonl" for n in ("", 2, 3, 4, 5, 6)),
)


@pytest.fixture(scope="module")
def outcomes() -> tuple[tuple[Outcome, ...], tuple[Outcome, ...]]:
    """Of the questions that were promised to be answered, and of those that nothing was fitted on, asked in one go.
    Every second one keeps the suite fast; `kakehashi eval ask` asks them all."""
    promised = load_questions([DATA / "questions.jsonl", DATA / "ask.jsonl"])
    assert len(promised) >= 102
    asked, held = promised[::2], load_questions([DATA / "ask_held.jsonl"])[::2]
    found = asyncio.run(evaluate(shipped_story(), [*asked, *held], datetime(2026, 11, 23, tzinfo=UTC)))
    return found[: len(asked)], found[len(asked) :]


def test_the_flagship_story_reaches_the_figures_that_were_promised(
    outcomes: tuple[tuple[Outcome, ...], tuple[Outcome, ...]],
) -> None:
    overall, *by_language = figures(outcomes[0])
    assert overall.recall_at_5 is not None
    assert overall.recall_at_5 >= 0.95
    assert overall.first_right is not None
    assert overall.first_right >= 0.85
    assert overall.rightly_refused is not None
    assert overall.rightly_refused >= 0.90
    assert overall.wrongly_refused is not None
    assert overall.wrongly_refused <= 0.05
    assert {row.name for row in by_language} == {"en", "ja", "uk"}


def test_questions_that_nothing_was_fitted_on_are_found_and_mostly_answered(
    outcomes: tuple[tuple[Outcome, ...], tuple[Outcome, ...]],
) -> None:
    overall = figures(outcomes[1])[0]
    assert overall.recall_at_5 is not None
    assert overall.recall_at_5 >= 0.95
    assert overall.first_right is not None
    assert overall.first_right >= 0.85
    assert overall.rightly_refused is not None
    assert overall.rightly_refused >= 0.80
    assert overall.wrongly_refused is not None
    assert overall.wrongly_refused <= 0.10


def test_labels_name_facts_that_exist() -> None:
    known = {fact.id for fact in shipped_story().facts}
    for question in load_questions([DATA / name for name in _JUDGED]):
        assert question.fact_ids <= known, question.id
        assert question.answerable == bool(question.fact_ids), question.id


def test_translations_stand_in_one_group_and_files_do_not_mix(tmp_path: Path) -> None:
    rows = [("1", "en", "g1"), ("2", "uk", "g1"), ("3", "en", "g2"), ("4", "en", None)]
    lines = [
        json.dumps(
            {"id": id_, "lang": language, "question": "Who?", "answerable": False, "fact_ids": []}
            | ({"group": group} if group else {})
        )
        for id_, language, group in rows
    ]
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    groups = [question.group for question in load_questions([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])]
    assert groups[0] == groups[1]
    assert len(set(groups)) == 6


def outcome(*, answerable: bool, ranked: tuple[str, ...] = (), cited: tuple[str, ...] = (), refused: bool) -> Outcome:
    facts = frozenset({"a"}) if answerable else frozenset()
    return Outcome(LabelledQuestion("q", "en", "?", answerable, facts), ranked, cited, refused, 10.0)


def test_figures_count_what_they_say() -> None:
    found = figures(
        [
            outcome(answerable=True, ranked=("b", "a"), cited=("b", "a"), refused=False),
            outcome(answerable=True, ranked=("a",), cited=("a",), refused=False),
            outcome(answerable=True, ranked=("b",) * 5 + ("a",), refused=True),
            outcome(answerable=False, refused=True),
            outcome(answerable=False, cited=("b",), refused=False),
        ]
    )[0]
    assert found.recall_at_5 == pytest.approx(2 / 3)
    assert found.first_right == pytest.approx(1 / 3)
    assert found.wrongly_refused == pytest.approx(1 / 3)
    assert found.rightly_refused == pytest.approx(1 / 2)
    assert "0.667" in as_table([found])


def test_bad_lines_are_reported_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"id": "1"}\nnonsense\n' + json.dumps({"id": "2"}), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_questions([path])
    assert [problem.line for problem in caught.value.problems] == [1, 2, 3]
