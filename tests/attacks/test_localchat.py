"""The local chat's web interface, as other sites, names and machines would use it: a whole bot on loopback."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.typing import EventDict

from tests.attacks.corpus import Case, each
from tests.attacks.test_markup import OWN_ATTRIBUTES, OWN_TAGS, _Page
from tests.system.conftest import Bot, StartBot
from tests.system.newsstand import Newsstand
from tests.system.test_feed_to_edition import pillar

POST = {"line": "/subscribe building 09:30", "channel": "news", "language": "en", "zone": "UTC"}
JSON = {"Content-Type": "application/json"}
PASSWORD = "correct horse battery"
Door = tuple[Bot, aiohttp.ClientSession]
Check = Callable[[Bot, aiohttp.ClientSession], Awaitable[None]]


async def subscriptions(bot: Bot) -> int:
    async with bot.app.archive.read() as connection:
        rows = await connection.exec_driver_sql("SELECT count(*) FROM subscriptions")
        return int(rows.scalar_one())


def refused(
    status: int, headers: Mapping[str, str], body: bytes | None = None, path: str = "/api/say", method: str = "POST"
) -> Check:
    """The request is answered with this status, and nothing is done."""

    async def check(bot: Bot, http: aiohttp.ClientSession) -> None:
        data = json.dumps(POST).encode() if body is None else body
        async with http.request(method, path, data=data, headers={**JSON, **headers}) as answer:
            assert answer.status == status
            assert "Traceback" not in await answer.text()
            guarded(answer)
        assert await subscriptions(bot) == 0

    return check


def guarded(answer: aiohttp.ClientResponse) -> None:
    """What stands on every answer."""
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers


def unread(path: str, **headers: str) -> Check:
    """A page of another site cannot read this."""

    async def check(bot: Bot, http: aiohttp.ClientSession) -> None:
        async with http.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()}) as answer:
            guarded(answer)
            assert answer.status == 403

    return check


async def honest(bot: Bot, http: aiohttp.ClientSession) -> None:
    headers = {"Origin": bot.address, "Sec-Fetch-Site": "same-origin"}
    async with http.post("/api/say", json=POST, headers=headers) as answer:
        assert answer.status == 200
    assert await subscriptions(bot) == 1


async def socket(bot: Bot, http: aiohttp.ClientSession) -> None:
    for path in ("/api/events", "/", "/api/say"):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(path, origin="https://evil.example")


async def preflight(bot: Bot, http: aiohttp.ClientSession) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    async with http.options("/api/say", headers=headers) as answer:
        assert answer.status >= 400
        assert not any(name.lower().startswith("access-control") for name in answer.headers)


async def feed_text(bot: Bot, http: aiohttp.ClientSession, stand: Newsstand) -> None:
    await bot.poll()
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)> Third pillar of the river bridge is built"
    stand.entries["town-hall"] = [pillar(title=evil)]
    await bot.poll()
    await bot.at("08:00")
    page = _Page()
    found = 0
    for html in await bot.html():
        page.feed(html)
        found += "pillar" in html
    assert found
    assert page.tags <= OWN_TAGS
    assert page.attributes <= OWN_ATTRIBUTES


async def own_words(bot: Bot, http: aiohttp.ClientSession) -> None:
    for line in ("<script>alert(1)</script>", '/section "><img src=x onerror=alert(1)>', "/ask '; onload=alert(1) x='"):
        async with http.post("/api/say", json={**POST, "line": line}) as answer:
            card = (await answer.json())["message"]
            page = _Page()
            page.feed(card["html"])
            assert page.tags <= OWN_TAGS
            assert page.attributes <= OWN_ATTRIBUTES


async def page_itself(bot: Bot, http: aiohttp.ClientSession) -> None:
    """No inline script, style or handler: the policy would stop it, and the page has none."""
    async with http.get("/") as answer:
        guarded(answer)
        html = await answer.text()
    page = _Page()
    page.feed(html)
    assert not {name for name in page.attributes if name.startswith("on")} | ({"style"} & page.attributes)
    assert "<script>" not in html
    assert "<style" not in html


async def traversal(bot: Bot, http: aiohttp.ClientSession) -> None:
    import yarl

    for path in (
        "/../bot.yaml",
        "/%2e%2e/%2e%2e/bot.yaml",
        "/media/../../bot.yaml",
        "/media/..%2f..%2fbot.yaml",
        "/static/../server.py",
        "//etc/passwd",
        "/media/" + "a" * 81,
        "/app.js%00.html",
    ):
        async with http.get(yarl.URL(bot.address + path, encoded=True)) as answer:
            assert answer.status in (400, 404), path
            guarded(answer)


async def odd_bodies(bot: Bot, http: aiohttp.ClientSession) -> None:
    for body in (
        b"[" * 10_000,
        b'{"line": ' + b"[" * 10_000,
        b'{"line": "/help", "channel": ["news"]}',
        b'{"line": "/help", "channel": {}}',
        b'{"line": {"a": 1}, "channel": "news"}',
        b'{"line": "/help", "channel": "__proto__"}',
        b"\xff\xfe",
        b"NaN",
        b"1" * 5_000,
    ):
        async with http.post("/api/say", data=body, headers=JSON) as answer:
            assert 400 <= answer.status < 500, body[:40]
            guarded(answer)
    for value in ('"\\ud800 x"', '"a\\u0000b"', '"\\u202ex"'):
        body = b'{"channel": "news", "line": ' + value.encode() + b"}"
        async with http.post("/api/say", data=body, headers=JSON) as answer:
            assert answer.status == 200


async def odd_messages(bot: Bot, http: aiohttp.ClientSession) -> None:
    """Message numbers that are none, or of nobody."""
    for number in (True, -1, 10**30, 0, 2**63, "1", 1.5, None, [1]):
        for path, more in (("/api/press", {"action": "page:x:1"}), ("/api/share", {})):
            async with http.post(path, json={"message": number, **more}) as answer:
                assert 400 <= answer.status < 500, (path, number)
    for query in (
        "before=999999999999999",
        "before=-1",
        "before=x",
        "before=%00",
        "channel=x",
        "channel=news&before=٣",
    ):
        async with http.get(f"/api/messages?{query}") as answer:
            assert answer.status in (200, 404), query


async def odd_queries(bot: Bot, http: aiohttp.ClientSession) -> None:
    for query in (
        "command=latest&option=section&value=" + "x" * 4_000,
        "command=__class__&option=x&value=%00",
        "command=latest&option=section&channel=news&value=%ED%A0%80",
        "command=settings&option=zone&channel=news&zone=../../etc/passwd&value=..",
    ):
        async with http.get(f"/api/complete?{query}") as answer:
            assert answer.status in (200, 404)
    async with http.get("/api/state?language=../../../x") as answer:
        assert (await answer.json())["language"] == "en"


@dataclass(frozen=True, kw_only=True)
class ChatCase(Case):
    check: Check


EVIL = "https://evil.example"
OPEN: tuple[ChatCase, ...] = (
    ChatCase(name="an honest request of the page itself, for comparison", expected="done", check=honest),
    ChatCase(name="CSRF: a form of another site, sent as JSON", expected="403; nothing is done",
             check=refused(403, {"Origin": EVIL})),
    ChatCase(name="CSRF: a form of a sandboxed frame (Origin: null)", expected="403; nothing is done",
             check=refused(403, {"Origin": "null"})),
    ChatCase(name="CSRF: a form without an origin that the browser calls cross-site", expected="403; nothing is done",
             check=refused(403, {"Sec-Fetch-Site": "cross-site"})),
    ChatCase(name="CSRF: another port of this machine", expected="403; nothing is done",
             check=refused(403, {"Origin": "http://127.0.0.1:1"})),
    ChatCase(name="CSRF: an origin that begins like ours", expected="403; nothing is done",
             check=refused(403, {"Origin": "http://127.0.0.1.evil.example"})),
    ChatCase(name="CSRF: a form as text/plain, which needs no preflight", expected="415; nothing is done",
             check=refused(415, {"Content-Type": "text/plain"})),
    ChatCase(name="CSRF: a form as a form", expected="415; nothing is done",
             check=refused(415, {"Content-Type": "application/x-www-form-urlencoded"}, b"line=x&channel=news")),
    ChatCase(name="CSRF: a command by GET", expected="405; nothing is done",
             check=refused(405, {}, path="/api/say?line=/help&channel=news", method="GET")),
    ChatCase(name="CSRF: a method override", expected="405; nothing is done",
             check=refused(405, {"X-HTTP-Method-Override": "POST"}, method="GET")),
    ChatCase(name="a preflight of another site", expected="refused; no header allows anything", check=preflight),
    ChatCase(name="DNS rebinding: another site's name that leads here", expected="421; nothing is done",
             check=refused(421, {"Host": "evil.example"})),
    ChatCase(name="DNS rebinding: a name that begins like ours", expected="421; nothing is done",
             check=refused(421, {"Host": "localhost.evil.example:8765"})),
    ChatCase(name="DNS rebinding: a user name in the Host header", expected="421; nothing is done",
             check=refused(421, {"Host": "127.0.0.1@evil.example"})),
    ChatCase(name="DNS rebinding: a Host header that is no address", expected="421; nothing is done",
             check=refused(421, {"Host": "[::1"})),
    ChatCase(name="CSRF: an origin that is no address", expected="403; nothing is done",
             check=refused(403, {"Origin": "http://[::1"})),
    ChatCase(name="DNS rebinding: an empty Host header", expected="refused; nothing is done",
             check=refused(421, {"Host": ""})),
    ChatCase(name="DNS rebinding: reading by GET under another name", expected="421",
             check=refused(421, {"Host": "evil.example"}, path="/api/messages?channel=news", method="GET")),
    ChatCase(name="a WebSocket of another site", expected="no handshake: there is none to be had", check=socket),
    ChatCase(name="another site that reads the event stream", expected="403; no header lets it read",
             check=unread("/api/events", Origin=EVIL, Sec_Fetch_Site="cross-site")),
    ChatCase(name="another site that reads the messages", expected="403; no header lets it read",
             check=unread("/api/messages?channel=news", Origin=EVIL)),
    ChatCase(name="another site that takes the state for a script", expected="403",
             check=unread("/api/state", Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="script")),
    ChatCase(name="a body of a megabyte", expected="413; nothing is done",
             check=refused(413, {}, b'{"line": "' + b"x" * (1 << 20) + b'"}')),
    ChatCase(name="a line of three thousand characters", expected="400; nothing is done",
             check=refused(400, {}, json.dumps({**POST, "line": "x" * 3_000}).encode())),
    ChatCase(name="bodies that are no commands", expected="4xx, never a fault", check=odd_bodies),
    ChatCase(name="messages that are none, or nobody's", expected="4xx, never a fault", check=odd_messages),
    ChatCase(name="queries that make no sense", expected="answered harmlessly", check=odd_queries),
    ChatCase(name="paths that climb out of the page's folder", expected="404 or 400", check=traversal),
    ChatCase(name="the member's own words with scripts", expected="come back as words", check=own_words),
    ChatCase(name="the page itself", expected="no inline script, style or handler; a policy that allows none",
             check=page_itself),
)  # fmt: skip


@pytest.fixture
async def door(start_bot: StartBot) -> Door:
    bot = await start_bot()
    return bot, aiohttp.ClientSession(bot.address, timeout=aiohttp.ClientTimeout(5))


@pytest.mark.parametrize("case", each(OPEN))
async def test_at_the_local_chats_door(case: ChatCase, door: Door, logged: list[EventDict]) -> None:
    bot, http = door
    async with http:
        await case.check(bot, http)


async def test_xss_by_feed_text(door: Door, newsstand: Newsstand) -> None:
    bot, http = door
    async with http:
        await feed_text(bot, http, newsstand)


# --- with a password ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Login(Case):
    headers: Mapping[str, str]
    expected: str = "401; nothing is shown"
    status: int = 401
    path: str = "/api/state"


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(user, password)}


LOGINS: tuple[Login, ...] = (
    Login(name="with a password set: the right one, for comparison", expected="let in", status=200,
          headers=basic("x", PASSWORD)),
    Login(name="with a password set: none", headers={}),
    Login(name="with a password set: none, for the event stream", headers={}, path="/api/events"),
    Login(name="with a password set: none, for the page", headers={}, path="/"),
    Login(name="with a password set: a wrong one", headers=basic("x", "wrong")),
    Login(name="with a password set: an empty one", headers=basic("x", "")),
    Login(name="with a password set: its beginning", headers=basic("x", PASSWORD[:-1])),
    Login(name="with a password set: it in the place of the user", headers=basic(PASSWORD, "")),
    Login(name="with a password set: no Base64", headers={"Authorization": "Basic ***"}),
    Login(name="with a password set: letters beyond ASCII", headers={"Authorization": "Basic é"}),
    Login(name="with a password set: another scheme", headers={"Authorization": f"Bearer {PASSWORD}"}),
    Login(name="with a password set: a hundred thousand letters", headers={"Authorization": "Basic " + "A" * 7_000}),
    Login(name="with a password set: the right one, under another name", expected="421", status=421,
          headers={**basic("x", PASSWORD), "Host": "evil.example"}),
)  # fmt: skip


@pytest.mark.parametrize("case", each(LOGINS))
async def test_with_a_password(
    case: Login, config: Path, start_bot: StartBot, monkeypatch: pytest.MonkeyPatch, logged: list[EventDict]
) -> None:
    from bot.adapters.web import guard

    monkeypatch.setattr(guard, "_FAILED_LOGIN_PAUSE", 0.0)
    monkeypatch.setenv("KAKEHASHI_WEB_PASSWORD", PASSWORD)
    bot = await start_bot()
    async with aiohttp.ClientSession(bot.address) as http, http.get(case.path, headers=case.headers) as answer:
        assert answer.status == case.status
        guarded(answer)
        text: Any = await answer.text() if case.status != 200 else ""
        assert PASSWORD not in text


CASES: tuple[Case, ...] = (
    *OPEN,
    Case(name="XSS by the text of a feed", expected="words: the page holds no tag or attribute of the feed's"),
    *LOGINS,
)
