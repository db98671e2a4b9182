"""Slack, by slack-bolt. What is heavy is imported when an adapter is made, not when settings are read."""

from __future__ import annotations

from bot.adapters.base import Adapter, AdapterContext
from bot.adapters.slack.options import SlackOptions

__all__ = ["SlackOptions", "create"]


def create(context: AdapterContext) -> Adapter:
    """The entry point's callable."""
    from bot.adapters.slack.adapter import SlackAdapter

    return SlackAdapter(context)
