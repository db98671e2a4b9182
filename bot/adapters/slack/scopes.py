"""What the bot's token must be allowed to do, and why."""

from __future__ import annotations

from collections.abc import Mapping

NEEDED: Mapping[str, str] = {
    "app_mentions:read": "to hear questions that mention the bot",
    "channels:history": "to find what was posted before a broken connection",
    "channels:read": "to check the public channels that digests go to",
    "chat:write": "to post",
    "chat:write.public": "to post in public channels without an invitation",
    "commands": "to take commands",
    "files:read": "to see when a picture is ready",
    "files:write": "to show pictures and send files",
    "groups:history": "to find what was posted in private channels before a broken connection",
    "groups:read": "to check the private channels that digests go to",
    "im:history": "to hear questions in direct messages",
    "im:write": "to send direct messages",
    "users:read": "to know a member's language, zone and rights",
}
"""Scopes of the bot's token ("OAuth & Permissions") with their purpose."""
