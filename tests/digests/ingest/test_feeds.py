"""Feeds of every version, and feeds that are broken or hostile."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.errors import ParseError
from digests.ingest import feeds
from digests.ingest.entries import MOST_ENTRIES
from digests.ingest.feeds import FeedData, parse_feed, parse_feed_apart
from digests.model import EntryData
from tests.fakes import workerjobs
from tests.fakes.feedserver import Entry, rss

URL = "https://publisher.example/feeds/all.xml"
AT = datetime(2026, 5, 29, 1, 0, tzinfo=UTC)


def read(text: str | bytes, content_type: str | None = None) -> FeedData:
    return parse_feed(text.encode() if isinstance(text, str) else text, content_type=content_type, url=URL)


def only(text: str | bytes, content_type: str | None = None) -> EntryData:
    (entry,) = read(text, content_type).entries
    return entry


def in_rss(item: str, channel: str = "", head: str = "") -> str:
    return (
        f'{head}<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" '
        f'xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>News</title>{channel}<item>{item}</item></channel></rss>'
    )


def in_atom(entry: str, attributes: str = "") -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>News</title><entry>{entry}</entry></feed>'


VERSIONS = {
    "RSS 0.90": """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>News</title><link>https://p.example/</link></channel>
        <item><title>Japan joins</title><link>https://p.example/1</link></item></rdf:RDF>""",
    "RSS 0.91": """<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
        "http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><title>News</title>
        <item><title>Japan joins</title><link>https://p.example/1</link></item></channel></rss>""",
    "RSS 0.92": """<rss version="0.92"><channel><title>News</title><item><title>Japan joins</title>
        <link>https://p.example/1</link></item></channel></rss>""",
    "RSS 1.0": """<?xml version="1.0" encoding="utf-8"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel rdf:about="https://p.example/"><title>News</title></channel><item rdf:about="https://p.example/1">
        <title>Japan joins</title><link>https://p.example/1</link><dc:date>2026-05-29T10:00:00+09:00</dc:date></item>
        </rdf:RDF>""",
    "RSS 2.0": in_rss("<title>Japan joins</title><link>https://p.example/1</link>"),
    "RSS 2.0 with a namespace": """<rss version="2.0" xmlns="http://backend.userland.com/rss2"><channel><title>News</title>
        <item><title>Japan joins</title><link>https://p.example/1</link></item></channel></rss>""",
    "Atom 0.3": """<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>News</title><entry>
        <title>Japan joins</title><link rel="alternate" type="text/html" href="https://p.example/1"/><issued>2026-05-29T01:00:00Z</issued>
        <modified>2026-05-29T02:00:00Z</modified></entry></feed>""",
    "Atom 1.0": in_atom('<title>Japan joins</title><link href="https://p.example/1"/><id>tag:1</id>'),
    "Atom without a namespace": '<feed><title>News</title><entry><title>Japan joins</title>'
    '<link href="https://p.example/1"/></entry></feed>',
    "Atom with a prefix": '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>News</a:title><a:entry>'
    '<a:title>Japan joins</a:title><a:link href="https://p.example/1"/></a:entry></a:feed>',
    "JSON Feed 1.0": json.dumps({"version": "https://jsonfeed.org/version/1", "title": "News",
                                 "items": [{"id": 1, "title": "Japan joins", "url": "https://p.example/1"}]}),
    "JSON Feed 1.1": json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "News",
                                 "items": [{"id": "1", "title": "Japan joins", "external_url": "https://p.example/1"}]}),
}  # fmt: skip


@pytest.mark.parametrize("text", VERSIONS.values(), ids=VERSIONS)
def test_every_version_gives_its_entries(text: str) -> None:
    feed = read(text)
    assert feed.title == "News"
    assert [(entry.title, entry.url) for entry in feed.entries] == [("Japan joins", "https://p.example/1")]
    assert feed.problems == ()


def test_both_dates_are_taken() -> None:
    entry = only(VERSIONS["Atom 0.3"])
    assert (entry.published, entry.updated) == (AT, datetime(2026, 5, 29, 2, 0, tzinfo=UTC))
    assert only(VERSIONS["RSS 1.0"]).published == AT


def test_a_date_that_is_not_understood_gives_way_to_one_that_is() -> None:
    entry = only(in_rss("<title>t</title><pubDate>soon</pubDate><dc:date>2026-05-29T10:00:00+09:00</dc:date>"))
    assert entry.published == AT
    assert only(in_rss("<title>t</title><pubDate>2026年5月29日 午前1時</pubDate>")).published == AT


# --- keys ---------------------------------------------------------------------------------------------------


def test_the_key_is_the_feeds_own_id_else_the_link_else_a_hash_of_the_title() -> None:
    assert only(in_rss("<guid>g-1</guid><link>https://p.example/1</link><title>t</title>")).key == "g-1"
    assert only(in_rss("<link>https://p.example/1?utm_source=x</link><title>t</title>")).key == "https://p.example/1"
    first, second = (only(in_rss(f"<title>{title}</title>")).key for title in ("One", "Two"))
    assert first.startswith("title:")
    assert first != second
    assert only(in_rss("<title> One </title><description>changed</description>")).key == first


def test_long_keys_are_shortened_stably() -> None:
    keys = {only(in_rss(f"<guid>{'g' * 3_000}{end}</guid><title>t</title>")).key for end in ("1", "2", "1")}
    assert len(keys) == 2
    assert all(len(key) < 100 for key in keys)


def test_an_entry_that_occurs_twice_is_taken_once() -> None:
    feed = read(rss(Entry("1", "New title"), Entry("1", "Old title"), Entry("2", "Other")).replace(b"/1<", b"/x<"))
    assert [(entry.key, entry.title) for entry in feed.entries] == [("1", "New title"), ("2", "Other")]


def test_different_entries_under_one_id_are_told_apart_by_their_links() -> None:
    feed = read(rss(Entry("0", "A", link="https://p.example/a"), Entry("0", "B", link="https://p.example/b")))
    assert [entry.key for entry in feed.entries] == ["https://p.example/a", "https://p.example/b"]
    assert any("same id" in problem for problem in feed.problems)


# --- titles, bodies, links ----------------------------------------------------------------------------------


def test_titles_keep_their_characters() -> None:
    titled = {
        "A&nbsp;B &amp; C&eacute;": "A\xa0B & Cé",
        "AT&T and R&D": "AT&T and R&D",
        "&lt;b&gt;bold&lt;/b&gt;": "<b>bold</b>",
        "<![CDATA[<b>bold</b> & more]]>": "<b>bold</b> & more",
        "a<b>b</b>c": "a<b>b</b>c",
        "x&#0;y&#x8;z\x0b": "xyz",
        "&#8217;&#x2019;&#128;": "’’€",
        "&undefined; &#; &": "&undefined; &#; &",
    }
    for written, title in titled.items():
        assert only(in_rss(f"<title>{written}</title><guid>1</guid>")).title == title, written


def test_text_titles_of_atom_are_text() -> None:
    assert only(in_atom("<title>1 &lt; 2</title><id>1</id>")).title == "1 &lt; 2"
    assert only(in_atom('<title type="html">1 &amp;lt; 2</title><id>1</id>')).title == "1 &lt; 2"
    xhtml = '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">1 <b>2</b></div></title><id>1</id>'
    assert "<b>2</b>" in only(in_atom(xhtml)).title


def test_the_longest_body_is_taken() -> None:
    bodies = (
        "<description>Short.</description><content:encoded><![CDATA[<p>Much longer.</p>]]></content:encoded>"
        "<media:description>No.</media:description>"
    )
    body = only(in_rss(f"<title>t</title>{bodies}")).html
    assert body == "<p>Much longer.</p>"
    assert (
        only(in_atom("<title>t</title><summary>Short.</summary><content>Much longer.</content>")).html == "Much longer."
    )


def test_bodies_with_markup_that_was_not_escaped_are_whole() -> None:
    assert "<p>One</p>" in only(in_rss("<title>t</title><description><p>One</p> two</description>")).html


def test_pictures_are_no_text_but_encoded_text_is() -> None:
    pictures = '<content type="image/png">iVBORw0KGgo=</content><content mode="base64">===</content>'
    assert only(in_atom(f"<title>t</title>{pictures}")).html == ""
    encoded = '<content type="text/html" mode="base64">PHA+VGV4dDwvcD4=</content>'
    assert only(in_atom(f"<title>t</title>{encoded}")).html == "<p>Text</p>"


def test_an_entry_without_a_title_is_called_by_its_beginning() -> None:
    entry = only(
        in_rss("<guid>1</guid><description>&lt;p&gt;The cabinet met. " + "word " * 60 + "&lt;/p&gt;</description>")
    )
    assert entry.title.startswith("The cabinet met.")
    assert len(entry.title) <= 100


def test_entries_without_anything_are_left_out() -> None:
    assert read(in_rss("<pubDate>Fri, 29 May 2026 10:00:00 GMT</pubDate>")).entries == ()


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ("<link>/news/1?utm_medium=rss</link>", "https://publisher.example/news/1"),
        ("<link>\n https://p.example/1 \n</link>", "https://p.example/1"),
        ("<link/><guid>https://p.example/1</guid>", "https://p.example/1"),
        ('<guid isPermaLink="false">abc</guid>', None),
        ("<link>javascript:alert(1)</link>", None),
        ("<link>https://user:secret@p.example/1</link>", None),
        (
            '<atom:link rel="self" href="https://p.example/self"/><link>https://p.example/1</link>',
            "https://p.example/1",
        ),
    ],
)
def test_links_are_canonical_or_left_out(item: str, url: str | None) -> None:
    assert only(in_rss(f"<title>t</title>{item}")).url == url


def test_the_page_is_preferred_among_links_of_atom() -> None:
    links = """<link rel="edit" href="/e"/><link rel="alternate" type="application/json" href="/j"/>
        <link rel="alternate" type="text/html" href="/page"/><link rel="enclosure" href="/m.mp3"/>"""
    assert only(in_atom(f"<title>t</title>{links}")).url == "https://publisher.example/page"
    assert (
        only(in_atom(f"<title>t</title>{links}", 'xml:base="https://base.example/"')).url == "https://base.example/page"
    )


def test_an_unsafe_link_is_reported() -> None:
    assert "left out" in read(in_rss("<title>t</title><link>javascript:alert(1)</link>")).problems[0]


def test_aggregators_name_the_publisher_of_each_entry() -> None:
    entry = only(
        in_rss("<title>Japan joins - Reuters</title><guid>1</guid><source url='https://reuters.com'>Reuters</source>")
    )
    assert (entry.title, entry.publisher) == ("Japan joins", "Reuters")
    atom = "<title>t</title><id>1</id><source><title>Ukrinform</title><id>x</id></source>"
    assert only(in_atom(atom)).publisher == "Ukrinform"


def test_languages_are_two_letters() -> None:
    assert only(in_rss("<title>t</title>", "<language>ja-JP</language>")).language == "ja"
    assert read(in_atom("<title>t</title>", 'xml:lang="uk"')).language == "uk"
    assert only(in_rss("<title>t</title><dc:language>EN-us</dc:language>", "<language>ja</language>")).language == "en"
    assert only(in_rss("<title>t</title>", "<language>klingon!</language>")).language is None


# --- encodings ----------------------------------------------------------------------------------------------

JA = "政府はウクライナへの支援を決定した。防衛省が発表したところによると、訓練を含む。"
UK = "Уряд Японії ухвалив рішення про підтримку України, повідомив прем'єр-міністр Такаїчі. Її їжак має ґудзик."
RU = "Правительство Японии приняло решение о поддержке Украины, сообщил премьер-министр. Этот объём вырос."


@pytest.mark.parametrize("declared", ["right", "none", "utf-8", "iso-8859-1", "windows-1251"])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [(JA, "shift_jis"), (JA, "euc-jp"), (JA, "iso-2022-jp"), (JA, "utf-16"), (UK, "windows-1251"), (UK, "koi8-u"),
     (RU, "iso8859-5"), (RU, "koi8-r"), (JA, "utf-8"), (JA, "utf-8-sig")],
)  # fmt: skip
@pytest.mark.parametrize("where", ["header", "document"])
def test_encodings_are_understood_whatever_is_declared(text: str, encoding: str, declared: str, where: str) -> None:
    stated = {"right": encoding, "none": None}.get(declared, declared)
    head = f'<?xml version="1.0" encoding="{stated}"?>' if stated and where == "document" else ""
    content_type = f"text/xml; charset={stated}" if stated and where == "header" else "text/xml"
    body = in_rss(f"<title>{text}</title><guid>1</guid>", head=head).encode(encoding)
    assert only(body, content_type).title == text


def test_a_wrong_declaration_is_reported() -> None:
    body = in_rss(f"<title>{UK}</title>", head='<?xml version="1.0" encoding="utf-8"?>').encode("cp1251")
    assert "cp1251, not in utf-8" in read(body).problems[0]


def test_a_character_cut_in_two_does_not_spoil_the_feed() -> None:
    body = in_rss(f"<title>{JA}</title><description>END</description>").encode().replace(b"END", "支".encode()[:2])
    feed = read(body)
    assert feed.entries[0].title == JA
    assert "broken characters" in feed.problems[0]


# --- broken and hostile -------------------------------------------------------------------------------------


def test_feeds_that_are_not_well_formed_are_read_all_the_same() -> None:
    entry = "<title>Japan joins</title><guid>1</guid>"
    broken = {
        "unclosed": f"<rss><channel><item>{entry}</item>",
        "undeclared prefix": f"<rss><channel><item>{entry}<dc:date>2026-05-29</dc:date></item></channel></rss>",
        "bytes before": f"\r\n<br />Warning: deprecated in feed.php\n{in_rss(entry)}",
        "junk after": in_rss(entry) + "<!-- cached --><script>x</script>",
        "crossed tags": f"<rss><channel><item>{entry}<b><i>x</b></i></item></channel></rss>",
    }
    for name, text in broken.items():
        feed = read(text)
        assert [(entry.key, entry.title) for entry in feed.entries] == [("1", "Japan joins")], name


def test_what_our_reader_cannot_read_feedparser_may() -> None:
    odd = "<nonsense><channel><item><title>Japan joins</title><link>https://p.example/1</link></item></channel></nonsense>"
    feed = read(odd)
    assert [(entry.title, entry.url) for entry in feed.entries] == [("Japan joins", "https://p.example/1")]
    assert any("feedparser" in problem for problem in feed.problems)


def test_an_empty_feed_is_no_error() -> None:
    assert read("<rss><channel><title>News</title></channel></rss>").entries == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("not xml at all", "does not begin like XML"),
        ("<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        ("<!-- x --><html lang='en'></html>", "web page"),
        ("<opml><body/></opml>", "not a feed"),
        ("{}", "no list named items"),
        ('{"items": ', "JSON cannot be read"),
        ('{"items": ' + "[" * 100_000, "nested too deeply"),
        ("<rss><channel><item></wrong></rss>" * 3, None),
    ],
)
def test_what_is_no_feed_is_refused_in_plain_words(text: str, why: str | None) -> None:
    if why is None:
        assert isinstance(read(text), FeedData)
        return
    with pytest.raises(ParseError, match=why):
        read(text)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMBS = {
    "billion laughs": f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">{LAUGHS}]>'
    + in_rss("<title>&l9;</title>"),
    "quadratic blowup": f'<!DOCTYPE r [<!ENTITY a "{"a" * 50_000}">]>' + in_rss(f"<title>{'&a;' * 5_000}</title>"),
    "external entity": '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + in_rss("<title>&x;</title>"),
    "parameter entity": '<!DOCTYPE r [<!ENTITY % x SYSTEM "http://p.example/x.dtd"> %x;]>' + in_rss("<title>t</title>"),
    "lower case": '<!doctype r [<!entity x "y">]>' + in_rss("<title>&x;</title>"),
    "control characters": '<!DOC\x00TYPE r [<!ENT\x01ITY x "y">]>' + in_rss("<title>&x;</title>"),
    "in the middle": in_rss('<title>t</title><!ENTITY x "y">'),
    "behind a comment": '<!-- <![CDATA[ --><!DOCTYPE r [<!ENTITY x "y">]><!-- ]]> -->' + in_rss("<title>&x;</title>"),
    "quoted bracket": '<!DOCTYPE r SYSTEM "a>b" [<!ENTITY x "y">]>' + in_rss("<title>&x;</title>"),
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_documents_with_definitions_of_their_own_are_refused(text: str, encoding: str) -> None:
    with pytest.raises(ParseError, match="refused"):
        read(text.encode(encoding))


def test_a_document_type_in_a_body_is_text() -> None:
    body = "<![CDATA[<!DOCTYPE html [<!ENTITY x 'y'>]><p>x</p>]]>"
    assert "<p>x</p>" in only(in_rss(f"<title>t</title><description>{body}</description>")).html


@pytest.mark.parametrize(
    "text",
    [
        in_rss("<title " + " ".join(f'a{number}="1"' for number in range(30_000)) + ">t</title>"),
        in_rss("<title>t</title>" + "<b>" * 20_000),
        in_rss("<title>t</title><description>" + "<div>" * 150 + "x" + "</div>" * 150 + "</description>"),
    ],
    ids=["attributes", "unclosed", "nested"],
)
def test_monstrous_markup_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="refused"):
        read(text)


def test_100_000_attributes_cost_no_time() -> None:
    """Larger than what is read in this process: the worker refuses it, long before its time limit."""
    text = in_rss("<title " + " ".join(f'a{number}="1"' for number in range(100_000)) + ">t</title>")
    assert len(text) > feeds.IN_PROCESS_LIMIT
    with pytest.raises(ParseError, match="more than 200 attributes"):
        read(text)


def test_only_so_many_entries_are_read() -> None:
    feed = read(
        "<rss><channel>"
        + "".join(f"<item><title>{n}</title></item>" for n in range(MOST_ENTRIES + 5))
        + "</channel></rss>"
    )
    assert len(feed.entries) == MOST_ENTRIES
    assert str(MOST_ENTRIES) in feed.problems[0]


def test_large_feeds_are_read_by_a_worker_with_the_same_result() -> None:
    body = rss(*(Entry(str(n), f"Title {n} 日本", "<p>" + "word " * 300 + "</p>") for n in range(500)))
    assert len(body) > feeds.IN_PROCESS_LIMIT
    apart = parse_feed(body, content_type="text/xml", url=URL)
    assert apart == parse_feed_apart(body, "text/xml", URL)
    assert len(apart.entries) == 500
    assert isinstance(apart.entries[0], EntryData)
    assert apart.entries[0].published == datetime(2026, 6, 1, 6, 0, tzinfo=UTC)


def test_a_worker_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "parse_feed_apart", workerjobs.hang)
    monkeypatch.setattr(feeds, "WORKER_SECONDS", 0.2)
    with pytest.raises(ParseError, match="took longer"):
        read(rss(*(Entry(str(n), "t", "word " * 1_000) for n in range(200))))


# --- JSON Feed ----------------------------------------------------------------------------------------------


def json_feed(**item: Any) -> str:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "language": "en-GB", "items": [item]})


def test_json_feeds_are_read_whole() -> None:
    made = json_feed(
        id="a",
        url="/1",
        title="1 < 2",
        content_html="<p>One</p>",
        date_published="2026-05-29T10:00:00+09:00",
        date_modified="2026-05-29T11:00:00+09:00",
    )
    entry = only(made, "application/feed+json")
    assert entry == EntryData(
        key="a",
        title="1 &lt; 2",
        url="https://publisher.example/1",
        html="<p>One</p>",
        published=AT,
        updated=datetime(2026, 5, 29, 2, 0, tzinfo=UTC),
        language="en",
    )


def test_odd_members_of_a_json_feed_do_no_harm() -> None:
    odd = json.dumps(
        {"items": [None, 3, {"id": {"a": 1}, "title": ["x"]}, {"id": 7.5, "content_text": "a & b\ud800"}], "title": 3}
    )
    (entry,) = read(odd).entries
    assert (entry.key, entry.html) == ("7.5", "a &amp; b")


# --- anything at all ----------------------------------------------------------------------------------------

_parts = st.sampled_from(
    [
        *(
            "<rss>",
            "<channel>",
            "<item>",
            "<title>",
            "</title>",
            "</item>",
            "</channel>",
            "</rss>",
            "<feed>",
            "<entry>",
        ),
        *(
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "<?xml version='1.0'?>",
            "<!DOCTYPE r>",
            "&amp;",
            "&nbsp;",
            "&#0;",
            "&",
            "<",
        ),
        *(
            "text",
            "日本",
            "\x00",
            "<link>https://p.example/</link>",
            '<link href="/a"/>',
            "<guid>1</guid>",
            "{",
            "[",
            '"',
        ),
    ]
)


@given(st.lists(_parts, max_size=30).map("".join))
def test_any_markup_gives_a_feed_or_a_parse_error(text: str) -> None:
    try:
        feed = feeds._read(text.encode(), None, URL)
    except (ParseError, feeds._NeedsFeedparser):
        return
    for entry in feed.entries:
        assert entry.key
        assert entry.title


@given(st.binary(max_size=300))
def test_any_bytes_give_a_feed_or_a_parse_error(body: bytes) -> None:
    for content_type in (None, "text/xml; charset=shift_jis", "application/json"):
        try:
            feeds._read(body, content_type, URL)
        except (ParseError, feeds._NeedsFeedparser):
            continue
