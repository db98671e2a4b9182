"""The invitation asks for what the adapter checks before it posts, and for nothing else."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import discord

from bot.adapters.discord import invite
from bot.adapters.discord.permissions import NAMES


def test_the_link_asks_for_exactly_what_posting_needs() -> None:
    asked = parse_qs(urlsplit(invite.invite_link(42)).query)
    granted = int(asked["permissions"][0])
    assert granted == sum(discord.Permissions.VALID_FLAGS[name] for name in NAMES)
    assert asked["client_id"] == ["42"]
    assert asked["scope"] == ["bot applications.commands"]
    assert asked["integration_type"] == ["0"]


def test_nothing_dangerous_is_asked_for() -> None:
    granted = discord.Permissions(invite.permission_bits())
    assert not granted.administrator
    assert not granted.mention_everyone
    assert not granted.manage_messages
    assert not granted.manage_guild
    assert set(invite.PERMISSIONS) == set(NAMES)


def test_the_link_for_an_account_installs_commands_alone() -> None:
    asked = parse_qs(urlsplit(invite.user_install_link(42)).query)
    assert asked["scope"] == ["applications.commands"]
    assert asked["integration_type"] == ["1"]
    assert "permissions" not in asked


def test_each_permission_is_explained_with_its_bit() -> None:
    lines = invite.explain()
    assert len(lines) == len(invite.PERMISSIONS)
    assert any(line.startswith("1 << 10") and "view_channel" in line for line in lines)
    total = sum(1 << int(line.split()[2]) for line in lines)
    assert total == invite.permission_bits()
