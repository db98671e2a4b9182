"""What an edition says and in which order: pure choices over items."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from digests import arrange
from digests.archive.items import FiledItem
from digests.model import Dating, DigestSection, Filing, Item, ReportedEvent, SourceKind

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECTIONS = ("building", "money")


def item(number: int, **more: object) -> Item:
    plain = Item(
        id=number,
        source_id="s",
        key=str(number),
        url=f"https://news.example/{number}",
        title=f"Headline number {number}",
        text=f"The first sentence of report {number} says what happened at the bridge today. Another one follows it.",
        language="en",
        published_at=NOON + timedelta(minutes=number),
        dating=Dating.STATED,
        first_seen_at=NOON,
        publisher=f"Paper {number}",
        family=f"family-{number}",
        kind=SourceKind.NATIONAL,
        baseline=False,
        revision=1,
        event_id=number,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def filed(one: Item, **scores: float) -> FiledItem:
    return FiledItem(one, tuple(Filing(section, score, ()) for section, score in (scores or {"building": 0.8}).items()))


def arranged(
    new: list[FiledItem],
    earlier: dict[int, list[Item]] | None = None,
    before: dict[tuple[str, int], ReportedEvent] | None = None,
    bullets: int = 5,
    language: str = "en",
) -> dict[str, DigestSection]:
    members = {one.item.event_id or 0: [one.item] for one in new} | (earlier or {})
    found = arrange.sections(arrange.groups(new, members), before or {}, SECTIONS, bullets, language)
    return {section.section: section for section in found}


def test_an_event_is_told_once_where_it_fits_best() -> None:
    sections = arranged([filed(item(1), building=0.6, money=0.9)])
    assert sections["building"].bullets == ()
    assert len(sections["money"].bullets) == 1


def test_the_official_source_speaks_for_an_event_that_others_report_too() -> None:
    new = [
        filed(item(1, event_id=7)),
        filed(item(2, event_id=7, kind=SourceKind.WIRE)),
        filed(item(3, event_id=7, kind=SourceKind.OFFICIAL)),
    ]
    (bullet,) = arranged(new)["building"].bullets
    assert bullet.citation.publisher == "Paper 3"
    assert bullet.voices == 3
    assert [other.publisher for other in bullet.others] == ["Paper 2", "Paper 1"]


def test_among_equal_sources_the_readers_language_speaks() -> None:
    new = [filed(item(1, event_id=7)), filed(item(2, event_id=7, language="uk"))]
    assert arranged(new, language="uk")["building"].bullets[0].citation.language == "uk"
    assert arranged(new, language="en")["building"].bullets[0].citation.language == "en"


def test_one_family_is_one_voice() -> None:
    new = [filed(item(n, event_id=7, family="kyodo")) for n in (1, 2, 3)]
    assert arranged(new)["building"].bullets[0].voices == 1


def test_more_voices_come_first() -> None:
    new = [filed(item(1)), *(filed(item(n, event_id=9)) for n in (2, 3, 4))]
    assert arranged(new)["building"].bullets[0].event_id == 9


def test_what_does_not_fit_is_counted() -> None:
    section = arranged([filed(item(n)) for n in range(1, 9)], bullets=3)["building"]
    assert len(section.bullets) == 3
    assert section.more == 5


def test_an_event_told_before_returns_only_with_more_voices_or_a_better_source() -> None:
    told = {("building", 7): ReportedEvent("building", 7, voices=1, items=1)}
    earlier = item(1, event_id=7, family="a")
    same = filed(item(2, event_id=7, family="a"))
    assert arranged([same], {7: [earlier]}, told)["building"].changed == ()
    another = filed(item(3, event_id=7, family="b"))
    assert len(arranged([another], {7: [earlier]}, told)["building"].changed) == 1
    official = filed(item(4, event_id=7, family="a", kind=SourceKind.OFFICIAL))
    assert len(arranged([official], {7: [earlier]}, told)["building"].changed) == 1


def test_withdrawn_reports_do_not_speak() -> None:
    earlier = item(1, event_id=7, kind=SourceKind.OFFICIAL, withdrawn_at=NOON)
    (bullet,) = arranged([filed(item(2, event_id=7))], {7: [earlier]})["building"].bullets
    assert bullet.citation.publisher == "Paper 2"


def test_what_was_told_is_remembered() -> None:
    new = [filed(item(1, event_id=7)), filed(item(2, event_id=7))]
    groups = arrange.groups(new, {7: [one.item for one in new]})
    sections = arrange.sections(groups, {}, SECTIONS, 5, "en")
    assert arrange.reported(sections, groups) == (ReportedEvent("building", 7, voices=2, items=2),)


@given(
    shapes=st.lists(
        st.tuples(st.integers(1, 5), st.sampled_from(SECTIONS), st.sampled_from(list(SourceKind)), st.integers(1, 4)),
        max_size=25,
    ),
    bullets=st.integers(1, 5),
)
def test_every_event_is_told_once_or_counted(shapes: list[tuple[int, str, SourceKind, int]], bullets: int) -> None:
    new = [
        filed(item(n, event_id=event, kind=kind, family=f"f{family}"), **{section: 0.5})
        for n, (event, section, kind, family) in enumerate(shapes, 1)
    ]
    members: dict[int, list[Item]] = {}
    for one in new:
        members.setdefault(one.item.event_id or 0, []).append(one.item)
    groups = arrange.groups(new, members)
    sections = arrange.sections(groups, {}, SECTIONS, bullets, "en")
    told = [bullet.event_id for section in sections for bullet in section.bullets]
    assert len(told) == len(set(told))
    assert len(told) + sum(section.more for section in sections) == len(members)
    assert all(len(section.bullets) <= bullets for section in sections)
