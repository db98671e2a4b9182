"""The local chat: a chat platform of its own that runs in the browser, on this machine, without any account."""

from bot.adapters.web.adapter import WebAdapter, create
from bot.adapters.web.options import WebOptions

__all__ = ["WebAdapter", "WebOptions", "create"]
