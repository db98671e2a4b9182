"""The words of the page itself, in the reader's language."""

from __future__ import annotations

from dataclasses import replace

from bot.i18n import Translator
from bot.message import Actions, Message


def strings(t: Translator) -> dict[str, str]:
    """Texts by the names that the page's script uses."""
    return {
        "channels": t("Channels"),
        "direct": t("Direct messages"),
        "you": t("You"),
        "composer": t("Ask a question or type / for commands"),
        "send": t("Send"),
        "private": t("Only you can see this"),
        "share": t("Share with channel"),
        "shared": t("Shared with the channel"),
        "older": t("Show older messages"),
        "empty": t("Nothing here yet. The next edition will appear by itself."),
        "language": t("Language"),
        "theme": t("Appearance"),
        "themeAuto": t("As the system"),
        "themeLight": t("Light"),
        "themeDark": t("Dark"),
        "offline": t("The bot does not answer. Trying again …"),
        "online": t("Connected again"),
        "newMessages": t("New messages below"),
        "unread": t("New messages: {n}", n="{n}"),
        "suggestions": t("Suggestions"),
        "admin": t("admins"),
        "required": t("required"),
        "skip": t("Skip to the messages"),
        "working": t("Working on it …"),
        "failed": t("That did not work: {why}", why="{why}"),
        "menu": t("Show the channels"),
        "attention": t("Needs attention"),
    }


def shared(message: Message) -> Message:
    """A private reply as everybody sees it: without the buttons that only the asking member may press."""
    blocks = []
    for block in message.blocks:
        if isinstance(block, Actions):
            block = Actions(tuple(button for button in block.buttons if button.url is not None))
            if not block.buttons:
                continue
        blocks.append(block)
    return replace(message, blocks=tuple(blocks), private=False, shareable=False)
