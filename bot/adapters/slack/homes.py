"""The Home tabs that are open: shown when they are opened and when something changes."""

from __future__ import annotations

from typing import Any

from bot.adapters.slack import commands
from bot.adapters.slack.callers import Callers
from bot.adapters.slack.errors import told_plainly
from bot.adapters.slack.home import home_view
from bot.adapters.slack.replies import Place, Replies
from bot.commands.base import CommandHost

_MOST = 20
"""How many tabs are kept up to date; views.publish is in tier 4 ("Rate limits")."""


class Homes:
    """Publishes Home tabs."""

    def __init__(self, host: CommandHost, callers: Callers, replies: Replies) -> None:
        self._host = host
        self._callers = callers
        self._replies = replies
        self._latest: dict[str, Place] = {}

    async def opened(self, event: dict[str, Any], team: str) -> None:
        """The Home tab was opened: show it as it is now."""
        place = await self._callers.place(team, "", event["user"])
        self._latest.pop(place.user, None)
        self._latest[place.user] = place
        while len(self._latest) > _MOST:
            del self._latest[next(iter(self._latest))]
        await self._callers.guarded(place, self.publish(place), tell=False)

    async def refresh(self) -> None:
        """Show the tab anew to those who opened it last."""
        for place in tuple(self._latest.values()):
            await self._callers.guarded(place, self.publish(place), tell=False)

    async def publish(self, place: Place) -> None:
        """Put the member's page there. Raises :class:`SendError`'s children."""
        message = await self._host.home(await self._callers.member(place))
        names = {command.name for command in self._host.commands}
        view = home_view(message, subscribing=commands.SUBSCRIBE in names, settings=commands.SETTINGS in names)
        with told_plainly():
            await place.client.views_publish(user_id=place.user, view=view)

    async def language(self, place: Place, language: str) -> None:
        """The member chose another language: remember it and show the tab in it."""
        line = f"/{commands.SETTINGS} language:{language}"
        answer = await self._host.invoke_text(line, await self._callers.member(place))
        if answer.kind == "error":
            await self._replies.privately(place, answer)
        await self.publish(place)
