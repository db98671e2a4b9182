"""The operations desk: counters, figures, pulse and condition of one bot, as one object for whoever serves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.operations.condition import Condition
from bot.operations.figures import Figures
from bot.operations.metrics import Metrics
from bot.operations.pulse import Pulse
from bot.settings import Settings
from digests.archive import Archive
from digests.story import Story


class OperationsDesk:
    """Is :class:`bot.operations.http.Operations`. ``checks`` are the bot's own parts (see :class:`Condition`)."""

    def __init__(
        self,
        archive: Archive,
        *,
        story: Callable[[], Story],
        settings: Callable[[], Settings],
        now: Callable[[], datetime],
        checks: Mapping[str, Callable[[], bool]],
    ) -> None:
        self.metrics = Metrics()
        self.pulse = Pulse(self.metrics.loop_lag.observe)
        self._token = settings().monitoring.token
        self._figures = Figures(archive, self.metrics, story=story, settings=settings, now=now)
        self._condition = Condition(archive, {"loop": lambda: self.pulse.well, **checks})

    @property
    def token(self) -> str | None:
        """What opens the figures, as the bot was started with it; None: nothing is set."""
        return self._token

    async def ready(self) -> bool:
        return await self._condition.ready()

    async def exposition(self) -> bytes:
        return await self._figures.exposition(await self._condition.checks())
