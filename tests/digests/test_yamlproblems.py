"""Pydantic's errors as problems: the right place, plain words, and a cure that helps."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, field_validator

from digests.errors import Problem
from digests.fields import Duration, Flag, Id, Link, Number, PartialDate, Strictly, Text, Texts, Zone, wrong
from digests.yamlfile import load_yaml, validate
from digests.yamlproblems import closest, explain, repeated_ids, split_message


class Kind(StrEnum):
    OFFICIAL = "official"
    WIRE = "wire"
    STATE_MEDIA = "state-media"


class Entry(Strictly):
    id: Id
    kind: Kind = Kind.WIRE
    every: Duration | None = None
    url: Link | None = None
    value: Number | None = None
    enabled: Flag = True
    date: PartialDate | None = None
    zone: Zone | None = None
    name: Texts | Text | None = None
    share: Annotated[Number, Field(ge=0, le=1)] | None = None
    words: tuple[Text, ...] = ()
    which: Annotated[tuple[Text, ...], Field(min_length=1)] | Literal["all"] = "all"

    @field_validator("words")
    @classmethod
    def _no_shouting(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if any(word.isupper() for word in words):
            raise ValueError("a word shouts; write it small")
        return words


class File(Strictly):
    entries: tuple[Entry, ...] = ()
    by_name: dict[Text, Entry] = Field(default_factory=dict)


def problems(text: str) -> list[Problem]:
    found = validate(load_yaml(Path("x.yaml"), text), File)
    return found if isinstance(found, list) else []


def only(line: str) -> Problem:
    """The one problem of an entry with this line, which stands in line 3 of the file."""
    (problem,) = problems(f"entries:\n  - id: a\n    {line}\n")
    assert problem.line == 3
    return problem


def test_a_file_without_mistakes_becomes_its_model() -> None:
    found = validate(load_yaml(Path("x.yaml"), "entries:\n  - {id: a, every: 2h}\n"), File)
    assert isinstance(found, File)
    assert found.entries[0].every is not None
    assert found.entries[0].every.total_seconds() == 7200


def test_an_unknown_key_names_the_key_it_probably_is_and_points_at_the_key() -> None:
    problem = only("evry: 2h")
    assert problem.column == 5
    assert problem.what == "the key 'evry' is not known here"
    assert problem.cure == "Did you mean every?"


def test_an_unknown_key_that_looks_like_nothing_lists_what_is_allowed() -> None:
    assert "id, kind, every" in only("colour: red").cure


def test_a_mistyped_choice_names_the_closest_one() -> None:
    problem = only("kind: state_media")
    assert problem.column == 11
    assert "'state_media' is not allowed for kind" in problem.what
    assert problem.cure == "Did you mean state-media? Allowed are: official, wire, state-media."


def test_a_missing_key_points_at_its_entry_and_shows_what_to_add() -> None:
    (problem,) = problems("entries:\n  - id: a\n  - kind: wire\n")
    assert (problem.line, problem.column) == (3, 5)
    assert problem.what == "the key 'id' is missing"
    assert problem.cure.startswith("Add id:")


@pytest.mark.parametrize(
    ("line", "what", "cure"),
    [
        ("every: 30", "no unit", "30m"),
        ("every: soon", "'soon'", "30m"),
        ("every: 0m", "'0m'", "30m"),
        ("url: www.example.org", "http(s)", "https://"),
        ("url: ftp://example.org/x", "http(s)", "https://"),
        ("url: https://user:pass@example.org/", "password", "before the @"),
        ("url: https://example.org:port/", "not an address", "https://"),
        ('value: "12"', "must be a number, not text", "without quotes"),
        ("value: true", "must be a number, not true or false", "without quotes"),
        ("enabled: no", "must be true or false, not text", "Write true or false"),
        ("date: 2026", "2026 is not a date", "in quotes"),
        ('date: "2026-13"', "no day of the calendar", "2026-05"),
        ('date: "2026-02-30"', "no day of the calendar", "2026-05"),
        ("date: May 2026", "'May 2026'", "2026-05"),
        ("zone: Kyiv", "'Kyiv'", "Europe/Kyiv"),
        ("zone: Europe/Kyjiv", "not a time zone", "Europe/Kyiv"),
        ("zone: ../../etc/passwd", "not a time zone", "UTC"),
        ("name: 5", "5 is not text", '"5"'),
        ("name: {en: x, de: y}", "'de'", "en, ja, uk"),
        ("name: {ja: x}", "'en' is missing", "Add en"),
        ("share: 1.5", "1.5", "at most 1"),
        ("words: one", "must be a list, not text", "[one, two]"),
        ("words: [one, 2]", "2 is not text", '"2"'),
        ("words: [LOUD]", "a word shouts", "Write it small."),
        ("which: al", "'al' is not allowed", "Did you mean all?"),
        ("which: one", "must be a list", "[one, two]"),
        ("which: []", "empty", "at least one"),
        ("kind:", "kind has no value", "Give it one"),
    ],
)
def test_each_kind_of_mistake_says_what_is_wrong_and_what_would_be_right(line: str, what: str, cure: str) -> None:
    problem = only(line)
    assert what in problem.what
    assert cure in problem.cure


@pytest.mark.parametrize("written", ["Big Name", "-x", "über", "a" * 41])
def test_an_id_that_is_none_gets_a_better_one_proposed(written: str) -> None:
    (problem,) = problems(f"entries:\n  - id: {written}\n")
    assert "is not an id" in problem.what
    assert "small Latin letters" in problem.cure


def test_all_mistakes_come_sorted_by_place() -> None:
    found = problems(
        "entries:\n  - id: a\n    kind: wirre\n    share: 2\n  - id: B b\n"
        "by_name:\n  x: {id: y, enabled: yes}\nmore: 1\n"
    )
    assert [problem.line for problem in found] == [3, 4, 5, 7, 8]


def test_a_list_with_wrong_entries_is_not_also_called_empty() -> None:
    (problem,) = problems("entries:\n  - id: a\n    which: [5]\n")
    assert "not text" in problem.what


def test_a_file_that_is_a_list_says_how_it_must_begin() -> None:
    (problem,) = problems("- a\n- b\n")
    assert "entries: …" in problem.cure


def test_an_empty_file_is_checked_as_one_without_keys() -> None:
    assert problems("") == []


def test_a_validator_can_point_at_the_key_to_blame() -> None:
    class Pair(Strictly):
        low: int
        high: int

        def model_post_init(self, _context: object) -> None:
            if self.low > self.high:
                raise wrong("low is above high", "Swap them.", at="low")

    found = validate(load_yaml(Path("x.yaml"), "high: 1\nlow: 2\n"), Pair)
    assert isinstance(found, list)
    assert (found[0].line, found[0].column) == (2, 6)


def test_problems_of_a_part_of_a_document_keep_the_places_of_the_whole() -> None:
    from pydantic import ValidationError

    document = load_yaml(Path("x.yaml"), "platforms:\n  web:\n    id: a\n    knd: wire\n")
    with pytest.raises(ValidationError) as caught:
        Entry.model_validate(document.value["platforms"]["web"])
    (problem,) = explain(document, Entry, caught.value, below=("platforms", "web"))
    assert (problem.line, problem.column) == (4, 5)
    assert problem.cure == "Did you mean kind?"


def test_repeated_ids_name_the_line_of_the_first() -> None:
    document = load_yaml(Path("x.yaml"), "entries:\n  - id: a\n  - id: b\n  - id: a\n  - 5\n  - id: [x]\n")
    (problem,) = repeated_ids(document, "entries")
    assert problem.line == 4
    assert "line 2" in problem.what


def test_the_closest_word_ignores_case_and_hyphens() -> None:
    assert closest("State_Media", ["wire", "state-media"]) == "Did you mean state-media?"
    assert closest("zzz", ["wire"]) is None


def test_a_one_line_message_parts_into_what_and_cure() -> None:
    assert split_message("'x' is no time; write 08:00") == ("'x' is no time", "Write 08:00.")
    assert split_message("listening on 0.0.0.0 lets others in: set password") == (
        "listening on 0.0.0.0 lets others in",
        "Set password.",
    )
    assert split_message("just wrong")[0] == "just wrong"
