"""Discord, by discord.py. What is heavy is imported when an adapter is made, not when settings are read."""

from __future__ import annotations

from bot.adapters.base import Adapter, AdapterContext
from bot.adapters.discord.options import DiscordOptions

__all__ = ["DiscordOptions", "create"]


def create(context: AdapterContext) -> Adapter:
    """The entry point's callable."""
    from bot.adapters.discord.adapter import DiscordAdapter

    return DiscordAdapter(context)
