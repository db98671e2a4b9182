"""Long files of lists, read a line at a time: the same as YAML, or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.errors import ConfigError
from digests.story.plainlists import read_plain_lists
from digests.yamlfile import load_yaml

SHIPPED = Path("config/stories/japan-ukraine/questions.yaml")
_FIXED = ["questions:", "unanswered:", "# a remark", "", "  - facts: [bg-001, bg-002]", "    facts: [true]"]
_LISTS = [
    '["What?"]',
    '["橋は?", "それは"]',
    '["a": 1]',
    "[]",
    '["x]',
    "[1, 2]",
    '["\\u202e"]',
    '["a \\"b\\""]',
    "[a, b",
]
_LINES = st.one_of(
    st.sampled_from(_FIXED),
    st.builds(
        "{}{}: {}".format,
        st.sampled_from(["  - ", "    ", "   "]),
        st.sampled_from(["en", "ja", "facts"]),
        st.sampled_from(_LISTS),
    ),
    st.text(max_size=20),
)


def test_the_shipped_questions_are_read_so_and_are_the_same_as_yaml() -> None:
    with SHIPPED.open(encoding="utf-8") as lines:
        assert read_plain_lists(lines) == load_yaml(SHIPPED).value


@given(lines=st.lists(_LINES, max_size=8))
def test_what_is_read_is_what_yaml_says(lines: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    text = "\n".join(lines) + "\n"
    found = read_plain_lists(io.StringIO(text))
    if found is not None:
        path = tmp_path_factory.getbasetemp() / "lists.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        said = load_yaml(path).value
        assert {key: entries or None for key, entries in found.items()} == {
            key: entries or None for key, entries in said.items()
        }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: 1\n",
        "questions:\n  - en: ['x']\n",
        "questions:\nquestions:\n",
        "  - en: []\n",
        'questions:\n  - en: ["a"], ["b"]\n',
        'questions:\n  - en: ["a", "b]\n    ja: [", "c"]\n',
    ],
)
def test_other_files_are_left_to_the_reader_of_yaml(text: str) -> None:
    assert read_plain_lists(io.StringIO(text)) is None


def test_a_mark_that_turns_the_reading_direction_is_left_to_it_too(tmp_path: Path) -> None:
    text = 'questions:\n  - en: ["\u202eabc"]\n'
    assert read_plain_lists(io.StringIO(text)) is None
    path = tmp_path / "lists.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError):
        load_yaml(path)
