"""A second process that answers commands which only read, while the bot has more of them than it can answer at once.

Python computes in one thread at a time: however many cores a machine has, questions, digests and timelines share one
with the event loop, the polls and the deliveries. The reader is a process of its own with the same story and the same
archive. It starts when commands have waited for each other for some seconds, and ends after :data:`IDLE_FOR` without
work, so a bot that is asked now and then never pays for it. What it does not answer, because it is not there, fails or
takes too long, is answered here as if there were none.

It is handed the story, the archive's address and invocations; no settings and no environment, so no tokens. It gives
back what a handler returns: a message or a member's mistake. Both travel as pickles: either side runs the same code of
ours, and neither unpickles anything that came from elsewhere.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import pickle
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from bot.commands.base import Invocation, UserError
from bot.message import Message
from digests.archive.media import Media
from digests.archive.views import View
from digests.errors import KakehashiError
from digests.ingest.frames import framed, receive_frame
from digests.search import analysers
from digests.story import Story

log = structlog.get_logger()

PRESSED_BY = 1.5
"""Commands under way at once, averaged over :data:`OVER`, from which on the reader is started. One that takes long and
is alone does not reach it, nor does a handful that come together."""
OVER = 5.0
"""Seconds."""
IDLE_FOR = 300.0
"""Seconds without work after which the reader ends: it holds the story and an index's caches of its own."""
PATIENCE = 10.0
"""Seconds for one answer; then the reader is given up, and what it was asked is answered here, where a handler has half
a minute."""
STARTING = 60.0
"""Seconds that it may take to start; two or three are usual."""
NOT_AGAIN_FOR = 60.0
"""Seconds after a failure before another one is started."""
_LOOK_EVERY = 0.5
_FAREWELL = 1.0
"""Seconds for a reader to end by itself; then it is killed, whatever it is doing."""
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a reader is given first."""

    archive: str
    """The archive's URL, with its password where it has one."""
    story: Story
    japanese: str
    """How Japanese text is read (see :func:`digests.search.analysers.read_japanese_by`)."""


@dataclass(frozen=True, slots=True)
class Request:
    """A command to answer, as if it were ``now``."""

    number: int
    invocation: Invocation
    now: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a request: a message, what a member did wrong, or neither when it has to be answered elsewhere."""

    number: int
    message: Message | None = None
    kept: tuple[View | Media, ...] = ()
    """What stands behind the message's buttons, and its files: to be kept."""
    mistake: str | None = None
    fault: str | None = None
    """Which fault, by the name of its type."""


class NotAnswered(KakehashiError):
    """The reader gave no answer; the command has to be answered here."""


class Reader:
    """Owns the reader's process. ``run`` is all that others need; ``use`` tells of another story, ``close`` ends it."""

    def __init__(
        self,
        archive: str,
        story: Callable[[], Story],
        now: Callable[[], datetime],
        keep: Callable[[View | Media], Awaitable[object]],
        *,
        count: Callable[[], None] = lambda: None,
        pressed_by: float = PRESSED_BY,
        idle_for: float = IDLE_FOR,
        patience: float = PATIENCE,
        enabled: bool | None = None,
    ) -> None:
        """``keep`` keeps what stands behind buttons, and files; ``count`` is told of each answer. ``enabled`` None:
        where there is a second core."""
        self._archive = archive
        self._story = story
        self._now = now
        self._keep = keep
        self._count_answer = count
        self._pressed_by = pressed_by
        self._idle_for = idle_for
        self._patience = patience
        self._enabled = _cores() > 1 if enabled is None else enabled
        self._numbers = itertools.count(1)
        self._here = 0
        self._average, self._counted_at = 0.0, 0.0
        self._asked: dict[int, tuple[float, asyncio.Future[Reply]]] = {}
        self._life: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self._last_used = 0.0
        self._not_before = 0.0
        self.answered = 0
        """Commands that readers have answered since the start."""

    @property
    def is_there(self) -> bool:
        """Whether a reader takes commands now."""
        return self._process is not None

    @property
    def process_id(self) -> int | None:
        """The process's id while it takes commands."""
        return self._process.pid if self._process is not None else None

    async def run(self, invocation: Invocation, here: Callable[[], Awaitable[Message]]) -> Message:
        """Answer a command that only reads: by the reader when it has no more to do than this process, else ``here``.

        Raises what the handler raises.
        """
        if self._process is not None and len(self._asked) <= self._here:
            with suppress(NotAnswered):
                return await self._ask(invocation)
        self._count(+1)
        try:
            return await here()
        finally:
            self._count(-1)

    async def use(self) -> None:
        """The story has changed: whoever was started with the one before it ends, and another starts when needed."""
        await self._end()

    async def close(self) -> None:
        """End the reader; none is started any more."""
        self._enabled = False
        await self._end()

    async def _end(self) -> None:
        if (life := self._life) is not None:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)

    # --- when there should be one ------------------------------------------------------------------------------

    def _count(self, change: int) -> None:
        """One more or one less is under way here; start a reader when many have been for a while."""
        now = time.monotonic()
        self._average += (self._here - self._average) * -math.expm1((self._counted_at - now) / OVER)
        self._counted_at = now
        self._here += change
        if self._average > self._pressed_by and self._may_start(now):
            self._life = asyncio.create_task(self._live(), name="reader")

    def _may_start(self, now: float) -> bool:
        return self._enabled and now >= self._not_before and (self._life is None or self._life.done())

    # --- its life ----------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        process: Process | None = None
        try:
            setup = Setup(self._archive, self._story(), analysers.japanese_way())
            first = await asyncio.to_thread(pickle.dumps, setup, pickle.HIGHEST_PROTOCOL)
            async with asyncio.timeout(STARTING):
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "bot.readerprocess", stdin=PIPE, stdout=PIPE, env=_environment()
                )
                await _send(process, first)
                await _receive(process)
            self._last_used = time.monotonic()
            self._process = process
            log.info("reader.started", process=process.pid)
            await self._serve(process)
            log.info("reader.ended", answered=self.answered)
        except (OSError, EOFError, TimeoutError, pickle.PickleError) as error:
            self._not_before = time.monotonic() + NOT_AGAIN_FOR
            log.warning("reader.failed", why=str(error) or type(error).__name__)
        except Exception:
            # A fault of ours; commands are answered without a reader.
            self._not_before = time.monotonic() + NOT_AGAIN_FOR
            log.exception("reader.fault")
        finally:
            self._process = None
            for _, future in self._asked.values():
                if not future.done():
                    future.set_exception(NotAnswered("the reader has ended"))
            if process is not None:
                await asyncio.shield(_part_from(process))

    async def _serve(self, process: Process) -> None:
        """Hand on what it answers until it has been idle for long. Raises when it ends or does not answer."""
        listening = asyncio.create_task(self._listen(process), name="reader's answers")
        try:
            while True:
                done, _ = await asyncio.wait({listening}, timeout=_LOOK_EVERY)
                if done:
                    return listening.result()
                now = time.monotonic()
                if self._asked and now - min(at for at, _ in self._asked.values()) > self._patience:
                    raise TimeoutError(f"no answer for {self._patience:g} s")
                if not self._asked and now - self._last_used > self._idle_for:
                    return None
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, process: Process) -> None:
        while True:
            reply: Reply = pickle.loads(await _receive(process))  # noqa: S301 - our own process wrote it
            _, future = self._asked.get(reply.number, (0.0, None))
            if future is not None and not future.done():
                future.set_result(reply)

    async def _ask(self, invocation: Invocation) -> Message:
        """Raises :class:`NotAnswered`, or the member's mistake as :class:`UserError`."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        number, now = next(self._numbers), time.monotonic()
        future = asyncio.get_running_loop().create_future()
        self._asked[number] = (now, future)
        self._last_used = now
        try:
            # Not waited for: what is under way is bounded by what this process has to do at the same time.
            process.stdin.write(framed(pickle.dumps(Request(number, invocation, self._now()), -1)))
            reply: Reply = await future
        except OSError as error:
            raise NotAnswered("the reader has gone") from error
        finally:
            del self._asked[number]
        if reply.mistake is not None:
            raise UserError(reply.mistake)
        if reply.message is None:
            log.warning("reader.could-not", command=invocation.command, fault=reply.fault)
            raise NotAnswered(reply.fault or "no message")
        for kept in reply.kept:
            await self._keep(kept)
        self.answered += 1
        self._count_answer()
        return reply.message


async def _send(process: Process, data: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(framed(data))
    await process.stdin.drain()


async def _receive(process: Process) -> bytes:
    assert process.stdout is not None
    return await receive_frame(process.stdout)


async def _part_from(process: Process) -> None:
    """It ends when nobody writes to it any more; if it does not, it is killed."""
    assert process.stdin is not None
    process.stdin.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(_FAREWELL):
            await process.wait()
            return
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TZ", "LANG", "LC_ALL") if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join([str(_ROOT), *sys.path]), "PYTHONUTF8": "1"}


def _cores() -> int:
    """Those that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
