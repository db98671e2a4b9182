"""Whatever an edition does not tell has a reason, and nothing that it tells has one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from digests import arrange
from digests.compose import DigestSpec
from digests.leftout import LeftOut, explain
from digests.model import Composition, Coverage, ReportedEvent
from tests.digests.test_arrange import NOON, SECTIONS, filed, item

COVERAGE = Coverage(tried=0, failed=(), stale=(), items_seen=0, off_topic=0, next_edition=None)


def left(
    groups: list[arrange.Group], bullets: int, before: dict[tuple[str, int], ReportedEvent] | None = None
) -> tuple[Composition, list[LeftOut]]:
    spec = DigestSpec("morning", SECTIONS, bullets, "en")
    sections = arrange.sections(groups, before or {}, SECTIONS, bullets, "en")
    composition = Composition("morning", "en", "digest", NOON, None, sections, COVERAGE, 0, 99)
    return composition, explain(groups, before or {}, composition, spec)


def test_what_there_was_no_room_for() -> None:
    new = [filed(item(number), building=1 - number / 10) for number in range(1, 5)]
    _, found = left(arrange.groups(new, {}), bullets=2)
    assert len(found) == 2
    assert all("room for 2 events a section" in one.why for one in found)
    assert {one.section for one in found} == {"building"}


def test_what_fits_no_section_of_the_digest() -> None:
    _, found = left(arrange.groups([filed(item(1), weather=0.9)], {}), bullets=3)
    assert [(one.section, one.why) for one in found] == [(None, "it fits none of the digest's sections")]


def test_what_was_told_and_has_not_moved() -> None:
    groups = arrange.groups([filed(item(2, event_id=7, family="a"))], {7: [item(1, event_id=7, family="a")]})
    before = {("building", 7): ReportedEvent("building", 7, voices=1, items=1)}
    _, found = left(groups, 3, before)
    assert "told before, and nothing has moved since: independent sources 1 then, 1 now" in found[0].why


def test_changes_that_there_was_no_room_for() -> None:
    groups = arrange.groups(
        [filed(item(number + 10, event_id=number)) for number in (1, 2)],
        {number: [item(number, event_id=number)] for number in (1, 2)},
    )
    before = {("building", number): ReportedEvent("building", number, voices=1, items=1) for number in (1, 2)}
    composition, found = left(groups, 1, before)
    assert len(composition.sections[0].changed) == 1
    assert [one.event_id for one in found] == [2]
    assert "room for 1 changes" in found[0].why


@given(
    st.lists(st.tuples(st.sampled_from([*SECTIONS, "weather"]), st.floats(0.05, 1), st.integers(1, 4)), max_size=12),
    st.integers(1, 4),
    st.sets(st.integers(1, 4)),
)
def test_every_event_is_told_or_explained(
    made: list[tuple[str, float, int]], bullets: int, told_before: set[int]
) -> None:
    new = [
        filed(item(number, event_id=event), **{section: score})
        for number, (section, score, event) in enumerate(made, start=1)
    ]
    groups = arrange.groups(new, {})
    before = {(section, event): ReportedEvent(section, event, 1, 1) for section in SECTIONS for event in told_before}
    composition, found = left(groups, bullets, before)
    told = {bullet.event_id for section in composition.sections for bullet in (*section.bullets, *section.changed)}
    explained = {one.event_id for one in found}
    assert told | explained == {group.event_id for group in groups}
    assert not told & explained
