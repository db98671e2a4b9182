"""The extra ``japanese``: words by SudachiPy in the place of pairs of characters."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from digests.archive import Archive
from digests.errors import ConfigError
from digests.model import SourceKind
from digests.search import analysers, extras
from digests.search.index import open_index
from digests.search.passages import NewPassage
from digests.search.query import parse_query

SENTENCE = "政府は2024年度に1億2000万円を拠出し、防衛装備移転の方針を決めた。"


@pytest.fixture
def sudachi(need: Callable[[bool, str], None]) -> Iterator[None]:
    need(extras.has_sudachi(), "SudachiPy (the extra japanese)")
    extras.choose_japanese("sudachi")
    yield
    extras.choose_japanese("bigrams")


def passage(ref: str, text: str) -> NewPassage:
    return NewPassage(ref, text, "ja", ("assistance",), SourceKind.WIRE, "2026-02-10")


@pytest.mark.usefixtures("sudachi")
def test_japanese_becomes_words_in_their_normal_form_and_numbers_stay() -> None:
    found = analysers.tokens(SENTENCE, "ja")
    assert {"政府", "拠出", "防衛", "装備", "移転", "方針", "決める", "n2024", "n120000000", "jpy"} <= set(found)
    assert not {"衛装", "備移"} & set(found)
    assert analysers.tokens("附属", "ja") == analysers.tokens("付属", "ja")


@pytest.mark.usefixtures("sudachi")
def test_words_say_where_they_stand() -> None:
    words = analysers.words_of(SENTENCE, "ja")
    assert [word.surface for word in words if "決める" in word.tokens] == ["決め"]
    assert all(analysers.words_of(SENTENCE, "ja")[at].start < words[at + 1].start for at in range(len(words) - 1))


@pytest.mark.usefixtures("sudachi")
def test_other_languages_and_long_texts_are_read_as_ever() -> None:
    english = analysers.tokens("The government paid 120 million yen.", "en")
    long = analysers.tokens(SENTENCE * 1_000, "ja")
    extras.choose_japanese("bigrams")
    assert analysers.tokens("The government paid 120 million yen.", "en") == english
    assert long.count("拠出") >= 990  # a word in a thousand is cut where a piece of the text ends


@pytest.mark.usefixtures("sudachi")
def test_several_threads_cut_at_once() -> None:
    alone = analysers.tokens(SENTENCE, "ja")
    with ThreadPoolExecutor(4) as pool:
        assert all(found == alone for found in pool.map(lambda _: analysers.tokens(SENTENCE, "ja"), range(200)))


async def test_an_index_made_by_pairs_is_made_anew(archive: Archive, request: pytest.FixtureRequest) -> None:
    before = await open_index(archive)
    async with archive.write() as connection:
        await before.add(connection, [passage("f-1", SENTENCE), passage("f-2", "学校の屋根が新しくなった。")])
    version = analysers.version()

    request.getfixturevalue("sudachi")
    assert analysers.version() != version
    after = await open_index(archive)

    for question in ("方針を決める", "拠出"):
        hits = (await after.search(archive, parse_query(question, "ja"))).hits
        assert [hit.passage.ref for hit in hits] == ["f-1"], question


def test_wanted_and_not_installed_is_a_mistake_in_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "has_sudachi", lambda: False)
    with pytest.raises(ConfigError, match=r"kakehashi\[japanese\]"):
        extras.choose_japanese("sudachi")
    assert analysers.version() == analysers.VERSION


def test_pairs_need_nothing_of_it() -> None:
    assert analysers.tokens(SENTENCE, "ja")
    assert "digests.search.japanese" not in sys.modules or extras.has_sudachi()
