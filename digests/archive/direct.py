"""Queries in one go: the same query functions, run to their end in one thread.

The asynchronous SQLite driver hands every statement to a thread and back about four times. Where an update runs twenty
statements, that handing over costs more than the statements. :class:`Direct` stands in for the asynchronous connection
over an ordinary one that belongs to the calling thread; nothing in it ever waits, so :func:`drive` can run a query
function without an event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from digests.archive.waiting import finished

T = TypeVar("T")
P = ParamSpec("P")
Work = Callable[[AsyncConnection], Coroutine[Any, Any, T]]
"""What is done with a connection inside one transaction; it awaits nothing but that connection."""


class Direct:
    """What query functions use of :class:`~sqlalchemy.ext.asyncio.AsyncConnection`, without its waiting."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    async def execute(self, *args: Any, **options: Any) -> CursorResult[Any]:
        return self._connection.execute(*args, **options)

    async def exec_driver_sql(self, *args: Any, **options: Any) -> CursorResult[Any]:
        return self._connection.exec_driver_sql(*args, **options)

    async def scalar(self, *args: Any, **options: Any) -> Any:
        return self._connection.scalar(*args, **options)

    async def run_sync(
        self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **options: P.kwargs
    ) -> T:
        return function(self._connection, *args, **options)


async def aside(connection: AsyncConnection, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Heavy work between two statements: here when this is a thread of its own already, else in one."""
    if isinstance(cast(object, connection), Direct):
        return function(*args, **options)
    return await finished(function, *args, **options)


def drive(work: Work[T], connection: Connection) -> T:
    """Run ``work`` to its end in this thread. RuntimeError when it awaits anything but the connection."""
    coroutine = work(cast(AsyncConnection, Direct(connection)))
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("inside one transaction nothing but the archive may be waited for")
