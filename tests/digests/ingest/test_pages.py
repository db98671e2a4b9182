"""The article of a page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from digests.errors import ParseError
from digests.ingest import pages
from digests.ingest.clean import clean_page
from digests.ingest.pages import sections_of
from tests.fakes import workerjobs

PARAGRAPH = "The government in Tokyo said on Friday that it would join the training programme of the alliance. " * 3
PAGE = f"""<!DOCTYPE html><html><head><title>Japan joins NSATU | Site</title>
<meta property="article:published_time" content="2026-05-29T10:00:00+09:00"></head>
<body><nav><a href="/">Home</a> <a href="/world">World</a></nav>
<article><h1>Japan joins NSATU</h1><p>{PARAGRAPH}</p><h2>Background</h2><p>{PARAGRAPH}</p><ul><li>One item</li></ul>
<script>track("reader")</script></article><footer>Copyright 2026, all rights reserved</footer></body></html>"""


def test_a_page_is_reduced_to_its_article() -> None:
    page = clean_page(PAGE, "https://site.example/1")
    assert page.title is not None
    assert page.title.startswith("Japan joins NSATU")
    assert page.published == datetime(2026, 5, 29, tzinfo=UTC)
    assert [section.heading for section in page.sections] == ["Japan joins NSATU", "Background"]
    assert "training programme" in page.sections[0].text
    assert "One item" in page.sections[1].text
    assert not any(noise in page.text for noise in ("Home", "Copyright", "track("))
    assert "Background\n" in page.text


@pytest.mark.parametrize("html", ["", "<html><body></body></html>", "<script>x</script>"])
def test_a_page_without_text_is_an_error(html: str) -> None:
    with pytest.raises(ParseError):
        clean_page(html)


def test_a_page_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "extract_page", workerjobs.hang)
    monkeypatch.setattr(pages, "PAGE_SECONDS", 0.2)
    with pytest.raises(ParseError, match="took longer"):
        clean_page(PAGE)


def test_only_the_beginning_of_a_huge_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    beginning = f"<html><body><article><h1>Japan joins</h1><p>{PARAGRAPH}</p><p>{PARAGRAPH}</p>"
    monkeypatch.setattr(pages, "PAGE_LIMIT", len(beginning))
    page = clean_page(f"{beginning}<p>This stands far beyond the limit, says the minister.</p></article></body></html>")
    assert "training programme" in page.text
    assert "far beyond" not in page.text


def test_sections_begin_at_headings() -> None:
    sections = sections_of("<p>Before.</p><h2 class='x'>One <b>two</b></h2><p>Text.</p><h3></h3><h4>Empty</h4>")
    assert [(section.heading, section.text) for section in sections] == [
        (None, "Before."),
        ("One two", "Text."),
        ("Empty", ""),
    ]
