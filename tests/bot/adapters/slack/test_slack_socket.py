"""Socket mode: connections that break, fall silent or are renewed, and tokens that are revoked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.adapters.base import TransientSendError
from bot.adapters.slack.adapter import SlackAdapter
from bot.adapters.slack.socket import WatchedSocket
from digests.archive import Archive
from tests.bot.adapters.slack.setting import RichHost, made, words_of
from tests.conftest import StoppedClock
from tests.fakes.slack.server import FakeSlack

SILENCE = 0.3


@pytest.fixture
async def adapter(
    slack: FakeSlack, host: RichHost, archive: Archive, clock: StoppedClock
) -> AsyncIterator[SlackAdapter]:
    started = made(slack, archive, clock, silence=SILENCE)
    await started.start(host)
    yield started
    await started.close()


@pytest.fixture
async def socket(slack: FakeSlack) -> AsyncIterator[WatchedSocket]:
    """A connection whose pauses are short."""
    client = AsyncWebClient(base_url=slack.base_url, retry_handlers=[])
    watched = WatchedSocket(slack.app_token, client, silence=SILENCE, first_pause=0.01)
    await watched.connect()
    yield watched
    await watched.close()


async def answered(slack: FakeSlack, host: RichHost) -> None:
    """A command is taken and answered."""
    before = len(slack.private("U1"))
    await slack.command("U1", "C1", "/latest")
    await slack.until(lambda: len(slack.private("U1")) > before)
    assert "answer to /latest" in words_of(slack.private("U1")[-1])


async def test_a_connection_that_is_closed_is_made_anew(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    with capture_logs() as logs:
        await slack.disconnect()
        await slack.until(lambda: slack.connections == 2)
        await slack.until(lambda: any(entry["event"] == "slack.reconnected" for entry in logs))
    await answered(slack, host)


async def test_slacks_wish_for_a_new_connection_is_granted(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    await slack.refresh_connection()
    await slack.until(lambda: slack.sockets)
    await answered(slack, host)
    assert slack.connections == 2


async def test_a_connection_that_falls_silent_is_given_up(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    slack.go_silent()
    with capture_logs() as logs:
        await slack.until(lambda: slack.connections == 2)
        slack.silent = False
        await slack.until(lambda: any(entry["event"] == "slack.reconnected" for entry in logs))
    assert any("nothing was heard" in str(entry.get("why")) for entry in logs)
    await answered(slack, host)


async def test_a_quiet_connection_that_answers_pings_is_kept(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    for _ in range(4):
        await asyncio.sleep(SILENCE / 2)
    assert slack.connections == 1
    await answered(slack, host)


async def test_an_unreachable_slack_is_tried_again_with_growing_pauses(slack: FakeSlack, socket: WatchedSocket) -> None:
    slack.fail_next("apps.connections.open", status=503, times=4)
    running = asyncio.create_task(socket.run())
    with capture_logs() as logs:
        await slack.disconnect()
        await slack.until(lambda: slack.connections == 2)
        await slack.until(lambda: any(entry["event"] == "slack.reconnected" for entry in logs))
    waits = [entry for entry in logs if entry["event"] == "slack.unreachable"]
    assert len(waits) == 4
    assert slack.calls["apps.connections.open"] == 6
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_revoked_token_ends_the_attempts_with_one_clear_error(slack: FakeSlack, socket: WatchedSocket) -> None:
    slack.revoke()
    with capture_logs() as logs:
        await slack.disconnect()
        async with asyncio.timeout(2):
            await socket.run()
    errors = [entry for entry in logs if entry["log_level"] == "error"]
    assert [entry["event"] for entry in errors] == ["slack.stopped"]
    assert "SLACK_APP_TOKEN" in errors[0]["cure"]
    assert slack.calls["apps.connections.open"] == 2


async def test_an_acknowledgement_waits_for_the_next_connection(slack: FakeSlack, socket: WatchedSocket) -> None:
    running = asyncio.create_task(socket.run())
    slack.fail_next("apps.connections.open", delay=0.1)
    await slack.disconnect()
    await asyncio.sleep(0.05)
    waiting = asyncio.get_running_loop().create_future()
    slack._waiting["late"] = waiting
    await socket.send_message('{"envelope_id": "late"}')
    assert await asyncio.wait_for(waiting, 1) == {}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_socket_that_closes_before_its_hello_is_no_connection(
    slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = AsyncWebClient(base_url=slack.base_url, retry_handlers=[])
    watched = WatchedSocket(slack.app_token, client)

    async def answer(**_: str) -> dict[str, str]:
        return {"url": f"{slack.address}/api/auth.test".replace("http", "ws")}

    monkeypatch.setattr(client, "apps_connections_open", answer)
    with pytest.raises(TransientSendError):
        await watched.connect()
    await watched.close()


async def test_an_envelope_that_is_no_json_harms_nothing(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    for nonsense in ("", "no json", "{", "[]", '{"type": "unknown"}', '{"type": "events_api", "envelope_id": "x"}'):
        await slack.sockets[0].send_str(nonsense)
    await answered(slack, host)
    assert slack.connections == 1
