"""Discord messages as a page that looks like Discord's client: from the components, so nothing is nicer than it is.

A component that this page does not know raises ValueError: a preview must not leave out what Discord would show.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape
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


_STYLE = """
:root{color-scheme:dark}*{box-sizing:border-box}
body{margin:0;background:#313338;color:#dbdee1;
font:16px/1.375 "gg sans","Noto Sans","Helvetica Neue",Helvetica,Arial,"Noto Sans CJK JP",sans-serif}
main{padding:16px 20px 24px;max-width:760px}
.bar{border-bottom:1px solid #26272b;padding-bottom:10px;margin-bottom:12px;color:#f2f3f5;font-weight:600}
.bar span{color:#949ba4;font-weight:400;font-size:13px;margin-left:6px}
article{display:grid;grid-template-columns:40px minmax(0,1fr);gap:0 16px;padding:8px 0}
.avatar{width:40px;height:40px;border-radius:50%;background:#2f6fde;color:#fff;font-weight:700;
display:grid;place-items:center}
.who b{color:#f2f3f5;font-weight:500}.app{background:#5865f2;color:#fff;font-size:10px;font-weight:600;border-radius:3px;
padding:1px 4px;margin:0 6px;vertical-align:2px}.at{color:#949ba4;font-size:12px}
.container{background:#2b2d31;border:1px solid #232428;border-left:4px solid;border-radius:8px;padding:12px 16px;
margin-top:6px;max-width:600px;overflow-wrap:anywhere}
h2,h3{color:#f2f3f5;line-height:1.3;margin:12px 0 4px}h2{font-size:20px}h3{font-size:16px}
.text>:first-child{margin-top:0}.line{min-height:4px}.small{color:#949ba4;font-size:13px;line-height:1.4}
.item{display:grid;grid-template-columns:18px minmax(0,1fr);margin-top:6px}
.item.ordered{grid-template-columns:26px minmax(0,1fr)}
.more{padding-left:18px}.small.under{padding-left:18px}
blockquote{margin:4px 0;padding:0 0 0 12px;border-left:4px solid #4e5058;border-radius:2px}
a{color:#00a8fc;text-decoration:none}code{background:#1e1f22;border-radius:3px;padding:1px 4px;
font:14px Consolas,monospace}
.moment{background:#3c3e44;border-radius:3px;padding:0 2px}hr{border:0;border-top:1px solid #3f4147;margin:10px 0}
.row{display:flex;flex-wrap:wrap;gap:8px;margin-top:10px}
.button{background:#4e5058;color:#fff;border-radius:4px;padding:0 16px;
line-height:32px;font-size:14px;font-weight:500}
.button.s1{background:#5865f2}.button.s4{background:#da373c}.off{opacity:.5}
figure{margin:8px 0;border-radius:8px;background:#1e1f22;color:#949ba4;padding:40px 16px;text-align:center;
font-size:14px}
.thread{border-left:2px solid #4e5058;margin-left:20px;padding-left:16px}.name{color:#00a8fc;font-weight:600;font-size:14px;
margin:4px 0 4px 56px}
"""
_INLINE = re.compile(
    r"\\(?P<kept>[^\w\s])"
    r"|\[(?P<words>(?:\\.|[^\[\]\\])+)\]\(<(?P<url>[^<>]*)>\)"
    r"|<t:(?P<at>\d+):(?P<form>[tTdDfFR])>"
    r"|\*\*(?P<strong>(?:\\.|[^\\])+?)\*\*"
    r"|\*(?P<emphasis>(?:\\.|[^*\\])+?)\*",
    re.DOTALL,
)
_ORDERED = re.compile(r"(\d+)\. (.*)")


def page(messages: Sequence[Rendered], *, title: str, zone: ZoneInfo, at: datetime, channel: str = "news") -> str:
    """The first message in its channel, the others as its thread, at ``at``; times in ``zone``."""
    painter = _Painter(zone, at)
    shown = [painter.message(message) for message in messages]
    thread = ""
    if len(shown) > 1:
        thread = f'<div class="name">⤷ {escape(title[:80])}</div><section class="thread">{"".join(shown[1:])}</section>'
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
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
