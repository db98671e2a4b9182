"""Canonical links."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.errors import UnsafeUrl
from digests.ingest.urls import LONGEST, canonical_url

CASES = {
    "HTTPS://News.Example:443/A/../b?x=1#top": "https://news.example/b?x=1",
    "http://news.example": "http://news.example/",
    "http://news.example./a": "http://news.example/a",
    "https://news.example/a?utm_source=rss&utm_medium=feed": "https://news.example/a",
    "https://news.example/a?b=2&utm_campaign=x&a=1&fbclid=y": "https://news.example/a?b=2&a=1",
    "https://news.example/a?id=7&UTM_Source=x": "https://news.example/a?id=7",
    "https://news.example/a?at_medium=RSS&mc_cid=1&ref_src=twsrc&igshid=1&gclid=2&yclid=3": "https://news.example/a",
    "https://news.example/a?ref=rss": "https://news.example/a",
    "https://news.example/a?ref=7&source=ukraine": "https://news.example/a?ref=7&source=ukraine",
    "https://news.example/a?%75tm_source=x&q=%D0%B0": "https://news.example/a?q=%D0%B0",
    "https://news.example/?": "https://news.example/",
    "https://news.example/a?b=&c": "https://news.example/a?b=&c",
    "https://xn--80ak6aa92e.example/": "https://xn--80ak6aa92e.example/",
    "https://аррӏе.example/": "https://xn--80ak6aa92e.example/",
    "https://news.example/日本?q=支援": "https://news.example/%E6%97%A5%E6%9C%AC?q=%E6%94%AF%E6%8F%B4",
    "  https://news.example/a b \n": "https://news.example/a%20b",
    "https://news.google.com/rss/articles/CBMiX?oc=5&utm_source=x#f": (
        "https://news.google.com/rss/articles/CBMiX?oc=5&utm_source=x"
    ),
}


@pytest.mark.parametrize(("url", "canonical"), CASES.items(), ids=CASES)
def test_a_link_has_one_form(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical
    assert canonical_url(canonical) == canonical


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("/b?utm_source=x", "https://news.example/b"),
        ("c", "https://news.example/a/c"),
        ("//other.example/x", "https://other.example/x"),
        ("?p=2", "https://news.example/a/?p=2"),
        ("https://third.example/", "https://third.example/"),
    ],
)
def test_relative_links_are_completed(url: str, canonical: str) -> None:
    assert canonical_url(url, "https://news.example/a/") == canonical


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "file:///etc/passwd",
        "mailto:a@b.example",
        "https://user@news.example/",
        "https://user:secret@news.example/",
        "https://@news.example/",
        "https:\\\\user@news.example/",
        "https://",
        "https://./",
        "https://news.example:0x50/",
        "https://news.exa\x00mple/",
        "https://news.example/a\x07",
        "https://news.example/a\u202egpj.exe",
        "https://news.example/\x85x",
        "https://news.example/\ud800",
        "https://[::1",
        "relative/path",
        "https://news.example/" + "a" * LONGEST,
    ],
)
def test_what_is_no_ordinary_link_is_refused(url: str) -> None:
    with pytest.raises(UnsafeUrl):
        canonical_url(url)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:,x", "http://user@evil.example/"])
def test_a_base_makes_no_link_safer(url: str) -> None:
    with pytest.raises(UnsafeUrl):
        canonical_url(url, "https://news.example/")


_pieces = st.text(alphabet=st.sampled_from("abця日 %&=?#/.:@;+-_~!*'()[]|\\^`{}\"<>utm_ref0x"), max_size=30)


@given(
    st.sampled_from(["http", "https", "HTTP", "ftp", "javascript"]),
    st.sampled_from(
        ["news.example", "NEWS.example.", "xn--wgv71a.jp", "日本.jp", "1.2.3.4", "[2606:4700::1111]", "0x7f.1"]
    ),
    _pieces,
)
def test_the_canonical_form_is_its_own_canonical_form(scheme: str, host: str, rest: str) -> None:
    try:
        once = canonical_url(f"{scheme}://{host}/{rest}")
    except UnsafeUrl:
        return
    assert canonical_url(once) == once
    assert once.startswith(("http://", "https://"))
    assert "#" not in once
    assert once.isascii()


@given(st.text(max_size=60))
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    for base in (None, "https://news.example/a"):
        with suppress(UnsafeUrl):
            assert canonical_url(text, base).startswith("http")
