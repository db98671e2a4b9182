"""Writing down what became of the ledger's rows, many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.charge import UNSHARED, Charge
from bot.failpoints import passing
from digests.archive import Archive, deliveries

Record = deliveries.SentPart | Callable[[AsyncConnection], Awaitable[None]]
"""That a row was sent, or what else is to be written about one."""


class Records:
    """What became of rows, written together: while one transaction is flushed to the disk others gather for the next.

    A row counts as settled only when :meth:`add` returns.
    """

    def __init__(self, archive: Archive, owner: str, charge: Charge = UNSHARED) -> None:
        self._archive = archive
        self._owner = owner
        self._charge = charge
        self._waiting: list[tuple[Record, asyncio.Future[None]]] = []
        self._writing = asyncio.Lock()

    async def add(self, record: Record) -> None:
        """Write one record, with others that wait. Raises what writing raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((record, done))
        async with self._writing:
            if not done.done():
                await self._write()
        await done

    async def _write(self) -> None:
        together, self._waiting = self._waiting, []
        sent = [record for record, _ in together if isinstance(record, deliveries.SentPart)]
        others = [record for record, _ in together if not isinstance(record, deliveries.SentPart)]

        async def write(connection: AsyncConnection) -> None:
            await self._charge.verify(connection)
            if sent:
                await deliveries.mark_all_sent(connection, sent, owner=self._owner)
            for record in others:
                await record(connection)
            passing("delivery.recording")

        try:
            await self._archive.write_at_once(write, lasting=True)
        except BaseException as error:
            fault = error if isinstance(error, Exception) else RuntimeError("the worker was stopped")
            for _, done in together:
                if not done.done():
                    done.set_exception(fault)
                    done.exception()  # Whoever was cancelled meanwhile does not come back for it.
            raise
        for _, done in together:
            if not done.done():
                done.set_result(None)
