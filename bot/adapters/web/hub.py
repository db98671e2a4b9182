"""Who is looking at the local chat now: each open page has a queue of events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_BACKLOG = 200


@dataclass(frozen=True)
class LiveEvent:
    """One event for open pages; ``private_to`` limits it to one member. ``id`` is the message's, for resuming."""

    name: str
    data: dict[str, Any]
    id: int | None = None
    private_to: str | None = None

    @cached_property
    def as_sent(self) -> bytes:
        """The event as a server-sent event, the same for every page."""
        identity = f"id: {self.id}\n" if self.id is not None else ""
        return f"event: {self.name}\n{identity}data: {json.dumps(self.data, ensure_ascii=False)}\n\n".encode()


class Hub:
    """Hands events to every open page that may see them. A page that does not keep up is told to reload."""

    def __init__(self) -> None:
        self._pages: dict[asyncio.Queue[LiveEvent | None], str] = {}

    @contextmanager
    def page(self, member: str) -> Iterator[asyncio.Queue[LiveEvent | None]]:
        """A queue that gets ``member``'s events; None means that the connection should end."""
        queue: asyncio.Queue[LiveEvent | None] = asyncio.Queue(_BACKLOG)
        self._pages[queue] = member
        try:
            yield queue
        finally:
            self._pages.pop(queue, None)

    def publish(self, event: LiveEvent) -> None:
        for queue, member in list(self._pages.items()):
            if event.private_to is None or event.private_to == member:
                self._put(queue, event)

    def close(self) -> None:
        """End every page's connection."""
        for queue in list(self._pages):
            self._put(queue, None)

    def _put(self, queue: asyncio.Queue[LiveEvent | None], event: LiveEvent | None) -> None:
        if queue.full():
            # The page asks for what it missed when it reconnects.
            while not queue.empty():
                queue.get_nowait()
            event = None
        queue.put_nowait(event)
