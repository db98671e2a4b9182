"""Exports for spreadsheets, programs and pages."""

from __future__ import annotations

import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st

from bot.present.export import FACT_FIELDS, render

ROW = {
    "id": "bg-001",
    "date": "2024-07-11",
    "date_precision": "day",
    "date_inferred": False,
    "published": None,
    "section": "background",
    "status": "announced",
    "grade": "official",
    "claim": "NATO unveiled NSATU.",
    "actors": ["NATO", "NSATU"],
    "publisher": "SHAPE",
    "url": "https://shape.nato.int/a",
    "superseded_by": [],
    "disputed_by": [],
}


def test_csv_has_a_header_and_joins_lists() -> None:
    (row,) = csv.DictReader(io.StringIO(render([ROW], FACT_FIELDS, "csv")))
    assert row["actors"] == "NATO|NSATU"
    assert row["claim"] == "NATO unveiled NSATU."


def test_json_keeps_lists() -> None:
    assert json.loads(render([ROW], FACT_FIELDS, "json")) == [ROW]


def test_markdown_links_the_source() -> None:
    text = render([ROW], FACT_FIELDS, "markdown")
    assert text == "- **2024-07-11** NATO unveiled NSATU. ([SHAPE](<https://shape.nato.int/a>))\n"


@given(claim=st.text(max_size=80))
def test_no_cell_begins_like_a_formula(claim: str) -> None:
    text = render([ROW | {"claim": claim}], FACT_FIELDS, "csv")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert not row["claim"].startswith(("=", "+", "-", "@", "\t", "\r"))


@given(claim=st.text(max_size=80))
def test_no_text_becomes_markdown(claim: str) -> None:
    line = render([ROW | {"claim": claim}], FACT_FIELDS, "markdown")
    assert line.count("\n") == 1
    said = line.removeprefix("- **2024-07-11** ").rsplit(" ([SHAPE]", 1)[0]
    plain = said
    for char in r"\`*_{}[]()<>#|!~":
        plain = plain.replace(f"\\{char}", "")
    assert not any(char in plain for char in "`*_[]<>#|~")
