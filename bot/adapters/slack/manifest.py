"""The Slack app manifest (version 2), made from the commands.

Slack has no localised commands and no permission per command in a manifest; both are told by the bot itself.
Limits: docs.slack.dev, "App manifest reference".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from bot.adapters.slack.commands import UMBRELLA
from bot.adapters.slack.options import SlackOptions
from bot.adapters.slack.scopes import NEEDED
from bot.commands.base import Command, Option

LONGEST_NAME = 35
LONGEST_USAGE = 1_000
EVENTS_PATH = "/slack/events"
REDIRECT_PATH = "/slack/oauth_redirect"
_EVENTS = ("app_home_opened", "app_mention", "message.im")
_INSTALLATION_EVENTS = ("app_uninstalled", "tokens_revoked")
_COLOUR = "#1d4ed8"
_DESCRIPTION = "Follows one running story: section digests, and answers with their sources."
_LONG = (
    "Kakehashi follows one running story for months. It reads feeds and documents, files what it finds into the story's"
    " sections, posts each section's digest to its channels on schedule, and answers questions from the same archive,"
    " every sentence with its source. Answers are private until you share them. It is hosted by your own team."
)


def manifest(commands: tuple[Command, ...], options: SlackOptions, *, name: str = "Kakehashi") -> dict[str, Any]:
    """The manifest for these commands and options. Raises ValueError for a name that Slack would not take."""
    if not 0 < len(name) <= LONGEST_NAME:
        raise ValueError(f"the app's name may have 1 to {LONGEST_NAME} characters")
    address = None if options.mode == "socket" else (options.public_url or "https://your.address.example").rstrip("/")
    return {
        "_metadata": {"major_version": 2},
        "display_information": {
            "name": name,
            "description": _DESCRIPTION,
            "long_description": _LONG,
            "background_color": _COLOUR,
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name, "always_online": True},
            "slash_commands": [_with_address(shape, address) for shape in _slash_commands(commands, options)],
        },
        "oauth_config": {
            **({"redirect_urls": [f"{address}{REDIRECT_PATH}"]} if address and options.many_workspaces else {}),
            "scopes": {"bot": sorted(NEEDED)},
        },
        "settings": {
            "event_subscriptions": {
                **({"request_url": f"{address}{EVENTS_PATH}"} if address else {}),
                "bot_events": sorted((*_EVENTS, *(_INSTALLATION_EVENTS if options.many_workspaces else ()))),
            },
            "interactivity": {
                "is_enabled": True,
                **(
                    {"request_url": f"{address}{EVENTS_PATH}", "message_menu_options_url": f"{address}{EVENTS_PATH}"}
                    if address
                    else {}
                ),
            },
            "org_deploy_enabled": False,
            "socket_mode_enabled": address is None,
            "token_rotation_enabled": False,
        },
    }


def as_yaml(made: dict[str, Any]) -> str:
    """The manifest as YAML for Slack's page, each scope with its reason in a comment."""
    lines = yaml.safe_dump(made, allow_unicode=True, sort_keys=False, width=110).splitlines()
    return "\n".join(_explained(line) for line in lines) + "\n"


def _explained(line: str) -> str:
    scope = line.strip().removeprefix("- ").strip("'\"")
    return f"{line}  # {NEEDED[scope]}" if line.strip().startswith("- ") and scope in NEEDED else line


def _slash_commands(commands: tuple[Command, ...], options: SlackOptions) -> list[dict[str, Any]]:
    if options.commands == "one":
        names = " | ".join(command.name for command in commands)
        usage = {"usage_hint": f"ask a question, or: {names}"[:LONGEST_USAGE]}
        return [{"command": f"/{UMBRELLA}", "description": "Ask the archive, see digests, subscribe", **usage}]
    return [_slash_command(command) for command in commands]


def _slash_command(command: Command) -> dict[str, Any]:
    usage = _usage(command)
    shape: dict[str, Any] = {"command": f"/{command.name}", "description": command.description}
    return {**shape, "usage_hint": usage[:LONGEST_USAGE]} if usage else shape


def _with_address(shape: dict[str, Any], address: str | None) -> dict[str, Any]:
    return {**shape, **({"url": f"{address}{EVENTS_PATH}"} if address else {}), "should_escape": False}


def _usage(command: Command) -> str:
    if command.subcommands:
        return " | ".join(f"{sub.name} {_options(sub.options)}".strip() for sub in command.subcommands)
    return _options(command.options)


def _options(options: Iterable[Option]) -> str:
    return " ".join(f"<{option.name}>" if option.required else f"[{option.name}]" for option in options)
