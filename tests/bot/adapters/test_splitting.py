"""Splitting: everything arrives, in order, in parts that fit, cut where a reader does not stumble."""

from __future__ import annotations

import regex
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.splitting import Cost, Fit, cut, split
from bot.message import (
    Block,
    Bullet,
    BulletList,
    Context,
    Heading,
    Inlines,
    Link,
    Message,
    Paragraph,
    Quote,
    Table,
    Text,
    plain,
    text,
)


def width(inlines: Inlines) -> int:
    """As a platform that writes ``&`` as ``&amp;`` and links with their address."""
    total = 0
    for inline in inlines:
        match inline:
            case Link():
                total += len(inline.text) + len(inline.url) + 3
            case Text():
                total += len(inline.text.encode("utf-16-le")) // 2 + 4 * inline.text.count("&")
            case _:
                total += 30
    return total


def cost(block: Block) -> Cost:
    match block:
        case Heading():
            return Cost(1, min(len(block.text), 150) * 2)
        case Paragraph() | Context():
            return Cost(1, width(block.inlines))
        case Quote():
            return Cost(1, width(block.inlines) + width(block.source))
        case BulletList():
            return Cost(1, sum(width(item.inlines) + width(item.detail) + 4 for item in block.items))
        case Table():
            return Cost(1, sum(width(cell) for row in block.rows for cell in row))
        case _:
            return Cost(1, 0)


FIT = Fit(width, cost, most=Cost(20, 2000), widest=600, headline=700)
LETTERS = [*"ab &\n.。！?、日本語防衛省Україна’ї", "\U0001f469", "\u200d", "\U0001f1fa", "\U0001f1e6", "\u0301"]
WORDS = st.text(st.sampled_from(LETTERS), min_size=1, max_size=900)
INLINES = st.lists(
    st.one_of(
        WORDS.map(Text),
        st.builds(Link, st.text("見出しab ", min_size=1, max_size=60), st.just("https://example.org/a?b=1")),
    ),
    min_size=1,
    max_size=5,
).map(tuple)
BLOCKS = st.one_of(
    st.builds(Heading, st.text("Заголовокab", min_size=1, max_size=40), st.sampled_from([1, 2])),
    st.builds(Paragraph, INLINES),
    st.builds(Quote, INLINES, st.just(text("source"))),
    st.builds(lambda items: BulletList(tuple(items)), st.lists(st.builds(Bullet, INLINES), min_size=1, max_size=8)),
)


def words_of(blocks: tuple[Block, ...]) -> str:
    """All words of a message without its headings (they are repeated) and small print (it is added)."""
    said: list[str] = []
    for block in blocks:
        match block:
            case Paragraph() | Quote():
                said.append(plain(block.inlines))
            case BulletList():
                said += [plain(item.inlines) for item in block.items]
            case _:
                pass
    return "".join(said)


def assert_fits(message: Message) -> None:
    total = [cost(block) for block in message.blocks]
    assert sum(part.pieces for part in total) <= FIT.most.pieces
    assert sum(part.characters for part in total) <= FIT.most.characters


@given(st.lists(BLOCKS, min_size=1, max_size=25).map(tuple), st.sampled_from(["reply", "digest"]))
def test_every_word_arrives_in_order_and_every_part_fits(blocks: tuple[Block, ...], kind: str) -> None:
    message = Message(blocks, summary="what it says", kind="digest" if kind == "digest" else "reply")
    parts = split(message, FIT)
    assert "".join(words_of(part.blocks) for part in parts) == words_of(blocks)
    for number, part in enumerate(parts, 1):
        assert part.blocks
        assert_fits(part)
        if len(parts) > 1:
            assert part.summary == f"what it says ({number}/{len(parts)})"
            last = part.blocks[-1]
            assert isinstance(last, Context)
            assert plain(last.inlines).endswith(f"({number}/{len(parts)})")


@given(INLINES)
def test_cuts_are_never_inside_a_character_or_a_link(inlines: Inlines) -> None:
    runs = cut(inlines, FIT, 100)
    assert "".join(plain(run) for run in runs) == plain(inlines)
    assert [part for run in runs for part in run if isinstance(part, Link)] == [
        part for part in inlines if isinstance(part, Link)
    ]
    whole: list[str] = [cluster for part in inlines for cluster in regex.findall(r"\X", plain((part,)))]
    pieces = [cluster for run in runs for part in run for cluster in regex.findall(r"\X", plain((part,)))]
    # Cut at sentences and words first; within a word only between clusters: none comes out torn.
    assert len(pieces) <= len(whole) + len(runs)
    assert "".join(pieces) == "".join(whole)


def test_a_long_word_is_cut_between_clusters() -> None:
    family = "\U0001f469‍\U0001f469‍\U0001f467‍\U0001f466"
    runs = cut((Text(family * 30),), FIT, 100)
    assert len(runs) > 1
    assert all(set(regex.findall(r"\X", plain(run))) == {family} for run in runs)


def test_sentences_stay_whole_where_they_fit() -> None:
    japanese = "日本政府は発表した。" * 30
    for run in cut((Text(japanese),), FIT, 100):
        assert plain(run).endswith("。")
    english = "The government said so. " * 30
    for run in cut((Text(english),), FIT, 100):
        assert plain(run).rstrip().endswith("so.")


def section(number: int, bullets: int, words: int = 150) -> tuple[Block, ...]:
    items = tuple(Bullet((Link(f"s{number}b{n}", "https://example.org/"), Text("w" * words))) for n in range(bullets))
    return (Heading(f"Section {number}", 2), BulletList(items))


def test_a_long_digest_begins_with_a_short_headline_that_names_the_rest() -> None:
    blocks = (Heading("Morning"), Context(text("New since yesterday")), *section(1, 2), *section(2, 3), *section(3, 3))
    first, *rest = split(Message(blocks, summary="Morning", kind="digest"), FIT)
    assert sum(cost(block).characters for block in first.blocks) <= FIT.headline + 24
    assert Heading("Section 1", 2) in first.blocks
    assert isinstance(first.blocks[-1], Context)
    assert plain(first.blocks[-1].inlines) == f"In the thread: Section 2, Section 3  (1/{len(rest) + 1})"
    assert [block.text for part in rest for block in part.blocks if isinstance(block, Heading)] == [
        "Section 2",
        "Section 3",
    ]


def test_a_reply_is_filled_up_and_has_no_headline() -> None:
    blocks = (Heading("Long"), *section(1, 2), *section(2, 4), *section(3, 4))
    first, *_ = split(Message(blocks, summary="Long"), FIT)
    assert sum(cost(block).characters for block in first.blocks) > FIT.headline
    assert not any("thread" in plain(block.inlines) for block in first.blocks if isinstance(block, Context))


def test_a_long_section_goes_on_under_its_name() -> None:
    blocks = (Heading("Long"), *section(1, 25, words=200))
    parts = split(Message(blocks, summary="Long", kind="digest"), FIT)
    assert len(parts) > 2
    assert [block.text for block in parts[1].blocks if isinstance(block, Heading)] == ["Section 1 (continued)"]
    assert sum(isinstance(block, BulletList) for block in parts[1].blocks) == 1


def test_numbers_of_an_ordered_list_go_on() -> None:
    items = tuple(Bullet(text("w" * 300)) for _ in range(20))
    parts = split(Message((BulletList(items, ordered=True),), summary="n"), FIT)
    lists = [block for part in parts for block in part.blocks if isinstance(block, BulletList)]
    assert [block.start for block in lists] == [1 + sum(len(b.items) for b in lists[:n]) for n in range(len(lists))]


def test_a_title_wider_than_a_paragraph_stays_a_link() -> None:
    parts = split(Message((Paragraph((Link("t" * 5000, "https://example.org/"),)),), summary="x"), FIT)
    (link,) = [
        inline for part in parts for block in part.blocks if isinstance(block, Paragraph) for inline in block.inlines
    ]
    assert isinstance(link, Link)
    assert link.text.endswith("…")


def test_what_fits_is_left_as_it_is() -> None:
    message = Message((Heading("Short"), *section(1, 2)), summary="Short", kind="digest")
    assert split(message, FIT) == (message,)
