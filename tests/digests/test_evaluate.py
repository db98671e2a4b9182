"""The figures of ``kakehashi eval``: right counts on labels small enough to count by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from digests.errors import ConfigError
from digests.evaluate import (
    LabelledItem,
    LabelledReport,
    Scores,
    evaluate_events,
    evaluate_filing,
    read_event_labels,
    read_filing_labels,
)
from digests.events import EventIndex
from digests.filing import FilingResult
from digests.model import Filing, SourceKind

DAY = datetime(2026, 6, 1, tzinfo=UTC)


class ByTitle:
    """A filer that reads its decision from the title: ``a+b`` files into a and b, an empty title is off-topic."""

    def file(self, title: str, text: str, language: str, kind: SourceKind) -> FilingResult:
        filings = tuple(Filing(section, 1.0, ()) for section in title.split("+") if section)
        return FilingResult(filings, None if filings else "no word of this story")


def labelled(*rows: tuple[str, str, str]) -> list[LabelledItem]:
    """Items from (language, what the filer says, what is right)."""
    return [
        LabelledItem(f"i{at}", "test", language, said, "", SourceKind.WIRE, frozenset(s for s in right.split("+") if s))
        for at, (language, said, right) in enumerate(rows)
    ]


def test_scores_of_nothing_are_zero() -> None:
    empty = Scores(0, 0, 0)
    assert (empty.precision, empty.recall, empty.f1) == (0, 0, 0)


def test_filing_is_counted_by_section_and_language() -> None:
    items = labelled(
        ("en", "a", "a"), ("en", "a+b", "a"), ("ja", "", "b"), ("ja", "b", "b"), ("uk", "", ""), ("uk", "a", "")
    )
    figures = evaluate_filing(ByTitle(), [*items, replace(items[0], half="tune")], "test")  # type: ignore[arg-type]
    assert figures.items == 6
    assert figures.sections["a"] == Scores(2, 3, 2)
    assert figures.sections["b"] == Scores(1, 2, 2)
    assert figures.cells["b", "ja"] == Scores(1, 1, 2)
    assert figures.macro_f1 == pytest.approx((0.8 + 0.5) / 2)
    assert figures.off_topic == Scores(1, 2, 2)
    assert figures.languages["en"] == pytest.approx(1.0 / 2)


def test_misses_tell_what_was_lacking_and_what_was_too_much() -> None:
    figures = evaluate_filing(ByTitle(), labelled(("en", "a", "a"), ("en", "b", "a+c")), "test")  # type: ignore[arg-type]
    [miss] = figures.misses
    assert (miss.id, miss.lacking, miss.surplus) == ("i1", ("a", "c"), ("b",))


def reports(*rows: tuple[str, str, str]) -> list[LabelledReport]:
    """Reports from (event, language, text), an hour apart."""
    return [
        LabelledReport(f"r{at}", event, language, text, "", DAY + timedelta(hours=at), None)
        for at, (event, language, text) in enumerate(rows)
    ]


def no_terms(_: str) -> Iterable[str]:
    return ()


ALPHA = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi"
OTHER = "generators reached the harbour before winter with transformers and cables"


def test_events_are_counted_over_the_reports_of_one_half() -> None:
    rows = reports(
        ("e1", "en", ALPHA), ("e1", "en", ALPHA + " omicron"), ("e2", "en", OTHER), ("e3", "en", OTHER + " too")
    )
    rows[1] = replace(rows[1], duplicate_of="r0")
    figures = evaluate_events(EventIndex(), no_terms, rows, "tune")
    assert (figures.reports, figures.events) == (3, 2)
    # e1 is whole; e2 and e3 were taken for one, which costs e3 half its precision.
    assert figures.pairwise == Scores(1, 2, 1)
    assert figures.bcubed_precision == pytest.approx((1 + 1 + 0.5) / 3)
    assert figures.bcubed_recall == 1.0
    assert figures.duplicates == Scores(1, 2, 1)
    assert [miss.split(" ")[0] for miss in figures.misses] == ["r3"]


def test_a_missed_report_costs_recall() -> None:
    rows = reports(("e1", "en", ALPHA), ("e1", "en", OTHER))
    figures = evaluate_events(EventIndex(), no_terms, rows, "tune")
    assert (figures.bcubed_precision, figures.bcubed_recall) == (1.0, 0.5)
    assert figures.bcubed_f1 == pytest.approx(2 / 3)
    assert figures.crossing == Scores(0, 0, 0)


def written(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n", encoding="utf-8")
    return path


ROW = {
    "id": "f1",
    "half": "tune",
    "lang": "ja",
    "title": "T",
    "text": "X",
    "kind": "wire",
    "sections": ["a"],
    "note": "",
}


def test_labels_are_read_from_json_lines(tmp_path: Path) -> None:
    [item] = read_filing_labels(written(tmp_path / "filing.jsonl", [ROW]))
    assert item == LabelledItem("f1", "tune", "ja", "T", "X", SourceKind.WIRE, frozenset({"a"}))
    row = {
        "id": "e",
        "event": "ev-12",
        "lang": "uk",
        "title": "T",
        "text": "X",
        "published": "2026-06-01T08:00:00+00:00",
    }
    [report] = read_event_labels(written(tmp_path / "events.jsonl", [{**row, "duplicate_of": None}]))
    assert (report.half, report.published_at.hour, report.duplicate_of) == ("test", 8, None)


def test_every_unusable_line_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "filing.jsonl", [ROW, {**ROW, "half": "train"}, {"id": "f3"}])
    with path.open("a", encoding="utf-8") as file:
        file.write("not json\n")
    with pytest.raises(ConfigError) as caught:
        read_filing_labels(path)
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4]


def test_a_missing_file_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_event_labels(tmp_path / "none.jsonl")
