"""``kakehashi manifest slack`` and ``kakehashi invite discord``: what an admin needs to install the app.

Both work before any token is there: they read what bot.yaml says about the platform and ask for no secret.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import click

from bot.adapters.discord import invite
from bot.adapters.discord.options import DiscordOptions
from bot.adapters.slack import manifest
from bot.adapters.slack.options import SlackOptions
from bot.commands.catalogue import COMMANDS
from bot.settings import FILE
from digests.errors import KakehashiError
from digests.yamlfile import load_yaml

_TIMEOUT = aiohttp.ClientTimeout(total=15)


class InstallError(KakehashiError):
    """Something is missing; the text names the cure."""


def print_manifest(config: Path, name: str) -> None:
    """The Slack app manifest, as YAML with a reason beside each scope."""
    given = _written(config, "slack")
    wanted = {key: given[key] for key in ("mode", "commands", "public_url", "client_id") if key in given}
    options = SlackOptions.model_construct(**wanted)
    click.echo(manifest.as_yaml(manifest.manifest(COMMANDS, options, name=name)), nl=False)


async def print_invite(config: Path, application_id: int | None) -> None:
    """The Discord links, and what each permission is for."""
    number = application_id or _written(config, "discord").get("application_id") or await _asked()
    click.echo(f"For a server:    {invite.invite_link(int(number))}")
    click.echo(f"For one account: {invite.user_install_link(int(number))}")
    click.echo("\nPermissions in the link and what each is for:")
    for line in invite.explain():
        click.echo(f"  {line}")


async def _asked() -> int:
    """The application's id as Discord tells the bot's token."""
    options = DiscordOptions.model_construct()
    if options.token is None:
        raise InstallError("whose link? Give --application-id (General Information page), or set DISCORD_TOKEN")
    headers = {"Authorization": f"Bot {options.token.get_secret_value()}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers) as http,
            http.get(f"{options.base_url}/applications/@me") as answer,
        ):
            if answer.status != 200:
                raise InstallError(
                    f"Discord refused the token (status {answer.status}); reset it and set DISCORD_TOKEN"
                )
            return int((await answer.json())["id"])
    except (aiohttp.ClientError, TimeoutError) as error:
        raise InstallError(f"Discord cannot be reached ({error}); give --application-id instead") from error


def _written(config: Path, platform: str) -> dict[str, Any]:
    """The platform's part of bot.yaml as it is written; empty when there is none."""
    document = load_yaml(config if config.suffix in (".yaml", ".yml") else config / FILE)
    platforms = document.value.get("platforms") if isinstance(document.value, dict) else None
    given = platforms.get(platform) if isinstance(platforms, dict) else None
    return given if isinstance(given, dict) else {}
