"""Processes to be killed for real, begun by a small process that has imported already what they run.

To start Python and to import the bot takes the processor longer than what is done before the kill. What begins them
(:mod:`multiprocessing`'s fork server) has neither threads nor anything of a test; each of them is a process of its own,
with its own connections, that SIGKILL ends like any other.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.system.crashing", "tests.system.indexing"])
_PATIENCE = 60.0
"""Seconds of real time for whatever must happen."""


def begin(program: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """Run ``program``, a module's function, in a process of its own and with the environment as it is now. Its standard
    error is the test run's."""
    process = _CONTEXT.Process(target=_run, args=(dict(os.environ), program, *arguments), daemon=True)
    process.start()
    return process


def _run(environment: dict[str, str], program: Callable[..., None], *arguments: Any) -> None:
    os.environ.update(environment)
    program(*arguments)


def pipe() -> tuple[Connection, Connection]:
    """Where a process's words are read, and where it writes them."""
    return _CONTEXT.Pipe(duplex=False)


async def heard(words: Connection) -> Any:
    """The next word of a process. TimeoutError when none comes, EOFError when it has ended."""
    if not await asyncio.to_thread(words.poll, _PATIENCE):
        raise TimeoutError(f"the process said nothing for {_PATIENCE:.0f} s")
    return words.recv()


async def ended(process: ForkServerProcess) -> int:
    """The status of a process that ends or was killed: minus the signal. TimeoutError when it does neither."""
    await asyncio.to_thread(process.join, _PATIENCE)
    status = process.exitcode
    if status is None:
        process.kill()
        raise TimeoutError(f"the process had not ended after {_PATIENCE:.0f} s")
    process.close()
    return status
