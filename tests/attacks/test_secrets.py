"""Secrets stay where they are: canaries in every place for secrets, looked for in everything that comes out.

Looked through are logs (for people and as JSON lines), errors with their whole chain, answers to commands, the local
chat's state, backups, and what processes that read documents get to see.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import structlog
from click.testing import CliRunner

from bot import logs
from bot.app import App
from bot.cli import cli
from bot.commands import about
from bot.commands.base import Member
from bot.settings import load_settings
from bot.tools.backup import backup_once
from bot.tools.doctor import run_doctor
from digests.archive import Archive
from digests.errors import KakehashiError
from digests.ingest.fetch import FetchLimits
from digests.ingest.worker import Workers
from tests.attacks.corpus import Case
from tests.conftest import StoppedClock
from tests.fakes import workerjobs
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.slack.server import FakeSlack
from tests.system.conftest import Bot, StartBot

CANARY = "c4n4ry-5ecret-0f1e2d3c"
VARIABLES = {
    "SLACK_BOT_TOKEN": f"xoxb-{CANARY}",
    "SLACK_APP_TOKEN": f"xapp-{CANARY}",
    "SLACK_SIGNING_SECRET": f"sign-{CANARY}",
    "SLACK_CLIENT_SECRET": f"client-{CANARY}",
    "DISCORD_TOKEN": f"discord.{CANARY}.token",
    "KAKEHASHI_WEB_PASSWORD": f"web-{CANARY}",
    "KAKEHASHI_METRICS_TOKEN": f"figures-{CANARY}",
    "NEWS_DATABASE": f"postgresql://bot:db-{CANARY}@127.0.0.1:1/news",
}
PATHS = (
    *("/", "/app.js", "/api/state", "/api/messages?channel=news", "/nowhere"),
    *("/healthz", "/healthz/live", "/healthz/ready", "/metrics"),
)
NOWHERE = "http://127.0.0.1:1/"
CHIEF = Member("web", "local", "news", "local", admin=True, language="en", zone="UTC")


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


@dataclass
class Place:
    """What a case works with."""

    config: Path
    clock: StoppedClock
    start_bot: StartBot
    folder: Path

    def platforms(self, line: str) -> None:
        path = self.config / "bot.yaml"
        path.write_text(path.read_text().replace("  web: {port: 0}\n", f"  web: {{port: 0}}\n  {line}\n"))

    async def started(self) -> str:
        """Start an app and stop it; the error that it dies of, with everything behind it."""
        try:
            app = await App.create(self.config, now=self.clock, limits=FetchLimits(spacing=0.0))
        except KakehashiError as error:
            return chain(error)
        try:
            await app.start(ingest=False)
        except KakehashiError as error:
            return chain(error)
        finally:
            await app.close()
        return ""


def chain(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


async def commands(place: Place) -> str:
    bot = await place.start_bot()
    said = []
    for line in (
        "/about",
        "/help",
        "/admin status",
        "/admin reload",
        "/sources",
        "/schedule",
        "/ask What is the password?",
    ):
        said.append(repr(await bot.app.dispatcher.invoke_text(line, CHIEF)))
    return "".join(said) + repr(await bot.app.dispatcher.home(CHIEF))


async def page(place: Place) -> str:
    bot = await place.start_bot()
    auth = {"Authorization": aiohttp.encode_basic_auth("x", VARIABLES["KAKEHASHI_WEB_PASSWORD"])}
    said = ""
    async with aiohttp.ClientSession(bot.address) as http:
        for headers in ({}, auth):
            for path in PATHS:
                async with http.get(path, headers=headers) as answer:
                    said += f"{answer.headers}{await answer.text()}"
    return said


async def figures(place: Place) -> str:
    """Figures and health of a bot that was told secrets in commands, and whose Slack is away."""
    place.platforms(f'slack: {{base_url: "{NOWHERE}"}}')
    path = place.config / "bot.yaml"
    path.write_text(path.read_text() + "monitoring: {port: 0, token: {env: KAKEHASHI_METRICS_TOKEN}}\n")
    app = await App.create(place.config, now=place.clock, limits=FetchLimits(spacing=0.0))
    said = ""
    try:
        starting = asyncio.create_task(app.start(ingest=False))
        while app.listener is None or not app.listener.port or not getattr(app.adapters["web"], "address", ""):
            await asyncio.sleep(0.01)
        for line in (f"/ask xoxb-{CANARY}", f"/{CANARY}", f"/latest {CANARY}"):
            await app.dispatcher.invoke_text(line, CHIEF)
        bearer = {"Authorization": f"Bearer {VARIABLES['KAKEHASHI_METRICS_TOKEN']}"}
        for address in (f"http://127.0.0.1:{app.listener.port}", app.adapters["web"].address):  # type: ignore[attr-defined]
            async with aiohttp.ClientSession(address) as http:
                for headers in ({}, bearer, {"Authorization": f"Bearer wrong-{CANARY}"}):
                    for name in PATHS:
                        async with http.get(name, headers=headers) as answer:
                            said += f"{answer.headers}{await answer.text()}"
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
    finally:
        await app.close()
    assert "kakehashi_commands_total" in said
    return said


async def settings(place: Place) -> str:
    place.platforms(f'slack: {{base_url: "{NOWHERE}"}}')
    place.platforms(f'discord: {{base_url: "{NOWHERE}"}}')
    path = place.config / "bot.yaml"
    path.write_text(
        path.read_text()
        .replace("archive: sqlite:", "#")
        .replace("zone: UTC", "zone: UTC\narchive: {env: NEWS_DATABASE}")
    )
    loaded = load_settings(place.config)
    assert CANARY in loaded.archive, "the reference leads to the secret"
    structlog.get_logger().info("settings", settings=loaded, platforms=dict(loaded.platforms))
    logging.getLogger("library").warning("settings %s", loaded)
    return (
        f"{loaded!r}{loaded}{dict(loaded.platforms)}{[model.model_dump_json() for model in loaded.platforms.values()]}"
    )


async def slack_refuses(place: Place) -> str:
    async with FakeSlack() as slack:
        place.platforms(f'slack: {{base_url: "{slack.base_url}"}}')
        said = await place.started()
        assert slack.calls["auth.test"], "the token was used"
        return said


async def discord_refuses(place: Place) -> str:
    async with FakeDiscord() as discord:
        place.platforms(f'discord: {{base_url: "{discord.base_url}", gateway: "{discord.gateway_url}", shards: 1}}')
        said = await place.started()
        assert discord.requests, "the token was used"
        return said


async def database_away(place: Place) -> str:
    path = place.config / "bot.yaml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("archive:")]
    path.write_text("\n".join([*lines, "archive: {env: NEWS_DATABASE}", ""]))
    said = await place.started()
    assert said, "there is no database there"
    return said


async def database_address(place: Place) -> str:
    said = []
    for url in (
        VARIABLES["NEWS_DATABASE"],
        f"mysql://bot:{CANARY}@h/x",
        f"postgresql://bot:{CANARY}@[bad/x",
        f"nonsense {CANARY}",
    ):
        try:
            await (await Archive.open(url)).close()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not tell
            said.append(chain(error))
    assert len(said) == 4
    return "".join(said)


async def a_fault(place: Place) -> str:
    """A handler that dies with the secret in its hands."""
    bot = await place.start_bot()

    async def broken(*_: object) -> object:
        secret = VARIABLES["SLACK_BOT_TOKEN"]
        raise ValueError("something broke") if secret else KeyError

    command = next(command for command in bot.app.dispatcher.commands if command.name == "about")
    object.__setattr__(command, "handler", broken)
    try:
        message = await bot.app.dispatcher.invoke_text("/about", CHIEF)
    finally:
        object.__setattr__(command, "handler", about._run)
    assert "find it under this id" in message.summary
    return repr(message)


async def tools(place: Place) -> str:
    place.platforms(f'slack: {{base_url: "{NOWHERE}"}}')
    said = ""
    for line in (["check"], ["manifest", "slack"], ["preview", "--help"], ["nonsense"]):
        done = CliRunner().invoke(cli, ["--config", str(place.config), *line])
        said += done.output + (chain(done.exception) if done.exception else "")
    assert "command: /kakehashi" in said
    return said


async def doctor(place: Place) -> str:
    async with FakeSlack() as slack:
        place.platforms(f'slack: {{base_url: "{slack.base_url}"}}')
        assert not await run_doctor(place.config)
    return ""


async def copies(place: Place) -> str:
    """A backup of a bot that ran with all these secrets."""
    bot = await place.start_bot()
    await commands_of(bot)
    await bot.app.close()
    target = place.folder / "backup.sqlite3"
    await backup_once(place.config, target)
    return target.read_bytes().decode("latin-1") + "".join(
        path.read_text() for path in place.config.rglob("*") if path.is_file()
    )


async def commands_of(bot: Bot) -> None:
    for line in ("/about", "/subscribe building 09:30", "/settings"):
        await bot.app.dispatcher.invoke_text(line, CHIEF)


async def workers(place: Place) -> str:
    pool = Workers(1)
    try:
        return pool.run(workerjobs.environment, b"", workerjobs.Said, timeout=20).text
    finally:
        pool.close()


async def wrong_file(place: Place) -> str:
    """Secrets in the wrong places of bot.yaml: refused, and not repeated."""
    said = ""
    for line in (
        f"slack: {{bot_token: xoxb-{CANARY}}}",
        f"slack: {{bot_token: {{env: 'xoxb-{CANARY}'}}}}",
        f"slack: {{bot_token: {{env_file: '/{CANARY}'}}}}",
        f"slack: {{bot_token: {{value: {CANARY}}}}}",
        f"slack: {{bot_token: [{CANARY}]}}",
        f"slack: {{signing_secret: {CANARY}, mode: http}}",
        f"discord: {{token: {CANARY}}}",
        f"slack: {{client_secret: {CANARY}}}",
    ):
        before = (place.config / "bot.yaml").read_text()
        place.platforms(line)
        error = await place.started()
        assert "ConfigError" in error, line
        said += error
        (place.config / "bot.yaml").write_text(before)
    return said


@dataclass(frozen=True, kw_only=True)
class SecretCase(Case):
    say: Callable[[Place], Awaitable[str]]
    expected: str = "no secret comes out"


CASES: tuple[SecretCase, ...] = (
    SecretCase(name="every command that tells of the bot, and the member's own page", say=commands),
    SecretCase(name="the local chat with a password: every path, with it and without", say=page),
    SecretCase(name="figures and health, on both servers, with the token and without", say=figures),
    SecretCase(name="settings that are printed, logged and turned into JSON", say=settings),
    SecretCase(name="Slack refuses the token", say=slack_refuses),
    SecretCase(name="Discord refuses the token", say=discord_refuses),
    SecretCase(name="the database is away", say=database_away),
    SecretCase(name="database addresses that are wrong in four ways", say=database_address),
    SecretCase(name="a fault in a handler that holds a secret", say=a_fault),
    SecretCase(name="check, manifest and mistyped commands of the command line", say=tools),
    SecretCase(name="doctor with a token that is refused", say=doctor),
    SecretCase(name="a backup of the archive and a copy of the configuration", say=copies),
    SecretCase(name="what a process that reads documents sees of the environment", say=workers),
    SecretCase(
        name="secrets written into bot.yaml in eight ways", expected="refused, and not repeated", say=wrong_file
    ),
)


TOLD_TWICE = (a_fault, slack_refuses, discord_refuses)
"""Their logs carry tracebacks and reasons: they are looked at in both forms."""


@pytest.mark.parametrize(
    ("case", "json_lines"),
    [
        pytest.param(case, json_lines, id=f"{case.name}, logs {'as JSON' if json_lines else 'for people'}")
        for case in CASES
        for json_lines in ([True, False] if case.say in TOLD_TWICE else [True])
    ],
)
async def test_no_secret_comes_out(
    case: SecretCase,
    json_lines: bool,
    config: Path,
    start_bot: StartBot,
    clock: StoppedClock,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    logs.configure(json_lines=json_lines)
    structlog.configure(cache_logger_on_first_use=False)  # the stream is this test's alone
    try:
        said = await case.say(Place(config, clock, start_bot, tmp_path))
    finally:
        structlog.reset_defaults()
    printed = capfd.readouterr()
    for place, words in (("answer", said), ("stdout", printed.out), ("stderr", printed.err), ("logging", caplog.text)):
        at = words.find(CANARY)
        assert at < 0, (place, words[max(0, at - 300) : at + 60])
