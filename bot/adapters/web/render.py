"""A message as HTML. Every text is escaped here and nowhere else; no markup of a message's texts ever survives."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from bot.files import saved_as
from bot.i18n import Translator, format_size, translator
from bot.message import (
    Actions,
    Block,
    Bullet,
    BulletList,
    Button,
    Context,
    Divider,
    File,
    Heading,
    Image,
    Inline,
    Inlines,
    Link,
    Message,
    Paragraph,
    Quote,
    Table,
    Text,
    plain,
)

_STYLES = {"plain": "", "strong": "strong", "emphasis": "em", "code": "code"}


def render(message: Message) -> str:
    """The message's blocks as an HTML fragment. Times carry ``datetime`` and are localised by the page."""
    t = translator(message.language)
    return "".join(_block(block, t) for block in message.blocks)


def _block(block: Block, t: Translator) -> str:
    match block:
        case Heading():
            tag = "h3" if block.level == 1 else "h4"
            return f"<{tag}>{escape(block.text)}</{tag}>"
        case Paragraph():
            return f"<p>{inlines(block.inlines)}</p>"
        case BulletList():
            return _list(block)
        case Quote():
            source = f"<footer>{inlines(block.source)}</footer>" if block.source else ""
            return f"<blockquote><p>{inlines(block.inlines)}</p>{source}</blockquote>"
        case Context():
            return f'<p class="context">{inlines(block.inlines)}</p>'
        case Divider():
            return "<hr>"
        case Table():
            return _table(block)
        case Image():
            caption = f"<figcaption>{escape(block.title)}</figcaption>" if block.title else ""
            return f'<figure><img src="/media/{escape(block.key)}" alt="{escape(block.alt)}">{caption}</figure>'
        case File():
            return _file(block, t)
        case Actions():
            buttons = "".join(_button(button) for button in block.buttons)
            label = escape(t("Actions"))
            return f'<div class="actions" role="group" aria-label="{label}">{buttons}</div>'


def _file(block: File, t: Translator) -> str:
    """A link that saves the file; its server says the same (:mod:`bot.adapters.web.server`)."""
    name = escape(saved_as(block))
    words, size = escape(t("Download {name}", name=saved_as(block))), escape(format_size(block.size, t.language))
    address = f"/media/{escape(block.key)}/{name}"
    link = f'<a class="button" href="{address}" download="{name}">{words}</a>'
    return f'<p class="file">{link} <span class="context">{size}</span></p>'


def _list(block: BulletList) -> str:
    tag = "ol" if block.ordered else "ul"
    start = f' start="{block.start}"' if block.ordered and block.start != 1 else ""
    return f"<{tag}{start}>{''.join(_bullet(item) for item in block.items)}</{tag}>"


def _bullet(item: Bullet) -> str:
    detail = f'<span class="detail">{inlines(item.detail)}</span>' if item.detail else ""
    return f"<li><span>{inlines(item.inlines)}</span>{detail}</li>"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    body = "".join(
        "<tr>" + "".join(_cell(cell, first=not n) for n, cell in enumerate(row)) + "</tr>" for row in table.rows
    )
    return (
        f'<div class="table" tabindex="0"><table><caption>{escape(table.caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(cell: Inlines, *, first: bool) -> str:
    return f'<th scope="row">{inlines(cell)}</th>' if first else f"<td>{inlines(cell)}</td>"


def _button(button: Button) -> str:
    label, style = escape(button.label), escape(button.style)
    described = f' aria-label="{escape(f"{button.label}: {button.description}")}"' if button.description else ""
    if button.url is not None:
        return f'<a class="button {style}" href="{_href(button.url)}" {_AWAY}{described}>{label}</a>'
    disabled = " disabled" if button.disabled else ""
    action = escape(button.action or "")
    return f'<button type="button" class="{style}" data-action="{action}"{described}{disabled}>{label}</button>'


_AWAY = 'target="_blank" rel="noopener noreferrer nofollow"'


def inlines(parts: Iterable[Inline]) -> str:
    """Inlines as HTML."""
    return "".join(_inline(part) for part in parts)


def _inline(part: Inline) -> str:
    if isinstance(part, Text):
        shown = escape(part.text)
        if "\n" in shown:
            shown = shown.replace("\n", "<br>")
        if part.language:
            shown = f'<span lang="{escape(part.language)}">{shown}</span>'
        tag = _STYLES[part.style]
        return f"<{tag}>{shown}</{tag}>" if tag else shown
    if isinstance(part, Link):
        return f'<a href="{_href(part.url)}" {_AWAY}>{escape(part.text)}</a>'
    return f'<time datetime="{part.at.isoformat()}" data-style="{part.style}">{plain((part,))}</time>'


def _href(url: str) -> str:
    """Only web addresses become links; anything else leads nowhere."""
    return escape(url) if url.startswith(("https://", "http://")) else "#"
