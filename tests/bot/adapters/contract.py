"""What every adapter must do, whatever its platform. Subclass :class:`AdapterContract` and give it the fixtures
``adapter`` (started), ``place`` (a channel that exists), ``member_place`` (a direct message) and ``posted``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.base import Adapter, PermanentSendError
from bot.message import (
    Actions,
    Bullet,
    BulletList,
    Button,
    Context,
    Divider,
    File,
    Heading,
    Link,
    Message,
    Paragraph,
    Quote,
    Table,
    Text,
    Time,
    from_json,
    text,
    to_json,
)
from digests.model import Destination

Posted = Callable[[Destination], Awaitable[list[str]]]
"""The texts that the platform shows at a destination, oldest first."""

HOSTILE = "@everyone <!channel> <@U123> <script>alert(1)</script> [x](javascript:alert(1)) ||spoiler|| *b* `c` \u202e"


def full_message(marker: str = "marker") -> Message:
    """One of every block."""
    return Message(
        (
            Heading("Heading"),
            Heading("Lower heading", level=2),
            Paragraph((Text("Words "), Text("strong", "strong"), Link("a link", "https://example.org/a?b=1&c=2"))),
            BulletList((Bullet(text(marker), (Text("detail "), Time(datetime(2026, 6, 1, tzinfo=UTC)))),)),
            BulletList((Bullet(text("日本語の一文。")), Bullet(text("Українське речення."))), ordered=True, start=3),
            Quote(text("quoted"), text("source")),
            Divider(),
            Table(("A", "B"), ((text("1"), text("2")),), caption="A table"),
            Context(text("small print")),
            File("0" * 40, "figures.csv", "text/csv", 91_000),
            Actions((Button("Next", "page:token:1"), Button("Open", url="https://example.org/"))),
        ),
        summary=f"A message with everything: {marker}",
    )


def long_message(bullets: int) -> Message:
    items = tuple(
        Bullet(
            (Link(f"Entry {n} 見出し Заголовок", f"https://example.org/{n}"), Text(" words" * 20)),
            text(f"detail {n}"),
        )
        for n in range(bullets)
    )
    blocks = [block for n in range(0, bullets, 5) for block in (Heading(f"Part {n}", 2), BulletList(items[n : n + 5]))]
    return Message((Heading("Long"), *blocks), summary="A long message", kind="digest")


class AdapterContract:
    @pytest.fixture
    def adapter(self) -> Adapter:
        raise NotImplementedError

    @pytest.fixture
    def place(self) -> Destination:
        raise NotImplementedError

    @pytest.fixture
    def member_place(self) -> Destination:
        raise NotImplementedError

    @pytest.fixture
    def posted(self) -> Posted:
        raise NotImplementedError

    def test_its_name_is_the_platform_of_its_destinations(self, adapter: Adapter, place: Destination) -> None:
        assert adapter.name == place.platform

    async def test_every_block_can_be_sent(self, adapter: Adapter, place: Destination, posted: Posted) -> None:
        sent = await adapter.send(place, full_message("the-marker"), key="a" * 20, parent=None)
        assert sent.platform_ids
        assert any("the-marker" in shown for shown in await posted(place))

    async def test_the_same_key_posts_once_or_can_be_found(
        self, adapter: Adapter, place: Destination, posted: Posted
    ) -> None:
        start = datetime.now(UTC) - timedelta(minutes=1)
        sent = await adapter.send(place, full_message("once-only"), key="b" * 20, parent=None)
        found = await adapter.find(place, key="b" * 20, since=start)
        if found.known:
            assert found.sent is not None
            assert found.sent.platform_ids[0] == sent.platform_ids[0]
        again = await adapter.send(place, full_message("once-only"), key="b" * 20, parent=None)
        if again.platform_ids == sent.platform_ids:
            assert sum("once-only" in shown for shown in await posted(place)) == 1

    async def test_what_was_never_sent_is_not_found(self, adapter: Adapter, place: Destination) -> None:
        found = await adapter.find(place, key="c" * 20, since=datetime.now(UTC) - timedelta(minutes=1))
        assert found.sent is None

    async def test_a_sent_part_can_be_edited(self, adapter: Adapter, place: Destination, posted: Posted) -> None:
        sent = await adapter.send(place, full_message("before-edit"), key="d" * 20, parent=None)
        await adapter.edit(place, sent, full_message("after-edit"))
        shown = "\n".join(await posted(place))
        assert "after-edit" in shown
        assert "before-edit" not in shown

    async def test_later_parts_follow_the_first(self, adapter: Adapter, place: Destination) -> None:
        parts = adapter.split(long_message(120))
        first = await adapter.send(place, parts[0], key="e" * 20, parent=None)
        for number, part in enumerate(parts[1:]):
            assert (await adapter.send(place, part, key=f"e{number:019}", parent=first)).platform_ids

    async def test_a_direct_message_reaches_the_member(
        self, adapter: Adapter, member_place: Destination, posted: Posted
    ) -> None:
        await adapter.send(member_place, full_message("to-you-alone"), key="f" * 20, parent=None)
        assert any("to-you-alone" in shown for shown in await posted(member_place))

    async def test_hostile_text_stays_text(self, adapter: Adapter, place: Destination, posted: Posted) -> None:
        hostile = Message((Heading(HOSTILE), Paragraph(text(HOSTILE))), summary=HOSTILE)
        await adapter.send(place, hostile, key="0" * 20, parent=None)
        shown = (await posted(place))[-1]
        assert "<script>" not in shown
        assert "<!channel>" not in shown

    def test_splitting_keeps_every_word_in_order(self, adapter: Adapter) -> None:
        message = long_message(300)
        parts = adapter.split(message)
        assert len(parts) > 1
        assert all(part.blocks and part.summary for part in parts)
        entries = [
            inline.text
            for part in parts
            for block in part.blocks
            if isinstance(block, BulletList)
            for item in block.items
            for inline in item.inlines
            if isinstance(inline, Link)
        ]
        assert entries == [f"Entry {n} 見出し Заголовок" for n in range(300)]

    def test_a_short_message_is_not_split(self, adapter: Adapter) -> None:
        assert adapter.split(full_message()) == (full_message(),)

    def test_parts_survive_the_ledger(self, adapter: Adapter) -> None:
        for part in adapter.split(long_message(120)):
            assert from_json(to_json(part)) == part

    async def test_a_place_that_is_not_there_is_a_permanent_error_that_names_the_cure(
        self, adapter: Adapter, place: Destination
    ) -> None:
        nowhere = Destination(place.platform, "no-such-workspace", "no-such-channel")
        assert await adapter.check(nowhere)
        with pytest.raises(PermanentSendError, match=r"\w+ \w+"):
            await adapter.send(nowhere, full_message(), key="9" * 20, parent=None)

    async def test_a_good_place_passes_the_check(self, adapter: Adapter, place: Destination) -> None:
        assert await adapter.check(place) == ()

    async def test_closing_twice_is_fine(self, adapter: Adapter) -> None:
        await adapter.close()
        await adapter.close()
