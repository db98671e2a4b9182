"""Work that goes on after Slack has had its acknowledgement."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


class Tasks:
    """Owns tasks until they end; :meth:`close` waits for them a little and then cancels them."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("slack.task-failed", task=task.get_name(), exc_info=error)

    async def close(self, patience: float) -> None:
        """Wait up to ``patience`` seconds for what runs, then cancel what is left."""
        if not self._running:
            return
        _, left = await asyncio.wait(self._running, timeout=patience)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


class Recent:
    """Remembers keys for a while: what was seen is not done again."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._until: dict[str, float] = {}

    def first(self, key: str) -> bool:
        """Whether ``key`` was not seen lately; it is from now on."""
        now = self._clock()
        # Keys stand in the order in which they expire, so the old ones are at the front.
        while self._until and next(iter(self._until.values())) <= now:
            del self._until[next(iter(self._until))]
        if key in self._until:
            return False
        self._until[key] = now + self._seconds
        return True

    def forget(self, key: str) -> None:
        self._until.pop(key, None)
