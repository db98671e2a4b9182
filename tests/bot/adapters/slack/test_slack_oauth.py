"""Many workspaces: installing, working with each one's token, and uninstalling."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlparse

import aiohttp
import pytest
from slack_sdk.oauth.installation_store import Installation
from sqlalchemy.exc import OperationalError

from bot.adapters.base import PermanentSendError, TransientSendError
from bot.adapters.slack.adapter import SlackAdapter
from bot.adapters.slack.installations import Installations
from digests.archive import Archive
from digests.model import Destination
from tests.bot.adapters.slack.setting import RichHost, made, said, words_of
from tests.conftest import StoppedClock
from tests.fakes.slack.server import FakeSlack

T1 = Destination("slack", "T1", "C1")
MANY: dict[str, Any] = {
    "mode": "http",
    "bot_token": None,
    "app_token": None,
    "client_id": "1.2",
    "client_secret": "client-secret",
    "public_url": "https://bot.example.org/",
    "port": 0,
}


@pytest.fixture
async def adapter(
    slack: FakeSlack, host: RichHost, archive: Archive, clock: StoppedClock
) -> AsyncIterator[SlackAdapter]:
    slack.teams.clear()
    started = made(slack, archive, clock, **MANY)
    await started.start(host)
    slack.transport, slack.app_url = "http", f"{started.address}/"
    yield started
    await started.close()


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    """Keeps no cookies: those of the bot are for https only."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield http


async def begun(adapter: SlackAdapter, browser: aiohttp.ClientSession) -> tuple[dict[str, list[str]], str]:
    """The parameters that Slack's page is asked with, and the browser's cookie."""
    async with browser.get(f"{adapter.address}/slack/install") as answer:
        assert answer.status == 200
        page, cookie = await answer.text(), answer.headers["Set-Cookie"].partition(";")[0]
    found = re.search(r'href="([^"]+oauth/v2/authorize[^"]+)"', page)
    assert found is not None
    return parse_qs(urlparse(found[1].replace("&amp;", "&")).query), cookie


async def returned(
    adapter: SlackAdapter, browser: aiohttp.ClientSession, *, state: str, cookie: str, code: str = "good-code"
) -> int:
    address = f"{adapter.address}/slack/oauth_redirect"
    async with browser.get(address, params={"code": code, "state": state}, headers={"Cookie": cookie}) as answer:
        return answer.status


async def install(adapter: SlackAdapter, browser: aiohttp.ClientSession) -> None:
    asked, cookie = await begun(adapter, browser)
    assert await returned(adapter, browser, state=asked["state"][0], cookie=cookie) == 200


async def test_slack_is_asked_for_the_scopes_and_sends_the_browser_back_to_us(
    adapter: SlackAdapter, browser: aiohttp.ClientSession, slack: FakeSlack
) -> None:
    asked, _ = await begun(adapter, browser)
    assert asked["client_id"] == ["1.2"]
    assert set(asked["scope"][0].split(",")) == slack.scopes
    assert asked["redirect_uri"] == ["https://bot.example.org/slack/oauth_redirect"]


async def test_an_installed_workspace_gets_posts_and_answers_with_its_own_token(
    adapter: SlackAdapter, browser: aiohttp.ClientSession, slack: FakeSlack, host: RichHost
) -> None:
    with pytest.raises(PermanentSendError, match=r"https://bot\.example\.org/slack/install"):
        await adapter.send(T1, said("too early"), key="k0", parent=None)
    await install(adapter, browser)
    assert slack.teams == {"xoxb-installed": "T1"}
    await adapter.send(T1, said("a digest"), key="k1", parent=None)
    assert "a digest" in words_of(slack.messages("C1")[0])
    assert (await adapter.find(T1, key="k1", since=datetime(2020, 1, 1, tzinfo=UTC))).sent is not None
    await slack.command("U1", "C1", "/latest")
    await slack.until(lambda: slack.private("U1"))
    assert host.lines[0][1].workspace == "T1"


async def test_the_installation_outlives_the_process(
    adapter: SlackAdapter, browser: aiohttp.ClientSession, slack: FakeSlack, archive: Archive, clock: StoppedClock
) -> None:
    await install(adapter, browser)
    await adapter.close()
    later = made(slack, archive, clock, **MANY)
    await later.send(T1, said("after a restart"), key="k", parent=None)
    await later.close()
    assert len(slack.messages("C1")) == 1


async def test_a_false_state_or_code_or_another_browser_installs_nothing(
    adapter: SlackAdapter, browser: aiohttp.ClientSession, slack: FakeSlack
) -> None:
    asked, cookie = await begun(adapter, browser)
    state = asked["state"][0]
    assert await returned(adapter, browser, state="invented", cookie=cookie) == 400
    assert await returned(adapter, browser, state=state, cookie="") == 400
    assert await returned(adapter, browser, state=state, cookie=cookie, code="bad-code") == 401
    assert await returned(adapter, browser, state=state, cookie=cookie) == 401  # a state is good once
    assert slack.teams == {}


@pytest.mark.parametrize(
    "event", [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": ["UBOT"]}}]
)
async def test_an_uninstalled_workspace_is_forgotten(
    adapter: SlackAdapter,
    browser: aiohttp.ClientSession,
    slack: FakeSlack,
    host: RichHost,
    event: dict[str, object],
) -> None:
    await install(adapter, browser)
    await slack.event(event)
    async with asyncio.timeout(3):
        while not await adapter.check(T1):
            await asyncio.sleep(0.005)
    with pytest.raises(PermanentSendError, match="has not installed the app"):
        await adapter.send(T1, said("x"), key="k", parent=None)
    await install(adapter, browser)
    await adapter.send(T1, said("again"), key="k2", parent=None)


async def test_a_workspace_that_is_not_installed_is_told_so_and_gets_no_answer(
    adapter: SlackAdapter, slack: FakeSlack, host: RichHost
) -> None:
    ack = await slack.command("U1", "C1", "/latest")
    assert ack.delay < 3
    assert "not installed" in words_of(slack.private("U1")[0])
    assert host.lines == []


async def test_a_destination_without_a_workspace_is_refused_with_a_cure(adapter: SlackAdapter) -> None:
    nowhere = Destination("slack", "local", "C1")
    (problem,) = await adapter.check(nowhere)
    assert "/slack/install" in problem


async def test_the_examination_names_workspaces_that_are_missing(
    slack: FakeSlack, adapter: SlackAdapter, browser: aiohttp.ClientSession
) -> None:
    checks = await adapter.examine()
    assert any("local" in check.what and check.cure for check in checks)


async def test_installations_are_kept_in_either_database(either_archive: Archive) -> None:
    installations = Installations(either_archive.url, "1.2")
    another_app = Installations(either_archive.url, "3.4")
    assert await installations.of("T1") is None
    for token, at in (("xoxb-new", 2_000.0), ("xoxb-old", 1_000.0)):
        await installations.store.async_save(
            Installation(app_id="A1", team_id="T1", user_id="U1", bot_token=token, bot_user_id="UBOT", installed_at=at)
        )
    row = await installations.of("T1")
    assert row is not None
    assert row["bot_token"] == "xoxb-new"
    assert await another_app.of("T1") is None
    state = await installations.states.async_issue()
    assert await installations.states.async_consume(state)
    assert not await installations.states.async_consume(state)
    await installations.close()
    await another_app.close()


async def test_an_archive_that_cannot_be_read_is_transient(
    slack: FakeSlack, archive: Archive, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = made(slack, archive, clock, **MANY)

    async def broken(self: Installations, team: str) -> None:
        raise OperationalError("SELECT", None, Exception("disk I/O error"))

    monkeypatch.setattr(Installations, "of", broken)
    with pytest.raises(TransientSendError, match="archive"):
        await adapter.send(T1, said("x"), key="k", parent=None)
    await adapter.close()
