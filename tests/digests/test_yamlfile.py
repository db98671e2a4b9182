"""Reading YAML: which values come out, what is refused, and that each refusal names its place."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from digests import yamlfile
from digests.errors import ConfigError, Problem
from digests.yamlfile import MAX_BYTES, MAX_DEPTH, Document, Place, load_yaml, read_text, scalar

TINY = Path(__file__).parents[1] / "data" / "stories" / "tiny"


def load(text: str) -> Document:
    return load_yaml(Path("x.yaml"), text)


def refused(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load(text)
    return caught.value.problems


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("08:00", "08:00"),
        ("12:30:45", "12:30:45"),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("2026-06-30", "2026-06-30"),
        ("2026-06-30 08:00:00", "2026-06-30 08:00:00"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("=", "="),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("42", 42),
        ("-7", -7),
        ("010", 10),
        ("0o10", 8),
        ("0xFF", 255),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("1.2.3", "1.2.3"),
        ("+", "+"),
        ("-", "-"),
        (".", "."),
        ("自衛隊", "自衛隊"),
    ],
)
def test_plain_values_follow_the_core_schema_of_yaml_1_2(written: str, value: object) -> None:
    assert scalar(written) == value
    assert type(scalar(written)) is type(value)


def test_quoted_and_block_values_are_always_text() -> None:
    document = load("a: '42'\nb: \"true\"\nc: |\n  7\nd: >-\n  no\n  yes\n")
    assert document.value == {"a": "42", "b": "true", "c": "7\n", "d": "no yes"}


def test_keys_are_text_even_when_they_look_like_something_else() -> None:
    assert load("on: 1\n2022: 2\nnull: 3\n").value == {"on": 1, "2022": 2, "null": 3}


def test_an_empty_file_has_no_value() -> None:
    assert load("").value is None
    assert load("# nothing here\n").value is None


def test_places_of_values_and_keys_count_from_one() -> None:
    document = load("# comment\nfacts:\n  - id: a\n    claim: {en: x, ja: 日本, uk: y}\n  - id: b\n")
    assert document.place(("facts", 0, "id")) == Place(3, 9)
    assert document.place(("facts", 0, "claim", "uk")) == Place(4, 32)
    assert document.place(("facts", 1, "id"), key=True) == Place(5, 5)
    assert document.place(("facts", 1)) == Place(5, 5)


def test_a_place_beyond_the_document_is_its_last_known_part() -> None:
    document = load("a:\n  b: 1\n")
    assert document.place(("a", "c", "d")) == Place(2, 3)
    assert not document.has(("a", "c"))
    assert document.has(("a", "b"))


def test_places_can_be_moved_to_where_a_text_begins_in_its_file() -> None:
    document = load_yaml(Path("x.md"), "a: 1\nb: 2", first_line=10)
    assert document.place(("b",)).line == 11


def test_a_key_that_stands_twice_is_refused_with_both_places() -> None:
    (problem,) = refused("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
    assert (problem.line, problem.column) == (5, 3)
    assert "'c'" in problem.what
    assert "line 3" in problem.what


def test_every_refusal_of_one_file_comes_in_one_run() -> None:
    problems = refused("a: 1\na: 2\nb: !secret x\nc: {d: 1, d: 2}\n? [e]\n: f\n")
    assert [problem.line for problem in problems] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("text", "tag"),
    [("a: !!python/object/apply:os.system [ls]", "!!python/object"), ("a: !!int 5", "!!int"), ("a: !x y", "!x")],
)
def test_tags_are_refused(text: str, tag: str) -> None:
    (problem,) = refused(text)
    assert tag in problem.what
    assert (problem.line, problem.column) == (1, 4)


def test_merge_keys_are_refused() -> None:
    problems = refused("a: &a {x: 1}\nb:\n  <<: *a\n")
    assert problems[0].line == 3
    assert "merge" in problems[0].what


def test_aliases_stand_for_their_values() -> None:
    assert load("a: &x [1, 2]\nb: *x\n").value == {"a": [1, 2], "b": [1, 2]}


def test_an_alias_bomb_is_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    began = time.process_time()
    problems = refused("\n".join(lines))
    assert "expands" in problems[-1].what
    assert time.process_time() - began < 2


def test_an_alias_that_contains_itself_is_refused() -> None:
    (problem,) = refused("a: &a [1, *a]\n")
    assert "itself" in problem.what


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_nesting_without_end_is_refused(opening: str) -> None:
    (problem,) = refused(opening * 50_000)
    assert str(MAX_DEPTH) in problem.what


def test_a_document_as_deep_as_allowed_is_read() -> None:
    assert load("[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)).value is not None


def test_a_number_of_thousands_of_digits_stays_text() -> None:
    assert load("a: " + "9" * 10_000).value == {"a": "9" * 10_000}


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("a: b: c", (1, 5), "second ': '"),
        ("a:\n\t- b\n", (2, 1), "tab"),
        ("a:\n  b: 1\n\tc: 2\n", (3, 1), "tab"),
        ("a: *nobody", (1, 4), "anchor"),
        ('a: 1\nb: "open\nc: 2\n', (2, 4), "not closed"),
        ("a: [1, 2\nb: 3", (1, 4), "'['"),
        ("a: {b: 1", (1, 4), "'{'"),
        ("a: 'it's'", (1, 8), "breaks off"),
        ("a: @x", (1, 4), "'@'"),
        ("a: `x`", (1, 4), "'`'"),
        ('a: "x\\q"', (1, 6), "backslash"),
        ("a: ['x' y]", (1, 9), "comma"),
        ("- a\nb: c", (2, 1), "list"),
        ("a: 1\n---\nb: 2", (2, 1), "second document"),
        ("a: - b", (1, 4), "list item"),
    ],
)
def test_broken_yaml_is_told_in_plain_words_at_its_place(text: str, place: tuple[int, int], word: str) -> None:
    (problem,) = refused(text)
    assert (problem.line, problem.column) == place
    assert word in problem.what
    assert problem.cure


def test_invisible_characters_are_named(tmp_path: Path) -> None:
    (problem,) = refused("a: 1\nb: x\x07y\n")
    assert (problem.line, problem.column) == (2, 5)
    assert "U+0007" in problem.what


def test_a_file_that_is_not_utf8_is_told_with_the_place_of_the_byte(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes("a: 1\nb: Київ ".encode() + b"\xe9\n")
    with pytest.raises(ConfigError) as caught:
        read_text(file)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (2, 9)
    assert "0xe9" in problem.what
    assert "UTF-8" in problem.cure


def test_utf16_is_told_as_such_and_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a: 1\n", encoding="utf-16")
    with pytest.raises(ConfigError, match="UTF-16"):
        load_yaml(file)
    file.write_text("a: 1\n", encoding="utf-8-sig")
    assert load_yaml(file).value == {"a": 1}


def test_windows_line_ends_do_not_shift_places(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"a: 1\r\nb: 2\r\nb: 3\r\n")
    with pytest.raises(ConfigError) as caught:
        load_yaml(file)
    assert caught.value.problems[0].line == 3


def test_missing_unreadable_and_too_large_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="missing"):
        load_yaml(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_yaml(tmp_path)
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="larger"):
        load_yaml(large)


def test_without_libyaml_values_places_and_refusals_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    spec = importlib.util.spec_from_file_location("yamlfile_without_libyaml", yamlfile.__file__)
    assert spec is not None
    assert spec.loader is not None
    slow = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, slow)
    spec.loader.exec_module(slow)
    facts = TINY / "facts.yaml"
    assert slow.load_yaml(facts).value == load_yaml(facts).value
    path = ("facts", 3, "claim", "uk")
    assert str(slow.load_yaml(facts).place(path)) == str(load_yaml(facts).place(path))
    for text in ("a: 1\na: 2\n", "a: !!int 5", "[" * 1000, "a: &a [*a]", "a: [1\nb: 2", "a:\n\t- b"):
        with pytest.raises(ConfigError) as caught:
            slow.load_yaml(Path("x.yaml"), text)
        assert caught.value.problems[0].line == refused(text)[0].line


_texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xD7FF, exclude_categories=("Cc", "Cs")), max_size=20)
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | _texts
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(_values)
def test_json_reads_as_the_same_values(value: object) -> None:
    # YAML 1.2 is a superset of JSON.
    assert load(json.dumps(value, ensure_ascii=False)).value == value


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-[]{}#&*!|>'\"%@` \n\t,?~0.1\\"), max_size=60))
def test_no_text_whatever_ends_in_anything_but_values_or_problems(text: str) -> None:
    try:
        load(text)
    except ConfigError as error:
        for problem in error.problems:
            assert problem.line >= 1
            assert problem.column >= 1
            assert problem.what
            assert problem.cure
