"""Messages as Discord's: Discord takes each of them, no word is lost, none costs more than was reckoned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.discord.markdown import visible
from bot.adapters.discord.render import FIT, IS_COMPONENTS_V2, MOST_TEXT, Attached, Rendered, cost, render, width
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
    Inline,
    Inlines,
    Link,
    Message,
    Paragraph,
    Quote,
    Table,
    Text,
    Time,
    text,
)
from tests.bot.adapters.contract import HOSTILE, full_message, long_message
from tests.fakes.discord.reading import read
from tests.fakes.discord.schema import check_request

Json = dict[str, Any]
AT = datetime(2026, 6, 1, 8, tzinfo=UTC)


# --- what is rendered ----------------------------------------------------------------------------------------


def walk(components: Any) -> Iterator[Json]:
    for component in components:
        yield component
        yield from walk(component.get("components", ()))


def texts(rendered: Rendered) -> list[str]:
    shown = [one["content"] for one in walk(rendered.components) if one["type"] == 10]
    return [*shown, *(embed["description"] for embed in rendered.embeds)]


def units(words: str) -> int:
    return len(words.encode("utf-16-le")) // 2


def squeezed(words: str) -> str:
    """Words without what splitting and escaping may change: spaces, guards, odd brackets in links."""
    words = visible(words).replace("\u200b", "").replace("［", "[").replace("］", "]")
    return "".join(words.split())


def said(*parts: Rendered) -> str:
    return squeezed("".join(read(words).words for part in parts for words in texts(part)))


def lines(*blocks: Block, kind: Any = "reply") -> list[str]:
    """What the blocks become, line by line; there must be one text."""
    (words,) = texts(render(Message(blocks, summary="s", kind=kind)))
    return words.split("\n")


# --- messages -------------------------------------------------------------------------------------------------

_PIECES = (
    *("@everyone", "<@1>", "<#1>", "</cmd:1>", "<t:1:R>", "<:e:1>", ":smile:", "`", "```", "||", "**", "*", "_", "~~"),
    *("[x](javascript:alert(1))", "](https://evil.example)", "[", "]", "https://example.org/a", "<", ">", "\\"),
    *("# ", "- ", "> ", "-# ", "1. ", "\n", "\n\n", " ", " ", "\u202e", "\u200f", "\x00", "\u2028"),
    *(
        "word ",
        "Ministry of Defence ",
        "日本語の長い一文がここにあります。",
        "Українське речення. ",
        "👩‍👩‍👧‍👦",
        "🇺🇦",
        HOSTILE,
    ),
)
_words = st.one_of(
    st.lists(st.sampled_from(_PIECES), max_size=10).map("".join), st.text(max_size=60), st.just("word " * 200)
)
_short = st.lists(st.sampled_from(_PIECES), max_size=3).map("".join)
_urls = st.sampled_from(
    ["https://example.org/a?b=1&c=2", "https://example.org/(x)*", "https://e.org/" + "x" * 600, "javascript:alert(1)"]
)
_styles: Any = st.sampled_from(["plain", "plain", "strong", "emphasis", "code"])
_times: Any = st.builds(Time, st.just(AT), st.sampled_from(["date", "time", "datetime", "relative"]))


def _inlines(words: st.SearchStrategy[str], most: int = 4) -> st.SearchStrategy[Inlines]:
    inline: st.SearchStrategy[Inline] = st.one_of(
        st.builds(Text, words, _styles), st.builds(Link, words, _urls), _times
    )
    return st.lists(inline, max_size=most).map(tuple)


_buttons = st.builds(
    Button,
    _words,
    st.one_of(st.none(), st.sampled_from(["page:1", "page:2", "run:/x"]), st.uuids().map(str)),
    st.one_of(st.none(), _urls),
    st.sampled_from(["plain", "primary", "danger"]),
    st.booleans(),
)
_long, _brief = _inlines(_words), _inlines(_short, 2)
_bullets = st.lists(st.builds(Bullet, _long, _brief), max_size=5).map(tuple)
_tables = st.lists(st.tuples(_brief, _brief), max_size=4).map(lambda rows: Table(("A", "B"), tuple(rows), "caption"))
_blocks: st.SearchStrategy[Block] = st.one_of(
    st.builds(Heading, _short, st.sampled_from([1, 2])),
    st.builds(Paragraph, _long),
    st.builds(BulletList, _bullets, st.booleans(), st.integers(1, 120)),
    st.builds(Quote, _long, _brief),
    st.builds(Context, _long),
    st.just(Divider()),
    _tables,
    st.builds(Image, st.sampled_from(["aa", "bb"]), _words.filter(bool), st.none() | _short),
    st.builds(
        File, st.sampled_from(["aa", "bb"]), _words, st.sampled_from(["text/csv", "text/html"]), st.integers(0, 9)
    ),
    st.lists(_buttons, max_size=8).map(lambda buttons: Actions(tuple(buttons))),
)
messages = st.builds(
    Message,
    st.lists(_blocks, min_size=1, max_size=12).map(tuple),
    _words.filter(bool),
    kind=st.sampled_from(["reply", "digest", "error", "notice"]),
)


def runs(block: Block) -> Iterator[Inlines]:
    """The texts of a block that must be found again."""
    match block:
        case Paragraph() | Context():
            yield block.inlines
        case Quote():
            yield block.inlines
            yield block.source
        case BulletList():
            for item in block.items:
                yield item.inlines
                yield item.detail
        case Table():
            for row in block.rows:
                yield from row


class TestEveryMessage:
    @given(messages)
    @settings(max_examples=50, deadline=None)
    def test_discord_takes_each_part(self, message: Message) -> None:
        for part in split(message, FIT):
            check_request("POST", "/channels/1/messages", render(part).payload())

    @given(messages)
    @settings(max_examples=50, deadline=None)
    def test_a_part_is_a_layout_or_an_embed_and_never_both(self, message: Message) -> None:
        for part in split(message, FIT):
            rendered = render(part)
            if part.kind == "error" and not rendered.files:
                assert rendered.embeds
                assert not rendered.flags & IS_COMPONENTS_V2
                assert {one["type"] for one in walk(rendered.components)} <= {1, 2}
            else:
                assert not rendered.embeds
                assert rendered.flags & IS_COMPONENTS_V2
                assert [one["type"] for one in rendered.components] == [17]

    @given(messages)
    @settings(max_examples=50, deadline=None)
    def test_costs_are_an_upper_bound(self, message: Message) -> None:
        for part in split(message, FIT):
            rendered = render(part)
            costs = [cost(block) for block in part.blocks]
            reckoned = sum(one.characters for one in costs)
            if reckoned:
                assert sum(units(words) for words in texts(rendered)) <= reckoned <= MOST_TEXT
            # The container, and the first text in it.
            assert len(list(walk(rendered.components))) <= sum(one.pieces for one in costs) + 2 <= 38

    @given(_long)
    @settings(max_examples=50, deadline=None)
    def test_widths_are_an_upper_bound(self, inlines: Inlines) -> None:
        (words,) = texts(render(Message((Paragraph(inlines),), summary="–")))
        assert units(words) <= max(width(inlines), 1)

    @given(messages)
    @settings(max_examples=50, deadline=None)
    def test_words_survive(self, message: Message) -> None:
        parts = split(message, FIT)
        found = said(*map(render, parts))
        whole = len(parts) == 1 and parts[0] == message
        for inlines in (run for block in message.blocks for run in runs(block)):
            for inline in inlines:
                if isinstance(inline, Text | Link) and (whole or len(inline.text) <= 20):
                    assert squeezed(inline.text) in found

    @given(messages)
    @settings(max_examples=50, deadline=None)
    def test_no_text_pings_or_links_by_itself(self, message: Message) -> None:
        for part in split(message, FIT):
            for words in texts(render(part)):
                shown = read(words)
                assert not {"mention", "emoji", "url", "spoiler", "strike", "underline", "broken link"} & set(
                    shown.marks
                )
                assert all(url.startswith(("https://example.org/", "https://e.org/")) for _, url in shown.links)

    @given(messages)
    @settings(max_examples=40, deadline=None)
    def test_discord_py_sends_the_same(self, message: Message) -> None:
        part = split(message, FIT)[0]
        rendered = render(part)
        view = rendered.view()
        if view is None:
            assert not rendered.components
        else:
            sent = [_without_defaults(component) for component in view.to_components()]
            assert sent == [_without_defaults(component) for component in rendered.components]
            assert view.timeout is None
        sent_embeds = [embed.to_dict() for embed in rendered.discord_embeds()]
        assert [(one["description"], one["color"]) for one in sent_embeds] == [
            (one["description"], one["color"]) for one in rendered.embeds
        ]


def _without_defaults(component: Json) -> Json:
    """A component without what discord.py says though it need not be said."""
    kept = {key: value for key, value in component.items() if value is not None and value is not False and key != "id"}
    for key in ("components", "items"):
        if key in kept:
            kept[key] = [_without_defaults(child) for child in kept[key]]
    if "media" in kept:
        kept["media"] = {"url": kept["media"]["url"]}
    return kept


# --- how it looks ---------------------------------------------------------------------------------------------


def edition() -> Message:
    """A small edition such as the bot posts."""
    link = Link("Japan joins NATO's fund", "https://example.org/1")
    detail = (Link("Ministry", "https://example.org/1"), Text(" · 3 June · 3 independent sources"))
    return Message(
        (
            Heading("Morning digest"),
            Context((Text("New since "), Time(AT))),
            Heading("Assistance", 2),
            BulletList((Bullet((link, Text("\nThe agreement covers repairs.")), detail),)),
            Context(text("2 more: /latest assistance")),
            Heading("Background", 2),
            BulletList((Bullet((Text("A document", "strong"),), text("Archive · 2 June")),)),
            Context((Text("39 sources read · next edition "), Time(AT))),
        ),
        summary="Morning digest: 2 developments.",
        kind="digest",
    )


class TestAnEdition:
    def test_its_text_is_compact_and_its_hierarchy_clear(self) -> None:
        (words,) = texts(render(edition()))
        assert words.split("\n") == [
            "## Morning digest",
            "-# New since <t:1780300800:f>",
            "### Assistance",
            "- **[Japan joins NATO's fund](<https://example.org/1>)**",
            "  The agreement covers repairs.",
            "-# [Ministry](<https://example.org/1>) · 3 June · 3 independent sources",
            "",
            "-# 2 more: /latest assistance",
            "### Background",
            "- **A document**",
            "-# Archive · 2 June",
            "",
            "-# 39 sources read · next edition <t:1780300800:f>",
        ]

    def test_it_is_one_container_with_one_text(self) -> None:
        assert [one["type"] for one in walk(render(edition()).components)] == [17, 10]

    def test_a_long_one_becomes_a_headline_and_its_continuation(self) -> None:
        first, *rest = split(long_message(300), FIT)
        assert rest
        assert sum(units(words) for words in texts(render(first))) <= FIT.headline


class TestBlocks:
    def test_paragraphs_stand_apart(self) -> None:
        assert lines(Heading("H"), Paragraph(text("a")), Paragraph(text("b")), Context(text("c"))) == [
            *("## H", "a", "", "b", "-# c")
        ]

    def test_ordered_lists_keep_their_numbers(self) -> None:
        items = (Bullet(text("a\nmore"), text("source")), Bullet(text("b")))
        assert lines(BulletList(items, ordered=True, start=9)) == ["9. a", "   more", "-# source", "10. b"]

    def test_quotations_stay_apart_from_each_other(self) -> None:
        assert lines(Quote(text("a\n\nb"), text("source")), Quote(text("c"))) == ["> a", "> b", "-# source", "", "> c"]

    def test_small_print_is_small_on_every_line(self) -> None:
        assert lines(Context(text("a\n\nb"))) == ["-# a", "-# b"]

    def test_a_table_is_a_list_of_rows(self) -> None:
        rows = ((text("Japan"), text("60"), ()), ((Link("NATO", "https://example.org/"),), text("70"), text("x")))
        assert lines(Table(("Who", "Million", "Note"), rows, "Money")) == [
            "**Money**",
            "- **Japan** – Million: 60",
            "- [NATO](<https://example.org/>) – Million: 70 · Note: x",
        ]

    def test_a_divider_is_a_separator(self) -> None:
        rendered = render(Message((Paragraph(text("a")), Divider(), Paragraph(text("b"))), summary="s"))
        assert [one["type"] for one in walk(rendered.components)] == [17, 10, 14, 10]

    def test_a_headline_without_a_usable_address_keeps_its_words(self) -> None:
        assert lines(BulletList((Bullet((Link("[a] b", "ftp://x"),), text("d")),))) == ["- \\[a\\] b", "-# d"]

    def test_blocks_that_say_nothing_leave_no_trace(self) -> None:
        assert lines(Heading(" "), Paragraph(()), Context(text("\n")), Paragraph(text("a")), Quote(())) == ["a"]

    def test_a_message_without_words_says_its_summary(self) -> None:
        for kind in ("reply", "error"):
            rendered = render(Message((Actions(()),), summary="What *happened*", kind=kind))
            assert texts(rendered) == ["What \\*happened\\*"]

    def test_a_long_heading_ends_in_an_ellipsis(self) -> None:
        (line,) = lines(Heading("見出し" * 100))
        assert line.endswith("…")
        assert units(line) <= 250


class TestPictures:
    def test_a_picture_is_attached_and_described(self) -> None:
        rendered = render(Message((Image("a1", "A map", "The front"), Image("a1", "Again")), summary="s"))
        assert rendered.files == (Attached("a1", "a1.png"),)
        gallery, title, *_ = rendered.components[0]["components"]
        assert gallery["items"] == [{"media": {"url": "attachment://a1.png"}, "description": "A map"}]
        assert title["content"] == "-# The front"
        assert rendered.payload()["attachments"] == [{"id": "0", "filename": "a1.png"}]

    def test_a_long_description_is_cut(self) -> None:
        rendered = render(Message((Image("a", "地図" * 1000),), summary="s"))
        assert units(rendered.components[0]["components"][0]["items"][0]["description"]) <= 1024

    def test_files_are_attached_under_names_of_their_own(self) -> None:
        one, other = (File(key, "timeline.csv", "text/csv", 7) for key in ("a1", "b2"))
        rendered = render(Message((one, other, one), summary="s", kind="error"))
        names = ["timeline.csv", "b2-timeline.csv", "timeline.csv"]
        assert [part["file"]["url"] for part in rendered.components[0]["components"]] == [
            f"attachment://{name}" for name in names
        ]
        assert rendered.files == (Attached("a1", "timeline.csv"), Attached("b2", "b2-timeline.csv"))
        check_request("POST", "/channels/1/messages", rendered.payload())

    def test_an_error_with_a_picture_shows_it(self) -> None:
        rendered = render(Message((Image("a", "A map"),), summary="s", kind="error"))
        assert (rendered.files, rendered.embeds) == ((Attached("a", "a.png"),), ())


class TestButtons:
    def shown(self, *buttons: Button, kind: Any = "reply") -> list[list[Json]]:
        blocks: tuple[Block, ...] = (Paragraph(text("x")), Actions(buttons))
        rows = [one for one in walk(render(Message(blocks, summary="s", kind=kind)).components) if one["type"] == 1]
        return [row["components"] for row in rows]

    def test_a_row_holds_five(self) -> None:
        assert [len(row) for row in self.shown(*(Button(str(n), f"a{n}") for n in range(12)))] == [5, 5, 2]

    def test_styles_and_states(self) -> None:
        ((plain, primary, danger, link),) = self.shown(
            Button("a", "1", disabled=True),
            Button("b", "2", style="primary"),
            Button("c", "3", style="danger"),
            Button("d", url="https://example.org/x"),
        )
        assert plain == {"type": 2, "label": "a", "style": 2, "custom_id": "1", "disabled": True}
        assert (primary["style"], danger["style"]) == (1, 4)
        assert link == {"type": 2, "label": "d", "style": 5, "url": "https://example.org/x"}

    def test_labels_are_plain_words_that_fit(self) -> None:
        ((button,),) = self.shown(Button("*b* [x]\n" + "見出し" * 40, "1"))
        assert button["label"].startswith("*b* [x] 見出し")
        assert units(button["label"]) <= 80

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "", f"https://example.org/{'x' * 512}"])
    def test_a_link_that_discord_refuses_is_left_out(self, url: str) -> None:
        assert self.shown(Button("a", url=url)) == []

    def test_the_same_action_stands_once(self) -> None:
        ((first,),) = self.shown(Button("a", "1"), Button("b", "1"), Button("c", ""), Button("d", "x" * 101))
        assert first["label"] == "a"

    def test_an_error_keeps_its_buttons(self) -> None:
        assert len(self.shown(*(Button(str(n), f"a{n}") for n in range(30)), kind="error")) == 5


def test_every_block_at_once() -> None:
    rendered = render(full_message())
    check_request("POST", "/channels/1/messages", rendered.payload())
    check_request(
        "POST", "/interactions/1/t/callback", {"type": 4, "data": rendered.payload() | {"flags": rendered.flags | 64}}
    )
    assert said(rendered).endswith("smallprint")


def test_kinds_have_their_own_colours() -> None:
    colours = {
        kind: (rendered.components or rendered.embeds)[0].get("accent_color") or rendered.embeds[0]["color"]
        for kind in ("reply", "digest", "notice", "error")
        for rendered in [render(Message((Paragraph(text("x")),), summary="s", kind=kind))]
    }
    assert len(set(colours.values())) == 4
