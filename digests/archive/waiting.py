"""Work in threads that is never left behind half-done."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def finished(function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """``function`` in one of the process's threads, as :func:`finished_in` has it."""
    return await finished_in(None, function, *args, **options)


async def finished_in(executor: Executor | None, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """``function`` in a thread of ``executor``. When the caller is cancelled, the cancellation goes on only after the
    thread has ended, so that nothing works on shared state unseen. For work that is short by itself."""
    # What asyncio.to_thread does, without a task around it: every statement of the archive comes by here.
    work = partial(contextvars.copy_context().run, function, *args, **options)
    task = asyncio.get_running_loop().run_in_executor(executor, work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError:
                continue
        task.exception()  # looked at: the cancellation is what counts now
        raise
