"""What runs in the reader's process: one command after another from standard input, until it closes.

Started by :mod:`bot.reader` as ``python -m bot.readerprocess``. It writes nothing: SQLite's writers take turns by
trying again, and a reader that waited for its turn beside a busy bot would keep all who wait for it. What stands behind
the buttons of an answer, and its files, go back with it, and the bot keeps them.
"""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO, NoReturn, cast

from bot import allocator
from bot.commands.base import Command, Invocation, UserError
from bot.commands.catalogue import COMMANDS
from bot.commands.services import Services
from bot.message import Message
from bot.reader import PATIENCE, Reply, Request, Setup
from digests.answer import prepare
from digests.archive import Archive
from digests.archive.media import Media
from digests.archive.views import View
from digests.errors import Problem
from digests.ingest.frames import read_frame, write_frame
from digests.model import Answer
from digests.search import analysers
from digests.search.index import open_index
from digests.story import Story


def main() -> None:
    """Answer requests until the parent closes the pipe or is gone."""
    allocator.keep_little()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its reader itself
    requests, answers = sys.stdin.buffer, _private_output()
    setup: Setup = pickle.loads(read_frame(requests))  # noqa: S301 - the bot itself wrote it
    with asyncio.Runner() as runner:
        host = runner.run(Host.open(setup))
        gc.collect()
        gc.freeze()
        write_frame(answers, b"ready")
        answers.flush()
        try:
            while True:
                request: Request = pickle.loads(read_frame(requests))  # noqa: S301
                write_frame(answers, pickle.dumps(runner.run(host.answer(request)), pickle.HIGHEST_PROTOCOL))
                answers.flush()
        except (EOFError, BrokenPipeError):
            return
        finally:
            runner.run(host.close())


@dataclass(slots=True)
class _Present:
    """What handlers take for the present: the moment at which their command was asked."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.moment


@dataclass(frozen=True, slots=True)
class _Fixed:
    """The configuration of a reader: its story."""

    story: Story
    problems: tuple[Problem, ...] = ()
    needs_restart: tuple[str, ...] = ()

    @property
    def settings(self) -> NoReturn:
        raise RuntimeError("a reader is given no settings")


class _NoPhraser:
    """Answers stay quotations; where a model phrases them, /ask is answered by the bot."""

    endpoint = None

    async def phrase(self, answer: Answer, _story: Story) -> Answer:
        return answer


class _Absent:
    """Stands for a part that a command which only reads has no business with."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> NoReturn:
        raise RuntimeError(f"a reader has no {self._name}")


@dataclass(frozen=True, slots=True)
class _Services(Services):
    """Those of a reader."""

    kept: list[View | Media] = field(default_factory=list)
    """What belongs to the answer that is being made."""

    async def keep(self, kept: View | Media) -> str:
        self.kept.append(kept)
        return kept.token if isinstance(kept, View) else kept.key


class Host:
    """Runs the handlers of commands with an archive and an index of its own."""

    def __init__(self, services: _Services, present: _Present, archive: Archive) -> None:
        self._services = services
        self._present = present
        self._archive = archive

    @classmethod
    async def open(cls, setup: Setup) -> Host:
        """Open the archive and read what questions are answered by. Raises KakehashiError's children."""
        analysers.read_japanese_by(setup.japanese)
        archive = await Archive.open(setup.archive, writes=False)
        index = await open_index(archive)
        present = _Present()
        absent: Any = _Absent
        services = _Services(
            configuration=_Fixed(setup.story),
            archive=archive,
            index=index,
            updater=absent("updater"),
            editions=absent("desk"),
            now=present,
            reload=absent("configuration"),
            started_at=present(),
            gallery=absent("gallery"),
            phraser=cast(Any, _NoPhraser()),
        )
        await prepare(archive, index, setup.story)
        return cls(services, present, archive)

    async def answer(self, request: Request) -> Reply:
        """What came of a request; nothing is raised."""
        self._present.moment = request.now
        self._services.kept.clear()
        try:
            async with asyncio.timeout(PATIENCE):
                message = await self._handled(request.invocation)
            return Reply(request.number, message, tuple(self._services.kept))
        except UserError as error:
            return Reply(request.number, mistake=str(error))
        except Exception as error:  # noqa: BLE001 - the bot answers it itself then, and logs what is wrong
            return Reply(request.number, fault=type(error).__name__)

    async def _handled(self, invocation: Invocation) -> Message:
        target = _TARGETS[invocation.command, invocation.subcommand]
        assert target.handler is not None
        return await target.handler(self._services, invocation)

    async def close(self) -> None:
        await self._archive.close()


def _targets() -> dict[tuple[str, str | None], Command]:
    own: dict[tuple[str, str | None], Command] = {(command.name, None): command for command in COMMANDS}
    return own | {(command.name, sub.name): sub for command in COMMANDS for sub in command.subcommands}


_TARGETS = _targets()


def _private_output() -> BinaryIO:
    """Standard output for answers only: what a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    main()
