"""The words of the page itself, in the reader's language."""

from __future__ import annotations

from bot.i18n import Translator


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
