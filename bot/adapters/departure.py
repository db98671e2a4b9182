"""The last word before a message leaves.

A process can be stopped for minutes between the ledger's decision to send and the moment when the request is written to
the socket (a machine that sleeps, a container that is frozen). When it goes on, another instance may be in charge and
may have sent the message. So the worker's leave to send is asked for again at the last moment at which it can be:
adapters have :func:`departing` called when the connection is there and the request is about to be written to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace

import aiohttp

_leave: ContextVar[Callable[[], None] | None] = ContextVar("leave_to_send", default=None)


@contextmanager
def leave_of(check: Callable[[], None]) -> Iterator[None]:
    """Within: a request that posts leaves only after ``check``, which raises TransientSendError when it must not."""
    token = _leave.set(check)
    try:
        yield
    finally:
        _leave.reset(token)


def departing() -> None:
    """A request that posts is about to be written to its connection."""
    if (check := _leave.get()) is not None:
        check()


def watch(config: aiohttp.TraceConfig) -> aiohttp.TraceConfig:
    """Have ``config`` call :func:`departing` for requests that may post something."""

    async def on_request_start(
        session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        context.may_post = params.method == "POST"

    async def on_connected(session: aiohttp.ClientSession, context: SimpleNamespace, params: object) -> None:
        if getattr(context, "may_post", False):
            departing()

    config.on_request_start.append(on_request_start)
    config.on_connection_create_end.append(on_connected)
    config.on_connection_reuseconn.append(on_connected)
    return config
