"""From an entry to an item: clean, dated, filed, and safe to write whatever a feed says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digests.filing import FilingResult
from digests.ingest.prepare import TITLE_LIMIT, Publisher, Publishers, prepare
from digests.model import Dating, EntryData, SourceKind
from tests.fakes.pressroom import feed

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PUBLISHER = Publisher("Courier", "courier", SourceKind.NATIONAL)


class NoFiler:
    """Remembers what it was asked to file."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, SourceKind]] = []

    def file(self, title: str, text: str, language: str, kind: SourceKind) -> FilingResult:
        self.asked.append((title, text, language, kind))
        return FilingResult((), "nothing")


def entry(title: str = "Title", html: str = "Words.", **values: object) -> EntryData:
    plain = {"key": "1", "url": None, "published": NOW, "updated": None} | values
    return EntryData(title=title, html=html, **plain)  # type: ignore[arg-type]


def test_an_entry_is_cleaned_before_it_is_filed() -> None:
    filer = NoFiler()
    body = "<p>Builders &amp; bridges.</p><p>They <i>work</i>.</p>"
    made = prepare(entry("The <b>bridge</b>", body), "f", feed("courier"), PUBLISHER, filer, NOW)
    assert filer.asked == [("The bridge", "Builders & bridges.\nThey work.", "en", SourceKind.NATIONAL)]
    assert (made.title, made.text, made.fingerprint) == ("The bridge", "Builders & bridges.\nThey work.", "f")


def test_a_document_is_clean_already() -> None:
    source = feed("papers", type="documents")
    made = prepare(entry("A &lt; B", "1 < 2 and <b> is a tag", locator="p. 3"), "f", source, PUBLISHER, NoFiler(), NOW)
    assert (made.title, made.text, made.locator) == ("A < B", "1 < 2 and <b> is a tag", "p. 3")


@pytest.mark.parametrize(
    ("html", "title"),
    [
        ("<p>The bridge is open.</p><p>More.</p>", "The bridge is open."),
        ("bridge " * 100, "bridge " * 11 + "bri…"),
        ("", "(untitled)"),
    ],
)
def test_an_entry_without_title_gets_the_beginning_of_its_text(html: str, title: str) -> None:
    assert prepare(entry(" ", html), "f", feed("courier"), PUBLISHER, NoFiler(), NOW).title == title


def test_a_link_that_is_not_safe_is_left_out() -> None:
    for url in ("javascript:alert(1)", "https://user:pass@x.example/", "nonsense"):
        assert prepare(entry(url=url), "f", feed("courier"), PUBLISHER, NoFiler(), NOW).url is None


def test_the_language_is_that_of_the_text_and_only_in_doubt_that_of_the_source() -> None:
    source = feed("courier", language="ja")
    long_text = "The builders have finished the third pillar of the bridge that is to join the two towns. " * 2
    assert prepare(entry("News", long_text), "f", source, PUBLISHER, NoFiler(), NOW).language == "en"
    assert prepare(entry("123", "45"), "f", source, PUBLISHER, NoFiler(), NOW).language == "ja"


def test_a_date_that_cannot_be_is_replaced() -> None:
    made = prepare(entry(published=NOW + timedelta(days=9)), "f", feed("courier"), PUBLISHER, NoFiler(), NOW)
    assert (made.published_at, made.dating) == (NOW, Dating.CORRECTED)


def test_only_aggregators_name_other_publishers() -> None:
    publishers = Publishers([feed("agency", publisher="Valley Wire"), feed("collector", publisher_from_entry=True)])
    named = entry(publisher="Valley  <b>Wire</b>")
    assert publishers.of(feed("courier"), named).name == "Courier"
    aggregator = feed("collector", publisher_from_entry=True)
    assert publishers.of(aggregator, named) == Publisher("Valley Wire", "agency", SourceKind.NATIONAL)
    assert publishers.of(aggregator, entry(publisher=None)).name == "Collector"
    long = publishers.of(aggregator, entry(publisher="x" * 500))
    assert (len(long.name), len(long.family)) == (150, 80)


_hostile = st.text(st.characters(), max_size=80) | st.sampled_from(
    ["<script>alert(1)</script>", "a\x00b", "\ud800", "&#0;&#xd800;", "\u202eabc", "<p>" * 50, "&lt;b&gt;", "]]>"]
)


@given(title=_hostile, html=_hostile, publisher=st.none() | _hostile, url=st.none() | _hostile)
@settings(max_examples=200, deadline=None)
def test_whatever_a_feed_says_can_be_written_to_any_database(
    title: str, html: str, publisher: str | None, url: str | None
) -> None:
    source = feed("collector", publisher_from_entry=True)
    one = entry(title, html, publisher=publisher, url=url)
    made = prepare(one, "f", source, Publishers([source]).of(source, one), NoFiler(), NOW)
    for text in (made.title, made.text, made.url or "", made.publisher.name, made.publisher.family, made.language):
        assert "\x00" not in text
        text.encode("utf-8")
    assert 1 <= len(made.title) <= TITLE_LIMIT
    assert "\n" not in made.title
