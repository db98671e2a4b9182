"""Grouping items into events: joining, keeping apart, copies, the window, and taking everything up after a restart."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from digests.events import Candidate, EventIndex, EventRow, ItemRow, Placement, best_first, voices
from digests.glossary import Glossary
from digests.model import Dating, GlossaryTerm, Item, SourceKind

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
GLOSSARY = Glossary(
    GlossaryTerm(id_, "", None, {"en": (en,), "ja": (ja,), "uk": (uk,)})
    for id_, en, ja, uk in (
        ("nsatu", "NSATU", "ウクライナ安全保障支援", "НСАТУ"),
        ("sdfofficer", "SDF officers", "自衛官", "офіцери Сил самооборони"),
        ("generators", "generators", "発電機", "генератори"),
        ("wiesbaden", "Wiesbaden", "ヴィースバーデン", "Вісбаден"),
    )
)
OFFICERS = (
    "Japan to send four SDF officers to NSATU",
    """Tokyo will post four officers at the NATO command in Wiesbaden that coordinates aid for Ukraine, the defence
    ministry said on 29 May. They will help with training and the flow of equipment.""",
)
OFFICERS_AGAIN = (
    "Four SDF officers will join NATO's Ukraine command",
    """The defence ministry in Tokyo announced that four officers are going to NSATU in Wiesbaden to coordinate
    equipment and training. Combat is ruled out.""",
)
OFFICERS_JA = (
    "自衛官4人をNSATUに派遣　防衛省",
    "防衛省は5月29日、ウクライナ支援を調整するドイツ・ヴィースバーデンのNATO組織NSATUに自衛官4人を派遣すると発表した。",
)
GENERATORS = (
    "Japan hands over 138 generators to Ukraine",
    "A shipment of generators and transformers reached Odesa before the winter, the Japanese embassy in Kyiv said.",
)


class Desk:
    """Does what an updater does: places, gives ids as the archive would, registers."""

    def __init__(self, index: EventIndex | None = None) -> None:
        self.index = index or EventIndex()
        self.items: list[ItemRow] = []
        self.events: dict[int, EventRow] = {}

    def put(self, text: tuple[str, str], at: datetime = NOON, language: str = "en") -> Placement:
        title, body = text
        terms = GLOSSARY.terms_of(f"{title}\n{body}")
        placement = self.index.place(Candidate(title, body, language, at, terms), at)
        item_id, event_id = len(self.items) + 1, placement.event_id or len(self.events) + 1
        self.index.register(placement, item_id, event_id)
        self.items.append(ItemRow(item_id, event_id, placement.duplicate_of, at, placement.signature))
        self.events[event_id] = EventRow(event_id, at, json.loads(json.dumps(self.index.profile(event_id))))
        return placement

    def event_of(self, item_id: int) -> int | None:
        return self.items[item_id - 1].event_id


def hours(number: float) -> datetime:
    return NOON + timedelta(hours=number)


def test_the_first_report_begins_an_event() -> None:
    placement = Desk().put(OFFICERS)
    assert (placement.event_id, placement.duplicate_of) == (None, None)
    assert placement.why == "nothing like it in the window"


def test_a_report_in_other_words_joins_the_event_without_being_a_copy() -> None:
    desk = Desk()
    desk.put(OFFICERS)
    placement = desk.put(OFFICERS_AGAIN, hours(3))
    assert (placement.event_id, placement.duplicate_of) == (1, None)
    assert placement.why.startswith("shares ")
    assert "officers" in placement.why


def test_a_report_of_something_else_begins_its_own_event() -> None:
    desk = Desk()
    desk.put(OFFICERS)
    assert desk.put(GENERATORS, hours(1)).event_id is None


def test_a_report_in_another_language_joins_by_terms_numbers_and_dates() -> None:
    desk = Desk()
    desk.put(OFFICERS)
    desk.put(GENERATORS)
    placement = desk.put(OFFICERS_JA, hours(2), "ja")
    assert placement.event_id == 1
    assert placement.duplicate_of is None


def test_a_copy_joins_its_original_and_a_copy_of_a_copy_names_the_original() -> None:
    desk = Desk()
    desk.put(OFFICERS)
    title, body = OFFICERS
    first = desk.put((f"{title} - Japan Today", f"(Kyodo) {body}"), hours(1))
    second = desk.put((title, f"{body} Copyright."), hours(2))
    assert (first.event_id, first.duplicate_of) == (1, 1)
    assert (second.event_id, second.duplicate_of) == (1, 1)
    assert first.why.startswith("a near copy of item 1")


def test_the_same_form_with_other_figures_is_no_copy() -> None:
    desk = Desk()
    form = (
        "Pledges to the list reach {} billion",
        """Partners have pledged {0} billion dollars for weapons from the list, {1} billion of it for air defence, the
        alliance said on {2} June. The money will buy missiles and spare parts for the armed forces.""",
    )
    desk.put((form[0].format("4.2"), form[1].format("4.2", "1.1", 3)))
    later = desk.put((form[0].format("4.9"), form[1].format("4.9", "1.7", 8)), hours(120))
    assert later.duplicate_of is None


def test_an_event_grows_less_attractive_with_time() -> None:
    near, far = Desk(), Desk()
    near.put(OFFICERS)
    far.put(OFFICERS)
    vague = (
        "Japan's officers at the NATO command",
        "Training and budgets were on the table in Brussels, as were repair yards.",
    )
    assert near.put(vague, hours(1)).event_id == 1
    later = far.put(vague, hours(24 * 9))
    assert later.event_id is None
    assert later.why.startswith("the nearest event is too unlike")


def test_what_has_left_the_window_is_forgotten() -> None:
    desk = Desk()
    desk.put(OFFICERS)
    assert len(desk.index) == 1
    placement = desk.put(OFFICERS, hours(24 * 11))
    assert (placement.event_id, placement.duplicate_of) == (None, None)
    assert len(desk.index) == 1


def test_forgotten_items_take_their_empty_events_along() -> None:
    desk = Desk()
    desk.put(OFFICERS)
    desk.index.forget([1, 77])
    assert len(desk.index) == 0
    assert desk.put(OFFICERS_AGAIN, hours(1)).event_id is None


def test_an_event_that_keeps_items_still_takes_new_ones() -> None:
    desk = Desk()
    desk.put(OFFICERS)
    desk.put(OFFICERS_AGAIN, hours(1))
    desk.index.forget([1])
    assert desk.put(OFFICERS, hours(2)).event_id == 1


def test_an_index_rebuilt_from_the_archive_places_as_before() -> None:
    desk = Desk()
    desk.put(OFFICERS)
    desk.put(GENERATORS, hours(1))
    desk.put(OFFICERS_AGAIN, hours(2))
    rebuilt = EventIndex()
    rebuilt.load(desk.items, desk.events.values())
    assert len(rebuilt) == 3
    after = Desk(rebuilt)
    after.items, after.events = desk.items, desk.events
    copy = after.put((OFFICERS[0], OFFICERS[1] + " (Kyodo)"), hours(3))
    assert (copy.event_id, copy.duplicate_of) == (1, 1)
    assert after.put(OFFICERS_JA, hours(4), "ja").event_id == 1


def test_rows_without_a_usable_signature_or_event_are_left_out() -> None:
    desk = Desk()
    desk.put(OFFICERS)
    row, event = desk.items[0], desk.events[1]
    rebuilt = EventIndex()
    rebuilt.load(
        [replace(row, signature=None), replace(row, id=2, event_id=None), replace(row, id=3, event_id=9)], [event]
    )
    assert len(rebuilt) == 0


def test_many_removed_events_leave_no_trace_but_the_living_stay() -> None:
    index = EventIndex(timedelta(days=2))
    for number in range(2600):
        at = NOON + timedelta(minutes=5 * number)
        words = f"alpha{number} beta{number} gamma{number} delta{number} epsilon{number}"
        index.register(index.place(Candidate(words, "", "en", at), at), number + 1, number + 1)
    at = NOON + timedelta(minutes=5 * 2600)
    assert len(index) < 700
    again = "beta2599 gamma2599 alpha2599 zeta delta2599 epsilon2599"
    assert index.place(Candidate(again, "", "en", at), at).event_id == 2600


# --- counting and ordering ---------------------------------------------------------------------------------


def an_item(number: int, **values: Any) -> Item:
    defaults: dict[str, Any] = {
        "id": number, "source_id": "s", "key": str(number), "url": None, "title": "", "text": "", "language": "en",
        "published_at": NOON, "dating": Dating.STATED, "first_seen_at": NOON, "publisher": "P", "family": "f",
        "kind": SourceKind.NATIONAL, "baseline": False, "revision": 1,
    }  # fmt: skip
    return Item(**{**defaults, **values})


def test_families_and_copies_count_once() -> None:
    items = [
        an_item(1, family="kyodo"),
        an_item(2, family="kyodo"),
        an_item(3, family="japan-today", duplicate_of=1),
        an_item(4, family="nhk"),
    ]
    assert voices(items) == 2
    assert voices(items[2:3]) == 1
    assert voices([]) == 0


def test_the_best_source_comes_first_then_the_earliest() -> None:
    items = [
        an_item(1, kind=SourceKind.STATE_MEDIA),
        an_item(2, kind=SourceKind.WIRE, published_at=hours(2)),
        an_item(3, kind=SourceKind.WIRE, published_at=hours(1)),
        an_item(4, kind=SourceKind.OFFICIAL, published_at=hours(9)),
    ]
    assert [item.id for item in best_first(items)] == [4, 3, 2, 1]


@pytest.mark.parametrize("text", ["", " ", "?!", "日", "🙂"])
def test_items_with_next_to_no_text_are_placed_alone(text: str) -> None:
    desk = Desk()
    assert desk.put((text, "")).event_id is None
    assert desk.put((text, ""), hours(1)) is not None
