"""What an update means to do: pure decisions from what is known and what was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.archive.items import Known
from digests.ingest.intents import Intents, decide, fingerprint, once_each, renamed
from digests.model import EntryData

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def entry(key: str = "1", title: str = "Title", html: str = "Words.", **values: object) -> EntryData:
    plain = {"url": f"https://x.example/{key}", "published": NOW, "updated": None} | values
    return EntryData(key, title, html=html, **plain)  # type: ignore[arg-type]


def known(of: EntryData, item_id: int = 7, **values: object) -> Known:
    plain = {
        "id": item_id,
        "key": of.key,
        "fingerprint": fingerprint(of),
        "revision": 1,
        "url": of.url,
        "withdrawn": False,
        "title": of.title,
        "published_at": of.published,
    }
    return Known(**(plain | values))  # type: ignore[arg-type]


def decided(entries: Sequence[EntryData], archived: Mapping[str, Known] | None = None, **more: object) -> Intents:
    return decide(entries, archived or {}, {}, **more)  # type: ignore[arg-type]


def test_an_unknown_key_is_new_a_known_one_is_changed_or_not() -> None:
    same, other, new = entry("same"), entry("other"), entry("new")
    archived = {"same": known(same, 1), "other": known(entry("other", html="Before."), 2)}
    found = decided([same, other, new], archived)
    assert found == Intents(new=(new,), changed=((other, archived["other"]),), unchanged=1)


def test_a_feed_that_is_silent_about_an_item_does_not_withdraw_it() -> None:
    assert decided([]).gone == ()


def test_what_a_folder_holds_no_more_is_gone_but_not_what_could_not_be_read() -> None:
    present = {"a.md": 1, "b.md#§ One": 2, "b.md#§ Two": 3, "c.md": 4, "c.md.old": 5}
    found = decided([entry("b.md#§ One")], {"b.md#§ One": known(entry("b.md#§ One"), 2)}, present=present)
    assert found.gone == (1, 3, 4, 5)
    found = decided([], present=present, unread=("b.md", "c.md"))
    assert found.gone == (1, 5)


def test_a_hashed_key_is_kept_while_any_document_is_unread() -> None:
    present = {"sha256:0123": 1}
    assert decided([], present=present).gone == (1,)
    assert decided([], present=present, unread=("other.pdf",)).gone == ()


def test_an_item_that_had_been_withdrawn_and_is_there_again_is_taken_up() -> None:
    one = entry()
    back = known(one, withdrawn=True)
    assert decided([one], {"1": back}).changed == ((one, back),)


@pytest.mark.parametrize(
    ("new", "old", "same"),
    [
        (entry("b", url="https://x.example/a"), {}, True),
        (entry("b", "TITLE ", url="https://x.example/a"), {}, True),
        (entry("b", "Other", url="https://x.example/a"), {}, True),
        (entry("b", "Other", url="https://x.example/a", published=NOW + timedelta(1)), {}, False),
        (entry("b", "Other", url="https://x.example/a", published=None), {}, False),
    ],
    ids=["same link, title and date", "title in other case", "same date", "neither", "no date"],
)
def test_a_new_key_is_an_old_item_when_link_and_title_or_date_agree(
    new: EntryData, old: dict[str, object], same: bool
) -> None:
    archived = known(entry("a"), **old)
    assert (renamed(new, [archived], {"b"}) is archived) == same


def test_a_link_that_several_have_or_whose_item_is_still_listed_proves_nothing() -> None:
    new = entry("b", url="https://x.example/a")
    one, two = known(entry("a"), 1), known(entry("c", url="https://x.example/a"), 2)
    assert renamed(new, [one, two], {"b"}) is None
    assert renamed(new, [one], {"a", "b"}) is None
    assert renamed(new, [], {"b"}) is None
    both = [new, entry("d", url="https://x.example/a")]
    assert decide(both, {}, {"https://x.example/a": [one]}).new == tuple(both)


def test_of_entries_with_one_key_the_first_counts() -> None:
    first, second = entry("1", "First"), entry("1", "Second")
    assert once_each([first, second, entry("2")]) == [first, entry("2")]


_spaces = st.text(" \t\n\u3000\xa0", min_size=1, max_size=3)
_words = st.lists(st.text("aбあ<&\ud800", min_size=1, max_size=4), min_size=1, max_size=5)


@given(words=_words, gaps=st.lists(_spaces, min_size=5, max_size=5), shift=st.integers(0, 10**6))
def test_white_space_and_dates_do_not_change_a_fingerprint(words: list[str], gaps: list[str], shift: int) -> None:
    spaced = "".join(word + gap for word, gap in zip(words, gaps, strict=False))
    later = NOW + timedelta(seconds=shift)
    assert fingerprint(entry(html=" ".join(words))) == fingerprint(entry(html=spaced, published=later))


@given(parts=st.tuples(_words, _words), others=st.tuples(_words, _words))
def test_other_words_change_a_fingerprint(
    parts: tuple[list[str], list[str]], others: tuple[list[str], list[str]]
) -> None:
    one = fingerprint(entry("k", " ".join(parts[0]), " ".join(parts[1]), url=None))
    other = fingerprint(entry("k", " ".join(others[0]), " ".join(others[1]), url=None))
    assert (one == other) == (parts == others)


@given(data=st.data())
def test_every_entry_is_new_changed_or_unchanged_and_every_item_of_a_folder_listed_or_gone(data: st.DataObject) -> None:
    keys = st.lists(st.sampled_from("abcdefgh"), unique=True)
    listed, archived, edited = data.draw(keys), data.draw(keys), set(data.draw(keys))
    entries = [entry(key) for key in listed]
    rows = {
        key: known(entry(key, html="Before." if key in edited else "Words."), number)
        for number, key in enumerate(archived)
    }
    asked = {key: row for key, row in rows.items() if key in listed}
    present = {key: row.id for key, row in rows.items()}
    found = decide(entries, asked, {}, present=present)
    assert len(found.new) + len(found.changed) + found.unchanged == len(entries)
    assert {one.key for one in found.new} == set(listed) - set(archived)
    assert {one.key for one, _ in found.changed} == set(listed) & set(archived) & edited
    assert set(found.gone) == {rows[key].id for key in set(archived) - set(listed)}
