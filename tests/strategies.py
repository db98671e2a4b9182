"""Hypothesis strategies for what the parts of the bot hand to each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from bot.message import (
    Actions,
    Block,
    Bullet,
    BulletList,
    Button,
    Context,
    Divider,
    File,
    Heading,
    Image,
    Inline,
    Inlines,
    Link,
    Message,
    Paragraph,
    Quote,
    Table,
    Text,
    Time,
)
from digests.model import LANGUAGES

_HOSTILE = ("<script>alert(1)</script>", "@everyone", "<!channel>", "\"'&`*_|~", "[x](javascript:alert(1))", "\u202e")
_SCRIPTS = ("Words.", "日本の支援。", "Підтримка України.", "e\u0301", "👩‍👩‍👧")


def words(*, minimum: int = 0) -> st.SearchStrategy[str]:
    """Text of all kinds, at least ``minimum`` characters: ordinary, in three scripts, hostile."""
    return st.text(min_size=minimum, max_size=40) | st.sampled_from(_HOSTILE + _SCRIPTS)


def moments() -> st.SearchStrategy[datetime]:
    """Aware datetimes, in UTC and at odd offsets."""
    offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    first, last = datetime(1990, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone
    return st.datetimes(first, last, timezones=st.just(UTC) | offsets)


def addresses() -> st.SearchStrategy[str]:
    """Canonical web addresses."""
    path = st.text("abcXYZ019-_~/%&=+", max_size=20)
    return st.builds("{}://example.org/{}".format, st.sampled_from(("https", "http")), path)


def texts() -> st.SearchStrategy[Text]:
    styles = st.sampled_from(("plain", "strong", "emphasis", "code"))
    return st.builds(Text, words(), styles, st.none() | st.sampled_from((*LANGUAGES, "zh-Hant")))


def times() -> st.SearchStrategy[Time]:
    return st.builds(Time, moments(), st.sampled_from(("date", "time", "datetime", "relative")))


INLINES: dict[type, st.SearchStrategy[Inline]] = {
    Text: texts(),
    Link: st.builds(Link, words(), addresses()),
    Time: times(),
}


def inlines() -> st.SearchStrategy[Inlines]:
    return st.lists(st.one_of(*INLINES.values()), max_size=4).map(tuple)


def buttons() -> st.SearchStrategy[Button]:
    """Actions and links, as the model has them: never both."""
    styles, described = st.sampled_from(("plain", "primary", "danger")), st.none() | words(minimum=1)
    custom_ids = st.text("abc:019", min_size=1, max_size=100)
    acting = st.builds(
        Button, words(minimum=1), action=custom_ids, style=styles, disabled=st.booleans(), description=described
    )
    leading = st.builds(Button, words(minimum=1), url=addresses(), style=styles, description=described)
    return acting | leading


def tables() -> st.SearchStrategy[Table]:
    """Tables whose rows are as wide as their heads."""

    def of_width(width: int) -> st.SearchStrategy[Table]:
        columns = st.lists(words(), min_size=width, max_size=width).map(tuple)
        row = st.lists(inlines(), min_size=width, max_size=width).map(tuple)
        return st.builds(Table, columns, st.lists(row, max_size=3).map(tuple), words(minimum=1))

    return st.integers(1, 3).flatmap(of_width)


def bullet_lists() -> st.SearchStrategy[BulletList]:
    bullets = st.lists(st.builds(Bullet, inlines(), inlines()), max_size=4).map(tuple)
    return st.builds(BulletList, bullets, st.booleans(), st.integers(1, 500))


BLOCKS: dict[type, st.SearchStrategy[Block]] = {
    Heading: st.builds(Heading, words(), st.sampled_from((1, 2))),
    Paragraph: st.builds(Paragraph, inlines()),
    BulletList: bullet_lists(),
    Quote: st.builds(Quote, inlines(), inlines()),
    Context: st.builds(Context, inlines()),
    Divider: st.just(Divider()),
    Table: tables(),
    Image: st.builds(Image, st.text("abcdef019", min_size=1, max_size=64), words(minimum=1), st.none() | words()),
    File: st.builds(
        File,
        st.text("abcdef019", min_size=1, max_size=64),
        words(minimum=1),
        st.sampled_from(("text/csv", "application/json", "text/markdown", "text/html")),
        st.integers(0, 8_000_000),
    ),
    Actions: st.builds(Actions, st.lists(buttons(), min_size=1, max_size=5).map(tuple)),
}


def blocks() -> st.SearchStrategy[Block]:
    return st.one_of(*BLOCKS.values())


def messages() -> st.SearchStrategy[Message]:
    """Whole messages with every block and inline there is."""
    return st.builds(
        Message,
        st.lists(blocks(), max_size=6).map(tuple),
        words(minimum=1),
        st.sampled_from(LANGUAGES),
        st.sampled_from(("reply", "refusal", "digest", "error", "notice")),
        st.booleans(),
        st.booleans(),
    )
