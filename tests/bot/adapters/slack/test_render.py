"""Messages as Slack's blocks: nothing lost, nothing formatted, nothing that Slack refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.slack.mrkdwn import address, escaped, mrkdwn
from bot.adapters.slack.render import FIT, LONGEST_FALLBACK, cost, fallback_text, render, shortened, units, width
from bot.adapters.splitting import split
from bot.message import (
    Actions,
    Block,
    Bullet,
    BulletList,
    Button,
    Context,
    Divider,
    Heading,
    Image,
    Inlines,
    Link,
    Message,
    Paragraph,
    Quote,
    Table,
    Text,
    Time,
    plain,
    text,
)
from tests.fakes.slack.schema import _characters, check_message

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
]
PLAIN = ["Japan ", "日本の防衛省は発表した。", "Україна’ї ", "👩‍👩‍👧‍👦", "🇺🇦", "e\u0301", "\n", "a&b<c>d ", "1. ", "- "]
WORDS = st.lists(st.sampled_from(HOSTILE + PLAIN), min_size=1, max_size=40).map("".join)
URLS = st.sampled_from(
    [
        "https://example.org/a?b=1&c=<2>|x",
        "http://example.org/" + "é" * 40,
        "javascript:alert(1)",
        "https://example.org/" + "x" * 4_000,
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
BUTTONS = st.lists(st.integers(1, 12), min_size=1, max_size=12, unique=True).map(
    lambda numbers: Actions(
        tuple(
            Button(f"Label {n} " + "x" * 90, f"page:{n}:1", description="d" * 90, disabled=n == 3)
            if n % 3
            else Button("Open", url="https://example.org/?a=1&b=2")
            for n in numbers
        )
    )
)
BLOCKS = st.one_of(
    st.builds(Heading, WORDS, st.sampled_from([1, 2])),
    st.builds(Paragraph, INLINES),
    st.builds(Context, INLINES),
    st.builds(Quote, INLINES, INLINES),
    st.builds(
        lambda items, ordered, start: BulletList(tuple(items), ordered, start),
        st.lists(st.builds(Bullet, INLINES, st.one_of(st.just(()), INLINES)), min_size=1, max_size=6),
        st.booleans(),
        st.integers(1, 40),
    ),
    st.builds(
        lambda rows, caption: Table(("A & B", "B"), tuple(rows), caption),
        st.lists(st.tuples(INLINES, INLINES), min_size=1, max_size=4),
        st.just("Caption"),
    ),
    st.builds(
        Image, st.just("abc"), WORDS.filter(lambda w: bool(escaped(w).strip())), st.one_of(st.none(), st.just("Title"))
    ),
    BUTTONS.map(lambda actions: actions),
    st.just(Divider()),
)


def body(message: Message, files: dict[str, str] | None = None) -> dict[str, Any]:
    made = render(message, files)
    return {"text": made.text, "blocks": list(made.blocks)}


@given(st.lists(BLOCKS, min_size=1, max_size=30).map(tuple), WORDS, st.sampled_from(["reply", "digest"]))
def test_slack_takes_every_part_of_every_message(blocks: tuple[Block, ...], summary: str, kind: Any) -> None:
    once = tuple(b for n, b in enumerate(blocks) if not isinstance(b, Actions) or Actions not in map(type, blocks[:n]))
    for part in split(Message(once, summary=summary, kind=kind), FIT):
        made = body(part, {"abc": "F1"})
        check_message(made)
        assert len(made["blocks"]) <= 45


@given(BLOCKS)
def test_what_a_block_is_said_to_cost_is_never_too_little(block: Block) -> None:
    made = render(Message((block,), summary="x"), {"abc": "F1"}).blocks
    bound = cost(block)
    assert len(made) <= bound.pieces
    assert sum(_characters(part) for part in made) <= bound.characters + 2


@given(INLINES)
def test_a_run_is_never_wider_than_it_is_said_to_be(inlines: Inlines) -> None:
    assert units(mrkdwn(inlines, "en")) <= width(inlines)


@given(WORDS)
def test_no_text_becomes_markup(words: str) -> None:
    made = escaped(words)
    assert "<" not in made
    assert ">" not in made
    assert not regex.search(r"&(?!amp;|lt;|gt;)", made)
    assert not regex.search(r"(?<!\u200b)[*_~`]|[*_~`](?!\u200b)", made)
    assert not regex.search(r":[a-z0-9_+'-]+:", made)
    assert not regex.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x1b]", made)


@given(WORDS)
def test_words_of_rich_text_stand_there_as_they_are(words: str) -> None:
    (block,) = render(Message((Paragraph(text(words)),), summary="x")).blocks
    (section,) = block["elements"]
    (element,) = section["elements"]
    cleaned = regex.sub("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f]", "", words)
    assert element == {"type": "text", "text": cleaned or "–"}


@given(WORDS)
def test_the_fallback_is_never_empty_too_long_or_cut_within_a_sign(summary: str) -> None:
    made = fallback_text(summary * 30)
    assert 0 < units(made) <= LONGEST_FALLBACK
    assert not regex.search(r"&[a-z]{0,3}…?$", made)
    assert "<!" not in made


def test_text_is_cut_between_characters() -> None:
    family = "👩‍👩‍👧‍👦"
    made = shortened(family * 30, 50)
    assert made.endswith("…")
    assert set(regex.findall(r"\X", made[:-1])) == {family}


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("https://example.org/a b|c>", "https://example.org/a%20b%7Cc%3E"),
        ("https://example.org/日本?q=1&r=2", "https://example.org/%E6%97%A5%E6%9C%AC?q=1&r=2"),
        ("javascript:alert(1)", None),
        ("https://example.org/" + "x" * 2_000, None),
    ],
)
def test_addresses(url: str, made: str | None) -> None:
    assert address(url) == made


def test_times_are_shown_in_the_readers_zone_with_words_for_old_clients() -> None:
    moment = Time(datetime(2026, 6, 1, 8, tzinfo=UTC))
    stamp = int(moment.at.timestamp())
    assert mrkdwn((moment,), "ja") == f"<!date^{stamp}^{{date_short_pretty}} {{time}}|2026年6月1日 08:00 UTC>"
    (block,) = render(Message((Paragraph((moment,)),), summary="x", language="uk")).blocks
    element = block["elements"][0]["elements"][0]
    assert (element["type"], element["timestamp"]) == ("date", stamp)
    assert "2026" in element["fallback"]


def digest() -> Message:
    return Message(
        (
            Heading("Morning"),
            Heading("Assistance", 2),
            BulletList(
                (
                    Bullet(
                        (Link("Headline", "https://example.org/1"), Text("\nA sentence.")), text("Courier · 1 June")
                    ),
                    Bullet((Link("Second", "https://example.org/2"),), text("Agency")),
                )
            ),
            Context(text("39 sources read")),
        ),
        summary="Morning: 2 developments.",
        kind="digest",
    )


def test_a_digest_has_a_hierarchy() -> None:
    header, section, first, detail, _, _, footer = render(digest()).blocks
    assert header == {"type": "header", "text": {"type": "plain_text", "text": "Morning", "emoji": False}}
    assert section["elements"][0]["elements"][0]["style"] == {"bold": True}
    link, sentence = first["elements"][0]["elements"][0]["elements"]
    assert link == {"type": "link", "url": "https://example.org/1", "text": "Headline", "style": {"bold": True}}
    assert sentence == {"type": "text", "text": "\nA sentence."}
    assert detail == {"type": "context", "elements": [{"type": "mrkdwn", "text": "Courier · 1 June"}]}
    assert footer["type"] == "context"


def test_numbers_go_on_below_small_print() -> None:
    items = tuple(Bullet(text(f"source {n}"), text("detail")) for n in (1, 2, 3))
    made = render(Message((BulletList(items, ordered=True, start=4),), summary="x")).blocks
    firsts = [block["elements"][0]["elements"][0]["text"] for block in made if block["type"] == "rich_text"]
    assert firsts == ["4. ", "5. ", "6. "]


def test_a_second_table_is_a_list() -> None:
    table = Table(("A", "B"), ((text("1"), text("2")),), caption="Numbers")
    made = render(Message((table, table), summary="x")).blocks
    assert [block["type"] for block in made].count("table") == 1
    check_message({"text": "x", "blocks": list(made)})
    assert "B: 2" in str(made[-1])


def test_a_picture_that_is_not_there_is_its_words() -> None:
    image = Image("abc", alt="A line that rises from 2022 to 2026", title="Aid")
    message = Message((image,), summary="x")
    (shown,) = render(message, {"abc": "F1"}).blocks
    assert (shown["type"], shown["slack_file"], shown["alt_text"]) == ("image", {"id": "F1"}, image.alt)
    (said,) = render(message).blocks
    assert said["elements"][0]["text"] == image.alt


def test_buttons_carry_what_they_mean_and_disabled_ones_are_left_out() -> None:
    actions = Actions(
        (
            Button("Newer", "page:t:0", disabled=True),
            Button("Older", "page:t:1", style="primary", description="Older items"),
            Button("Site", url="https://example.org/"),
            Button("Bad", url="javascript:alert(1)"),
        )
    )
    (row,) = render(Message((actions,), summary="x")).blocks
    older, site = row["elements"]
    assert (older["action_id"], older["value"], older["style"]) == ("page:t:1", "page:t:1", "primary")
    assert older["accessibility_label"] == "Older items"
    assert (site["action_id"], site["url"]) == ("open:1", "https://example.org/")
    assert render(Message((Actions((Button("Newer", "page:t:0", disabled=True),)),), summary="x")).blocks == ()


def test_links_that_lead_nowhere_are_words() -> None:
    (block,) = render(Message((Paragraph((Link("click", "javascript:alert(1)"),)),), summary="x")).blocks
    assert block["elements"][0]["elements"] == [{"type": "text", "text": "click"}]
    assert plain((Link("click", "javascript:alert(1)"),)) == "click"
