"""Exports for spreadsheets, programs and pages."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.present.export import FACT_FIELDS, for_members, render, timeline_text
from digests.model import Fact, FactSource, Grade, Localized, SourceKind, Status

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
FACT = Fact(
    id="bg-001",
    date="2024-07-11",
    section="background",
    status=Status.ANNOUNCED,
    claim=Localized({"en": "NATO unveiled NSATU."}),
    actors=("NATO", "NSATU"),
    figures=(),
    source=FactSource("NSATU", "SHAPE", "https://shape.nato.int/a", SourceKind.OFFICIAL),
    grade=Grade.OFFICIAL,
)


def test_csv_has_a_header_and_joins_lists() -> None:
    (row,) = csv.DictReader(io.StringIO(render([ROW], FACT_FIELDS, "csv")))
    assert row["actors"] == "NATO|NSATU"
    assert row["claim"] == "NATO unveiled NSATU."


def test_json_keeps_lists() -> None:
    assert json.loads(render([ROW], FACT_FIELDS, "json")) == [ROW]


def test_markdown_links_the_source() -> None:
    text = render([ROW], FACT_FIELDS, "markdown")
    assert text == "- **2024-07-11** NATO unveiled NSATU. ([SHAPE](<https://shape.nato.int/a>))\n"


STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets take for the beginning of a formula; the wide ones where Japanese is typed."""
HIDDEN = "\u202a\u202e\u2066\u2069\x00\x1b\x7f"
formulas = st.tuples(st.text(HIDDEN, max_size=2), st.sampled_from(STARTS), st.text(max_size=20)).map("".join)


@given(claim=st.text(max_size=80) | formulas, actor=formulas)
def test_no_cell_begins_like_a_formula(claim: str, actor: str) -> None:
    text = render([ROW | {"claim": claim, "actors": [actor, "NSATU"]}], FACT_FIELDS, "csv")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert not any(cell.startswith(STARTS) for cell in row.values())
    assert not any(sign in cell for cell in row.values() for sign in HIDDEN)


@given(claim=st.text(max_size=80) | st.text(f"{HIDDEN}\n\r\u2028ab ", max_size=20))
def test_each_form_holds_the_words(claim: str) -> None:
    facts = [FACT, replace(FACT, id="bg-002", claim=Localized({"en": claim}))]
    (row,) = [one for one in json.loads(timeline_text(facts, "json", "uk")) if one["id"] == "bg-002"]
    assert row["claim"] == claim
    for form, mark in (("csv", b"\xef\xbb\xbfid,"), ("json", b"["), ("markdown", b"- **")):
        assert for_members(timeline_text(facts, form, "en"), form).startswith(mark)
    assert len(timeline_text(facts, "markdown", "en").splitlines()) == 2
    (_, wanted) = csv.DictReader(io.StringIO(timeline_text(facts, "csv", "en"), newline=""))
    plain = "".join(sign for sign in claim if sign.isprintable() and sign != "'")
    assert "".join(sign for sign in wanted["claim"] if sign.isprintable() and sign != "'") == plain


@given(claim=st.text(max_size=80))
def test_no_text_becomes_markdown(claim: str) -> None:
    line = render([ROW | {"claim": claim}], FACT_FIELDS, "markdown")
    assert line.count("\n") == 1
    said = line.removeprefix("- **2024-07-11** ").rsplit(" ([SHAPE]", 1)[0]
    plain = said
    for char in r"\`*_{}[]()<>#|!~":
        plain = plain.replace(f"\\{char}", "")
    assert not any(char in plain for char in "`*_[]<>#|~")
