"""Commands, mentions, modals and buttons in Slack: what members see of the core's answers."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.adapter import SlackAdapter
from bot.adapters.slack.commands import command_line, plain_text, question_line, wants_modal, without_mention
from bot.adapters.slack.members import Members
from bot.adapters.slack.modals import Origin, ask_modal, submitted, subscribe_modal
from bot.commands.base import Choice, Command, Member
from bot.message import Actions, Button, Context, File, Heading, Image, Message, Table, text
from digests.archive import Archive, media
from tests.bot.adapters.contract import long_message
from tests.bot.adapters.slack.setting import RichHost, actions_of, made, said, words_of
from tests.conftest import StoppedClock
from tests.fakes.slack.server import FakeSlack

COMMANDS = tuple(Command(name, name, None) for name in ("ask", "latest", "subscribe", "help"))
MEMBER = Member("slack", "T1", "C1", "U1", admin=False, language="uk", zone="Europe/Kyiv")


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("", ""),
        ("  words ", "words"),
        ("what did <@U1|ana> say", "what did @ana say"),
        ("what did <@U1> say", "what did @U1 say"),
        ("in <#C1|news>", "in #news"),
        ("<!here> and <!subteam^S1|@team>", "@here and @team"),
        ("<https://example.org/a>", "https://example.org/a"),
        ("<http://example.org|example.org>", "example.org"),
        ("<mailto:a@example.org|a@example.org>", "a@example.org"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;", "&lt;"),
    ],
)
def test_typed_text_is_read_as_it_was_typed(typed: str, plain: str) -> None:
    assert plain_text(typed) == plain


@pytest.mark.parametrize(
    ("command", "typed", "line"),
    [
        ("/kakehashi", "", "/help"),
        ("/kakehashi", "ask why?", "/ask why?"),
        ("/kakehashi", "ASK why?", "/ask why?"),
        ("/kakehashi", "/latest 5", "/latest 5"),
        ("/kakehashi", "latest", "/latest"),
        ("/kakehashi", "what has happened?", "/ask what has happened?"),
        ("/kakehashi", "latestnews of today", "/ask latestnews of today"),
        ("/latest", "assistance 5", "/latest assistance 5"),
        ("/ask", "", "/ask"),
    ],
)
def test_one_command_and_many_commands_give_the_same_line(command: str, typed: str, line: str) -> None:
    assert command_line(command, typed, COMMANDS) == line


def test_a_mention_loses_the_name_of_the_bot_only() -> None:
    assert without_mention("<@UBOT> what about <@U2|ana>?", "UBOT") == "what about @ana?"
    assert without_mention("<@UBOT>", "UBOT") == ""


def test_what_is_said_to_the_bot_is_a_question() -> None:
    assert question_line("what now?") == "/ask what now?"
    assert question_line("") == "/help"
    assert question_line("/latest 3") == "/latest 3"


def test_two_commands_open_a_modal_when_typed_alone() -> None:
    assert wants_modal("/ask", COMMANDS) == "ask"
    assert wants_modal("/subscribe", COMMANDS) == "subscribe"
    assert wants_modal("/ask why", COMMANDS) is None
    assert wants_modal("/latest", COMMANDS) is None
    assert wants_modal("/subscribe", COMMANDS[:1]) is None


def test_the_subscription_is_filled_in_with_what_is_known() -> None:
    view = subscribe_modal(MEMBER, [Choice("Assistance", "assistance")])
    by_id = {block["block_id"]: block["element"] for block in view["blocks"]}
    assert by_id["section"]["options"][0]["value"] == "assistance"
    assert by_id["zone"]["initial_option"]["value"] == "Europe/Kyiv"
    assert by_id["language"]["initial_option"]["value"] == "uk"
    assert Origin.unpacked(view["private_metadata"]).channel == "C1"


def test_a_long_section_name_fits_its_option_and_no_section_makes_no_empty_select() -> None:
    view = subscribe_modal(MEMBER, [Choice("n" * 90, "x")])
    assert len(view["blocks"][0]["element"]["options"][0]["text"]["text"]) == 75
    assert subscribe_modal(MEMBER, [])["blocks"][0]["element"]["type"] == "external_select"


def test_a_submitted_modal_gives_the_options_that_were_filled_in() -> None:
    values = {
        "section": {"subscribe:section": {"type": "static_select", "selected_option": {"value": "assistance"}}},
        "time": {"subscribe:time": {"type": "timepicker", "selected_time": "07:30"}},
        "zone": {"subscribe:zone": {"type": "external_select", "selected_option": None}},
        "question": {"ask:question": {"type": "plain_text_input", "value": "  why?  "}},
    }
    found = submitted({"state": {"values": values}})
    assert found == {"section": "assistance", "time": "07:30", "question": "why?"}


@pytest.mark.parametrize("metadata", ["", "no json", "[]", '{"x": 1}', "null"])
def test_foreign_metadata_means_no_channel(metadata: str) -> None:
    assert Origin.unpacked(metadata).channel == ""


def test_titles_fit_slacks_24_characters_in_every_language() -> None:
    for language in ("en", "ja", "uk"):
        member = Member("slack", "T1", "C1", "U1", admin=False, language=language, zone="UTC")
        for view in (ask_modal(member), subscribe_modal(member, [])):
            assert all(len(view[part]["text"]) <= 24 for part in ("title", "submit", "close"))


# --- commands ----------------------------------------------------------------------------------------------


async def test_a_command_is_acknowledged_at_once_and_answered_privately(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    slack.fail_next("users.info", delay=0.2)
    ack = await slack.command("U1", "C1", "/kakehashi", "latest &amp; 5")
    assert ack.delay < 0.15
    await slack.until(lambda: slack.private("U1"))
    (shown,) = slack.private("U1")
    assert "answer to /latest &amp; 5" in words_of(shown)
    assert actions_of(shown) == ["page:token:1", "share:token"]
    assert slack.messages("C1") == []
    assert (len(slack.responses), slack.calls["chat.postEphemeral"]) == (1, 0)
    _, member = host.lines[0]
    assert (member.platform, member.workspace, member.channel, member.user) == ("slack", "T1", "C1", "U1")
    assert (member.language, member.zone, member.admin) == ("en", "Europe/Kyiv", False)


@pytest.mark.parametrize(
    ("command", "typed", "line"),
    [
        ("/kakehashi", "", "/help"),
        ("/kakehashi", "ask why?", "/ask why?"),
        ("/latest", "assistance", "/latest assistance"),
        ("/kakehashi", "why <@U1|ana>?", "/ask why @ana?"),
    ],
)
async def test_every_way_to_type_a_command_reaches_the_core(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, command: str, typed: str, line: str
) -> None:
    await slack.command("U1", "C1", command, typed)
    await slack.until(lambda: slack.private("U1"))
    assert [said for said, _ in host.lines] == [line]


async def test_a_public_answer_is_shown_in_the_channel(slack: FakeSlack, adapter: SlackAdapter, host: RichHost) -> None:
    host.answers["/latest"] = said("for everybody", private=False)
    await slack.command("U1", "C1", "/kakehashi", "latest")
    await slack.until(lambda: slack.messages("C1"))
    assert "for everybody" in words_of(slack.messages("C1")[0])
    assert slack.private("U1") == []


async def test_admins_of_the_workspace_are_admins_unless_switched_off(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, archive: Archive, clock: StoppedClock
) -> None:
    await slack.command("U2", "C1", "/latest")
    await slack.until(lambda: host.lines)
    await adapter.close()
    other = made(slack, archive, clock, workspace_admins=False)
    await other.start(host)
    await slack.command("U2", "C1", "/latest")
    await slack.until(lambda: len(host.lines) == 2)
    await other.close()
    assert [member.admin for _, member in host.lines] == [True, False]


async def test_a_profile_is_asked_for_once_and_a_failure_gives_the_defaults(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    slack.fail_next("users.info", error="user_not_found")
    for user in ("U1", "U2", "U2"):
        await slack.command(user, "C1", "/latest")
    await slack.until(lambda: len(host.lines) == 3)
    first = host.lines[0][1]
    assert (first.zone, first.language, first.admin) == ("UTC", "en", False)
    assert slack.calls["users.info"] <= 3


async def test_a_slow_profile_does_not_hold_the_answer_up(slack: FakeSlack) -> None:
    now = [0.0]
    members = Members(admins=lambda team: True, clock=lambda: now[0], timeout=0.05)
    client = AsyncWebClient(slack.bot_token, slack.base_url)
    slack.fail_next("users.info", delay=0.5)
    first = await members.member(client, team="T1", channel="C1", user="U1")
    assert first.zone == "UTC"
    now[0] += 61
    assert (await members.member(client, team="T1", channel="C1", user="U1")).zone == "Europe/Kyiv"
    now[0] += 3_500
    await members.member(client, team="T1", channel="C1", user="U1")
    assert slack.calls["users.info"] == 2


async def test_a_fault_is_told_with_an_id_and_nothing_else(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    host.answers["/latest"] = RuntimeError("secret detail")
    await slack.command("U1", "C1", "/latest")
    await slack.until(lambda: slack.private("U1"))
    words = words_of(slack.private("U1")[0])
    assert re.search(r"id: [0-9a-f]{8}", words)
    assert "secret" not in words


async def test_an_answer_arrives_when_the_response_url_has_expired(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    slack.fail_next("users.info", delay=0.1)
    await slack.command("U1", "C1", "/latest")
    slack.expire_response_urls()
    await slack.until(lambda: slack.private("U1"))
    assert slack.calls["chat.postEphemeral"] == 1


async def test_an_answer_comes_as_a_direct_message_where_the_bot_cannot_show_it(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    slack.add_channel("C2", member=False)
    slack.fail_next("users.info", delay=0.1)
    await slack.command("U1", "C2", "/latest")
    slack.expire_response_urls()
    await slack.until(lambda: "DU1" in slack.channels and slack.messages("DU1"))
    assert "answer to /latest" in words_of(slack.messages("DU1")[0])


async def test_a_long_answer_comes_in_parts(slack: FakeSlack, adapter: SlackAdapter, host: RichHost) -> None:
    host.answers["/latest"] = replace(long_message(60), kind="reply", private=True)
    await slack.command("U1", "C1", "/latest")
    await slack.until(lambda: "Entry 59" in "".join(words_of(shown) for shown in slack.private("U1")))
    assert len(slack.private("U1")) > 1
    assert all(len(shown["blocks"]) <= 50 for shown in slack.private("U1"))


async def test_many_commands_at_once_are_all_acknowledged_in_time(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    acks = await asyncio.gather(*(slack.command("U1", "C1", "/latest", str(n)) for n in range(60)))
    assert max(ack.delay for ack in acks) < 3.0
    await slack.until(lambda: len(slack.private("U1")) == 60)


# --- modals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "typed"), [("/kakehashi", "ask"), ("/ask", ""), ("/ask", "  ")])
async def test_asking_without_a_question_opens_a_modal_whose_answer_is_private(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, command: str, typed: str
) -> None:
    await slack.command("U1", "C1", command, typed)
    await slack.until(lambda: slack.modals)
    assert host.lines == []
    ack = await slack.submit_view("U1", slack.modals[0], {"ask:question": {"value": "what now?"}})
    assert ack.payload == {}
    await slack.until(lambda: slack.private("U1"))
    (asked,) = host.invocations
    assert (asked.command, dict(asked.options), asked.member.channel) == ("ask", {"question": "what now?"}, "C1")
    assert "share:token" in actions_of(slack.private("U1")[0])
    assert slack.calls["chat.postEphemeral"] == 1


async def test_subscribing_without_words_opens_a_modal(slack: FakeSlack, adapter: SlackAdapter, host: RichHost) -> None:
    await slack.command("U1", "C1", "/kakehashi", "subscribe")
    await slack.until(lambda: slack.modals)
    (view,) = slack.modals
    assert await slack.suggest("U1", view, "subscribe:zone", "ky") == [
        {"text": {"type": "plain_text", "text": "Assistance", "emoji": False}, "value": "assistance"}
    ]
    assert (host.completions[-1].command, host.completions[-1].option, host.completions[-1].value) == (
        "subscribe",
        "zone",
        "ky",
    )
    chosen = {"subscribe:section": {"selected_option": {"value": "assistance"}}}
    await slack.submit_view("U1", view, chosen)
    await slack.until(lambda: host.invocations)
    assert dict(host.invocations[0].options) == {
        "section": "assistance",
        "time": "08:00",
        "zone": "Europe/Kyiv",
        "language": "en",
    }


async def test_a_modal_that_slack_refuses_is_answered_in_words(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    slack.fail_next("views.open", error="expired_trigger_id")
    await slack.command("U1", "C1", "/kakehashi", "subscribe")
    await slack.until(lambda: slack.private("U1"))
    assert [line for line, _ in host.lines] == ["/subscribe"]


async def test_suggestions_that_fail_are_an_empty_list(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(completion: object) -> tuple[Choice, ...]:
        raise RuntimeError("broken")

    monkeypatch.setattr(host, "complete", broken)
    assert await slack.suggest("U1", {"id": "V1"}, "subscribe:zone", "ky") == []


# --- buttons -----------------------------------------------------------------------------------------------


async def asked(slack: FakeSlack, command: str = "/latest") -> dict[str, Any]:
    """A private reply with buttons."""
    await slack.command("U1", "C1", command)
    await slack.until(lambda: slack.private("U1"))
    return slack.private("U1")[-1]


async def test_a_page_takes_the_place_of_the_reply(slack: FakeSlack, adapter: SlackAdapter, host: RichHost) -> None:
    shown = await asked(slack)
    await slack.press("U1", shown, "page:token:1")
    await slack.until(lambda: "pressed page:token:1" in words_of(shown))
    assert len(slack.private("U1")) == 1
    assert host.presses[0].member.user == "U1"


async def test_an_error_never_takes_the_place_of_a_reply(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    host.answers["page:token:1"] = said("this button has expired", kind="error")
    shown = await asked(slack)
    await slack.press("U1", shown, "page:token:1")
    await slack.until(lambda: len(slack.private("U1")) == 2)
    assert "answer to /latest" in words_of(shown)
    assert "expired" in words_of(slack.private("U1")[1])


async def test_sharing_posts_for_everybody_once_and_takes_the_button_away(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    shown = await asked(slack)
    await asyncio.gather(*(slack.press("U1", shown, "share:token") for _ in range(3)))
    await slack.until(lambda: slack.messages("C1") and "share:token" not in actions_of(shown))
    (public,) = slack.messages("C1")
    assert "shared words" in words_of(public)
    assert "Shared by <@U1>" in words_of(public)
    assert len(slack.private("U1")) == 1


async def test_sharing_that_slack_refuses_is_told_and_can_be_tried_again(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    shown = await asked(slack)
    slack.fail_next("chat.postMessage", error="not_in_channel")
    await slack.press("U1", shown, "share:token")
    await slack.until(lambda: len(slack.private("U1")) == 2)
    assert "/invite" in words_of(slack.private("U1")[1])
    await slack.press("U1", shown, "share:token")
    await slack.until(lambda: slack.messages("C1"))


async def test_a_button_that_runs_a_command_gives_a_new_private_reply(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    shown = await asked(slack)
    shown["blocks"][1]["elements"].append({"type": "button", "action_id": "run:/why 3"})
    await slack.press("U1", shown, "run:/why 3")
    await slack.until(lambda: len(slack.private("U1")) == 2)
    assert "pressed run:/why 3" in words_of(slack.private("U1")[1])


@pytest.mark.parametrize("expired", [False, True])
async def test_a_page_of_a_public_post_changes_the_post(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, expired: bool
) -> None:
    await slack.mention("U1", "C1", "what now?")
    await slack.until(lambda: len(slack.channels["C1"].messages) == 2)
    post = list(slack.channels["C1"].messages.values())[-1]
    slack.fail_next("users.info", delay=0.0)
    await slack.press("U1", post, "page:token:1")
    if expired:
        slack.expire_response_urls()
    await slack.until(lambda: "pressed page:token:1" in words_of(post))
    assert slack.private("U1") == []


async def test_a_link_button_is_acknowledged_and_nothing_else(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    shown = await asked(slack)
    link = {"type": "button", "action_id": "open:1", "url": "https://example.org/"}
    shown["blocks"][1]["elements"].append(link)
    await slack.press("U1", shown, "open:1")
    await slack.press("U1", shown, "page:token:1")
    await slack.until(lambda: host.presses)
    assert [press.action for press in host.presses] == ["page:token:1"]


# --- talk --------------------------------------------------------------------------------------------------


async def test_a_mention_is_answered_in_its_thread_for_all_to_see(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    ts = await slack.mention("U1", "C1", "what now?")
    await slack.until(lambda: slack.replies("C1", ts))
    assert "answer to /ask what now?" in words_of(slack.replies("C1", ts)[0])
    again = await slack.mention("U1", "C1", "and then?", thread_ts=ts)
    await slack.until(lambda: len(slack.replies("C1", ts)) == 3)
    assert slack.replies("C1", again) == []
    assert slack.private("U1") == []


async def test_an_empty_mention_asks_for_help(slack: FakeSlack, adapter: SlackAdapter, host: RichHost) -> None:
    await slack.mention("U1", "C1", "")
    await slack.until(lambda: host.lines)
    assert host.lines[0][0] == "/help"


async def test_a_mistake_in_a_mention_is_told_to_the_member_alone(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    host.answers["/ask ?"] = said("that is no question", kind="error")
    ts = await slack.mention("U1", "C1", "?")
    await slack.until(lambda: slack.private("U1"))
    assert slack.replies("C1", ts) == []
    assert slack.private("U1")[0].get("thread_ts") is None


async def test_an_event_that_slack_sends_again_is_answered_once(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    await slack.mention("U1", "C1", "what now?", event_id="Ev-1")
    await slack.mention("U1", "C1", "what now?", event_id="Ev-1", retry=1)
    await slack.mention("U1", "C1", "and now?", event_id="Ev-2")
    await slack.until(lambda: len(host.lines) == 2)
    assert sorted(line for line, _ in host.lines) == ["/ask and now?", "/ask what now?"]


async def test_a_direct_message_is_a_question(slack: FakeSlack, adapter: SlackAdapter, host: RichHost) -> None:
    channel = await slack.direct_message("U1", "what &lt;now&gt;?")
    await slack.until(lambda: len(slack.messages(channel)) == 2)
    assert host.lines[0][0] == "/ask what <now>?"
    assert "answer to /ask" in words_of(slack.messages(channel)[1])


@pytest.mark.parametrize(
    "also",
    [
        {"bot_id": "B9"},
        {"subtype": "message_changed"},
        {"edited": {"ts": "1"}},
        {"channel_type": "channel"},
        {"user": "UBOT"},
        {"user": None},
    ],
)
async def test_bots_edits_and_talk_among_others_are_left_alone(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, also: dict[str, Any]
) -> None:
    slack.add_channel("DU1")
    event = {"type": "message", "channel": "DU1", "channel_type": "im", "user": "U1", "text": "hm", "ts": "1.000001"}
    await slack.event({**event, **also})
    await slack.direct_message("U2", "a real one")
    await slack.until(lambda: host.lines)
    assert [line for line, _ in host.lines] == ["/ask a real one"]


async def test_an_answer_waits_when_slack_asks_for_a_pause(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    slack.fail_next("chat.postMessage", status=429, retry_after=0.05)
    ts = await slack.mention("U1", "C1", "what now?")
    await slack.until(lambda: slack.replies("C1", ts))


# --- the Home tab ------------------------------------------------------------------------------------------


async def test_the_home_tab_is_shown_with_language_and_subscription(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    await slack.open_home("U1")
    await slack.until(lambda: "U1" in slack.homes)
    assert "home of U1" in words_of(slack.homes["U1"])
    await slack.press("U1", slack.homes["U1"], "home:language", value="ja")
    await slack.until(lambda: slack.homes["U1"]["blocks"][-1]["accessory"]["initial_option"]["value"] == "ja")
    assert host.language == "ja"
    await slack.press("U1", slack.homes["U1"], "home:subscribe")
    await slack.until(lambda: slack.modals and slack.modals[-1]["callback_id"] == "subscribe")


async def test_a_modal_from_the_home_tab_is_answered_by_direct_message_and_shown_there(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    await slack.open_home("U1")
    await slack.until(lambda: "U1" in slack.homes)
    await slack.press("U1", slack.homes["U1"], "home:subscribe")
    await slack.until(lambda: [view for view in slack.modals if view["type"] == "modal"])
    before = slack.homes["U1"]
    chosen = {"subscribe:section": {"selected_option": {"value": "assistance"}}}
    await slack.submit_view("U1", slack.modals[-1], chosen)
    await slack.until(lambda: slack.messages("DU1") and slack.homes["U1"] is not before)
    assert "share:token" not in actions_of(slack.messages("DU1")[0])


async def test_a_button_of_the_home_tab_is_answered_by_direct_message(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    await slack.open_home("U1")
    await slack.until(lambda: "U1" in slack.homes)
    shown = slack.homes["U1"]
    shown["blocks"].append({"type": "actions", "elements": [{"type": "button", "action_id": "run:/latest"}]})
    await slack.press("U1", shown, "run:/latest")
    await slack.until(lambda: slack.messages("DU1"))
    await slack.until(lambda: slack.homes["U1"] is not shown)


async def test_a_changed_configuration_is_shown_on_open_home_tabs(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost
) -> None:
    await slack.open_home("U1")
    await slack.until(lambda: "U1" in slack.homes)
    before = slack.homes["U1"]
    await adapter.refresh()
    await slack.until(lambda: slack.homes["U1"] is not before)


# --- pictures in answers -----------------------------------------------------------------------------------


async def _chart(archive: Archive) -> Message:
    async with archive.write() as connection:
        key = await media.put(connection, b"\x89PNG chart", content_type="image/png", now=datetime.now(UTC))
    blocks = (
        Heading("Reports"),
        Image(key, "Columns: most in May"),
        Table(("Month", "n"), ((text("May"), text("7")),), "Numbers"),
        Context(text("Source: the archive")),
    )
    return Message(blocks, summary="Reports by month", private=True, shareable=True)


async def test_a_private_answer_keeps_its_numbers_and_its_picture_goes_to_direct_messages(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, archive: Archive
) -> None:
    host.answers["/latest chart"] = await _chart(archive)
    await slack.command("U1", "C1", "/latest", "chart")
    await slack.until(lambda: bool(slack.private("U1")))
    (shown,) = slack.private("U1")
    assert all(block["type"] != "image" for block in shown["blocks"])
    for words in ("Columns: most in May", "May", "7", "Source: the archive", "direct messages"):
        assert words in words_of(shown)
    (sent,) = slack.messages("DU1")
    (picture,) = [block for block in sent["blocks"] if block["type"] == "image"]
    assert slack.uploads[picture["slack_file"]["id"]] == b"\x89PNG chart"
    assert picture["alt_text"] == "Columns: most in May"
    assert "Source: the archive" in words_of(sent)
    assert slack.messages("C1") == []


async def test_in_the_direct_messages_the_picture_stands_in_the_answer(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, archive: Archive
) -> None:
    host.answers["/latest chart"] = await _chart(archive)
    await adapter._workspaces.direct((await adapter._workspaces.of("T1"))[0], "T1", "U1")
    await slack.command("U1", "DU1", "/latest", "chart")
    await slack.until(lambda: bool(slack.messages("DU1")))
    (sent,) = slack.messages("DU1")
    assert [block["type"] for block in sent["blocks"]].count("image") == 1
    assert "7" in words_of(sent)
    assert slack.private("U1") == []


async def test_where_no_picture_can_be_sent_the_words_promise_none(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, archive: Archive
) -> None:
    host.answers["/latest chart"] = await _chart(archive)
    slack.remove_scope("files:write")
    await slack.command("U1", "C1", "/latest", "chart")
    await slack.until(lambda: bool(slack.private("U1")))
    (shown,) = slack.private("U1")
    assert "Columns: most in May" in words_of(shown)
    assert "direct messages" not in words_of(shown)
    assert slack.channels.get("DU1") is None or slack.messages("DU1") == []


@pytest.mark.parametrize("what", ["chart", "file"])
async def test_where_slack_opens_no_direct_messages_the_words_come_alone(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, archive: Archive, what: str
) -> None:
    host.answers["/latest it"] = await (_chart(archive) if what == "chart" else _table(archive))
    slack.remove_scope("im:write")
    await slack.command("U1", "C1", "/latest", "it")
    await slack.until(lambda: bool(slack.private("U1")))
    (shown,) = slack.private("U1")
    assert ("Columns: most in May" if what == "chart" else "could not be sent") in words_of(shown)
    assert "direct messages" not in words_of(shown)
    assert set(slack.channels) == {"C1"}


async def test_what_is_shared_with_the_channel_shows_its_picture_there(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, archive: Archive
) -> None:
    host.answers["share:token"] = replace(await _chart(archive), private=False, shareable=False)
    host.answers["/latest chart"] = replace(said("here"), blocks=(Actions((Button("Share", "share:token"),)),))
    await slack.command("U1", "C1", "/latest", "chart")
    await slack.until(lambda: bool(slack.private("U1")))
    await slack.press("U1", slack.private("U1")[0], "share:token")
    await slack.until(lambda: bool(slack.messages("C1")))
    (shared,) = slack.messages("C1")
    assert [block["type"] for block in shared["blocks"]].count("image") == 1


# --- files in answers --------------------------------------------------------------------------------------


async def _table(archive: Archive, *, summary: str = "Seven entries") -> Message:
    content = b"id,date\n"
    async with archive.write() as connection:
        key = await media.put(connection, content, content_type="text/csv", now=datetime.now(UTC))
    blocks = (Heading("Timeline"), File(key, "timeline.csv", "text/csv", len(content)))
    return Message(blocks, summary=summary, private=True)


async def test_the_file_of_a_private_answer_goes_to_direct_messages_alone(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, archive: Archive
) -> None:
    host.answers["/latest file"] = await _table(archive, summary="Seven <!channel> entries")
    await slack.command("U1", "C1", "/latest", "file")
    await slack.until(lambda: bool(slack.private("U1")))
    (shown,) = slack.private("U1")
    assert "timeline.csv (1 kB)" in words_of(shown)
    assert "in your direct messages" in words_of(shown)
    (sent,) = slack.messages("DU1")
    (file,) = sent["files"]
    assert (file["name"], slack.uploads[file["id"]]) == ("timeline.csv", b"id,date\n")
    assert sent["text"] == "Seven &lt;!channel&gt; entries"
    assert slack.messages("C1") == []
    assert set(slack.channels) == {"C1", "DU1"}, "nobody else hears of it"


async def test_in_the_direct_messages_the_file_stands_below_the_answer(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, archive: Archive
) -> None:
    host.answers["/latest file"] = await _table(archive)
    await adapter._workspaces.direct((await adapter._workspaces.of("T1"))[0], "T1", "U1")
    await slack.command("U1", "DU1", "/latest", "file")
    await slack.until(lambda: len(slack.messages("DU1")) == 2)
    said_, sent = slack.messages("DU1")
    assert "timeline.csv" in words_of(said_)
    assert [file["name"] for file in sent["files"]] == ["timeline.csv"]
    assert slack.private("U1") == []


@pytest.mark.parametrize("channel", ["C1", "DU1"])
async def test_a_file_that_slack_does_not_take_is_promised_to_nobody(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, archive: Archive, channel: str
) -> None:
    host.answers["/latest file"] = await _table(archive)
    await adapter._workspaces.direct((await adapter._workspaces.of("T1"))[0], "T1", "U1")
    slack.remove_scope("files:write")
    await slack.command("U1", channel, "/latest", "file")

    def shown() -> list[str]:
        return [words_of(message) for message in (*slack.private("U1"), *slack.messages("DU1"))]

    await slack.until(lambda: any("could not be sent" in words for words in shown()))
    assert not any("in your direct messages" in words for words in shown())
    assert slack.uploads == {}
    assert slack.messages("C1") == []


async def test_a_file_that_is_kept_no_more_could_not_be_sent(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, archive: Archive
) -> None:
    message = await _table(archive)
    async with archive.write() as connection:
        await media.prune(connection, before=datetime.now(UTC))
    host.answers["/latest file"] = message
    await slack.command("U1", "C1", "/latest", "file")
    await slack.until(lambda: bool(slack.private("U1")))
    assert "could not be sent" in words_of(slack.private("U1")[0])
    assert slack.messages("DU1") == []


async def test_the_file_of_a_public_answer_stands_where_the_answer_does(
    slack: FakeSlack, adapter: SlackAdapter, host: RichHost, archive: Archive
) -> None:
    host.answers["/latest file"] = replace(await _table(archive), private=False)
    await slack.command("U1", "C1", "/latest", "file")
    await slack.until(lambda: any(message.get("files") for message in slack.messages("C1")))
    assert "DU1" not in slack.channels
