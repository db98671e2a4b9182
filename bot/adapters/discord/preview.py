"""Discord messages as a page that looks like Discord's client: from the components, so nothing is nicer than it is.

A component that this page does not know raises ValueError: a preview must not leave out what Discord would show.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.adapters.screenshots import MEASURE

Json = dict[str, Any]


class Rendered(Protocol):
    """What the renderer makes."""

    @property
    def components(self) -> Sequence[Json]: ...

    @property
    def embeds(self) -> Sequence[Json]: ...


_INLINE = re.compile(
    r"\\(?P<kept>[^\sA-Za-z0-9])"
    r"|`(?P<code>[^`\n]+)`"
    r"|\[(?P<words>(?:\\.|[^\[\]\\])+)\]\(<(?P<url>[^<>]*)>\)"
    r"|<t:(?P<at>\d+):(?P<form>[tTdDfFR])>"
    r"|\*\*(?P<strong>(?:\\.|[^\\])+?)\*\*"
    r"|\*(?P<emphasis>(?:\\.|[^*\\])+?)\*",
    re.DOTALL,
)
_ORDERED = re.compile(r"(\d+)\. (.*)")


@cache
def _style() -> str:
    return files("bot.adapters.discord").joinpath("preview.css").read_text(encoding="utf-8")


def page(messages: Sequence[Rendered], *, title: str, zone: ZoneInfo, at: datetime, channel: str = "news") -> str:
    """The first message in its channel, the others as its thread, at ``at``; times in ``zone``."""
    painter = _Painter(zone, at)
    shown = [painter.message(message) for message in messages]
    thread = ""
    if len(shown) > 1:
        thread = f'<div class="name">⤷ {escape(title[:80])}</div><section class="thread">{"".join(shown[1:])}</section>'
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_style()}</style>'
        f'<main><div class="bar"># {escape(channel)}<span>as Discord shows it</span></div>{shown[0]}{thread}</main>'
        f"{MEASURE}</html>\n"
    )


class _Painter:
    def __init__(self, zone: ZoneInfo, now: datetime) -> None:
        self._zone = zone
        self._now = now

    def message(self, message: Rendered) -> str:
        embeds = "".join(self._embed(embed) for embed in message.embeds)
        parts = embeds + "".join(self._component(component) for component in message.components)
        clock = self._now.astimezone(self._zone).strftime("%H:%M")
        name = '<b>Kakehashi</b><span class="app">APP</span>'
        who = f'<div class="who">{name}<span class="at">Today at {clock}</span></div>'
        return f'<article><div class="avatar">橋</div><div>{who}{parts}</div></article>'

    def _embed(self, embed: Json) -> str:
        colour = f"#{embed.get('color', 0):06x}"
        words = self._text(embed.get("description", ""))
        return f'<div class="container" style="border-left-color:{colour}">{words}</div>'

    def _component(self, component: Json) -> str:
        match component["type"]:
            case 17:
                inner = "".join(self._component(child) for child in component["components"])
                colour = f"#{component.get('accent_color') or 0x232428:06x}"
                return f'<div class="container" style="border-left-color:{colour}">{inner}</div>'
            case 10:
                return self._text(component["content"])
            case 14:
                return "<hr>" if component.get("divider", True) else '<div class="line"></div>'
            case 12:
                return "".join(f"<figure>{escape(item.get('description', ''))}</figure>" for item in component["items"])
            case 13:
                name = component["file"]["url"].removeprefix("attachment://")
                return f'<div class="file">{escape(name)}</div>'
            case 1:
                return f'<div class="row">{"".join(self._component(child) for child in component["components"])}</div>'
            case 2:
                off = " off" if component.get("disabled") else ""
                mark = " ↗" if component.get("url") else ""
                return f'<span class="button s{component["style"]}{off}">{escape(component["label"])}{mark}</span>'
        raise ValueError(f"the preview knows no component of type {component['type']}")

    def _text(self, words: str) -> str:
        lines, under = [], False
        for line in words.split("\n"):
            shown, under = self._line(line, under=under)
            lines.append(shown)
        return f'<div class="text">{"".join(lines)}</div>'

    def _line(self, line: str, *, under: bool) -> tuple[str, bool]:
        """A line, and whether the next one may stand below a list item."""
        if line.startswith("### "):
            return f"<h3>{self._inline(line[4:])}</h3>", False
        if line.startswith("## "):
            return f"<h2>{self._inline(line[3:])}</h2>", False
        if line.startswith("-# "):
            return f'<div class="small{" under" if under else ""}">{self._inline(line[3:])}</div>', under
        if line.startswith("> "):
            return f"<blockquote>{self._inline(line[2:])}</blockquote>", False
        if line.startswith("- "):
            return f'<div class="item"><span>•</span><div>{self._inline(line[2:])}</div></div>', True
        if ordered := _ORDERED.match(line):
            number, words = ordered.groups()
            return f'<div class="item ordered"><span>{number}.</span><div>{self._inline(words)}</div></div>', True
        if under and line.startswith("  "):
            return f'<div class="more">{self._inline(line.strip())}</div>', True
        return f'<div class="line">{self._inline(line)}</div>', False

    def _inline(self, words: str) -> str:
        shown, start = [], 0
        for found in _INLINE.finditer(words):
            shown.append(escape(words[start : found.start()]))
            shown.append(self._marked(found))
            start = found.end()
        return "".join((*shown, escape(words[start:])))

    def _marked(self, found: re.Match[str]) -> str:
        if found["kept"] is not None:
            return escape(found["kept"])
        if found["code"] is not None:
            return f"<code>{escape(found['code'])}</code>"
        if found["words"] is not None:
            return f'<a href="{escape(found["url"])}">{self._inline(found["words"])}</a>'
        if found["at"] is not None:
            return f'<span class="moment">{escape(self._moment(int(found["at"]), found["form"]))}</span>'
        if found["strong"] is not None:
            return f"<b>{self._inline(found['strong'])}</b>"
        return f"<i>{self._inline(found['emphasis'])}</i>"

    def _moment(self, timestamp: int, form: str) -> str:
        at = datetime.fromtimestamp(timestamp, UTC).astimezone(self._zone)
        match form:
            case "t":
                return at.strftime("%H:%M")
            case "d":
                return at.strftime("%d/%m/%Y")
            case "D":
                return at.strftime("%-d %B %Y")
            case "R":
                return _ago(self._now - at)
            case _:
                return at.strftime("%-d %B %Y %H:%M")


def _ago(delta: timedelta) -> str:
    hours = round(abs(delta.total_seconds()) / 3600)
    size = f"{hours} hours" if hours < 48 else f"{hours // 24} days"
    return f"in {size}" if delta < timedelta() else f"{size} ago"
