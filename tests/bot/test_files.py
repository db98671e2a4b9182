"""Names and sizes of files."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.files import EXTENSIONS, LONGEST_NAME, in_words, safe_name, saved_as
from bot.i18n import format_size
from bot.message import File
from bot.present.export import FORMS

TYPES = st.sampled_from((*EXTENSIONS, "text/html", "", "image/svg+xml"))
HOSTILE = (
    "../../etc/passwd",
    "a.csv.exe",
    "x\r\nA: b",
    'a"; filename="b.html',
    "\u202evsc.exe",
    "年表.csv",
    "..",
)


@given(name=st.text(max_size=120) | st.sampled_from(HOSTILE), content_type=TYPES)
def test_a_name_is_plain_short_and_ends_as_its_type(name: str, content_type: str) -> None:
    saved = safe_name(name, content_type)
    assert re.fullmatch(r"[A-Za-z0-9_-]+\.[a-z]+", saved)
    assert len(saved) <= LONGEST_NAME
    assert saved.endswith(EXTENSIONS.get(content_type, ".bin"))
    assert safe_name(saved, content_type) == saved
    assert saved_as(File("a", name, content_type, 1)) == saved


def test_every_form_has_its_ending() -> None:
    assert set(FORMS.values()) == set(EXTENSIONS)


@pytest.mark.parametrize(
    ("size", "language", "words"),
    [
        (0, "en", "1 kB"),
        (999, "uk", "1 кБ"),
        (91_400, "en", "91 kB"),
        (91_400, "ja", "91 KB"),
        (999_499, "en", "999 kB"),
        (999_500, "en", "1 MB"),
        (1_440_000, "uk", "1,4 МБ"),
    ],
)
def test_sizes_are_told_as_the_language_writes_them(size: int, language: str, words: str) -> None:
    assert format_size(size, language) == words
    assert in_words(File("a", "t.csv", "text/csv", size), language) == f"t.csv ({words})"
