"""Slack as an adapter: the contract, what is posted and how, and what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.base import PermanentSendError, Sent, TransientSendError, UncertainSendError
from bot.adapters.slack.adapter import SlackAdapter
from bot.adapters.slack.uploads import Uploads
from bot.message import Context, Image, Message
from digests.archive import Archive, media
from digests.model import Destination
from tests.bot.adapters.contract import AdapterContract, Posted, full_message, long_message
from tests.bot.adapters.slack.setting import NEWS, Json, RichHost, made, said, words_of
from tests.conftest import StoppedClock
from tests.fakes.slack.server import FakeSlack

U1 = Destination("slack", "local", "U1", kind="direct")
LONG_AGO = datetime.now(UTC) - timedelta(hours=1)


class TestContract(AdapterContract):
    @pytest.fixture
    def place(self) -> Destination:
        return NEWS

    @pytest.fixture
    def member_place(self) -> Destination:
        return U1

    @pytest.fixture
    def posted(self, slack: FakeSlack) -> Posted:
        async def shown(place: Destination) -> list[str]:
            channel = f"D{place.channel}" if place.kind == "direct" else place.channel
            return [words_of(message) for message in slack.channels[channel].messages.values()]

        return shown

    @pytest.fixture
    def adapter(self, adapter: SlackAdapter) -> SlackAdapter:
        return adapter


@pytest.fixture
async def tool(slack: FakeSlack, archive: Archive, clock: StoppedClock) -> AsyncIterator[SlackAdapter]:
    """An adapter that was not started, as command-line tools use it."""
    adapter = made(slack, archive, clock)
    yield adapter
    await adapter.close()


# --- posting -----------------------------------------------------------------------------------------------


async def test_a_post_has_a_text_no_previews_and_can_be_found_again(tool: SlackAdapter, slack: FakeSlack) -> None:
    sent = await tool.send(NEWS, full_message(), key="key-1", parent=None)
    method, asked = slack.requests[-1]
    assert method == "chat.postMessage"
    assert asked["text"]
    assert (asked["unfurl_links"], asked["unfurl_media"], asked["link_names"]) == (False, False, False)
    assert asked["metadata"] == {"event_type": "kakehashi_delivery", "event_payload": {"key": "key-1"}}
    assert sent.platform_ids == (slack.messages("C1")[0]["ts"], "C1")
    assert abs(sent.at - datetime.now(UTC)) < timedelta(seconds=5)


async def test_later_parts_stand_in_the_thread_of_the_first(tool: SlackAdapter, slack: FakeSlack) -> None:
    first, *rest = tool.split(long_message(120))
    parent = await tool.send(NEWS, first, key="p1", parent=None)
    for number, part in enumerate(rest):
        await tool.send(NEWS, part, key=f"p{number + 2}", parent=parent)
    assert len(slack.messages("C1")) == 1
    assert len(slack.replies("C1", parent.platform_ids[0])) == len(rest)
    assert not any(asked.get("reply_broadcast") for _, asked in slack.requests)


async def test_the_team_of_the_token_names_the_same_place_as_local(tool: SlackAdapter, slack: FakeSlack) -> None:
    await tool.send(Destination("slack", "T1", "C1"), said("by team"), key="k", parent=None)
    assert len(slack.messages("C1")) == 1


async def test_another_workspace_is_refused_with_a_cure(tool: SlackAdapter) -> None:
    with pytest.raises(PermanentSendError, match=r"T1 \(Newsroom\).*slack:T1:CHANNEL.*bot\.yaml"):
        await tool.send(Destination("slack", "T9", "C1"), said("x"), key="k", parent=None)


async def test_direct_messages_are_opened_once(tool: SlackAdapter, slack: FakeSlack) -> None:
    for number in range(3):
        await tool.send(U1, said(f"note {number}"), key=f"k{number}", parent=None)
    assert len(slack.messages("DU1")) == 3
    assert slack.calls["conversations.open"] == 1


# --- what goes wrong ---------------------------------------------------------------------------------------


async def test_too_many_requests_say_how_long_to_wait(tool: SlackAdapter, slack: FakeSlack) -> None:
    slack.fail_next("chat.postMessage", status=429, retry_after=7)
    with pytest.raises(TransientSendError) as raised:
        await tool.send(NEWS, said("x"), key="k", parent=None)
    assert raised.value.retry_after == 7
    assert slack.calls["chat.postMessage"] == 1


async def test_an_unreachable_slack_is_transient(tool: SlackAdapter, slack: FakeSlack) -> None:
    await slack.__aexit__()
    try:
        with pytest.raises(TransientSendError, match="reached"):
            await tool.send(NEWS, said("x"), key="k", parent=None)
    finally:
        await slack.__aenter__()


async def test_a_connection_that_breaks_before_the_answer_is_uncertain_and_the_post_is_found(
    tool: SlackAdapter, slack: FakeSlack
) -> None:
    slack.fail_next("chat.postMessage", drop=True)
    with pytest.raises(UncertainSendError):
        await tool.send(NEWS, said("perhaps"), key="lost-answer", parent=None)
    assert slack.calls["chat.postMessage"] == 1
    found = await tool.find(NEWS, key="lost-answer", since=LONG_AGO)
    assert found.known
    assert found.sent is not None
    assert found.sent.platform_ids == (slack.messages("C1")[0]["ts"], "C1")


async def test_a_connection_that_breaks_before_posting_is_uncertain_and_nothing_is_found(
    tool: SlackAdapter, slack: FakeSlack
) -> None:
    slack.fail_next("chat.postMessage", drop_before=True)
    with pytest.raises(UncertainSendError):
        await tool.send(NEWS, said("x"), key="never", parent=None)
    found = await tool.find(NEWS, key="never", since=LONG_AGO)
    assert (found.known, found.sent) == (True, None)


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 502}, {"error": "internal_error"}])
async def test_a_failure_within_slack_is_uncertain(tool: SlackAdapter, slack: FakeSlack, fault: dict[str, int]) -> None:
    slack.fail_next("chat.postMessage", **fault)
    with pytest.raises(UncertainSendError):
        await tool.send(NEWS, said("x"), key="k", parent=None)


async def test_a_failure_before_posting_is_transient(tool: SlackAdapter, slack: FakeSlack) -> None:
    slack.fail_next("conversations.open", drop=True)
    with pytest.raises(TransientSendError):
        await tool.send(U1, said("x"), key="k", parent=None)
    assert slack.calls["chat.postMessage"] == 0


@pytest.mark.parametrize("code", ["is_archived", "restricted_action", "not_in_channel", "token_revoked"])
async def test_a_refusal_is_permanent_and_names_the_cure(tool: SlackAdapter, slack: FakeSlack, code: str) -> None:
    slack.fail_next("chat.postMessage", error=code)
    with pytest.raises(PermanentSendError, match=rf"{code}: .*\w+ \w+ \w+"):
        await tool.send(NEWS, said("x"), key="k", parent=None)


async def test_a_revoked_token_is_permanent(tool: SlackAdapter, slack: FakeSlack) -> None:
    slack.revoke()
    with pytest.raises(PermanentSendError, match="SLACK_BOT_TOKEN"):
        await tool.send(NEWS, said("x"), key="k", parent=None)


async def test_a_missing_scope_is_named(tool: SlackAdapter, slack: FakeSlack) -> None:
    slack.remove_scope("chat:write")
    with pytest.raises(PermanentSendError, match="add chat:write under OAuth"):
        await tool.send(NEWS, said("x"), key="k", parent=None)


# --- finding -----------------------------------------------------------------------------------------------


async def test_a_part_is_found_in_the_thread_of_the_first(tool: SlackAdapter, slack: FakeSlack) -> None:
    parent = await tool.send(NEWS, said("first"), key="part-1", parent=None)
    await tool.send(NEWS, said("second"), key="part-2", parent=parent)
    found = await tool.find(NEWS, key="part-2", since=datetime.now(UTC) - timedelta(minutes=1))
    assert found.sent is not None
    assert found.sent.platform_ids[0] == slack.replies("C1", parent.platform_ids[0])[0]["ts"]


async def test_a_busy_channel_is_read_page_by_page(tool: SlackAdapter, slack: FakeSlack) -> None:
    sent = await tool.send(NEWS, said("early"), key="early", parent=None)
    for number in range(450):
        slack._stored(slack.channels["C1"], {"text": str(number)}, user="U1")
    found = await tool.find(NEWS, key="early", since=LONG_AGO)
    assert found.sent is not None
    assert found.sent.platform_ids == sent.platform_ids
    assert slack.calls["conversations.history"] == 3


async def test_a_channel_with_more_than_can_be_read_is_not_known(tool: SlackAdapter, slack: FakeSlack) -> None:
    for number in range(2_100):
        slack._stored(slack.channels["C1"], {"text": str(number)}, user="U1")
    assert not (await tool.find(NEWS, key="gone", since=LONG_AGO)).known


async def test_what_the_bot_may_not_read_is_not_known(tool: SlackAdapter, slack: FakeSlack) -> None:
    slack.remove_scope("channels:history")
    assert not (await tool.find(NEWS, key="k", since=LONG_AGO)).known
    slack.scopes.add("channels:history")
    slack.add_channel("C2", member=False)
    assert not (await tool.find(Destination("slack", "local", "C2"), key="k", since=LONG_AGO)).known


# --- editing and pictures ----------------------------------------------------------------------------------


async def test_a_post_that_is_gone_cannot_be_edited(tool: SlackAdapter) -> None:
    with pytest.raises(PermanentSendError, match="no longer there"):
        await tool.edit(NEWS, Sent(("1.000000", "C1"), datetime.now(UTC)), said("x"))


def picture(key: str) -> Message:
    return Message((Image(key, "A chart of reports by month", "Reports"), Context(())), summary="A picture")


@pytest.fixture
async def key(archive: Archive, clock: StoppedClock) -> str:
    async with archive.write() as connection:
        return await media.put(connection, b"\x89PNG picture", content_type="image/png", now=clock())


async def test_a_picture_is_uploaded_once_with_its_alternative_text(
    tool: SlackAdapter, slack: FakeSlack, key: str
) -> None:
    for number in range(2):
        await tool.send(NEWS, picture(key), key=f"k{number}", parent=None)
    (file,) = slack.files.values()
    assert slack.uploads[file["id"]] == b"\x89PNG picture"
    assert file["alt_txt"] == "A chart of reports by month"
    assert file["title"] == "Reports"
    for message in slack.messages("C1"):
        shown = message["blocks"][0]
        assert shown["slack_file"] == {"id": file["id"]}
        assert shown["alt_text"] == "A chart of reports by month"


async def test_a_picture_that_slack_does_not_take_is_told_in_words(
    tool: SlackAdapter, slack: FakeSlack, key: str
) -> None:
    slack.remove_scope("files:write")
    await tool.send(NEWS, picture(key), key="k", parent=None)
    assert "A chart of reports by month" in words_of(slack.messages("C1")[0])


async def test_a_picture_that_is_not_ready_in_time_is_told_in_words(
    slack: FakeSlack, archive: Archive, key: str, tool: SlackAdapter
) -> None:
    slack.fail_next("files.info", delay=1.0)
    client, identity = await tool._workspaces.of("local")
    uploads = Uploads(archive, ready_timeout=0.1)
    assert await uploads.files(client, identity.team, picture(key)) == {}
    assert set(await uploads.files(client, identity.team, picture(key))) == {key}


async def test_a_picture_is_shown_only_when_slack_has_looked_at_it(
    tool: SlackAdapter, slack: FakeSlack, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([{"id": "F1", "mimetype": ""}, {"id": "F1"}, {"id": "F1", "mimetype": "image/png"}])

    async def info(_: Json) -> Json:
        return {"file": next(answers)}

    monkeypatch.setattr(slack, "_files_info", info)
    await tool.send(NEWS, picture(key), key="k", parent=None)
    assert slack.calls["files.info"] == 3
    assert slack.messages("C1")[0]["blocks"][0]["type"] == "image"


async def test_a_picture_that_slack_has_lost_does_not_keep_the_post_back(
    tool: SlackAdapter, slack: FakeSlack, key: str
) -> None:
    slack.fail_next("chat.postMessage", error="invalid_blocks")
    await tool.send(NEWS, picture(key), key="k", parent=None)
    (message,) = slack.messages("C1")
    assert all(block["type"] != "image" for block in message["blocks"])
    await tool.send(NEWS, picture(key), key="k2", parent=None)
    assert len(slack.files) == 2


async def test_a_picture_that_is_not_kept_is_told_in_words(tool: SlackAdapter, slack: FakeSlack) -> None:
    await tool.send(NEWS, picture("0" * 40), key="k", parent=None)
    assert slack.files == {}
    assert "A chart" in words_of(slack.messages("C1")[0])


# --- doctor ------------------------------------------------------------------------------------------------


async def test_a_name_in_the_place_of_an_id_is_pointed_out(tool: SlackAdapter) -> None:
    (problem,) = await tool.check(Destination("slack", "local", "#news"))
    assert "'#news' is a name" in problem
    (problem,) = await tool.check(Destination("slack", "local", "ana", kind="direct"))
    assert "no member's id" in problem


async def test_channels_that_cannot_be_posted_to_name_their_cure(tool: SlackAdapter, slack: FakeSlack) -> None:
    slack.channels["C1"].archived = True
    slack.add_channel("C2", "secret", private=True, member=False)
    slack.add_channel("C3", "open", member=False)
    assert "unarchive" in (await tool.check(NEWS))[0]
    assert "/invite" in (await tool.check(Destination("slack", "local", "C2")))[0]
    assert await tool.check(Destination("slack", "local", "C3")) == ()
    assert "no such channel" in (await tool.check(Destination("slack", "local", "C9")))[0]
    assert await tool.check(U1) == ()
    assert "no such member" in (await tool.check(Destination("slack", "local", "U9", kind="direct")))[0]


async def test_a_public_channel_needs_an_invitation_where_the_bot_may_not_post_everywhere(
    tool: SlackAdapter, slack: FakeSlack
) -> None:
    slack.remove_scope("chat:write.public")
    slack.add_channel("C3", "open", member=False)
    assert "/invite @kakehashi in #open" in (await tool.check(Destination("slack", "local", "C3")))[0]


async def test_everything_in_order_passes_the_examination(tool: SlackAdapter) -> None:
    checks = await tool.examine()
    assert [check for check in checks if check.cure] == []
    assert any("@kakehashi in Newsroom (T1)" in check.what for check in checks)
    assert any("socket mode" in check.what for check in checks)


async def test_the_examination_names_missing_scopes_and_bad_tokens(
    tool: SlackAdapter, slack: FakeSlack, archive: Archive, clock: StoppedClock
) -> None:
    slack.remove_scope("files:write")
    slack.app_token = "xapp-another"
    cures = [check.cure for check in await tool.examine() if check.cure]
    assert len(cures) == 2
    assert "files:write" in cures[0]
    assert "SLACK_APP_TOKEN" in cures[1]
    slack.revoke()
    assert "token_revoked" in str((await tool.examine())[0].cure)


# --- start and close ---------------------------------------------------------------------------------------


async def test_a_bad_token_fails_the_start_with_its_cure(
    slack: FakeSlack, archive: Archive, clock: StoppedClock, host: RichHost
) -> None:
    slack.teams.clear()
    adapter = made(slack, archive, clock)
    with pytest.raises(PermanentSendError, match="SLACK_BOT_TOKEN"):
        await adapter.start(host)


async def test_a_bad_app_level_token_fails_the_start_with_its_cure(
    slack: FakeSlack, archive: Archive, clock: StoppedClock, host: RichHost
) -> None:
    slack.app_token = "xapp-another"
    adapter = made(slack, archive, clock)
    slack.app_token = "xapp-real"
    with pytest.raises(PermanentSendError, match="SLACK_APP_TOKEN"):
        await adapter.start(host)


async def test_closing_finishes_what_is_being_answered(slack: FakeSlack, adapter: SlackAdapter, host: RichHost) -> None:
    slack.fail_next("users.info", delay=0.1)
    await slack.command("U1", "C1", "/kakehashi", "latest")
    assert slack.private("U1") == []
    await adapter.close()
    assert "answer to /latest" in words_of(slack.private("U1")[0])


async def test_closing_leaves_no_task_and_no_connection_behind(slack: FakeSlack, adapter: SlackAdapter) -> None:
    await slack.command("U1", "C1", "/kakehashi", "latest")
    await adapter.close()
    await slack.until(lambda: not slack.sockets)
    left = [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("slack")]
    assert left == []
