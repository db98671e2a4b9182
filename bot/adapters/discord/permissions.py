"""What the bot may do in a channel, and what it needs there.

discord.py computes permissions only from what the gateway has told it; command-line tools have no gateway. Source of
the rules: Discord's documentation, "Permissions", Permission Overwrites.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import discord

NAMES: Mapping[str, str] = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "create_public_threads": "Create Public Threads",
    "embed_links": "Embed Links",
    "attach_files": "Attach Files",
    "read_message_history": "Read Message History",
}
"""As Discord's own settings call them."""

_TIMED_OUT = discord.Permissions(view_channel=True, read_message_history=True)


def effective(
    guild: discord.Guild, member: discord.Member, overwrites: Iterable[tuple[int, discord.PermissionOverwrite]]
) -> discord.Permissions:
    """What ``member`` may do in a channel of ``guild`` with these overwrites (by the id of a role or member)."""
    roles = {role.id: role.permissions for role in guild.roles}
    mine = {guild.id, *(role.id for role in member.roles)}
    base = discord.Permissions()
    for role in mine:
        base |= roles.get(role, discord.Permissions())
    if guild.owner_id == member.id or base.administrator:
        return discord.Permissions.all()
    written = dict(overwrites)
    base = _overwritten(base, [written[guild.id]] if guild.id in written else [])
    base = _overwritten(base, [written[role] for role in mine if role != guild.id and role in written])
    base = _overwritten(base, [written[member.id]] if member.id in written else [])
    if not base.view_channel:
        return discord.Permissions.none()
    return base & _TIMED_OUT if member.is_timed_out() else base


def _overwritten(base: discord.Permissions, overwrites: Iterable[discord.PermissionOverwrite]) -> discord.Permissions:
    """Overwrites of one rank: what one of them allows stands against what another denies."""
    allowed = denied = 0
    for overwrite in overwrites:
        allow, deny = overwrite.pair()
        allowed |= allow.value
        denied |= deny.value
    return discord.Permissions((base.value & ~denied) | allowed)


def needed(channel: object, *, files: bool = False, threads: bool = False) -> tuple[str, ...]:
    """Names of the permissions for a post to ``channel``, with pictures, with a thread below it."""
    names = ["view_channel", "embed_links", "read_message_history"]
    if isinstance(channel, discord.Thread):
        names.append("send_messages_in_threads")
    elif isinstance(channel, discord.ForumChannel):
        # A post is a message to the forum; what follows it stands in its thread.
        names += ["send_messages", "send_messages_in_threads"]
    else:
        names.append("send_messages")
        if threads:
            names += ["create_public_threads", "send_messages_in_threads"]
    if files:
        names.append("attach_files")
    return tuple(names)


def missing(permissions: discord.Permissions, names: Iterable[str]) -> tuple[str, ...]:
    """Which of ``names`` are not among ``permissions``, as Discord's settings call them."""
    if not permissions.view_channel:
        return (NAMES["view_channel"],)
    return tuple(NAMES[name] for name in names if not getattr(permissions, name))
