"""Health and figures as other sites, names and strangers would use them: by the chat's server and by their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
import yarl
from structlog.typing import EventDict

from bot.app import App
from bot.operations.http import HEALTH, METRICS
from tests.attacks.corpus import Case, each
from tests.attacks.test_localchat import EVIL, basic, guarded
from tests.conftest import StoppedClock
from tests.system.conftest import StartBot

PASSWORD = "correct horse battery"
TOKEN = "t0ken-0f-the-figures"
FIGURE = "kakehashi_"
"""Stands in figures and nowhere else."""


@dataclass(frozen=True, kw_only=True)
class Asking(Case):
    """One request and its answer's status. No answer but 200 holds a figure."""

    status: int
    path: str = METRICS
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    server: str = "open"
    """``open``: the local chat; ``locked``: with a password; ``alone``: the small server, with a token."""


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


REBINDING = {"Host": "evil.example"}
ASKED: tuple[Asking, ...] = (
    Asking(name="figures on loopback, for comparison", expected="given", status=200),
    *(
        Asking(name=f"DNS rebinding: {path} under another name", expected="421", status=421, path=path,
               headers=REBINDING)
        for path in (METRICS, HEALTH, f"{HEALTH}/live", f"{HEALTH}/ready")
    ),
    Asking(name="DNS rebinding: figures under a name that begins like ours", expected="421", status=421,
           headers={"Host": "127.0.0.1.evil.example"}),
    Asking(name="DNS rebinding: figures under a name with an open bracket", expected="refused", status=421,
           headers={"Host": "[::1"}),
    Asking(name="another site that reads the figures", expected="403", status=403, headers={"Origin": EVIL}),
    Asking(name="another site with an origin that cannot be read", expected="403", status=403,
           headers={"Origin": "http://[::1"}),
    Asking(name="another site that takes the figures for a script", expected="403", status=403,
           headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "script"}),
    Asking(name="another site that looks whether a bot runs here", expected="403", status=403, path=f"{HEALTH}/live",
           headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
    Asking(name="figures by POST", expected="405; nothing is done", status=405, method="POST",
           headers={"Content-Type": "application/json"}),
    Asking(name="with a password: figures without it", expected="401", status=401, server="locked"),
    Asking(name="with a password: figures with a wrong one", expected="401", status=401, server="locked",
           headers=basic("x", "wrong")),
    Asking(name="with a password: it as a bearer token", expected="401: no token is set", status=401, server="locked",
           headers=bearer(PASSWORD)),
    Asking(name="with a password: an empty bearer token", expected="401: no token is set", status=401, server="locked",
           headers={"Authorization": "Bearer "}),
    Asking(name="with a password: the right one, for comparison", expected="given", status=200, server="locked",
           headers=basic("x", PASSWORD)),
    *(
        Asking(name=f"with a password: figures by way of health, {path}", expected="404; no figure", status=404,
               path=path, server="locked")
        for path in ("/healthz/../metrics", "/healthz/%2e%2e/metrics", "/healthz//metrics", "/healthz/..%2fmetrics")
    ),
    Asking(name="with a password: health, which needs none", expected="yes or no, and nothing else", status=200,
           path=f"{HEALTH}/live", server="locked"),
    Asking(name="the small server: figures with the token, for comparison", expected="given", status=200,
           server="alone", headers=bearer(TOKEN)),
    Asking(name="the small server: figures without a token", expected="401", status=401, server="alone"),
    Asking(name="the small server: a token's beginning", expected="401", status=401, server="alone",
           headers=bearer(TOKEN[:-1])),
    Asking(name="the small server: a token of letters beyond ASCII", expected="401", status=401, server="alone",
           headers=bearer("é")),
    Asking(name="the small server: the token as a password", expected="401", status=401, server="alone",
           headers=basic("x", TOKEN)),
    Asking(name="the small server: the token in the address", expected="401", status=401, server="alone",
           path=f"{METRICS}?token={TOKEN}"),
    Asking(name="the small server: seven thousand letters of token", expected="401", status=401, server="alone",
           headers=bearer("A" * 7_000)),
    Asking(name="the small server: DNS rebinding with the token", expected="421", status=421, server="alone",
           headers={**bearer(TOKEN), **REBINDING}),
    Asking(name="the small server: health by its address, as supervisors ask", expected="yes or no", status=200,
           server="alone", path=f"{HEALTH}/live", headers={"Host": "10.1.2.3:9108"}),
    Asking(name="the small server: another site", expected="403", status=403, server="alone",
           headers={**bearer(TOKEN), "Origin": EVIL}),
    *(
        Asking(name=f"the small server: what only the local chat has, {path}", expected="404", status=404,
               server="alone", path=path, headers=bearer(TOKEN))
        for path in ("/", "/api/state", "/api/messages?channel=news", "/app.js")
    ),
    Asking(name="the small server: a command by POST", expected="404", status=404, server="alone", path="/api/say",
           method="POST", headers=bearer(TOKEN)),
)  # fmt: skip


@asynccontextmanager
async def served(
    server: str, config: Path, start_bot: StartBot, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    if server == "locked":
        monkeypatch.setenv("KAKEHASHI_WEB_PASSWORD", PASSWORD)
    if server != "alone":
        yield (await start_bot()).address
        return
    monkeypatch.setenv("FIGURES", TOKEN)
    path = config / "bot.yaml"
    text = path.read_text().replace("web: {port: 0}", "web: {enabled: false}")
    path.write_text(text + "monitoring: {port: 0, token: {env: FIGURES}}\n")
    app = await App.create(config, now=clock)
    try:
        await app.start(ingest=False)
        assert app.listener is not None
        yield f"http://127.0.0.1:{app.listener.port}/"
    finally:
        await app.close()


@pytest.mark.parametrize("case", each(ASKED))
async def test_who_may_ask(
    case: Asking,
    config: Path,
    start_bot: StartBot,
    clock: StoppedClock,
    monkeypatch: pytest.MonkeyPatch,
    logged: list[EventDict],
) -> None:
    monkeypatch.setattr("bot.adapters.web.guard._FAILED_LOGIN_PAUSE", 0.0)
    monkeypatch.setattr("bot.operations.listener._FAILED_LOGIN_PAUSE", 0.0)
    async with served(case.server, config, start_bot, clock, monkeypatch) as address, aiohttp.ClientSession() as http:
        url = yarl.URL(address.rstrip("/") + case.path, encoded=True)
        async with http.request(case.method, url, headers=case.headers) as answer:
            text = await answer.text()
            assert answer.status == case.status
            guarded(answer)
            assert (FIGURE in text) == (case.status == 200 and case.path == METRICS)
            assert not any(secret in f"{text}{answer.headers}" for secret in (TOKEN, PASSWORD))


# --- what figures and health tell --------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Telling(Case):
    check: Callable[[StartBot], Awaitable[None]]


async def text_of(address: str, path: str) -> str:
    async with aiohttp.ClientSession(address) as http, http.get(path) as answer:
        return await answer.text()


async def typed_names(start_bot: StartBot) -> None:
    bot = await start_bot()
    before = (await text_of(bot.address, METRICS)).count("\n")
    hostile = ('/x"} 1\nkakehashi_evil{a="', "/\\n# HELP evil evil", "/{}", '/ask"', "/\u202eksa c4nary")
    for line in (*hostile, "/latest c4nary"):
        await bot.say(line)
    text = await text_of(bot.address, METRICS)
    assert "evil" not in text
    assert "c4nary" not in text
    # Two names at most: of the commands that are there, and one for all others.
    assert text.count("\n") - before <= 60


async def unwell(start_bot: StartBot) -> None:
    bot = await start_bot()
    await bot.app.clock.stop()
    assert await text_of(bot.address, f"{HEALTH}/ready") == '{"ready": false}'
    assert await text_of(bot.address, HEALTH) == '{"live": true, "ready": false}'


TOLD: tuple[Telling, ...] = (
    Telling(
        name="names of commands that end a label, a line, or the figures",
        expected="all are counted under one name of ours; no word of a member's becomes a figure",
        check=typed_names,
    ),
    Telling(name="health of a bot that is not well", expected="says no, and not what is wrong with it", check=unwell),
)


@pytest.mark.parametrize("case", each(TOLD))
async def test_what_is_told(case: Telling, start_bot: StartBot, logged: list[EventDict]) -> None:
    await case.check(start_bot)


CASES: tuple[Case, ...] = (*ASKED, *TOLD)
