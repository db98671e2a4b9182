"""Rendered components as discord.py's views, which is how it sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import ui

if TYPE_CHECKING:
    from bot.adapters.discord.render import Rendered

Json = dict[str, Any]


def view_of(rendered: Rendered) -> ui.LayoutView | ui.View | None:
    """The components as a view without a timeout; None when there are none."""
    if not rendered.components:
        return None
    if rendered.is_v2:
        layout = ui.LayoutView(timeout=None)
        for component in rendered.components:
            layout.add_item(_item(component))
        return layout
    view = ui.View(timeout=None)
    for number, row in enumerate(rendered.components):
        for component in row["components"]:
            button = _button(component)
            button.row = number
            view.add_item(button)
    return view


def _item(component: Json) -> ui.Item[Any]:
    from bot.adapters.discord import render

    match component["type"]:
        case render.CONTAINER:
            children = [_item(child) for child in component["components"]]
            return ui.Container(*children, accent_colour=component["accent_color"])
        case render.TEXT:
            return ui.TextDisplay(component["content"])
        case render.SEPARATOR:
            return ui.Separator(visible=component["divider"], spacing=discord.SeparatorSpacing(component["spacing"]))
        case render.GALLERY:
            items = [
                discord.MediaGalleryItem(i["media"]["url"], description=i["description"]) for i in component["items"]
            ]
            return ui.MediaGallery(*items)
        case render.FILE:
            return ui.File(component["file"]["url"])
        case render.ACTION_ROW:
            return ui.ActionRow(*(_button(child) for child in component["components"]))
    raise ValueError(f"no view for a component of type {component['type']}")


def _button(component: Json) -> ui.Button[Any]:
    return ui.Button(
        style=discord.ButtonStyle(component["style"]),
        label=component["label"],
        custom_id=component.get("custom_id"),
        url=component.get("url"),
        disabled=component.get("disabled", False),
    )
