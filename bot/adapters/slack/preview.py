"""Slack messages as a page that looks like Slack's desktop client: from the blocks, so nothing is nicer than it is.

A block or element that this page does not know raises ValueError: a preview must not leave out what Slack would show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from html import escape, unescape
from importlib.resources import files
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.adapters.screenshots import MEASURE

Json = dict[str, Any]


class Rendered(Protocol):
    """What the renderer makes."""

    @property
    def text(self) -> str: ...

    @property
    def blocks(self) -> Sequence[Json]: ...


_MARKUP = re.compile(r"<([^<>]+)>|(?<![\w*])\*([^*\n]+)\*(?![\w*])|(?<![\w_])_([^_\n]+)_(?![\w_])|`([^`\n]+)`")
_DATE = re.compile(r"!date\^(\d+)\^([^|^]*)(?:\^[^|]*)?\|(.*)", re.DOTALL)


@cache
def _style() -> str:
    return files("bot.adapters.slack").joinpath("preview.css").read_text(encoding="utf-8")


def page(messages: Sequence[Rendered], *, title: str, zone: ZoneInfo, at: datetime, channel: str = "news") -> str:
    """The first message in its channel, the others as its thread, at ``at``; times in ``zone``."""
    shown = [_message(message, zone, at) for message in messages]
    replies = len(shown) - 1
    thread = ""
    if replies:
        count = f"{replies} {'reply' if replies == 1 else 'replies'}"
        thread = f'<div class="replies">{count}</div><section class="thread">{"".join(shown[1:])}</section>'
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_style()}</style>'
        f'<main><div class="bar"><b># {escape(channel)}</b><span>as Slack shows it</span></div>'
        f"{shown[0]}{thread}</main>"
        f"{MEASURE}</html>\n"
    )


def _message(message: Rendered, zone: ZoneInfo, at: datetime) -> str:
    painter = _Painter(zone)
    blocks = "".join(painter.block(block) for block in message.blocks)
    clock = at.astimezone(zone).strftime("%-I:%M %p")
    who = f'<div class="who"><b>Kakehashi</b><span class="app">APP</span><span class="at">{clock}</span></div>'
    return f'<article><div class="avatar">橋</div><div>{who}{blocks}</div></article>'


class _Painter:
    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def block(self, block: Json) -> str:
        match block["type"]:
            case "header":
                return f'<div class="header">{escape(block["text"]["text"])}</div>'
            case "section":
                return f"<p>{self._text(block['text'])}</p>"
            case "rich_text":
                return "".join(self._rich(element) for element in block["elements"])
            case "context":
                return f'<div class="context">{" ".join(self._text(part) for part in block["elements"])}</div>'
            case "divider":
                return "<hr>"
            case "actions":
                return f'<div class="actions">{"".join(_control(part) for part in block["elements"])}</div>'
            case "image":
                caption = f"<figcaption>{escape(block['title']['text'])}</figcaption>" if block.get("title") else ""
                return f"<figure>{caption}<div>{escape(block['alt_text'])}</div></figure>"
            case "table":
                return self._table(block["rows"])
        raise ValueError(f"the preview knows no {block['type']!r} block")

    def _rich(self, element: Json) -> str:
        match element["type"]:
            case "rich_text_section":
                return f'<div class="rich">{self._elements(element["elements"])}</div>'
            case "rich_text_quote":
                return f"<blockquote>{self._elements(element['elements'])}</blockquote>"
            case "rich_text_list":
                items = "".join(f"<li>{self._elements(item['elements'])}</li>" for item in element["elements"])
                if element["style"] == "bullet":
                    return f"<ul>{items}</ul>"
                return f'<ol start="{element.get("offset", 0) + 1}">{items}</ol>'
        raise ValueError(f"the preview knows no {element['type']!r} element")

    def _elements(self, elements: Iterable[Json]) -> str:
        return "".join(self._element(element) for element in elements)

    def _element(self, element: Json) -> str:
        match element["type"]:
            case "text":
                words = _lines(element["text"])
            case "link":
                words = f'<a href="{escape(element["url"])}">{_lines(element.get("text") or element["url"])}</a>'
            case "date":
                words = escape(self._date(element["timestamp"], element["format"], element.get("fallback", "")))
            case _:
                raise ValueError(f"the preview knows no {element['type']!r} in rich text")
        for style, tag in (("bold", "b"), ("italic", "i"), ("code", "code"), ("strike", "s")):
            if element.get("style", {}).get(style):
                words = f"<{tag}>{words}</{tag}>"
        return words

    def _text(self, text: Json) -> str:
        if text["type"] == "plain_text":
            return _lines(text["text"])
        if text["type"] != "mrkdwn":
            raise ValueError(f"the preview knows no {text['type']!r} text")
        return self._mrkdwn(text["text"])

    def _mrkdwn(self, words: str) -> str:
        shown, start = [], 0
        for found in _MARKUP.finditer(words):
            shown.append(_lines(unescape(words[start : found.start()])))
            angle, bold, italic, code = found.groups()
            if angle is not None:
                shown.append(self._angle(angle))
            elif bold is not None:
                shown.append(f"<b>{self._mrkdwn(bold)}</b>")
            elif italic is not None:
                shown.append(f"<i>{self._mrkdwn(italic)}</i>")
            else:
                shown.append(f"<code>{_lines(unescape(code or ''))}</code>")
            start = found.end()
        return "".join((*shown, _lines(unescape(words[start:]))))

    def _angle(self, markup: str) -> str:
        if date := _DATE.fullmatch(markup):
            return escape(self._date(int(date[1]), date[2], unescape(date[3])))
        target, _, label = markup.partition("|")
        if target.startswith(("@", "#", "!")):
            return f"<b>@{escape(unescape(label or target[1:]))}</b>"
        return f'<a href="{escape(unescape(target))}">{_lines(unescape(label or target))}</a>'

    def _date(self, timestamp: int, form: str, fallback: str) -> str:
        at = datetime.fromtimestamp(timestamp, UTC).astimezone(self._zone)
        known = {
            "{date_short_pretty}": at.strftime("%b %-d, %Y"),
            "{date_short}": at.strftime("%b %-d, %Y"),
            "{time}": at.strftime("%-I:%M %p"),
            "{ago}": fallback,
        }
        return re.sub(r"\{\w+\}", lambda found: known.get(found[0], fallback), form)

    def _table(self, rows: Sequence[Sequence[Json]]) -> str:
        head, *body = ["".join(f"<td>{self.block(cell)}</td>" for cell in row) for row in rows]
        lines = "".join(f"<tr>{row}</tr>" for row in body)
        return f"<table><thead><tr>{head.replace('td>', 'th>')}</tr></thead><tbody>{lines}</tbody></table>"


def _control(element: Json) -> str:
    match element["type"]:
        case "button":
            return f'<span class="button {element.get("style", "")}">{escape(element["text"]["text"])}</span>'
        case "static_select" | "external_select":
            chosen = element.get("initial_option") or {"text": element.get("placeholder", {"text": "…"})}
            return f'<span class="select">{escape(chosen["text"]["text"])}</span>'
    raise ValueError(f"the preview knows no {element['type']!r} in a row of actions")


def _lines(words: str) -> str:
    return escape(words).replace("\n", "<br>")
