"""What ``kakehashi doctor`` asks of Slack: the tokens and what they may do, and each channel of a digest."""

from __future__ import annotations

import re
from typing import Any

from bot.adapters.base import Check, SendError
from bot.adapters.slack.client import Identity, Workspaces
from bot.adapters.slack.errors import missing_scope, told_plainly
from bot.adapters.slack.scopes import NEEDED
from bot.adapters.slack.socket import socket_address
from digests.model import Destination

_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]+")
_USER_ID = re.compile(r"[UW][A-Z0-9]+")


async def check_place(workspaces: Workspaces, destination: Destination) -> tuple[str, ...]:
    """Why posting to ``destination`` would fail, each with its cure."""
    if (misnamed := _misnamed(destination)) is not None:
        return (misnamed,)
    try:
        client, identity, channel = await workspaces.place(destination)
        if destination.kind == "direct":
            return ()
        with told_plainly():
            answer: Any = await client.conversations_info(channel=channel)
    except SendError as error:
        return (str(error),)
    return _barred(answer.get("channel") or {}, identity)


def _misnamed(destination: Destination) -> str | None:
    """Slack's ids are capital letters and digits; a name in their place finds nothing."""
    channel = destination.channel
    if destination.kind == "direct":
        if _USER_ID.fullmatch(channel):
            return None
        return f"{channel!r} is no member's id: write the id from the member's profile, such as U0123ABCD"
    if _CHANNEL_ID.fullmatch(channel):
        return None
    return (
        f"{channel!r} is a name: write the channel's id (C…), which stands at the foot of the channel's details "
        "(click its name)"
    )


def _barred(channel: dict[str, Any], identity: Identity) -> tuple[str, ...]:
    name = channel.get("name") or channel.get("id")
    if channel.get("is_archived"):
        return (f"#{name} is archived: unarchive it, or name another channel in bot.yaml",)
    if channel.get("is_im") or channel.get("is_member"):
        return ()
    invitation = f"invite the bot: /invite @{identity.name} in #{name}"
    if channel.get("is_private") or channel.get("is_group") or channel.get("is_mpim"):
        return (f"the bot is not in the private channel #{name}: {invitation}",)
    if identity.scopes is not None and "chat:write.public" not in identity.scopes:
        return (f"the bot is not in #{name}: {invitation}",)
    return ()


async def examine(workspaces: Workspaces, destinations: tuple[Destination, ...]) -> tuple[Check, ...]:
    """Tokens, scopes and secrets, one check each."""
    options = workspaces.options
    checks: list[Check] = []
    if options.many_workspaces:
        for team in sorted({place.workspace for place in destinations if place.platform == "slack"}):
            checks += await _installation(workspaces, team)
    elif options.bot_token is not None:
        checks += await _token(workspaces, options.bot_token.get_secret_value())
    if options.mode == "socket":
        checks.append(await _app_token(workspaces))
    else:
        checks.append(_signing_secret(workspaces))
    return tuple(checks)


async def _installation(workspaces: Workspaces, team: str) -> list[Check]:
    try:
        client, _ = await workspaces.of(team)
    except SendError as error:
        return [Check(f"the app is installed in the workspace {team}", str(error))]
    return await _token(workspaces, client.token or "")


async def _token(workspaces: Workspaces, token: str) -> list[Check]:
    try:
        identity = await workspaces.ask(token)
    except SendError as error:
        return [Check("Slack takes the bot's token", str(error))]
    checks = [Check(f"Slack takes the bot's token: @{identity.name} in {identity.team_name} ({identity.team})")]
    if identity.scopes is not None:
        checks += [_scope(scope, why, identity.scopes) for scope, why in NEEDED.items()]
    return checks


def _scope(scope: str, why: str, granted: frozenset[str]) -> Check:
    return Check(f"the bot may use {scope} ({why})", None if scope in granted else missing_scope(scope))


async def _app_token(workspaces: Workspaces) -> Check:
    what = "socket mode is on and Slack takes the app-level token"
    token = workspaces.options.app_token
    if token is None:
        return Check(what, "set SLACK_APP_TOKEN (xapp-…)")
    try:
        await socket_address(workspaces.client(None), token.get_secret_value())
    except SendError as error:
        return Check(what, str(error))
    return Check(what)


def _signing_secret(workspaces: Workspaces) -> Check:
    there = workspaces.options.signing_secret is not None
    cure = None if there else "set SLACK_SIGNING_SECRET (Basic Information, App Credentials)"
    return Check("the signing secret is there, so that only Slack is listened to", cure)
