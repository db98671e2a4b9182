"""Words and runs of text that want to be more than text, for property tests."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from bot.message import Link, Text, Time

HOSTILE = [
    "<!channel>",
    "<!here|x>",
    "<@U123>",
    "<https://evil.example|click>",
    "@everyone",
    "*bold*",
    "_low_",
    "~gone~",
    "`code`",
    "```\nblock\n```",
    "&amp;",
    "&lt;!channel&gt;",
    ":tada:",
    "\u202eright to left\u202c",
    ">quoted",
    "\n> quoted",
    "\x00\x1b[31m",
    "\ud83d",
    "\u2067 \u2069",
    '"\\"',
    " ",
]
PLAIN = ["Japan ", "日本の防衛省は発表した。", "Україна’ї ", "👩‍👩‍👧‍👦", "🇺🇦", "e\u0301", "\n", "a&b<c>d ", "1. ", "- "]
WORDS = st.lists(st.sampled_from(HOSTILE + PLAIN), min_size=1, max_size=40).map("".join)
SHORT_WORDS = st.lists(st.sampled_from(HOSTILE + PLAIN), min_size=1, max_size=4).map("".join)
URLS = st.sampled_from(
    [
        "https://example.org/a?b=1&c=<2>|x",
        "http://example.org/" + "é" * 40,
        "javascript:alert(1)",
        "https://example.org/" + "x" * 4_000,
        "https://example.org/" + "日本" * 300,
        "https://example.org/?" + "&" * 300,
    ]
)
INLINES = st.lists(
    st.one_of(
        st.builds(Text, WORDS, st.sampled_from(["plain", "strong", "emphasis", "code"])),
        st.builds(Link, WORDS, URLS),
        st.builds(
            Time,
            st.just(datetime(2026, 6, 1, 8, tzinfo=UTC)),
            st.sampled_from(["date", "time", "datetime", "relative"]),
        ),
    ),
    min_size=1,
    max_size=6,
).map(tuple)
