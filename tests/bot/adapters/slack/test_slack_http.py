"""HTTP mode: the same answers as by socket, and only to requests that Slack has signed."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.adapters.slack.adapter import SlackAdapter
from digests.archive import Archive
from tests.bot.adapters.slack.setting import RichHost, made, words_of
from tests.conftest import StoppedClock
from tests.fakes.slack.server import FakeSlack

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def adapter(
    slack: FakeSlack, host: RichHost, archive: Archive, clock: StoppedClock
) -> AsyncIterator[SlackAdapter]:
    started = made(slack, archive, clock, mode="http", app_token=None, port=0)
    await started.start(host)
    slack.transport, slack.app_url = "http", f"{started.address}/"
    yield started
    await started.close()


async def test_it_says_that_it_is_there(adapter: SlackAdapter) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{adapter.address}/healthz") as answer:
        assert (answer.status, await answer.text()) == (200, "ok")


async def test_a_signed_command_is_acknowledged_at_once_and_answered(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    slack.fail_next("users.info", delay=0.2)
    ack = await slack.command("U1", "C1", "/kakehashi", "latest 3")
    assert ack.delay < 0.15
    await slack.until(lambda: slack.private("U1"))
    assert "answer to /latest 3" in words_of(slack.private("U1")[0])


async def test_modals_buttons_mentions_and_suggestions_work_as_by_socket(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    await slack.command("U1", "C1", "/kakehashi", "subscribe")
    await slack.until(lambda: slack.modals)
    offered = await slack.suggest("U1", slack.modals[0], "subscribe:zone", "ky")
    assert [option["value"] for option in offered] == ["assistance"]
    await slack.submit_view("U1", slack.modals[0], {"subscribe:section": {"selected_option": {"value": "assistance"}}})
    await slack.until(lambda: slack.private("U1"))
    await slack.press("U1", slack.private("U1")[0], "page:token:1")
    await slack.until(lambda: host.presses)
    ts = await slack.mention("U1", "C1", "what now?")
    await slack.until(lambda: slack.replies("C1", ts))


async def test_an_event_that_slack_sends_again_is_answered_once(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    for retry in range(3):
        await slack.mention("U1", "C1", "what now?", event_id="Ev-1", retry=retry)
    await slack.mention("U1", "C1", "done", event_id="Ev-2")
    await slack.until(lambda: any(line == "/ask done" for line, _ in host.lines))
    assert [line for line, _ in host.lines].count("/ask what now?") == 1


@pytest.mark.parametrize(("secret", "age"), [("another secret", 0.0), (None, 600.0)], ids=["wrong secret", "too old"])
async def test_a_false_signature_is_refused_and_nothing_is_done(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, secret: str | None, age: float
) -> None:
    body = urlencode({"command": "/latest", "text": "", "user_id": "U1", "channel_id": "C1", "team_id": "T1"})
    status, _ = await slack.deliver_http(body, FORM, secret=secret, at=time.time() - age)
    assert status == 401
    assert host.lines == []


async def test_an_unsigned_request_is_refused(adapter: SlackAdapter, host: RichHost) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{adapter.address}/slack/events", data={"command": "/latest"}) as answer:
            assert answer.status == 401
        async with http.get(f"{adapter.address}/slack/install") as answer:
            assert answer.status == 404
    assert host.lines == []


async def test_slacks_question_whether_the_address_is_ours_is_answered(slack: FakeSlack, adapter: SlackAdapter) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "a-challenge"})
    status, text = await slack.deliver_http(body, "application/json")
    assert status == 200
    assert "a-challenge" in text


async def test_events_that_are_not_ours_are_acknowledged(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    await slack.event({"type": "reaction_added", "user": "U1"})
    await slack.event({"type": "message", "subtype": "channel_join", "channel": "C1", "user": "U1", "ts": "1.0"})
    await slack.deliver(
        "interactive", {"type": "shortcut", "callback_id": "x", "team": {"id": "T1"}, "user": {"id": "U1"}}
    )
    assert host.lines == []


async def test_the_examination_looks_at_the_signing_secret(adapter: SlackAdapter) -> None:
    checks = await adapter.examine()
    assert any("signing secret" in check.what and check.cure is None for check in checks)


async def test_a_taken_port_fails_the_start(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, archive: Archive, clock: StoppedClock
) -> None:
    taken = int(adapter.address.rpartition(":")[2])
    other = made(slack, archive, clock, mode="http", app_token=None, port=taken)
    with pytest.raises(OSError, match="address already in use"):
        await other.start(host)
