"""The two modals: a question, and a subscription. Pure: views out, submitted values in.

Source: docs.slack.dev, "Modals" (title, submit and close ≤ 24 characters) and "Block elements" (select: 100 options of
75 characters, placeholder 150).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.adapters.slack.commands import ASK, SUBSCRIBE
from bot.commands.base import Choice, Member
from bot.i18n import LANGUAGE_NAMES, Translator, translator

MOST_OPTIONS = 100
_OPTION = 75
_TITLE = 24
_QUESTION = 300
"""Characters of a question; more is no question for a search."""
_DEFAULT_TIME = "08:00"

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a modal was opened; ``channel`` is empty on the Home tab."""

    channel: str

    def packed(self) -> str:
        """As private_metadata (≤ 3,000 characters)."""
        return json.dumps({"channel": self.channel})

    @classmethod
    def unpacked(cls, metadata: str) -> Origin:
        try:
            data = json.loads(metadata)
            return cls(str(data["channel"]))
        except (ValueError, KeyError, TypeError):
            return cls("")


def ask_modal(member: Member) -> View:
    """Asks for a question."""
    t = translator(member.language)
    question = {
        "type": "plain_text_input",
        "action_id": _action(ASK, "question"),
        "multiline": True,
        "max_length": _QUESTION,
        "focus_on_load": True,
    }
    blocks = [_input("question", t("Your question"), question)]
    return _modal(ASK, t("Ask a question"), t("Ask"), t, Origin(member.channel), blocks)


def subscribe_modal(member: Member, sections: Iterable[Choice]) -> View:
    """Asks for section, time, zone and language, with what is known of the member filled in."""
    t = translator(member.language)
    offered = [option(choice) for choice in sections][:MOST_OPTIONS]
    blocks = [
        _input("section", t("Section"), _section(offered, t)),
        _input(
            "time",
            t("Time of day"),
            {"type": "timepicker", "action_id": _action(SUBSCRIBE, "time"), "initial_time": _DEFAULT_TIME},
        ),
        _input("zone", t("Time zone"), _zone(member.zone, t)),
        _input("language", t("Language"), _language(SUBSCRIBE, member.language)),
    ]
    return _modal(SUBSCRIBE, t("Subscribe"), t("Subscribe"), t, Origin(member.channel), blocks)


def _section(offered: list[dict[str, Any]], t: Translator) -> dict[str, Any]:
    placeholder = _plain(t("Choose a section"))
    if not offered:
        # A select without options is refused; one that asks the bot says by itself that there is nothing.
        kind: dict[str, Any] = {"type": "external_select", "min_query_length": 0}
    else:
        kind = {"type": "static_select", "options": offered}
    return {**kind, "action_id": _action(SUBSCRIBE, "section"), "placeholder": placeholder}


def _zone(zone: str, t: Translator) -> dict[str, Any]:
    return {
        "type": "external_select",
        "action_id": _action(SUBSCRIBE, "zone"),
        "min_query_length": 0,
        "placeholder": _plain(t("Type a city, such as Kyiv")),
        "initial_option": option(Choice(zone, zone)),
    }


def _language(command: str, language: str) -> dict[str, Any]:
    return language_select(_action(command, "language"), language)


def language_select(action_id: str, language: str) -> dict[str, Any]:
    """A select with the languages that the bot speaks; ``language`` is chosen."""
    options = {code: option(Choice(name, code)) for code, name in LANGUAGE_NAMES.items()}
    select: dict[str, Any] = {"type": "static_select", "action_id": action_id, "options": list(options.values())}
    return select | ({"initial_option": options[language]} if language in options else {})


def option(choice: Choice) -> dict[str, Any]:
    """A choice as a select's option (text ≤ 75 characters)."""
    return {"text": _plain(_short(choice.name, _OPTION)), "value": choice.value}


def _modal(callback: str, title: str, submit: str, t: Translator, origin: Origin, blocks: list[dict[str, Any]]) -> View:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": _plain(_short(title, _TITLE)),
        "submit": _plain(_short(submit, _TITLE)),
        "close": _plain(_short(t("Cancel"), _TITLE)),
        "private_metadata": origin.packed(),
        "blocks": blocks,
    }


def _input(block_id: str, label: str, element: dict[str, Any]) -> dict[str, Any]:
    return {"type": "input", "block_id": block_id, "label": _plain(label), "element": element}


def _plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words, "emoji": False}


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _action(command: str, name: str) -> str:
    return f"{command}:{name}"


def completed_option(action_id: str) -> tuple[str, str]:
    """Command and option that a select of a modal stands for."""
    command, _, name = action_id.partition(":")
    return command, name


# --- what comes back ---------------------------------------------------------------------------------------


def submitted(view: Mapping[str, Any]) -> dict[str, str]:
    """The values of a submitted modal by option name; what was left empty is left out."""
    found: dict[str, str] = {}
    for actions in ((view.get("state") or {}).get("values") or {}).values():
        for action_id, state in actions.items():
            value = _value(state)
            if value:
                found[completed_option(action_id)[1]] = value
    return found


def _value(state: Mapping[str, Any]) -> str:
    match state.get("type"):
        case "plain_text_input":
            return str(state.get("value") or "").strip()
        case "timepicker":
            return str(state.get("selected_time") or "")
        case _:
            return str((state.get("selected_option") or {}).get("value") or "")
