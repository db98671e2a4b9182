"""Messages as Slack's blocks: nothing lost, nothing formatted, nothing that Slack refuses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.slack.costs import cost, width
from bot.adapters.slack.mrkdwn import escaped, mrkdwn, shortened, units, visible
from bot.adapters.slack.render import FIT, LONGEST_FALLBACK, fallback_text, render
from bot.adapters.splitting import split
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
from tests.bot.adapters.slack.hostile import INLINES, SHORT_WORDS, URLS, WORDS
from tests.fakes.slack.schema import check_message

BUTTONS = st.lists(st.integers(1, 12), min_size=1, max_size=12, unique=True).map(
    lambda numbers: Actions(
        tuple(
            Button(f"Label {n} " + "x" * 90, f"page:{n}:1", description="d" * 90, disabled=n == 4)
            if n % 3
            else Button("Open", url="https://example.org/?a=1&b=2" + "x" * 150 * n)
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
    st.builds(File, st.just("abc"), WORDS, st.sampled_from(["text/csv", "text/html"]), st.integers(0, 8_000_000)),
    BUTTONS.map(lambda actions: actions),
    st.just(Divider()),
)


def body(message: Message, files: dict[str, str] | None = None) -> dict[str, Any]:
    made = render(message, files)
    return {"text": made.text, "blocks": list(made.blocks)}


@settings(max_examples=40, deadline=None)  # up to thirty blocks each; the first time compiles the checker's schema
@given(st.lists(BLOCKS, min_size=1, max_size=30).map(tuple), WORDS, st.sampled_from(["reply", "digest"]))
def test_slack_takes_every_part_of_every_message(blocks: tuple[Block, ...], summary: str, kind: Any) -> None:
    once = tuple(b for n, b in enumerate(blocks) if not isinstance(b, Actions) or Actions not in map(type, blocks[:n]))
    for part in split(Message(once, summary=summary, kind=kind), FIT):
        made = body(part, {"abc": "F1"})
        check_message(made)
        assert len(made["blocks"]) <= 45


def size(blocks: Iterable[dict[str, Any]]) -> int:
    """Characters of the blocks as JSON, the commas between them included."""
    return sum(len(json.dumps(block, ensure_ascii=False, separators=(",", ":"))) + 1 for block in blocks)


@given(BLOCKS)
def test_what_a_block_is_said_to_cost_is_never_too_little(block: Block) -> None:
    made = render(Message((block,), summary="x"), {"abc": "F0123456789"}).blocks
    bound = cost(block)
    assert len(made) <= bound.pieces
    assert size(made) <= bound.characters


@given(INLINES)
def test_a_run_is_never_wider_than_it_is_said_to_be(inlines: Inlines) -> None:
    assert units(mrkdwn(inlines, "en")) <= width(inlines)


@given(WORDS)
def test_words_of_rich_text_stand_there_as_they_are(words: str) -> None:
    (block,) = render(Message((Paragraph(text(words)),), summary="x")).blocks
    (section,) = block["elements"]
    (element,) = section["elements"]
    assert element == {"type": "text", "text": visible(words) or "–"}


def read(value: Any) -> str:
    """The words of blocks as a reader gets them, without blanks and signs of markup."""
    if isinstance(value, list):
        return "".join(map(read, value))
    if value.get("type") == "mrkdwn":
        words = regex.sub(r"<[^|>]*\|([^>]*)>", r"\1", value["text"])
        return bare(unescape(words))
    own = value["text"] if isinstance(value.get("text"), str) else value.get("fallback", "")
    return bare(own) + "".join(read(part) for part in value.values() if isinstance(part, list | dict))


def bare(words: str) -> str:
    return regex.sub(r"[\s*_~`\u200b]", "", visible(words))


SHORT_URLS = URLS.filter(lambda url: len(url) < 200)
RUNS = st.lists(st.builds(Text, SHORT_WORDS) | st.builds(Link, SHORT_WORDS, SHORT_URLS), min_size=1, max_size=2).map(
    tuple
)
"""Narrower than an item may be: of small print that is wider, splitting keeps the beginning alone."""


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(Paragraph, RUNS)
        | st.builds(Context, RUNS)
        | st.builds(Quote, RUNS, RUNS)
        | st.builds(lambda items: BulletList(tuple(items)), st.lists(st.builds(Bullet, RUNS, RUNS), min_size=1)),
        min_size=1,
        max_size=40,
    ).map(tuple)
)
def test_every_word_of_every_part_is_there_in_order(blocks: tuple[Block, ...]) -> None:
    parts = split(Message(blocks, summary="x"), FIT)
    rest = "".join(read(list(render(part).blocks)) for part in parts)
    for run in (run for block in blocks for run in runs(block)):
        for inline in run:
            assert not isinstance(inline, Time)
            wanted = bare(inline.text)
            place = rest.find(wanted)
            assert place >= 0, f"{wanted!r} is not in {rest!r}"
            rest = rest[place + len(wanted) :]


def runs(block: Block) -> Iterator[Inlines]:
    match block:
        case Paragraph() | Context():
            yield block.inlines
        case Quote():
            yield from (block.inlines, block.source)
        case BulletList():
            yield from (run for item in block.items for run in (item.inlines, item.detail))


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
    assert detail == {
        "type": "context",
        "elements": [{"type": "plain_text", "text": "Courier · 1 June", "emoji": False}],
    }
    assert footer["type"] == "context"


def test_small_print_with_links_links_nothing_else() -> None:
    line = (Link("Courier", "https://example.org/"), Text(" · see https://evil.example and #general"))
    (block,) = render(Message((Context(line),), summary="x")).blocks
    (element,) = block["elements"]
    assert (element["type"], element["verbatim"]) == ("mrkdwn", True)


def test_times_are_shown_in_the_readers_zone_with_words_for_old_clients() -> None:
    moment = Time(datetime(2026, 6, 1, 8, tzinfo=UTC))
    (block,) = render(Message((Paragraph((moment,)),), summary="x", language="uk")).blocks
    element = block["elements"][0]["elements"][0]
    assert (element["type"], element["timestamp"]) == ("date", int(moment.at.timestamp()))
    assert "2026" in element["fallback"]


def test_numbers_go_on_below_small_print() -> None:
    items = tuple(Bullet(text(f"source {n}"), text("detail")) for n in (1, 2, 3))
    made = render(Message((BulletList(items, ordered=True, start=4),), summary="x")).blocks
    lists = [block["elements"][0] for block in made if block["type"] == "rich_text"]
    assert [(part["style"], part["offset"]) for part in lists] == [("ordered", 3), ("ordered", 4), ("ordered", 5)]


def test_a_list_that_begins_at_one_needs_no_offset() -> None:
    items = tuple(Bullet(text(f"source {n}")) for n in (1, 2))
    (block,) = render(Message((BulletList(items, ordered=True),), summary="x")).blocks
    (made,) = block["elements"]
    assert "offset" not in made
    assert len(made["elements"]) == 2


@pytest.mark.parametrize(
    "block",
    [
        Heading("\u202e"),
        Heading("\u202e", 2),
        Heading(" "),
        Paragraph(()),
        Paragraph((Link("\n", "https://example.org/"),)),
        Context(()),
        Context((Text("\u202e"), Link("", "javascript:alert(1)"))),
        Quote((), ()),
        BulletList((Bullet(()),)),
        Table(("",), ((),), ""),
        Table(("A",), (), "Nothing yet"),
        Image("abc", "\u202e", "\u202e"),
        Actions((Button(" ", "run:/help", description="\u202e"),)),
    ],
    ids=repr,
)
def test_slack_takes_what_is_empty(block: Block) -> None:
    check_message(body(Message((block,), summary="\u202e "), {"abc": "F1"}))


def test_a_second_table_is_a_list() -> None:
    table = Table(("A", "B"), ((text("1"), text("2")),), caption="Numbers")
    made = render(Message((table, table), summary="x")).blocks
    assert [block["type"] for block in made].count("table") == 1
    check_message({"text": "x", "blocks": list(made)})
    assert "B: 2" in str(made[-1])


def wide_table(columns: int, rows: int, words: str) -> Table:
    return Table(tuple(f"C{n}" for n in range(columns)), ((text(words),) * columns,) * rows, caption="Numbers")


@pytest.mark.parametrize("table", [wide_table(21, 1, "x"), wide_table(1, 100, "x"), wide_table(2, 10, "x" * 600)])
def test_a_table_that_slack_does_not_take_is_a_list(table: Table) -> None:
    made = render(Message((table,), summary="x")).blocks
    assert "table" not in [block["type"] for block in made]


def test_a_table_wraps_its_cells() -> None:
    made = render(Message((wide_table(2, 3, "words"),), summary="x")).blocks[-1]
    assert (made["type"], len(made["rows"])) == ("table", 4)
    assert made["column_settings"] == [{"is_wrapped": True}] * 2


def test_what_does_the_same_is_offered_once() -> None:
    row = Actions((Button("Help", "run:/help"), Button("Sections", "run:/sections")))
    again = Actions((Button("More help", "run:/help"),))
    made = render(Message((row, again), summary="x")).blocks
    assert [button["action_id"] for block in made for button in block["elements"]] == ["run:/help", "run:/sections"]


def test_five_buttons_stand_in_a_row() -> None:
    row = Actions(tuple(Button(f"Page {n}", f"page:t:{n}") for n in range(7)))
    made = render(Message((row,), summary="x")).blocks
    assert [len(block["elements"]) for block in made] == [5, 2]


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
