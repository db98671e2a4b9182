"""The local chat: the adapter contract, its HTTP interface and who may use it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from bot.adapters.base import AdapterContext
from bot.adapters.web import WebAdapter, WebOptions
from bot.adapters.web.hub import LiveEvent
from bot.adapters.web.render import render
from bot.message import (
    Bullet,
    BulletList,
    File,
    Heading,
    Image,
    Link,
    Message,
    Paragraph,
    Quote,
    Table,
    Text,
    from_json,
    text,
)
from digests.archive import Archive, media
from digests.model import Destination
from tests.bot.adapters.contract import AdapterContract, Posted
from tests.conftest import StoppedClock
from tests.fakes.host import FakeHost

NEWS = Destination("web", "local", "news")


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


async def started(archive: Archive, clock: StoppedClock, host: FakeHost, options: WebOptions) -> WebAdapter:
    adapter = WebAdapter(AdapterContext(options, archive, lambda: (NEWS,), clock, Operated()))
    await adapter.start(host)
    return adapter


@pytest.fixture
async def adapter(archive: Archive, clock: StoppedClock, host: FakeHost) -> AsyncIterator[WebAdapter]:
    made = await started(archive, clock, host, WebOptions(port=0))
    yield made
    await made.close()


@pytest.fixture
async def http(adapter: WebAdapter) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(adapter.address, timeout=aiohttp.ClientTimeout(5)) as session:
        yield session


class Operated:
    """Operations of a bot that is ready."""

    token = None

    async def ready(self) -> bool:
        return True

    async def exposition(self) -> bytes:
        return b"figures 1\n"


class TestContract(AdapterContract):
    @pytest.fixture
    def place(self) -> Destination:
        return NEWS

    @pytest.fixture
    def member_place(self) -> Destination:
        return Destination("web", "local", "local", kind="direct")

    @pytest.fixture
    def posted(self, adapter: WebAdapter) -> Posted:
        async def shown(place: Destination) -> list[str]:
            channel = f"@{place.channel}" if place.kind == "direct" else place.channel
            rows = await adapter.page(channel, "local", None, 100)
            return [render(from_json(row.message)) for row in rows]

        return shown

    @pytest.fixture
    def adapter(self, adapter: WebAdapter) -> WebAdapter:
        return adapter


async def say(http: aiohttp.ClientSession, line: str, **headers: str) -> aiohttp.ClientResponse:
    return await http.post("/api/say", json={"line": line, "channel": "news", "language": "uk"}, headers=headers)


async def shown(http: aiohttp.ClientSession, channel: str = "news") -> list[dict[str, object]]:
    async with http.get("/api/messages", params={"channel": channel}) as answer:
        answer.raise_for_status()
        return list((await answer.json())["messages"])


async def test_a_typed_line_is_answered_privately(http: aiohttp.ClientSession, host: FakeHost) -> None:
    answer = await say(http, "/ask What is NSATU?")
    card = (await answer.json())["message"]
    assert card["private"] is True
    assert "answer to /ask What is NSATU?" in card["html"]
    assert host.lines[0][1].language == "uk"
    assert [row["author"] for row in await shown(http)] == ["local", "Kakehashi"]


async def test_a_private_reply_can_be_shared_without_its_buttons(http: aiohttp.ClientSession) -> None:
    card = (await (await say(http, "hello")).json())["message"]
    shared = await http.post("/api/share", json={"message": card["id"]})
    public = (await shared.json())["message"]
    assert public["private"] is False
    assert "data-action" not in public["html"]
    assert (await http.post("/api/share", json={"message": public["id"]})).status == 409


async def test_a_button_replaces_the_message_it_stands_on(http: aiohttp.ClientSession, host: FakeHost) -> None:
    card = (await (await say(http, "hello")).json())["message"]
    await http.post("/api/press", json={"message": card["id"], "action": "page:token:1"})
    assert host.presses[0].action == "page:token:1"
    assert "pressed page:token:1" in str((await shown(http))[-1]["html"])


async def test_open_pages_see_new_posts_live(http: aiohttp.ClientSession, adapter: WebAdapter) -> None:
    async with http.get("/api/events") as stream:
        await asyncio.wait_for(stream.content.readuntil(b"\n\n"), 5)
        post = Message((Paragraph(text("live news")),), summary="live news", kind="digest")
        await adapter.send(NEWS, post, key="1" * 20, parent=None)
        event = (await asyncio.wait_for(stream.content.readuntil(b"\n\n"), 5)).decode()
    assert event.startswith("event: message\n")
    data = json.loads(event.split("data: ", 1)[1])
    assert "live news" in data["html"]
    assert data["channel"] == "news"


async def test_the_page_is_told_when_the_configuration_was_refused(
    http: aiohttp.ClientSession, adapter: WebAdapter, host: FakeHost
) -> None:
    host.problems = ("config/bot.yaml:3:1: unknown key",)
    async with http.get("/api/events") as stream:
        await asyncio.wait_for(stream.content.readuntil(b"\n\n"), 5)
        await adapter.refresh()
        assert b"event: state" in await asyncio.wait_for(stream.content.readuntil(b"\n\n"), 5)
    async with http.get("/api/state") as answer:
        assert (await answer.json())["notices"] == ["config/bot.yaml:3:1: unknown key"]


async def test_history_pages_backwards(http: aiohttp.ClientSession, adapter: WebAdapter) -> None:
    for n in range(95):
        await adapter.post("news", Message((Paragraph(text(f"no {n}")),), summary="x"))
    seen: list[int] = []
    before = ""
    while True:
        async with http.get("/api/messages", params={"channel": "news", "before": before}) as answer:
            page = await answer.json()
        seen = [row["id"] for row in page["messages"]] + seen
        if not page["more"]:
            break
        before = str(page["messages"][0]["id"])
    assert len(seen) == 95
    assert seen == sorted(set(seen))


async def test_the_state_speaks_the_browsers_language(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/state", headers={"Accept-Language": "fr, ja;q=0.8"}) as answer:
        assert (await answer.json())["language"] == "ja"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:8765"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
async def test_requests_from_elsewhere_are_refused(
    http: aiohttp.ClientSession, host: FakeHost, headers: dict[str, str], status: int
) -> None:
    body = json.dumps({"line": "/admin post morning", "channel": "news"})
    answer = await http.post("/api/say", data=body, headers={"Content-Type": "application/json", **headers})
    assert answer.status == status
    assert host.lines == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"line": 5, "channel": "news"}', b'{"line": "x", "channel": "nowhere"}', b'{"line": " "}'],
)
async def test_a_malformed_body_is_refused(http: aiohttp.ClientSession, body: bytes) -> None:
    answer = await http.post("/api/say", data=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status < 500


async def test_every_answer_forbids_inline_scripts_and_framing(http: aiohttp.ClientSession) -> None:
    for path in ("/", "/app.js", "/api/state", "/nowhere"):
        async with http.get(path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy


async def test_with_a_password_nothing_is_served_without_it(
    archive: Archive, clock: StoppedClock, host: FakeHost
) -> None:
    adapter = await started(archive, clock, host, WebOptions(port=0, password=SecretStr("correct horse")))
    try:
        async with aiohttp.ClientSession(adapter.address) as http:
            for path in ("/", "/api/state", "/api/messages?channel=news", "/api/events", "/metrics"):
                assert (await http.get(path)).status == 401
            assert (
                await http.get("/", headers={"Authorization": aiohttp.encode_basic_auth("x", "wrong")})
            ).status == 401
            assert (
                await http.get("/", headers={"Authorization": aiohttp.encode_basic_auth("x", "correct horse")})
            ).status == 200
            assert (await http.get("/healthz")).status == 200
    finally:
        await adapter.close()


@pytest.mark.parametrize("host_name", ["0.0.0.0", "::", "192.168.1.4", "news.example"])
def test_listening_beyond_this_machine_wants_a_password(host_name: str) -> None:
    with pytest.raises(ValidationError, match="password"):
        WebOptions(host=host_name)
    assert WebOptions(host=host_name, password=SecretStr("x")).password is not None


TAG = re.compile(r"<(/?)([a-z0-9]+)([^<>]*)>")
ALLOWED = {"p", "h3", "h4", "ul", "ol", "li", "span", "a", "strong", "em", "code", "blockquote", "footer", "br",
           "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "time", "hr"}  # fmt: skip


@given(words=st.text(max_size=60), url=st.text(max_size=40))
def test_no_text_and_no_address_becomes_markup(words: str, url: str) -> None:
    message = Message(
        (
            Heading(words),
            Paragraph((Text(words, "strong", language=words), Link(words, url))),
            BulletList((Bullet(text(words), text(words)),)),
            Quote(text(words), text(words)),
            Table((words,), ((text(words),),), caption=words),
        ),
        summary=words,
    )
    html = render(message)
    rest = TAG.sub("", html)
    assert "<" not in rest
    assert ">" not in rest
    for _, name, attributes in TAG.findall(html):
        assert name in ALLOWED
        assert not re.search(r"\son\w+=", re.sub(r'"[^"]*"', '""', attributes))
        for address in re.findall(r'href="([^"]*)"', attributes):
            assert address == "#" or address.startswith(("http://", "https://"))


async def test_a_picture_of_a_message_is_served(
    http: aiohttp.ClientSession, adapter: WebAdapter, archive: Archive, clock: StoppedClock
) -> None:
    async with archive.write() as connection:
        key = await media.put(connection, b"\x89PNG", content_type="image/png", now=clock())
    picture = Message((Image(key, alt='A "rising" line'),), summary="A chart")
    await adapter.send(Destination("web", "local", "news"), picture, key="1" * 20, parent=None)
    html = str((await shown(http))[-1]["html"])
    assert f'src="/media/{key}"' in html
    assert 'alt="A &quot;rising&quot; line"' in html
    async with http.get(f"/media/{key}") as answer:
        assert (answer.status, answer.content_type, await answer.read()) == (200, "image/png", b"\x89PNG")
    async with http.get("/media/" + "0" * 40) as answer:
        assert answer.status == 404


async def test_a_file_of_a_message_is_a_link_that_saves_it(
    http: aiohttp.ClientSession, adapter: WebAdapter, archive: Archive, clock: StoppedClock
) -> None:
    content = "\ufeffid,claim\nbg-001,支援\n".encode()
    async with archive.write() as connection:
        key = await media.put(connection, content, content_type="text/csv", now=clock())
    message = Message((File(key, "timeline.csv", "text/csv", 91_400),), summary="A file")
    await adapter.send(Destination("web", "local", "news"), message, key="1" * 20, parent=None)
    html = str((await shown(http))[-1]["html"])
    assert f'href="/media/{key}/timeline.csv" download="timeline.csv"' in html
    assert "91 kB" in html
    for path, name in (
        (f"/media/{key}/timeline.csv", "timeline.csv"),
        (f"/media/{key}/page.html", "page-html.csv"),
        (f"/media/{key}", f"{key}.csv"),
    ):
        async with http.get(path) as answer:
            assert await answer.read() == content
            assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
            assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{name}"; filename*=UTF-8')
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    async with http.get(f"/media/{'0' * 40}/timeline.csv") as answer:
        assert answer.status == 404
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    async with http.get(f"/media/{key}/timeline.csv", headers=elsewhere) as answer:
        assert answer.status == 403


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/xhtml+xml"])
async def test_what_a_browser_could_run_is_never_shown(
    http: aiohttp.ClientSession, archive: Archive, clock: StoppedClock, content_type: str
) -> None:
    async with archive.write() as connection:
        key = await media.put(connection, b"<script>alert(1)</script>", content_type=content_type, now=clock())
    for path in (f"/media/{key}", f"/media/{key}/x.html"):
        async with http.get(path) as answer:
            assert answer.content_type == "application/octet-stream"
            assert answer.headers["Content-Disposition"].startswith("attachment; ")


@given(name=st.text(max_size=60))
def test_no_name_of_a_file_becomes_markup(name: str) -> None:
    html = render(Message((File("ab", name, "text/csv", 1),), summary="s"))
    (link,) = re.findall(r'<a class="button" href="([^"]*)" download="([^"]*)">', html)
    assert re.fullmatch(r"/media/ab/[A-Za-z0-9_-]+\.csv", link[0])
    assert link[0].endswith(f"/{link[1]}")


async def test_a_button_that_runs_a_command_leaves_its_message(http: aiohttp.ClientSession) -> None:
    await say(http, "/latest")
    before = await shown(http)
    body = {"message": before[-1]["id"], "action": "run:/help", "channel": "news"}
    async with http.post("/api/press", json=body) as answer:
        answer.raise_for_status()
    assert (await shown(http))[: len(before)] == before
    assert len(await shown(http)) == len(before) + 1


async def test_a_page_that_is_closed_is_no_error(
    adapter: WebAdapter, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async with http.get("/api/events") as answer:
        await answer.content.readline()
    for _ in range(5):
        adapter.hub.publish(LiveEvent("state", {}))
        await asyncio.sleep(0.02)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
