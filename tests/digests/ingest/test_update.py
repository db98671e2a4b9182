"""From feeds to the archive: what is new, what was edited, what stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from digests.archive import Archive, events, items
from digests.ingest import reading, update
from digests.ingest.update import SourceUpdate
from digests.model import Dating, SourceKind
from digests.search.index import open_index
from digests.story import Story
from tests.conftest import StoppedClock
from tests.fakes.feedserver import Entry
from tests.fakes.pressroom import FOOTBALL, LOAN, PILLAR, Pressroom, at, feed

NOW = datetime(2026, 6, 1, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def pillar(number: str = "1", title: str = "Third pillar of the bridge is built", body: str = PILLAR) -> Entry:
    return Entry(number, title, body)


# --- new items ---------------------------------------------------------------------------------------------


async def test_the_first_reading_is_background_and_the_next_brings_news(either_press: Pressroom) -> None:
    either_press.publish("courier", pillar())
    first = await either_press.update()
    assert first == SourceUpdate("courier", new=1)
    assert await either_press.states() == {"courier": "baseline", "agency": "waiting"}
    either_press.publish("courier", Entry("2", "A loan for the bridge", LOAN), pillar())
    assert await either_press.update() == SourceUpdate("courier", new=1, unchanged=1)
    old, new = await either_press.items()
    assert (old.baseline, new.baseline) == (True, False)
    async with either_press.archive.read() as connection:
        news = await items.new_since(connection, after_item=0, through_item=new.id, sections=["building", "money"])
    assert [filed.item.id for filed in news] == [new.id]
    assert (await either_press.state()).items == 2


async def test_an_item_is_archived_clean_filed_grouped_and_found(either_press: Pressroom) -> None:
    await either_press.baseline()
    body = f"<p>{PILLAR}</p><script>alert(1)</script>"
    link = "HTTPS://Courier.example/bridge?utm_source=rss&id=7#top"
    either_press.publish("courier", Entry("1", "Third &lt;b&gt;pillar&lt;/b&gt; of the bridge", body, link))
    assert (await either_press.update()).new == 1
    item = await either_press.item()
    assert item.title == "Third pillar of the bridge"
    assert item.text == PILLAR
    assert item.url == "https://courier.example/bridge?id=7"
    assert (item.language, item.kind, item.family) == ("en", SourceKind.NATIONAL, "courier")
    assert (item.published_at, item.dating) == (NOW, Dating.STATED)
    assert item.event_id is not None
    assert await either_press.sections(item) == {"building"}
    assert await either_press.found("builders winter") == [f"item:{item.id}"]


async def test_off_topic_items_are_archived_with_the_reason_and_nothing_more(either_press: Pressroom) -> None:
    await either_press.baseline()
    either_press.publish("courier", Entry("1", "Northtown wins the football cup", FOOTBALL))
    assert await either_press.update() == SourceUpdate("courier", new=1, off_topic=1)
    item = await either_press.item()
    assert item.off_topic is not None
    assert "sport" in item.off_topic
    assert item.event_id is None
    assert await either_press.found("football match") == []


async def test_each_item_is_filed_in_the_language_it_is_written_in(press: Pressroom) -> None:
    await press.baseline()
    japanese = "川の橋の建設工事が進み、三本目の橋脚が完成した。町は来年の開通を目指している。"
    press.publish("courier", Entry("1", "橋の建設が進む", japanese), Entry("2", "Будівництво мосту", "Міст будують."))
    await press.update()
    assert {item.language for item in await press.items()} == {"ja", "uk"}


async def test_of_copies_the_earliest_is_the_original_and_all_are_one_event(either_press: Pressroom) -> None:
    await either_press.baseline("courier", "agency")
    either_press.publish("agency", Entry("a", "Third pillar of the bridge is built", f"{PILLAR} {LOAN}"))
    either_press.publish("courier", Entry("c", "Bridge: third pillar is built", f"{PILLAR} {LOAN}"))
    await either_press.update("agency")
    await either_press.update("courier")
    original, copy = await either_press.items()
    assert (original.duplicate_of, copy.duplicate_of) == (None, original.id)
    assert original.event_id == copy.event_id
    assert original.event_id is not None
    async with either_press.archive.read() as connection:
        (event,) = await events.members(connection, [original.event_id])
    assert event.families == {"agency", "courier"}


async def test_within_one_feed_too_the_earliest_is_the_original(press: Pressroom) -> None:
    await press.baseline()
    late, early = at(NOW + HOUR), at(NOW)
    press.publish(
        "courier",
        Entry("new", "Bridge: pillar built", f"{PILLAR} {LOAN}", published=late),
        Entry("old", "Bridge: pillar built", f"{PILLAR} {LOAN}", published=early),
    )
    await press.update()
    first, second = await press.items()
    assert (first.key, second.key) == ("old", "new")
    assert second.duplicate_of == first.id


@pytest.mark.parametrize(
    ("stated", "dating"), [(None, Dating.MISSING), (at(NOW + 90 * HOUR), Dating.CORRECTED), ("soon", Dating.MISSING)]
)
async def test_items_without_a_believable_date_bear_that_of_their_reading(
    press: Pressroom, stated: str | None, dating: Dating
) -> None:
    await press.baseline()
    press.publish("courier", Entry("1", "Third pillar of the bridge", PILLAR, published=stated))
    await press.update()
    item = await press.item()
    assert (item.published_at, item.dating) == (press.clock(), dating)


async def test_a_date_that_is_stated_later_is_taken(press: Pressroom) -> None:
    await press.baseline()
    press.publish("courier", Entry("1", "Third pillar of the bridge", PILLAR, published=None))
    await press.update()
    press.publish("courier", Entry("1", "Third pillar of the bridge stands", PILLAR, published=at(NOW)))
    await press.update()
    item = await press.item()
    assert (item.published_at, item.dating, item.revision) == (NOW, Dating.STATED, 2)
    async with press.archive.read() as connection:
        assert [found.id for found in await items.latest(connection, section="building", limit=1)] == [item.id]


async def test_hostile_entries_are_archived_as_harmless_text(either_press: Pressroom) -> None:
    await either_press.baseline()
    either_press.publish(
        "courier",
        Entry("1", "Bridge &lt;script&gt;alert(1)&lt;/script&gt; works", "<img src=x onerror=alert(1)>" + PILLAR),
        Entry("2", "Bridge works \u202e\u200b", "\ufffe\x7f" + PILLAR, link="javascript:alert(1)"),
        Entry("3", "x" * 5_000, "<p>" * 3_000 + "bridge works " * 20_000),
        Entry("4" * 3_000, "Bridge works", PILLAR, link="https://courier.example/" + "y" * 4_000),
    )
    update = await either_press.update()
    assert (update.new, update.error) == (4, None)
    for item in await either_press.items():
        assert not set("\u202e\u200b\x00<>") & set(item.title)
        assert item.url is None or item.url.startswith(("https://courier.example/", "https://publisher.example/"))
        assert len(item.title) <= 300
        assert len(item.text) <= 50_000


# --- what has not changed costs nothing ----------------------------------------------------------------------


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the feeds that were parsed."""
    seen: list[int] = []
    real = reading.parse_feed

    def parse(body: bytes, **options: str | None) -> object:
        seen.append(len(body))
        return real(body, **options)

    monkeypatch.setattr(reading, "parse_feed", parse)
    return seen


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the entries that were prepared."""
    seen: list[str] = []
    real = update.prepare

    def prepare(entry: object, *more: object) -> object:
        seen.append(entry.key)  # type: ignore[attr-defined]
        return real(entry, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(update, "prepare", prepare)
    return seen


async def test_a_feed_that_the_server_calls_unchanged_is_not_parsed(press: Pressroom, parsed: list[int]) -> None:
    press.publish("courier", pillar(), etag='"v1"')
    await press.update()
    assert await press.update() == SourceUpdate("courier")
    assert [request.etag for request in press.fetcher.requests] == [None, '"v1"']
    assert len(parsed) == 1
    state = await press.state()
    assert (state.etag, state.last_success_at, state.items) == ('"v1"', press.clock(), 1)


async def test_a_feed_with_the_same_bytes_is_not_parsed(press: Pressroom, parsed: list[int]) -> None:
    press.publish("courier", pillar())
    await press.update()
    assert await press.update() == SourceUpdate("courier")
    assert len(parsed) == 1


async def test_a_changed_feed_costs_only_its_changed_entries(press: Pressroom, prepared: list[str]) -> None:
    entries = [pillar(str(number), f"Pillar {number} of the bridge is built") for number in range(30)]
    press.publish("courier", *entries)
    await press.update()
    prepared.clear()
    entries[7] = pillar("7", "Pillar 7 of the bridge stands askew")
    press.publish("courier", pillar("new", "A new pillar of the bridge"), *entries)
    assert await press.update() == SourceUpdate("courier", new=1, revised=1, unchanged=29)
    assert sorted(prepared) == ["7", "new"]


async def test_entries_that_leave_the_feed_stay_in_the_archive(press: Pressroom) -> None:
    press.publish("courier", pillar("1"), pillar("2", "Another pillar of the bridge"))
    await press.update()
    press.publish("courier", pillar("3", "One more pillar of the bridge"))
    assert (await press.update()).withdrawn == 0
    assert [item.withdrawn_at for item in await press.items()] == [None, None, None]


# --- edits -------------------------------------------------------------------------------------------------


async def test_an_edit_is_a_revision_filed_and_indexed_anew(either_press: Pressroom) -> None:
    await either_press.baseline()
    either_press.publish("courier", pillar())
    await either_press.update()
    before = await either_press.item()
    either_press.publish("courier", pillar(title="A loan for the bridge", body=LOAN))
    assert await either_press.update() == SourceUpdate("courier", revised=1)
    after = await either_press.item()
    assert (after.id, after.revision, after.title, after.text) == (before.id, 2, "A loan for the bridge", LOAN)
    assert (after.published_at, after.first_seen_at) == (before.published_at, before.first_seen_at)
    assert (after.event_id, after.baseline) == (before.event_id, False)
    assert await either_press.revisions(after) == [(1, before.title, before.text)]
    assert await either_press.sections(after) == {"money"}
    assert await either_press.found("winter") == []
    assert await either_press.found("bank dollars") == [f"item:{after.id}"]


@pytest.mark.parametrize(
    "again",
    [
        Entry("1", "Third pillar  of the bridge\n is built", PILLAR.replace(" ", "  ")),
        Entry("1", "Third pillar of the bridge is built", f"<div class='story'><p>{PILLAR}</p></div>"),
        Entry(
            "1",
            "Third pillar of the bridge is built",
            PILLAR,
            "https://publisher.example/1?utm_source=rss&fbclid=abc#comments",
        ),
        Entry("1", "Third pillar of the bridge is built", PILLAR, published=at(NOW + HOUR)),
        Entry("1", "Third pillar of the bridge is built", PILLAR + "<script>seen(17)</script>"),
    ],
    ids=["white space", "markup", "tracking parameters", "date", "counters"],
)
async def test_cosmetic_changes_make_no_revision(press: Pressroom, again: Entry) -> None:
    press.publish("courier", pillar())
    await press.update()
    before = await press.item()
    press.publish("courier", again)
    assert await press.update() == SourceUpdate("courier", unchanged=1)
    assert await press.item() == before
    assert await press.revisions(before) == []


async def test_a_cosmetic_change_is_looked_at_once(press: Pressroom, prepared: list[str]) -> None:
    press.publish("courier", pillar())
    await press.update()
    for published in ("Mon, 01 Jun 2026 06:00:00 GMT", "Mon, 01 Jun 2026 06:01:00 GMT"):
        press.publish("courier", Entry("1", "Third pillar of the bridge is built", f"<b>{PILLAR}</b>", None, published))
        await press.update()
    assert prepared == ["1", "1"]


async def test_another_order_of_the_entries_is_no_change(press: Pressroom, prepared: list[str]) -> None:
    one, two = pillar("1"), Entry("2", "A loan for the bridge", LOAN)
    press.publish("courier", one, two)
    await press.update()
    prepared.clear()
    press.publish("courier", two, one)
    assert await press.update() == SourceUpdate("courier", unchanged=2)
    assert prepared == []


async def test_an_edit_may_bring_an_item_onto_the_story_and_off_it_again(either_press: Pressroom) -> None:
    await either_press.baseline()
    for title, body, on_topic in (
        ("Football: Northtown wins", FOOTBALL, False),
        ("Third pillar of the bridge", PILLAR, True),
        ("Football: Southtown wins", FOOTBALL, False),
    ):
        either_press.publish("courier", Entry("1", title, body))
        await either_press.update()
        item = await either_press.item()
        assert (item.off_topic is None, item.event_id is not None) == (on_topic, on_topic)
        assert bool(await either_press.sections(item)) == on_topic
        assert bool(await either_press.found("pillar winter")) == on_topic
    assert item.revision == 3


async def test_a_copy_that_is_rewritten_is_a_copy_no_more(press: Pressroom) -> None:
    await press.baseline("courier", "agency")
    press.publish("agency", Entry("a", "Third pillar of the bridge is built", f"{PILLAR} {LOAN}"))
    press.publish("courier", Entry("c", "Third pillar of the bridge is built", f"{PILLAR} {LOAN}"))
    await press.update("agency")
    await press.update("courier")
    own = "Our reporter climbed the bridge with the builders. Nobody there wants to work on Sundays for that wage."
    press.publish("courier", Entry("c", "On the bridge at work with its builders", own))
    await press.update("courier")
    original, copy = await press.items()
    assert copy.duplicate_of is None
    assert copy.event_id == original.event_id


async def test_what_an_item_said_before_an_edit_has_no_copies(press: Pressroom) -> None:
    await press.baseline("courier", "agency")
    press.publish("agency", Entry("a", "Third pillar of the bridge is built", f"{PILLAR} {LOAN}"))
    await press.update("agency")
    own = "Correction: nothing was built on the bridge this week. We regret the error about its third pillar."
    press.publish("agency", Entry("a", "Correction about works on the bridge", own))
    await press.update("agency")
    press.publish("courier", Entry("c", "Third pillar of the bridge is built", f"{PILLAR} {LOAN}"))
    await press.update("courier")
    assert [item.duplicate_of for item in await press.items()] == [None, None]


async def test_an_original_that_is_edited_does_not_become_a_copy_of_itself(press: Pressroom) -> None:
    await press.baseline("courier", "agency")
    press.publish("agency", Entry("a", "Third pillar of the bridge is built", f"{PILLAR} {LOAN}"))
    press.publish("courier", Entry("c", "Third pillar of the bridge is built", f"{PILLAR} {LOAN}"))
    await press.update("agency")
    await press.update("courier")
    press.publish("agency", Entry("a", "UPDATE: Third pillar of the bridge is built", f"{PILLAR} {LOAN}"))
    await press.update("agency")
    original, copy = await press.items()
    assert (original.duplicate_of, copy.duplicate_of) == (None, original.id)


# --- which item an entry is ---------------------------------------------------------------------------------


async def test_an_entry_republished_under_another_id_is_the_same_item(either_press: Pressroom) -> None:
    either_press.publish("courier", Entry("draft-1", "Third pillar of the bridge", PILLAR, "https://c.example/p"))
    await either_press.update()
    before = await either_press.item()
    for body, expected in ((PILLAR, SourceUpdate("courier", unchanged=1)), (LOAN, SourceUpdate("courier", revised=1))):
        entry = Entry(f"final-{len(body)}", "Third pillar of the bridge", body, "https://c.example/p")
        either_press.publish("courier", entry)
        assert await either_press.update() == expected
    after = await either_press.item()
    assert (after.id, after.key) == (before.id, f"final-{len(LOAN)}")


async def test_entries_that_share_a_link_are_items_of_their_own(press: Pressroom) -> None:
    page = "https://courier.example/bridge-ticker"
    press.publish("courier", Entry("1", "Works on the bridge begin", PILLAR, page))
    await press.update()
    press.publish("courier", Entry("2", "Works on the bridge end", LOAN, page, at(NOW + HOUR)))
    assert (await press.update()).new == 1
    press.publish(
        "courier",
        Entry("3", "Works on the bridge end", LOAN, page),
        Entry("4", "Works on the bridge go on", PILLAR, page),
    )
    assert (await press.update()).new == 2
    assert [item.key for item in await press.items()] == ["1", "2", "3", "4"]


async def test_the_same_id_in_two_sources_is_two_items(press: Pressroom) -> None:
    press.publish("courier", pillar())
    press.publish("agency", pillar())
    await press.update("courier")
    await press.update("agency")
    assert [item.source_id for item in await press.items()] == ["courier", "agency"]


async def test_an_aggregator_names_the_publisher_and_known_ones_keep_their_family(
    archive: Archive, tiny: Story, clock: StoppedClock
) -> None:
    aggregator = feed("collector", kind=SourceKind.AGGREGATOR, publisher_from_entry=True)
    sources = (feed("agency", publisher="Valley Wire", kind=SourceKind.WIRE), aggregator)
    press = Pressroom(archive, tiny, await open_index(archive), clock, sources=sources)
    body = b"".join(
        b"<item><guid>%d</guid><title>Pillar %d of the bridge</title><description>%s</description>"
        b"<source url='https://x.example'>%s</source></item>" % (number, number, PILLAR.encode(), name)
        for number, name in enumerate((b"valley wire", b"Hill Echo"))
    )
    press.fetcher.bodies[str(aggregator.url)] = b"<rss version='2.0'><channel>" + body + b"</channel></rss>"
    await press.update("collector")
    known, stranger = await press.items()
    assert (known.publisher, known.family, known.kind) == ("Valley Wire", "agency", SourceKind.WIRE)
    assert (stranger.publisher, stranger.family, stranger.kind) == (
        "Hill Echo",
        "other:hill echo",
        SourceKind.AGGREGATOR,
    )
