"""What fuzzing begins with: small whole examples, and the words of each format."""

from __future__ import annotations

from tests.fakes.feedserver import Entry, rss
from tests.fuzz.targets import DATA

_ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><title type="html">x</title><id>1</id>
<link href="/a?b=1"/><updated>2026-05-29T01:00:00Z</updated><content type="xhtml"><div/></content></entry></feed>"""
_JSON = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "t", "items":
[{"id": 1, "title": "x", "url": "https://a.example/", "date_published": "2026-05-29T01:00:00Z"}]}"""
_JAPANESE = b"""<?xml version="1.0" encoding="shift_jis"?><!DOCTYPE rss>
<rss><channel><item><title>&#x93fa;&nbsp;\x93\xfa</title>
</item></channel></rss>"""
SEEDS: dict[str, tuple[bytes, ...]] = {
    "feed": (
        rss(Entry("1", "Third pillar", "<p>Words &amp; more.</p>"), Entry("2", "日本", "本文。")),
        _ATOM,
        _JSON,
        _JAPANESE,
    ),
    "config": (
        b"story: tiny\ndigests:\n- id: a\n  name: {en: A}\n  destinations: ['web:x']\n  schedule: daily 08:00\n",
        b"platforms: {web: {host: 127.0.0.1, port: 1}, slack: {bot_token: {env: X}}}\nadmins: [web:local:local]\n",
        *(path.read_bytes()[:4_000] for path in sorted(DATA.glob("*.yaml"))),
    ),
    "command": (
        b"/ask What is NSATU?",
        b"/digest building 7d",
        b"/timeline section:money from:2025-01 to:2026-05-31 actor:'A B'",
        b"/timeline status:agreed export:markdown",
        "/latest 資金 ５".encode(),
        b"/subscribe building 08:00 zone:Europe/Kyiv language:uk",
        b"/admin post morning",
    ),
    "words": (
        b"Mon, 01 Jun 2026 06:00:00 +0900",
        "令和8年5月29日 午後3時".encode(),
        b"https://user@a.example:443/%7Ea?utm_source=x#y",
        b"<p>A<br>b</p><div hidden>c</div>&amp;lt;b&gt;",
        "Підтримка".encode("cp1251"),
    ),
}
TOKENS: dict[str, tuple[str, ...]] = {
    "feed": (
        *(
            "<rss",
            "<channel>",
            "<item>",
            "</item>",
            "<title>",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "<!DOCTYPE",
            "<!ENTITY",
        ),
        *(
            "&amp;",
            "&#0;",
            "&#xD800;",
            "&nbsp;",
            "<link>",
            "<guid>",
            "<pubDate>",
            "xml:base=",
            "<entry>",
            "type='xhtml'",
        ),
    ),
    "config": (
        "story: ",
        "\n  - ",
        "&a",
        "*a",
        "<<: ",
        "!!",
        "{",
        "}",
        "[",
        "]",
        "'",
        '"',
        "|\n",
        "---\n",
        "platforms:",
    ),
    "command": ("/ask ", "/digest ", "section:", "from:", "'", '"', "\\", "7d", "..", ":", "2026-05-01", "08:00"),
    "words": ("<p>", "&amp;", "https://", "@", "%00", "年", "月", "日", "GMT", "+0900", "<!--", "<script>", "\ufeff"),
}
