"""Words as Slack's markup: they show as they are, and call, format and link nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.slack.mrkdwn import LONGEST_URL, address, escaped, mrkdwn, visible
from bot.message import Inline, Link, Text, Time, plain
from tests.bot.adapters.slack.hostile import INLINES, WORDS

GUARD = "\u200b"
AT = datetime(2026, 6, 1, 8, tzinfo=UTC)


def shown(markup: str) -> str:
    """What a reader gets of escaped words."""
    return unescape(markup.replace(GUARD, ""))


@given(WORDS)
def test_words_are_shown_as_they_are(words: str) -> None:
    assert shown(escaped(words)) == visible(words)


@given(WORDS)
def test_no_words_become_markup(words: str) -> None:
    made = escaped(words)
    assert not regex.search("[<>]", made)
    assert not regex.search(r"&(?!amp;|lt;|gt;)", made)
    assert not regex.search(r":[^\s:\u200b]+:", made)
    assert not regex.search(r"(?m)^[ \t]*&gt;", made)
    assert not regex.search(r"(?i)@(here|channel|everyone)", made)
    for sign in regex.finditer(r"[*_~`]", made):
        before, after = made[: sign.start()][-1:], made[sign.end() :][:1]
        guarded = before == after == GUARD
        assert guarded or (sign[0] != "`" and before.isalnum() and after.isalnum())


@given(st.text(st.characters(codec=None)))
def test_what_turns_the_line_or_cannot_be_sent_is_left_out(words: str) -> None:
    made = visible(words)
    assert not regex.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]", made)
    made.encode()
    kept = regex.sub("[\u202a-\u202e\u2066-\u2069\ud800-\udfff\x00-\x1f\x7f-\x9f\u2028\u2029]", "", words)
    assert made.replace("\n", "").replace("\t", "") == kept


@pytest.mark.parametrize(
    ("words", "made"),
    [
        ("Japan & NATO <!channel>", "Japan &amp; NATO &lt;!channel&gt;"),
        ("&amp; stays", "&amp;amp; stays"),
        ("snake_case, 2*3 and a~b", "snake_case, 2*3 and a~b"),
        ("a *b* c", f"a {GUARD}*{GUARD}b{GUARD}*{GUARD} c"),
        ("a`b`c", f"a{GUARD}`{GUARD}b{GUARD}`{GUARD}c"),
        (":tada: :日本: 12:30", f":{GUARD}tada: :{GUARD}日本: 12:30"),
        ("a\n > b", f"a\n{GUARD} &gt; b"),
        ("a > b", "a &gt; b"),
        ("@here, @HERE, me@hereford.example", f"@{GUARD}here, @{GUARD}HERE, me@{GUARD}hereford.example"),
        ("line\r\nline\rline\u2028line", "line\nline\nline\nline"),
        ("half \ud83d of a sign", "half  of a sign"),
        ("👩‍👩‍👧‍👦 е\u0301 日本", "👩‍👩‍👧‍👦 е\u0301 日本"),
    ],
)
def test_words(words: str, made: str) -> None:
    assert escaped(words) == made


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("https://example.org/a b|c>", "https://example.org/a%20b%7Cc%3E"),
        ("https://example.org/日本?q=1&r=2", "https://example.org/%E6%97%A5%E6%9C%AC?q=1&r=2"),
        ("https://example.org/%E6%97%A5", "https://example.org/%E6%97%A5"),
        ("javascript:alert(1)", None),
        ("//example.org/", None),
        ("https://example.org/" + "x" * LONGEST_URL, None),
        ("https://example.org/" + "日" * (LONGEST_URL // 4), None),
        ("https://example.org/\ud800", None),
    ],
)
def test_addresses(url: str, made: str | None) -> None:
    assert address(url) == made


@pytest.mark.parametrize(
    ("inline", "made"),
    [
        (Link("A & B", "https://example.org/?a=1&b=2"), "<https://example.org/?a=1&amp;b=2|A &amp; B>"),
        (Link("two\nlines", "https://example.org/"), "<https://example.org/|two lines>"),
        (Link("a|b>c", "https://example.org/"), "<https://example.org/|a|b&gt;c>"),
        (Link(" \u202e", "https://example.org/"), "<https://example.org/|…>"),
        (Link("click", "javascript:alert(1)"), "click"),
        (Text(" loud ", "strong"), " *loud* "),
        (Text("soft", "emphasis"), "_soft_"),
        (Text("/help", "code"), "`/help`"),
        (Text("two\nlines", "strong"), "two\nlines"),
        (Text("a`b", "code"), f"a{GUARD}`{GUARD}b"),
        (Text(" ", "strong"), " "),
    ],
)
def test_runs(inline: Inline, made: str) -> None:
    assert mrkdwn((inline,), "en") == made


@pytest.mark.parametrize(
    ("style", "language", "made"),
    [
        ("datetime", "ja", "{date_short_pretty} {time}|2026年6月1日 08:00 UTC"),
        ("datetime", "en", "{date_short_pretty} {time}|1 Jun 2026, 08:00 UTC"),
        ("date", "uk", "{date_short}|1 черв. 2026\u202fр."),
        ("time", "en", "{time}|08:00 UTC"),
    ],
)
def test_times_are_in_the_readers_zone_with_words_for_old_clients(style: str, language: str, made: str) -> None:
    moment = Time(AT, style)  # type: ignore[arg-type]
    assert mrkdwn((moment,), language) == f"<!date^{int(AT.timestamp())}^{made}>"


@given(INLINES)
def test_only_links_times_and_styles_are_markup(inlines: tuple[Inline, ...]) -> None:
    made = mrkdwn(inlines, "en")
    for angle in regex.findall("<[^>]*>", made):
        assert regex.match(r"<(https?://[^\s|<>]+\|[^<>\n]+|!date\^\d+\^[^|<>]+\|[^<>]+)>$", angle)
    addresses = regex.findall(r"<(https?://[^\s|<>]+)\|", made)
    links = [inline.url for inline in inlines if isinstance(inline, Link)]
    assert [unescape(found) for found in addresses] == [found for url in links if (found := address(url))]


@given(st.lists(st.builds(Text, WORDS), min_size=1).map(tuple))
def test_plain_runs_stand_one_after_the_other(inlines: tuple[Text, ...]) -> None:
    assert shown(mrkdwn(inlines, "en")) == "".join(visible(run.text) for run in inlines)
    assert plain(inlines) == "".join(run.text for run in inlines)
