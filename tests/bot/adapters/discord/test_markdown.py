"""Escaping for Discord, held against a reading of its markdown: words stay, nothing formats, pings or links."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.adapters.discord.markdown import LONGEST_URL, address, escaped, markdown, shortened, units, visible
from bot.message import Link, Text, Time
from tests.fakes.discord.reading import read

PIECES = (
    *("@everyone", "@here", "<@1>", "<@!1>", "<@&1>", "<#1>", "</cmd:1>", "<t:1>", "<t:1:R>", "<:e:1>", "<a:e:1>"),
    *(":smile:", "<id:guide>", "https://example.org/a", "http://", "<https://example.org>", "@", "/", ":", "."),
    *("[x](javascript:alert(1))", "[x](https://evil.example)", "](https://evil.example)", "[", "]", "(", ")", "<", ">"),
    *("||", "|", "**", "*", "__", "_", "~~", "~", "`", "```", "\\", "a", "b_c", "5", "1", "\n", "\r\n", "\u2028", " "),
    *("# ", "## ", "- ", "* ", "+ ", "-# ", "> ", ">>> ", "1. ", "2) ", "2026. ", "  ", "\u3000", "\u202e", "\u2066"),
    *("日本語の一文。", "見出し", "Українське речення.", "👩‍👩‍👧‍👦", "🇺🇦", "e\u0301", "\u200f", "\x00", "\ud800"),
)
hostile = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(max_size=40),
)


def bare(words: str) -> str:
    """Words without what cannot be seen: spaces at the ends of lines, guards."""
    return "\n".join(line.strip() for line in words.replace("\u200b", "").split("\n"))


class TestPlainWords:
    @given(hostile)
    @settings(max_examples=400, deadline=None)
    @example("# heading")
    @example("\u3000# heading")
    @example("a\u2028# heading")
    @example("- item\r1. item")
    @example("-# small")
    @example(">>> quote")
    @example("\\**x**")
    @example("https://example.org/_x_")
    def test_they_are_shown_as_they_are(self, words: str) -> None:
        shown = read(escaped(words))
        assert (shown.marks, shown.links, shown.times) == ([], [], [])
        assert bare(shown.words) == bare(visible(words))

    @given(st.lists(st.tuples(hostile, st.sampled_from(["plain", "plain", "strong"])), max_size=6))
    @settings(max_examples=300, deadline=None)
    @example([("@", "plain"), ("everyone", "plain")])
    @example([("https:/", "plain"), ("/example.org", "plain")])
    @example([("1", "plain"), (". x", "plain")])
    @example([("|", "plain"), ("|x|", "plain"), ("|", "plain")])
    @example([("[x]", "plain"), ("(https://example.org)", "plain")])
    @example([(":", "plain"), ("", "strong"), ("smile:", "plain")])
    def test_nothing_forms_across_runs(self, runs: list[tuple[str, Literal["plain", "strong"]]]) -> None:
        shown = read(markdown(tuple(Text(words, style) for words, style in runs)))
        assert set(shown.marks) <= {"strong"}
        assert shown.links == []
        assert "".join(bare(shown.words).split()) == "".join(bare(visible("".join(w for w, _ in runs))).split())

    @pytest.mark.parametrize(
        "words",
        ["3.5 million (about ¥500) – 5 < 6?", "Headline | NHK", "~5 %, #7, and 10:30", "me@example.org", "a - b > c"],
    )
    def test_what_needs_no_escape_gets_none(self, words: str) -> None:
        assert escaped(words).replace("\\<", "<") == words

    def test_directions_are_not_turned(self) -> None:
        assert escaped("abc\u202edcba\u2069") == "abcdcba"


class TestStyles:
    @pytest.mark.parametrize(("style", "mark"), [("strong", "strong"), ("emphasis", "emphasis"), ("code", "code")])
    def test_a_style_holds_the_words_and_not_the_spaces(self, style: Literal["strong", "code"], mark: str) -> None:
        shown = read("x" + markdown((Text(" a*b_c ", style),)) + "y")
        assert shown.marks == [mark]
        assert shown.words == "x a*b_c y"

    def test_code_is_not_escaped(self) -> None:
        assert markdown((Text("/latest *_<x>", "code"),)) == "`/latest *_<x>`"

    def test_code_with_a_backtick_becomes_plain_words(self) -> None:
        shown = read(markdown((Text("a ` b ```", "code"),)))
        assert (shown.words, shown.marks) == ("a ` b ```", [])

    def test_code_cannot_end_a_link(self) -> None:
        link = Link("words", "https://example.org/")
        assert read(markdown((link, Text("](https://evil.example)", "code")))).links == [(link.text, link.url)]

    def test_styles_side_by_side_stay_apart(self) -> None:
        shown = read(markdown((Text("a", "strong"), Text("b", "emphasis"), Text("c", "strong"))))
        assert shown.marks == ["strong", "emphasis", "strong"]
        assert bare(shown.words) == "abc"

    @given(hostile, st.sampled_from(["strong", "emphasis", "code"]))
    @settings(max_examples=200, deadline=None)
    def test_styled_words_form_nothing_else(self, words: str, style: Literal["strong", "emphasis", "code"]) -> None:
        shown = read(markdown((Text(words, style),)))
        assert set(shown.marks) <= {style}
        assert not shown.links
        assert not shown.times


class TestLinks:
    @given(hostile)
    @settings(max_examples=300, deadline=None)
    @example("a [b")
    @example("b] [c")
    @example("[[ja]]")
    @example("NHK [ja]: 見出し")
    @example("see https://example.org/")
    def test_the_words_lead_to_the_address(self, words: str) -> None:
        shown = read(markdown((Link(words, "https://example.org/a?b=1"),)))
        spoken = " ".join(visible(words).split())
        assert shown.marks == []
        assert shown.times == []
        if spoken:
            assert [url for _, url in shown.links] == ["https://example.org/a?b=1"]
        said = " ".join(shown.words.replace("\u200b", "").replace("［", "[").replace("］", "]").split())
        assert said == " ".join(spoken.replace("\u200b", "").split())

    @pytest.mark.parametrize(
        ("url", "written"),
        [
            ("https://example.org/a(b)c", "https://example.org/a%28b%29c"),
            ("https://example.org/a b>c", "https://example.org/a%20b%3Ec"),
            ("https://example.org/**a**_b_", "https://example.org/%2A%2Aa%2A%2A_b_"),
            ("https://example.org/%E6%97%A5?q=a&b=c#d", "https://example.org/%E6%97%A5?q=a&b=c#d"),
            ("https://example.org/日本", "https://example.org/%E6%97%A5%E6%9C%AC"),
            ("https://example.org/\ud800", "https://example.org/?"),
        ],
    )
    def test_addresses_cannot_end_the_link(self, url: str, written: str) -> None:
        assert address(url) == written
        assert read(markdown((Link("words", url),))).links == [("words", written)]

    @pytest.mark.parametrize(
        "url",
        ["javascript:alert(1)", "data:text/html,x", "", "//example.org", f"https://example.org/{'x' * LONGEST_URL}"],
    )
    def test_what_leads_nowhere_keeps_its_words(self, url: str) -> None:
        assert markdown((Link("the words", url),)) == "the words"

    def test_an_address_may_be_500_characters(self) -> None:
        url = "https://example.org/".ljust(LONGEST_URL, "x")
        assert read(markdown((Link("w", url),))).links == [("w", url)]

    def test_a_link_between_brackets_stays_a_link(self) -> None:
        link = Link("words", "https://example.org/")
        assert read(markdown((Text("[a "), link, Text("](https://evil.example)")))).links == [(link.text, link.url)]

    @given(hostile, hostile, hostile)
    @settings(max_examples=300, deadline=None)
    def test_words_around_links_do_not_change_where_they_lead(self, before: str, between: str, after: str) -> None:
        first, second = Link("one", "https://example.org/1"), Link("two [ja]", "https://example.org/2")
        shown = read(markdown((Text(before), first, Text(between), second, Text(after))))
        assert shown.links == [("one", first.url), ("two [ja]", second.url)]
        assert shown.marks == []


@pytest.mark.parametrize(("style", "sign"), [("date", "D"), ("time", "t"), ("datetime", "f"), ("relative", "R")])
def test_a_time_is_shown_in_the_readers_zone(style: Literal["date", "time", "datetime", "relative"], sign: str) -> None:
    assert markdown((Time(datetime(2026, 6, 1, tzinfo=UTC), style),)) == f"<t:1780272000:{sign}>"


class TestShortened:
    @given(hostile, st.integers(1, 30))
    @settings(max_examples=200, deadline=None)
    def test_it_fits(self, words: str, most: int) -> None:
        assert units(shortened(words, most)) <= most

    def test_a_character_is_not_cut(self) -> None:
        assert shortened("ab👩‍👩‍👧‍👦c", 5) == "ab…"

    def test_units_are_those_of_utf_16(self) -> None:
        assert [units(words) for words in ("a", "日", "👍")] == [1, 1, 2]
