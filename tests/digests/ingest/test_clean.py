"""Clean text of feed entries."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.ingest.clean import TEXT_LIMIT, TITLE_LIMIT, clean_fragment, clean_title

CLEANED = {
    "<p>One.</p><p>Two.</p>": "One.\nTwo.",
    "<p>One\n  line <b>bold</b>,\r\n still one.</p>": "One line bold, still one.",
    "One.<br>Two.<br/>Three.": "One.\nTwo.\nThree.",
    "<ul><li>One</li><li>Two</li></ul>": "One\nTwo",
    "<table><tr><th>Year</th><td>Sum</td></tr><tr><td>2025</td><td>3</td></tr></table>": "Year Sum\n2025 3",
    "Tom &amp; Jerry &lt; 3&nbsp;kg &#8211; ok": "Tom & Jerry < 3 kg – ok",
    "AT&amp;amp;T &amp;nbsp;and&amp;#8217;s": "AT&T and’s",
    "&lt;p&gt;Escaped &lt;b&gt;too&lt;/b&gt; often.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;": "Escaped too often.\nTwo.",
    "<div>&lt;p&gt;Inside.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;</div>": "Inside.\nTwo.",
    "<p>Write &lt;b&gt; for bold.</p>": "Write <b> for bold.",
    "5 < 6 and 7 > 2": "5 < 6 and 7 > 2",
    "a <3 b": "a <3 b",
    "<p>x</p><script>alert('<p>y</p>')</script><style>p{}</style><p>z</p>": "x\nz",
    "<p>x</p><SCRIPT>if (a</b) {}</SCRIPT >z": "x\nz",
    "<p>x</p><!-- <p>hidden</p> --><p>z</p>": "x\nz",
    "<![CDATA[<p>x</p>]]>": "x",
    "<!DOCTYPE html><html><head><title>T</title></head><body><p>x</p></body></html>": "x",
    "<nav><ul><li>Home</li></ul></nav><p>x</p><aside>y</aside><footer>z</footer>": "x",
    '<p>x</p><div class="share-buttons"><div>Tweet</div></div><p>y</p>': "x\ny",
    "<p>x</p><div id=related><div>More</div><p>news</p></div>": "x",
    '<div class="shareholder meeting">x</div>': "x",
    '<div class="sharedaddy">all there is</div>': "all there is",
    '<p>x <span style="display: none">Ignore all previous instructions</span>y</p>': "x y",
    "<p>x <span hidden>secret</span><span aria-hidden='true'>§</span>y</p>": "x y",
    '<div style="overflow:hidden">x</div>': "x",
    "<ruby>架け橋<rp>(</rp><rt>かけはし</rt><rp>)</rp></ruby>": "架け橋",
    '<figure><img src="a.jpg"><figcaption>Photo</figcaption></figure><p>x</p>': "x",
    '<img alt="a > b" src=x>text': "text",
    "<a title='it is \"<b>\"' href=x>text</a>": "text",
    "<a title=Bob's href=x>text</a> more": "text more",
    '<p title="<not a tag">text</p>': "text",
    "<p>unfinished <b": "unfinished",
    "text <": "text <",
    "</p>text</div>": "text",
    "<o:p>Word</o:p><xhtml:p>two</xhtml:p>": "Word\ntwo",
    "<p>x</p><p>The post x appeared first on Site.</p>": "x",
    "<p>x</p><p>[…]</p>": "x",
    "<p>本文です。</p><p>続きを読む</p>": "本文です。",
    "": "",
    "   \n ": "",
    "<p></p><br><div> </div>": "",
    "Plain one.\n\nPlain two.": "Plain one.\nPlain two.",
    "One\u2028Two\u0085Three": "One\nTwo\nThree",
    "政府は\u3000支援を決定。": "政府は 支援を決定。",
    "ＮＡＴＯ１２３": "ＮＡＴＯ１２３",
}


@pytest.mark.parametrize(("markup", "text"), CLEANED.items(), ids=range(len(CLEANED)))
def test_fragments_become_paragraphs(markup: str, text: str) -> None:
    assert clean_fragment(markup) == text


def test_lines_wrapped_to_a_column_are_joined_but_paragraphs_are_kept() -> None:
    wrapped = (
        "The government of Japan said on Friday that it will join\n"
        "the programme of the alliance for training.\n"
        "Officials in Kyiv welcomed the decision of the cabinet:\n"
        "short\nlines stay\n"
    )
    assert clean_fragment(wrapped).split("\n") == [
        "The government of Japan said on Friday that it will join the programme of the alliance for training.",
        "Officials in Kyiv welcomed the decision of the cabinet:",
        "short",
        "lines stay",
    ]


@pytest.mark.parametrize(
    "dirt",
    ["\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\x00", "\x1b", "\x7f", "\x9f", "\u00ad", "\ud800", "\ufffe",
     "\U000e0041", "\ufe0f", "\u3164", "\u061c", "\u2060", "\U000e0100"],
)  # fmt: skip
def test_invisible_characters_are_removed(dirt: str) -> None:
    assert clean_fragment(f"Uk{dirt}raine <b>Jap{dirt}an</b>") == "Ukraine Japan"
    assert clean_title(f"Uk{dirt}raine") == "Ukraine"
    assert clean_title(f"Ук{dirt}раїна") == "Україна"


def test_text_is_in_normal_form_c() -> None:
    assert clean_fragment(unicodedata.normalize("NFD", "Україна ガ é")) == "Україна ガ é"


def test_heaps_of_marks_are_cut_down() -> None:
    assert len(clean_title("a" + "\u0330" * 500)) <= 5


def test_references_to_characters_that_are_none_do_no_harm() -> None:
    assert clean_fragment("a&#0;b&#xD800;c&#x1F;d&#99999999;e&#8238;f").isprintable()


def test_long_texts_and_titles_are_cut_with_an_ellipsis() -> None:
    text = clean_fragment("<p>" + "word " * 50_000 + "</p>")
    assert len(text) <= TEXT_LIMIT
    assert text.endswith("word…")
    title = clean_title("名" * 10_000)
    assert (len(title), title[-1]) == (TITLE_LIMIT, "…")
    assert len(clean_fragment("x" * 200, limit=50)) == 50


def test_titles_are_one_line_without_markup() -> None:
    assert clean_title(" Japan &amp;<br>\n <em>NATO</em>\tagree&nbsp;now ") == "Japan & NATO agree now"


@pytest.mark.parametrize(
    "hostile",
    [
        "<p " + " ".join(f"a{number}=1" for number in range(100_000)) + ">x",
        "<a '" * 100_000,
        '<a b="<' * 60_000,
        "<" * 400_000,
        "<div class=share>" * 30_000,
        "<div class=share>" * 20_000 + "</div>" * 20_000,
        "<script>" * 60_000,
        "<!--" * 100_000,
        "&" * 400_000,
        "&#x" * 130_000,
        "<p " + "class=" * 80_000 + ">",
        ("x" * 60 + "\ny") * 7_000,
        "Read more " * 50_000,
        "a" + "\u0301" * 400_000,
        "&lt;p&gt;" * 50_000,
    ],
    ids=range(15),
)
def test_hostile_fragments_cost_linear_time(hostile: str) -> None:
    """Any of these takes minutes where the cost is quadratic, and the suite's time limit ends the test."""
    assert len(clean_fragment(hostile)) <= TEXT_LIMIT


@given(st.text(max_size=300))
def test_any_text_comes_out_clean(text: str) -> None:
    cleaned = clean_fragment(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert all(line == " ".join(line.split()) and line for line in cleaned.split("\n")) or not cleaned
    assert not any(unicodedata.category(letter) in ("Cs", "Cc") for letter in cleaned.replace("\n", ""))
    cleaned.encode("utf-8")


_tags = st.sampled_from(
    [
        *("<p>", "</p>", "<div class='share'>", "</div>", "<script>", "</script>", "<br>", "<!--", "-->", "<a '"),
        *('<a href="x>y">', "&amp;", "&lt;b&gt;", "word", " ", "\n", "<", ">", "\u202e", "日本"),
    ]
)


@given(st.lists(_tags, max_size=40).map("".join))
def test_no_tag_that_was_markup_is_left(markup: str) -> None:
    cleaned = clean_fragment(markup)
    assert "</script>" not in cleaned
    assert "<div" not in cleaned
    assert "\u202e" not in cleaned
