"""The links that add the bot to a server or an account, with exactly the permissions that it needs.

Source: Discord's documentation, topics/oauth2 ("Advanced Bot Authorization"), topics/permissions.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

AUTHORIZE = "https://discord.com/oauth2/authorize"
PERMISSIONS: Mapping[str, str] = {
    "view_channel": "to see the channels that digests go to",
    "send_messages": "to post the headline of an edition, and posts in a forum",
    "create_public_threads": "to open the thread that holds the rest of an edition",
    "send_messages_in_threads": "to write in that thread",
    "embed_links": "to show editions and answers in a frame",
    "attach_files": "to show charts",
    "read_message_history": "to find what was posted before a broken connection, instead of posting it again",
}
"""Permissions by discord.py's name, each with what it is for. No mention of everyone, no managing of anything."""
_GUILD_INSTALL, _USER_INSTALL = 0, 1


def permission_bits() -> int:
    """The permissions as Discord's bit field."""
    import discord

    return discord.Permissions(**dict.fromkeys(PERMISSIONS, True)).value


def invite_link(application_id: int) -> str:
    """For a server: the bot and its commands."""
    asked = {
        "client_id": application_id,
        "scope": "bot applications.commands",
        "permissions": permission_bits(),
        "integration_type": _GUILD_INSTALL,
    }
    return f"{AUTHORIZE}?{urlencode(asked)}"


def user_install_link(application_id: int) -> str:
    """For one account: its commands, anywhere."""
    asked = {"client_id": application_id, "scope": "applications.commands", "integration_type": _USER_INSTALL}
    return f"{AUTHORIZE}?{urlencode(asked)}"


def explain() -> list[str]:
    """One line a permission: its bit, its name, what it is for."""
    import discord

    flags = discord.Permissions.VALID_FLAGS
    return [f"1 << {flags[name].bit_length() - 1:<2}  {name}: {why}" for name, why in PERMISSIONS.items()]
