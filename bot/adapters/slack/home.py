"""The Home tab: the member's own page with a language select and a way to subscribe. Pure.

Source: docs.slack.dev, "App Home" (≤ 100 blocks).
"""

from __future__ import annotations

from typing import Any

from bot.adapters.slack.modals import View, language_select
from bot.adapters.slack.render import render
from bot.i18n import Translator, translator
from bot.message import Message

LANGUAGE = "home:language"
SUBSCRIBE = "home:subscribe"
MOST_BLOCKS = 100


def home_view(message: Message, *, subscribing: bool, settings: bool) -> View:
    """``message`` as a Home tab, with what there are commands for: to subscribe, to choose the language."""
    t = translator(message.language)
    controls = [*(_subscribe(t) if subscribing else ()), *(_language(t) if settings else ())]
    return {"type": "home", "blocks": [*render(message).blocks[: MOST_BLOCKS - len(controls)], *controls]}


def _subscribe(t: Translator) -> list[dict[str, Any]]:
    button = {"type": "button", "action_id": SUBSCRIBE, "text": _plain(t("Subscribe")), "style": "primary"}
    return [{"type": "actions", "block_id": "home-subscribe", "elements": [button]}]


def _language(t: Translator) -> list[dict[str, Any]]:
    select = language_select(LANGUAGE, t.language)
    words = _plain(t("Language of the answers"))
    return [{"type": "section", "block_id": "home-language", "text": words, "accessory": select}]


def _plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words, "emoji": False}
