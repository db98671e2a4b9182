"""Commands, half-typed options and buttons in Discord: what is registered, and what members see of the answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import discord
import pytest
import structlog
from simcord.actors import MemberActor
from simcord.interactions import base_payload

from bot.adapters.discord import interactions
from bot.adapters.discord.adapter import DiscordAdapter
from bot.adapters.discord.commands import Tree
from bot.commands.base import (
    Choice,
    Command,
    Completion,
    Invocation,
    Option,
    OptionType,
    Permission,
    Press,
    Privacy,
)
from bot.commands.catalogue import COMMANDS
from bot.message import Bullet, BulletList, File, Image, Message, Paragraph, text
from digests.archive import Archive, media
from digests.model import Destination
from tests.bot.adapters.discord.conftest import Simulation, wired
from tests.conftest import StoppedClock
from tests.fakes.discord.schema import check_request
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.host import FakeHost

EPHEMERAL = 64


async def _unused(services: object, invocation: Invocation) -> Message:
    raise AssertionError("the host answers itself")


class Host(FakeHost):
    """A core with every kind of option, which remembers what it was asked."""

    commands = (  # type: ignore[assignment]
        *FakeHost.commands,
        Command("public", "Says it to all", _unused, privacy=Privacy.PUBLIC),
        Command("broken", "Fails", _unused),
        Command("long", "Says much", _unused),
        Command(
            "timeline",
            "What happened when",
            _unused,
            (
                Option("from", "From this date on", OptionType.DATE),
                Option("n", "How many", OptionType.INTEGER, required=True, minimum=1, maximum=20),
                Option("actor", "Who", maximum=80),
                Option("order", "Which way", choices=(Choice("Newest first", "new"), Choice("Oldest first", "old"))),
            ),
        ),
        Command(
            "admin",
            "Post, preview, reload, status",
            None,
            subcommands=(
                Command("post", "Post an edition now", _unused, (Option("digest", "Which", OptionType.DIGEST),)),
            ),
            permission=Permission.ADMIN,
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.invocations: list[Invocation] = []
        self.completions: list[Completion] = []
        self.answer: Message | None = None
        self.slow = 0.0
        self.suggestions: tuple[Choice, ...] = ()

    async def invoke(self, invocation: Invocation) -> Message:
        self.invocations.append(invocation)
        if invocation.command == "broken":
            raise ValueError("a fault")
        if invocation.command == "long":
            items = tuple(Bullet(text(f"item {n} {'words ' * 30}")) for n in range(250))
            return Message((BulletList(items),), summary="long", private=True)
        return self.answer or await super().invoke(invocation)

    async def press(self, press: Press) -> Message:
        if press.action == "page:broken:1":
            await super().press(press)
            raise ValueError("a fault")
        if press.action == "page:expired:1":
            words = "This button has expired."
            return Message((Paragraph(text(words)),), summary=words, kind="error", private=True)
        if press.action.startswith("share:"):
            return await super().press(press)
        self.presses.append(press)
        words = f"pressed {press.action.partition(':')[0]}"
        return Message((Paragraph(text(words)),), summary=words, private=True, shareable=True)

    async def complete(self, completion: Completion) -> tuple[Choice, ...]:
        self.completions.append(completion)
        await asyncio.sleep(self.slow)
        if completion.value == "broken":
            raise ValueError("a fault")
        return self.suggestions or tuple(
            Choice(f"{completion.value} {n} {'x' * 200}", f"value-{n % 39}") for n in range(40)
        )


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def ana(discord_world: Simulation) -> MemberActor:
    user = discord_world.env.create_user("ana", global_name="Ana *bold* @everyone")
    return discord_world.guild.add_member(user)


@pytest.fixture
def boss(discord_world: Simulation) -> MemberActor:
    role = discord_world.guild.create_role("boss", permissions=discord.Permissions(manage_guild=True))
    return discord_world.guild.add_member(discord_world.env.create_user("boss"), roles=[role])


def said(message: Any) -> str:
    """All that a message shows."""
    return json.dumps([message.content, [e.to_dict() for e in message.embeds], _raw(message)], ensure_ascii=False)


def _raw(message: Any) -> list[dict[str, Any]]:
    return [part if isinstance(part, dict) else part.to_dict() for part in message.components]


# --- registration ------------------------------------------------------------------------------------------


@pytest.fixture
async def registered(started: DiscordAdapter, discord_world: Simulation) -> dict[str, dict[str, Any]]:
    (sync,) = discord_world.requests("PUT", r"/applications/\d+/commands")
    return {command["name"]: command for command in sync["all"]}


async def test_commands_can_be_used_everywhere_and_by_members_own_installs(
    registered: dict[str, dict[str, Any]],
) -> None:
    assert registered.keys() == {command.name for command in Host.commands}
    for command in registered.values():
        assert sorted(command["contexts"]) == [0, 1, 2]
        assert sorted(command["integration_types"]) == [0, 1]


async def test_descriptions_are_translated_and_names_are_not(registered: dict[str, dict[str, Any]]) -> None:
    admin = registered["admin"]
    assert set(admin["description_localizations"]) == {"ja", "uk"}
    assert admin["description_localizations"]["uk"] != admin["description"]
    assert not admin["name_localizations"]
    (post,) = admin["options"]
    assert set(post["description_localizations"]) == {"ja", "uk"}


async def test_only_managers_are_offered_what_is_for_admins(registered: dict[str, dict[str, Any]]) -> None:
    manage_guild = discord.Permissions(manage_guild=True).value
    assert int(registered["admin"]["default_member_permissions"]) == manage_guild
    assert registered["ask"]["default_member_permissions"] is None


async def test_options_have_their_bounds_choices_and_completion(registered: dict[str, dict[str, Any]]) -> None:
    options = {option["name"]: option for option in registered["timeline"]["options"]}
    assert next(iter(options)) == "n"
    assert (options["n"]["min_value"], options["n"]["max_value"], options["n"]["required"]) == (1, 20, True)
    assert options["from"]["required"] is False
    assert options["actor"]["max_length"] == 80
    assert [choice["value"] for choice in options["order"]["choices"]] == ["new", "old"]
    assert not options["from"].get("autocomplete")
    (section,) = registered["latest"]["options"]
    assert section["autocomplete"] is True


async def test_the_real_commands_are_as_discord_takes_them() -> None:
    client = discord.Client(intents=discord.Intents.none())
    tree = Tree(client, ())

    async def run(*_: object) -> None:
        raise AssertionError("not called")

    async def suggest(*_: object) -> tuple[Choice, ...]:
        return ()

    await tree.fill(tuple(COMMANDS), run, suggest, run)
    catalogue = tree.translator
    assert catalogue is not None
    payload = [await command.get_translated_payload(tree, catalogue) for command in tree.get_commands()]
    check_request("PUT", "/applications/1/commands", payload)


async def test_unchanged_commands_are_not_registered_again(
    started: DiscordAdapter, discord_world: Simulation, host: Host
) -> None:
    await started.start(host)
    assert len(discord_world.requests("PUT", r"/applications/\d+/commands")) == 1
    host.commands = host.commands[:1]  # type: ignore[assignment]
    await started.start(host)
    assert len(discord_world.requests("PUT", r"/applications/\d+/commands")) == 2


async def test_commands_of_some_guilds_replace_those_of_all(archive: Archive, clock: StoppedClock) -> None:
    async with FakeDiscord() as fake:
        fake.checks.append(check_request)
        for guilds in ((), (fake.guild.id,), ()):
            adapter = wired(fake, archive, clock, guilds=guilds)
            await adapter.start(Host())
            await adapter.close()
        assert not fake.violations
        synced = [(seen.path, len(seen.payload)) for seen in fake.requests if seen.method == "PUT"]
    here, all_of_them = f"/guilds/{fake.guild.id}/commands", "/commands"
    counts = [(all_of_them if "/guilds/" not in path else here, count) for path, count in synced]
    many = len(Host.commands)
    assert counts == [(all_of_them, many), (here, many), (all_of_them, 0), (all_of_them, many), (here, 0)]


# --- commands ----------------------------------------------------------------------------------------------


async def test_a_command_is_answered_privately_and_can_be_shared(
    started: DiscordAdapter, discord_world: Simulation, host: Host, ana: MemberActor
) -> None:
    result = await ana.slash(discord_world.news, "ask", question="why?")
    (deferral,) = discord_world.requests("POST", r"/interactions/.*/callback")
    assert (deferral["type"], deferral["data"]["flags"]) == (5, EPHEMERAL)
    assert result.ephemeral
    assert "answer to /ask" in said(result.response)
    assert "Share with channel" in said(result.response)
    (asked,) = host.invocations
    assert asked.options == {"question": "why?"}
    member = asked.member
    assert (member.platform, member.workspace) == ("discord", str(discord_world.guild.id))
    assert (member.channel, member.user) == (str(discord_world.news.id), str(ana.id))
    assert (member.language, member.zone, member.admin) == ("en", "UTC", False)


async def test_the_picture_of_a_private_answer_is_attached_with_its_description(
    started: DiscordAdapter, discord_world: Simulation, host: Host, ana: MemberActor, archive: Archive
) -> None:
    async with archive.write() as connection:
        key = await media.put(connection, b"\x89PNG chart", content_type="image/png", now=discord.utils.utcnow())
    host.answer = Message((Image(key, "Columns: most in May"), Paragraph(text("7"))), summary="s", private=True)
    result = await ana.slash(discord_world.news, "ask", question="how many?")
    assert result.ephemeral
    (attachment,) = result.response.attachments
    assert attachment.filename == f"{key}.png"
    assert f"attachment://{key}.png" in said(result.response) or attachment.url in said(result.response)
    assert "Columns: most in May" in said(result.response)


async def test_the_file_of_a_private_answer_is_attached_to_it(
    started: DiscordAdapter, discord_world: Simulation, host: Host, ana: MemberActor, archive: Archive
) -> None:
    async with archive.write() as connection:
        key = await media.put(connection, b"id,date\n", content_type="text/csv", now=discord.utils.utcnow())
    file = File(key, "timeline.csv", "text/csv", 8)
    host.answer = Message((Paragraph(text("7 entries")), file), summary="s", private=True)
    result = await ana.slash(discord_world.news, "ask", question="how many?")
    assert result.ephemeral
    (attachment,) = result.response.attachments
    assert (attachment.filename, attachment.size) == ("timeline.csv", 8)
    assert "attachment://timeline.csv" in said(result.response) or attachment.url in said(result.response)


async def test_a_file_that_is_kept_no_more_is_not_promised(
    started: DiscordAdapter, discord_world: Simulation, host: Host, ana: MemberActor
) -> None:
    host.answer = Message((File("0" * 40, "timeline.csv", "text/csv", 8),), summary="s", private=True)
    result = await ana.slash(discord_world.news, "ask", question="how many?")
    assert result.response.attachments == []
    assert "could not be sent" in said(result.response)


async def test_options_reach_the_core_by_their_own_names(
    started: DiscordAdapter, discord_world: Simulation, host: Host, ana: MemberActor
) -> None:
    await ana.slash(discord_world.news, "timeline", n=5, order="old", **{"from": "2026-05"})
    assert host.invocations[-1].options == {"n": 5, "order": "old", "from": "2026-05"}


async def test_a_subcommand_of_an_admin(
    started: DiscordAdapter, discord_world: Simulation, host: Host, boss: MemberActor
) -> None:
    await boss.slash(discord_world.news, "admin post", digest="morning")
    asked = host.invocations[-1]
    assert (asked.command, asked.subcommand, asked.member.admin) == ("admin", "post", False)


async def test_managers_are_admins_only_where_digests_go(
    started: DiscordAdapter,
    discord_world: Simulation,
    host: Host,
    boss: MemberActor,
    ana: MemberActor,
    places: list[Destination],
) -> None:
    """Anybody may invite the bot to a server of their own; that must give them no say over it."""
    await boss.slash(discord_world.news, "admin post", digest="morning")
    assert not host.invocations[-1].member.admin
    places.append(Destination("slack", "local", str(discord_world.news.id)))
    places.append(Destination("discord", "local", "no-number"))
    await boss.slash(discord_world.news, "admin post", digest="morning")
    assert not host.invocations[-1].member.admin
    places.append(Destination("discord", "local", str(discord_world.news.id)))
    await boss.slash(discord_world.news, "admin post", digest="morning")
    assert host.invocations[-1].member.admin
    await ana.slash(discord_world.news, "ask", question="why?")
    assert not host.invocations[-1].member.admin


async def test_direct_messages_are_a_workspace_without_admins(
    started: DiscordAdapter, discord_world: Simulation, host: Host, boss: MemberActor
) -> None:
    await boss.user.slash("ask", question="why?")
    member = host.invocations[-1].member
    assert (member.workspace, member.admin) == ("dm", False)


async def test_a_public_command_is_answered_to_all(
    started: DiscordAdapter, discord_world: Simulation, host: Host, ana: MemberActor
) -> None:
    host.answer = Message((Paragraph(text("for all")),), summary="for all")
    result = await ana.slash(discord_world.news, "public")
    assert not result.ephemeral
    assert "for all" in said(result.response)


async def test_a_private_answer_to_a_public_command_stays_private(
    started: DiscordAdapter, discord_world: Simulation, host: Host, ana: MemberActor
) -> None:
    host.answer = Message((Paragraph(text("for you")),), summary="for you", private=True)
    result = await ana.slash(discord_world.news, "public")
    assert result.response is None
    (followup,) = result.followups
    assert followup.ephemeral
    assert "for you" in said(followup)


async def test_a_long_answer_comes_in_parts(
    started: DiscordAdapter, discord_world: Simulation, ana: MemberActor
) -> None:
    result = await ana.slash(discord_world.news, "long")
    assert len(result.followups) > 2
    assert all(part.ephemeral for part in result.followups)
    everything = said(result.response) + "".join(said(part) for part in result.followups)
    assert all(f"item {n} " in everything for n in range(250))


async def test_a_fault_is_told_with_an_id_that_is_in_the_log(
    started: DiscordAdapter, discord_world: Simulation, ana: MemberActor
) -> None:
    with structlog.testing.capture_logs() as logs:
        result = await ana.slash(discord_world.news, "broken")
    assert result.ephemeral
    (fault,) = (log for log in logs if log["event"] == "discord.fault")
    assert fault["error_id"] in said(result.response)
    assert "a fault" not in said(result.response)


async def test_answers_ping_nobody(started: DiscordAdapter, discord_world: Simulation, ana: MemberActor) -> None:
    result = await ana.slash(discord_world.news, "long")
    await ana.slash(discord_world.news, "broken")
    assert result.followups
    bodies = discord_world.requests("POST", r"/webhooks/.*") + discord_world.requests("PATCH", r"/webhooks/.*")
    assert len(bodies) > 3
    assert all(body["allowed_mentions"]["parse"] == [] for body in bodies)


async def test_a_command_that_discord_still_offers_but_is_gone(
    started: DiscordAdapter, discord_world: Simulation, ana: MemberActor
) -> None:
    started.client.tree.remove_command("ask")
    result = await ana.slash(discord_world.news, "ask", question="why?")
    assert result.ephemeral
    assert "changed" in said(result.response)
    assert discord_world.env.errors


async def _from_own_install(world: Simulation, member: MemberActor, command: str) -> list[Any]:
    """``member`` runs a command of the app that only they have installed; returns what they are told."""
    backend = world.env.backend
    data = {"id": "1", "name": command, "type": 1}
    record, payload = base_payload(
        backend, type=2, channel_id=world.news.id, guild_id=world.guild.id, user_id=member.id, data=data
    )
    backend.emit("INTERACTION_CREATE", payload | {"authorizing_integration_owners": {"1": str(member.id)}})
    await world.env.settle()
    ids = [record.message_id, *record.followup_ids]
    return [backend.messages[world.news.id][number] for number in ids if number is not None]


async def test_managers_of_a_server_without_the_bot_have_no_say_over_it(
    started: DiscordAdapter, discord_world: Simulation, host: Host, boss: MemberActor
) -> None:
    assert await _from_own_install(discord_world, boss, "long")
    assert not host.invocations[-1].member.admin


async def test_no_more_follow_ups_than_a_members_own_install_may_send(
    started: DiscordAdapter, discord_world: Simulation, ana: MemberActor
) -> None:
    told = await _from_own_install(discord_world, ana, "long")
    assert len(told) == 1 + 5
    assert "There is more" in json.dumps(told[-1].components)


# --- completion --------------------------------------------------------------------------------------------


async def test_suggestions_of_one_name_are_offered_once(
    started: DiscordAdapter, discord_world: Simulation, host: Host, ana: MemberActor
) -> None:
    host.suggestions = (Choice("Same", "first"), Choice("Same", "second"), Choice("", "third"), Choice("x", "y" * 101))
    choices = await ana.autocomplete(discord_world.news, "latest", "section", "s")
    assert [(choice["name"], choice["value"]) for choice in choices] == [("Same", "first")]


async def test_half_typed_options_are_completed(
    started: DiscordAdapter, discord_world: Simulation, host: Host, ana: MemberActor
) -> None:
    choices = await ana.autocomplete(discord_world.news, "latest", "section", "ass")
    assert len(choices) == 25
    assert all(len(choice["name"]) <= 100 for choice in choices)
    assert host.completions[-1].value == "ass"


async def test_completion_knows_its_subcommand(
    started: DiscordAdapter, discord_world: Simulation, host: Host, boss: MemberActor
) -> None:
    await boss.autocomplete(discord_world.news, "admin post", "digest", "m")
    completion = host.completions[-1]
    assert (completion.command, completion.subcommand, completion.option) == ("admin", "post", "digest")


@pytest.mark.parametrize("typed", ["slow", "broken"])
async def test_completion_that_is_slow_or_broken_offers_nothing(
    started: DiscordAdapter,
    discord_world: Simulation,
    host: Host,
    ana: MemberActor,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
) -> None:
    monkeypatch.setattr(interactions, "COMPLETION_TIMEOUT", 0.05)
    host.slow = 0.2 if typed == "slow" else 0.0
    assert await ana.autocomplete(discord_world.news, "latest", "section", typed) == []


# --- buttons -----------------------------------------------------------------------------------------------


async def test_a_page_takes_the_place_of_the_message(
    started: DiscordAdapter, discord_world: Simulation, host: Host, ana: MemberActor
) -> None:
    asked = await ana.slash(discord_world.news, "ask", question="why?")
    assert asked.response is not None
    result = await ana.click(asked.response, custom_id="page:token:1")
    assert host.presses[-1].action == "page:token:1"
    assert "pressed page" in said(asked.response)
    assert not result.followups


async def test_an_expired_page_is_told_in_a_message_of_its_own(
    started: DiscordAdapter, discord_world: Simulation, ana: MemberActor
) -> None:
    message = _post_button(discord_world, "page:expired:1")
    result = await ana.click(message, custom_id="page:expired:1")
    (told,) = result.followups
    assert told.ephemeral
    assert "expired" in said(told)
    assert "words before" in discord_world.shown(discord_world.news.id)[0]


async def test_a_fault_behind_a_button_is_told_in_a_message_of_its_own(
    started: DiscordAdapter, discord_world: Simulation, ana: MemberActor
) -> None:
    message = _post_button(discord_world, "page:broken:1")
    with structlog.testing.capture_logs() as logs:
        result = await ana.click(message, custom_id="page:broken:1")
    (told,) = result.followups
    assert told.ephemeral
    assert next(log["error_id"] for log in logs if log["event"] == "discord.fault") in said(told)


async def test_a_button_works_after_a_restart(
    started: DiscordAdapter, discord_world: Simulation, host: Host, ana: MemberActor
) -> None:
    message = _post_button(discord_world, "page:token:1")
    await discord_world.env.restart_bot()
    await ana.click(message, custom_id="page:token:1")
    assert "pressed page" in discord_world.shown(discord_world.news.id)[0]


async def test_a_public_page_offers_no_sharing(
    started: DiscordAdapter, discord_world: Simulation, ana: MemberActor
) -> None:
    message = _post_button(discord_world, "page:token:1")
    await ana.click(message, custom_id="page:token:1")
    assert "share:" not in discord_world.shown(discord_world.news.id)[0]


async def test_a_run_button_is_answered_privately(
    started: DiscordAdapter, discord_world: Simulation, ana: MemberActor
) -> None:
    message = _post_button(discord_world, "run:/latest")
    result = await ana.click(message, custom_id="run:/latest")
    assert result.ephemeral
    assert "pressed run" in said(result.response)
    assert "words before" in discord_world.shown(discord_world.news.id)[0]


async def test_sharing_shows_the_answer_to_the_channel_once(
    started: DiscordAdapter, discord_world: Simulation, ana: MemberActor
) -> None:
    asked = await ana.slash(discord_world.news, "ask", question="why?")
    assert asked.response is not None
    result = await ana.click(asked.response, custom_id="share:token")
    (shared,) = result.followups
    assert not shared.ephemeral
    shown = said(shared)
    assert "shared words" in shown
    assert "Shared by Ana" in shown
    assert "*bold*" not in shown.replace("\\\\*", "")
    assert "@everyone" not in shown
    assert "share:token" not in said(asked.response)
    assert "page:token:1" in said(asked.response)
    assert "answer to /ask" in said(asked.response)


async def test_what_cannot_follow_is_shared_in_the_channel(
    started: DiscordAdapter, discord_world: Simulation, ana: MemberActor
) -> None:
    asked = await ana.slash(discord_world.news, "ask", question="why?")
    assert asked.response is not None
    discord_world.env.inject_error("POST", "/webhooks/*", status=404, code=10015)
    await ana.click(asked.response, custom_id="share:token")
    assert any("shared words" in shown for shown in discord_world.shown(discord_world.news.id))


def _post_button(world: Simulation, action: str) -> discord.Message:
    button = {"type": 2, "style": 2, "label": "Older", "custom_id": action}
    parts = [{"type": 10, "content": "words before"}, {"type": 1, "components": [button]}]
    backend = world.env.backend
    backend.create_message(
        world.news.id, backend.bot_user.id, None, components=[{"type": 17, "components": parts}], flags=1 << 15
    )
    return world.news.history()[-1]


# --- over the wire -----------------------------------------------------------------------------------------


async def test_answers_are_in_the_members_language(archive: Archive, clock: StoppedClock) -> None:
    host = Host()
    async with FakeDiscord() as fake:
        fake.checks.append(check_request)
        adapter = wired(fake, archive, clock, shards=1)
        await adapter.start(host)
        fake.member.locale = "uk"
        await fake.command(fake.member, fake.text, "ask", {"question": "чому?"})
        await fake.until(lambda: host.invocations)
        assert host.invocations[-1].member.language == "uk"
        await adapter.close()
        assert not fake.violations
