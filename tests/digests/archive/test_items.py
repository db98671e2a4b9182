"""Items as commands and digests read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from digests.archive import Archive, items, itemstore
from digests.archive.itemstore import NewFilings
from digests.model import Dating, Filing, Reason, SourceKind
from tests.fakes.shelf import DAY_ONE, put_event, put_item

HOUR = timedelta(hours=1)


async def test_an_item_comes_back_as_it_was_archived(either_archive: Archive) -> None:
    event_id = await put_event(either_archive)
    item_id = await put_item(
        either_archive,
        sections=["building"],
        title="Міст 橋 \N{BRIDGE AT NIGHT}",
        language="uk",
        kind=SourceKind.OFFICIAL,
        dating=Dating.CORRECTED,
        published_at=datetime(2026, 6, 1, 5, 4, 3, 2, tzinfo=UTC),
        event_id=event_id,
        locator="p. 3",
        url=None,
        baseline=True,
    )
    async with either_archive.read() as connection:
        found = await items.by_id(connection, item_id)
        assert found is not None
        assert (found.title, found.language, found.kind) == ("Міст 橋 \N{BRIDGE AT NIGHT}", "uk", SourceKind.OFFICIAL)
        assert (found.dating, found.locator, found.url) == (Dating.CORRECTED, "p. 3", None)
        assert found.published_at == datetime(2026, 6, 1, 5, 4, 3, 2, tzinfo=UTC)
        assert (found.baseline, found.event_id, found.revision) == (True, event_id, 1)
        assert await items.by_id(connection, item_id + 1) is None


async def test_items_come_in_the_order_asked_for_however_many(either_archive: Archive) -> None:
    async with either_archive.write() as connection:
        rows = [_plain(number) for number in range(1, 1201)]
        await itemstore.insert(connection, rows)
    wanted = [1200, 7, 9999, 601, 1]
    async with either_archive.read() as connection:
        assert [item.id for item in await items.by_ids(connection, wanted)] == [1200, 7, 601, 1]
        assert len(await items.by_ids(connection, list(range(1, 1201)))) == 1200


async def test_the_latest_are_the_newest_by_publication_without_off_topic_and_withdrawn(
    either_archive: Archive,
) -> None:
    old = await put_item(either_archive, sections=["building"], published_at=DAY_ONE - HOUR)
    new = await put_item(either_archive, sections=["building", "money"], published_at=DAY_ONE + HOUR)
    await put_item(either_archive)
    gone = await put_item(either_archive, sections=["building"])
    background = await put_item(either_archive, sections=["building"], baseline=True)
    async with either_archive.write() as connection:
        await itemstore.withdraw(connection, [gone], DAY_ONE)
    async with either_archive.read() as connection:

        async def ids(section: str | None) -> list[int]:
            return [item.id for item in await items.latest(connection, section=section, limit=10)]

        assert await ids("building") == [new, background, old]
        assert await ids("money") == [new]
        assert await ids(None) == [new, background, old]
        assert await items.count(connection, section="building") == 3
        assert await items.count(connection, section=None) == 3
        assert await items.count(connection, section="implications") == 0


@pytest.mark.parametrize("section", ["building", None])
async def test_pages_by_number_and_by_cursor_are_the_same_and_miss_nothing(
    either_archive: Archive, section: str | None
) -> None:
    # Many share one time of publication, as items of undated feeds do.
    made = [
        await put_item(either_archive, sections=["building"], published_at=DAY_ONE + HOUR * (number // 5))
        for number in range(12)
    ]
    async with either_archive.read() as connection:
        whole = [item.id for item in await items.latest(connection, section=section, limit=50)]
        assert sorted(whole) == made
        by_number = [
            item.id
            for offset in range(0, 15, 5)
            for item in await items.latest(connection, section=section, limit=5, offset=offset)
        ]
        by_cursor: list[int] = []
        before = None
        while page := await items.latest(connection, section=section, limit=5, before=before):
            by_cursor += [item.id for item in page]
            before = (page[-1].published_at, page[-1].id)
    assert by_number == by_cursor == whole


@pytest.mark.parametrize("section", ["building", None])
async def test_the_latest_of_one_language(either_archive: Archive, section: str | None) -> None:
    await put_item(either_archive, sections=["building"])
    japanese = await put_item(either_archive, sections=["building"], language="ja")
    async with either_archive.read() as connection:
        found = await items.latest(connection, section=section, limit=5, language="ja")
        assert [item.id for item in found] == [japanese]
        assert await items.count(connection, section=section, language="ja") == 1
        assert await items.count(connection, section=section, language="uk") == 0


async def test_new_items_are_those_between_two_editions_that_count_as_news(either_archive: Archive) -> None:
    told = await put_item(either_archive, sections=["building"])
    both = await put_item(either_archive, sections=["building", "money"])
    await put_item(either_archive, sections=["building"], baseline=True)
    await put_item(either_archive)
    await put_item(either_archive, sections=["outlook"])
    gone = await put_item(either_archive, sections=["money"])
    last = await put_item(either_archive, sections=["money"])
    later = await put_item(either_archive, sections=["money"])
    async with either_archive.write() as connection:
        await itemstore.withdraw(connection, [gone], DAY_ONE)
    async with either_archive.read() as connection:
        found = await items.new_since(connection, after_item=told, through_item=last, sections=["building", "money"])
        assert [filed.item.id for filed in found] == [both, last]
        assert {filing.section for filing in found[0].filings} == {"building", "money"}
        assert await items.max_item_id(connection) == later
        assert await items.counts_between(connection, after_item=told, through_item=later) == (6, 1)


async def test_the_strongest_items_of_a_period(either_archive: Archive) -> None:
    weak = await put_item(either_archive, sections=["building"], score=0.5)
    strong = await put_item(either_archive, sections=["building"], score=0.9)
    await put_item(either_archive, sections=["building"], score=0.4)
    await put_item(either_archive, sections=["building"], score=1.0, published_at=DAY_ONE + HOUR)
    async with either_archive.read() as connection:
        found = await items.published_between(
            connection, start=DAY_ONE, end=DAY_ONE + HOUR, sections=["building", "money"], most=2
        )
    assert [filed.item.id for filed in found] == [weak, strong]


async def test_counts_of_each_section_since_a_moment(either_archive: Archive) -> None:
    await put_item(either_archive, sections=["building"], published_at=DAY_ONE - HOUR)
    await put_item(either_archive, sections=["building", "money"])
    async with either_archive.read() as connection:
        found = await items.counts_since(connection, DAY_ONE, ["building", "money", "outlook"])
    assert found == {"building": 1, "money": 1, "outlook": 0}


async def test_an_empty_archive_answers_everything(either_archive: Archive) -> None:
    async with either_archive.read() as connection:
        assert await items.max_item_id(connection) == 0
        assert await items.last_before(connection, DAY_ONE) == 0
        assert await items.latest(connection, section=None, limit=5) == []
        assert await items.find_titles(connection, "bridge") == []
        assert await items.counts_between(connection, after_item=0, through_item=0) == (0, 0)


async def test_the_last_item_before_a_moment(either_archive: Archive) -> None:
    first = await put_item(either_archive, first_seen_at=DAY_ONE - HOUR)
    await put_item(either_archive, first_seen_at=DAY_ONE)
    async with either_archive.read() as connection:
        assert await items.last_before(connection, DAY_ONE) == first


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("bridge", {"The Bridge is built", "BRIDGE costs rise"}),
        ("BRI built", {"The Bridge is built"}),
        ("міст", {"Міст збудовано"}),
        ("ЗБУДОВАНО", {"Міст збудовано"}),
        ("橋", {"橋の建設"}),
        ("100%", {"Costs 100% covered"}),
        ("0_", set()),
        ("", {"The Bridge is built", "BRIDGE costs rise", "Міст збудовано", "橋の建設", "Costs 100% covered"}),
    ],
)
async def test_titles_are_found_by_pieces_of_words_in_any_case(
    either_archive: Archive, words: str, expected: set[str]
) -> None:
    for title in ("The Bridge is built", "BRIDGE costs rise", "Міст збудовано", "橋の建設", "Costs 100% covered"):
        await put_item(either_archive, title=title)
    async with either_archive.read() as connection:
        found = await items.find_titles(connection, words)
    assert {title for _, title in found} == expected
    assert [item_id for item_id, _ in found] == sorted((item_id for item_id, _ in found), reverse=True)


async def test_filings_come_back_strongest_first_with_their_reasons(either_archive: Archive) -> None:
    item_id = await put_item(either_archive)
    reasons = (Reason("glossary", "river-bridge", 0.5), Reason("rejected", "toll bridge"))
    async with either_archive.write() as connection:
        own = [Filing("money", 0.4, ()), Filing("building", 0.9, reasons)]
        await itemstore.insert_filings(connection, [NewFilings(item_id, DAY_ONE, "en", own)])
    async with either_archive.read() as connection:
        assert await items.filings_of(connection, [item_id, 99]) == {item_id: (own[1], own[0])}


async def test_a_revision_keeps_what_was_there(either_archive: Archive) -> None:
    item_id = await put_item(either_archive, sections=["building"], title="First", text="One.")
    for number, title in enumerate(("Second", "Third"), start=1):
        change = {"id": item_id, "title": title, "text": f"{title}.", "url": None}
        async with either_archive.write() as connection:
            await itemstore.revise(connection, [change], DAY_ONE + HOUR * number)
    async with either_archive.read() as connection:
        item = await items.by_id(connection, item_id)
        assert item is not None
        assert (item.title, item.text, item.revision) == ("Third", "Third.", 3)
        assert await items.revisions_of(connection, item_id) == [(1, "First", "One."), (2, "Second", "Second.")]
        assert await items.filings_of(connection, [item_id]) == {}


async def test_of_endless_revisions_the_first_and_the_newest_are_kept(
    either_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(itemstore, "MOST_REVISIONS", 4)
    item_id = await put_item(either_archive, title="1")
    other = await put_item(either_archive, title="other")
    for number in range(2, 12):
        changes = [{"id": item_id, "title": str(number)}, {"id": other, "title": f"other {number}"}]
        async with either_archive.write() as connection:
            await itemstore.revise(connection, changes if number == 2 else changes[:1], DAY_ONE)
    async with either_archive.read() as connection:
        kept = await items.revisions_of(connection, item_id)
        assert [(number, title) for number, title, _ in kept] == [(1, "1"), (8, "8"), (9, "9"), (10, "10")]
        assert len(await items.revisions_of(connection, other)) == 1


async def test_known_items_are_found_by_key_and_by_link_within_their_source(either_archive: Archive) -> None:
    long_url = "https://news.example/" + "x" * 4000
    own = await put_item(either_archive, key="k1", url=long_url)
    await put_item(either_archive, key="k2", source_id="agency", url="https://news.example/2")
    async with either_archive.read() as connection:
        by_key = await items.known(connection, "courier", ["k1", "k2", "k3"])
        assert {key: known.id for key, known in by_key.items()} == {"k1": own}
        urls = [long_url, "https://news.example/2"]
        by_url = await items.known_by_url(connection, "courier", urls)
        assert {url: [known.id for known in found] for url, found in by_url.items()} == {long_url: [own]}
        assert await items.present_keys(connection, "courier") == {"k1": own}


def _plain(number: int) -> dict[str, object]:
    return {
        "id": number,
        "source_id": "courier",
        "key": str(number),
        "fingerprint": "x",
        "language": "en",
        "published_at": DAY_ONE,
        "dating": Dating.STATED,
        "first_seen_at": DAY_ONE,
        "publisher": "River Courier",
        "family": "courier",
        "kind": SourceKind.WIRE,
        "title": str(number),
        "text": "",
    }
