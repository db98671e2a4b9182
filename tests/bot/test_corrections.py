"""A source edits or withdraws what was posted: the posted message is edited once and says so."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from bot.adapters.base import PermanentSendError, Sent, TransientSendError
from bot.corrections import TOLD_FOR, CorrectionDesk
from bot.message import Bullet, BulletList, Context, Heading, Link, Message, Text, plain, text, to_json
from bot.present.correction import corrected
from digests.archive import Archive, corrections, deliveries, itemstore
from digests.archive.deliveries import NewDelivery
from digests.archive.items import hash_of
from digests.model import Destination
from tests.conftest import StoppedClock
from tests.fakes.platform import FakePlatform
from tests.fakes.shelf import put_edition, put_item

HERE = Destination("fake", "w", "news")
URL = "https://courier.example/bridge"
OTHER = "https://agency.example/loan"


def digest() -> Message:
    bullets = (
        Bullet(
            (Link("The bridge opens", URL), Text("\nIt opens on Monday.")), (Link("Courier", URL), Text(" · 1 June"))
        ),
        Bullet((Link("A loan is agreed", OTHER),), (Link("Agency", OTHER), Text(" · also "), Link("Courier", URL))),
    )
    return Message((Heading("Morning"), BulletList(bullets)), summary="Morning: 2 developments.", kind="digest")


class Editable(FakePlatform):
    """Remembers edits; raises what it is told first."""

    def __init__(self, clock: StoppedClock) -> None:
        super().__init__(clock)
        self.edits: list[tuple[tuple[str, ...], Message]] = []
        self.refusals: list[Exception] = []

    async def edit(self, destination: Destination, sent: Sent, message: Message) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.edits.append((sent.platform_ids, message))


@pytest.fixture
def archive(either_archive: Archive) -> Archive:
    return either_archive


@pytest.fixture
def platform(clock: StoppedClock) -> Editable:
    return Editable(clock)


@pytest.fixture
def desk(archive: Archive, clock: StoppedClock, platform: Editable) -> CorrectionDesk:
    return CorrectionDesk(archive, {"fake": platform}, now=clock, rng=random.Random(7))


async def post(archive: Archive, clock: StoppedClock, *, sent: bool = True) -> int:
    """An item and an edition that cites it, posted; returns the item's id."""
    item_id = await put_item(archive, url=URL, title="The bridge opens", text="It opens on Monday. More follows.")
    edition, (key,) = await put_edition(archive, clock(), deliver=[NewDelivery(HERE, 1, 1, to_json(digest()))])
    async with archive.write() as connection:
        await corrections.record_items(connection, edition, [item_id])
    if sent:
        await mark_sent(archive, clock, key)
    return item_id


async def mark_sent(archive: Archive, clock: StoppedClock, key: str) -> None:
    async with archive.write() as connection:
        await deliveries.lease(connection, owner="me", now=clock(), until=clock() + timedelta(minutes=1), limit=5)
        assert await deliveries.mark_sent(connection, key, owner="me", platform_ids=("m1",), at=clock())


async def edit_item(
    archive: Archive, clock: StoppedClock, item_id: int, *, title: str, words: str, url: str = URL
) -> None:
    change = {"id": item_id, "title": title, "text": words, "url": url, "url_hash": hash_of(url)}
    async with archive.write() as connection:
        await itemstore.revise(connection, [change], clock())


def lines(message: Message) -> list[str]:
    return [
        plain(item.inlines) + " | " + plain(item.detail)
        for block in message.blocks
        if isinstance(block, BulletList)
        for item in block.items
    ]


async def test_an_edit_of_the_source_edits_the_message_once_and_says_so(
    archive: Archive, clock: StoppedClock, platform: Editable, desk: CorrectionDesk
) -> None:
    item_id = await post(archive, clock)
    assert await desk.run_once() == 0, "nothing has changed yet"
    await edit_item(archive, clock, item_id, title="The bridge opens on Tuesday", words="It opens on Tuesday.")
    assert await desk.run_once() == 1
    ((ids, message),) = platform.edits
    assert ids == ("m1",)
    assert lines(message) == [
        "The bridge opens on Tuesday | Courier · 1 June · edited by its source since",
        "A loan is agreed | Agency · also Courier",
    ]
    last = message.blocks[-1]
    assert isinstance(last, Context)
    assert plain(last.inlines).startswith("Corrected: a source has changed what it published.")
    await edit_item(archive, clock, item_id, title="The bridge opens on Friday", words="It opens on Friday.")
    assert await desk.run_once() == 0, "readers are told once"


async def test_a_sentence_that_the_source_still_has_stays(
    archive: Archive, clock: StoppedClock, platform: Editable, desk: CorrectionDesk
) -> None:
    item_id = await post(archive, clock)
    await edit_item(archive, clock, item_id, title="The bridge opens", words="Updated. It opens on  Monday. Really.")
    await desk.run_once()
    assert lines(platform.edits[0][1])[0].startswith("The bridge opens\nIt opens on Monday. | ")


async def test_a_link_that_moved_leads_to_the_new_address(
    archive: Archive, clock: StoppedClock, platform: Editable, desk: CorrectionDesk
) -> None:
    item_id = await post(archive, clock)
    moved = "https://courier.example/bridge-2"
    await edit_item(archive, clock, item_id, title="The bridge opens", words="It opens on Monday.", url=moved)
    await desk.run_once()
    (block,) = [block for block in platform.edits[0][1].blocks if isinstance(block, BulletList)]
    assert block.items[0].inlines[0] == Link("The bridge opens", moved)


async def test_a_withdrawn_item_keeps_its_words_and_is_marked(
    archive: Archive, clock: StoppedClock, platform: Editable, desk: CorrectionDesk
) -> None:
    item_id = await post(archive, clock)
    async with archive.write() as connection:
        await itemstore.withdraw(connection, [item_id], clock())
    await desk.run_once()
    first, _ = lines(platform.edits[0][1])
    assert first == "The bridge opens\nIt opens on Monday. | Courier · 1 June · withdrawn by its source"


async def test_what_is_still_being_delivered_waits(
    archive: Archive, clock: StoppedClock, platform: Editable, desk: CorrectionDesk
) -> None:
    item_id = await post(archive, clock, sent=False)
    await edit_item(archive, clock, item_id, title="Other", words="Other.")
    assert await desk.run_once() == 0
    async with archive.read() as connection:
        (row,) = await deliveries.of_edition(connection, 1)
    await mark_sent(archive, clock, row.id)
    assert await desk.run_once() == 1


async def test_a_platform_that_is_busy_is_asked_again(
    archive: Archive, clock: StoppedClock, platform: Editable, desk: CorrectionDesk
) -> None:
    item_id = await post(archive, clock)
    await edit_item(archive, clock, item_id, title="Other", words="Other.")
    platform.refusals.append(TransientSendError("busy", retry_after=30))
    assert await desk.run_once() == 0
    clock.forward(seconds=29)
    assert await desk.run_once() == 0
    clock.forward(seconds=5)
    assert await desk.run_once() == 1


async def test_a_message_that_is_gone_is_let_be(
    archive: Archive, clock: StoppedClock, platform: Editable, desk: CorrectionDesk
) -> None:
    item_id = await post(archive, clock)
    await edit_item(archive, clock, item_id, title="Other", words="Other.")
    platform.refusals.append(PermanentSendError("the message was deleted"))
    assert await desk.run_once() == 0
    async with archive.read() as connection:
        assert await corrections.waiting(connection) == 0
    clock.forward(hours=1)
    assert await desk.run_once() == 0


async def test_readers_of_old_editions_are_not_told(
    archive: Archive, clock: StoppedClock, platform: Editable, desk: CorrectionDesk
) -> None:
    item_id = await post(archive, clock)
    clock.forward(days=TOLD_FOR.days + 1)
    await edit_item(archive, clock, item_id, title="Other", words="Other.")
    assert await desk.run_once() == 0


def test_a_message_that_does_not_cite_it_is_left_alone(clock: StoppedClock) -> None:
    change = {"url": None, "title": "x", "text": "", "withdrawn": True, "at": clock()}
    assert corrected(digest(), posted_url="https://else.example/", **change) is None
    assert corrected(Message((Context(text("x")),), summary="x"), posted_url=URL, **change) is None
