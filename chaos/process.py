"""The bot as a process: started, killed, frozen, and what it said."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PATIENCE = 90.0
"""Seconds of real time for whatever must happen: a busy machine is slow, and slowness is no verdict."""


class Bot:
    """One process after the other, each started anew where the last one died."""

    def __init__(self, steering: Path, config: Path, log: Path, environment: Mapping[str, str]) -> None:
        self._arguments = [sys.executable, "-m", "chaos.bot", str(steering), str(config)]
        self._environment = {**os.environ, **environment}
        self.log = log
        self.log.touch()
        self._read = 0
        self._begun = False
        self._process: asyncio.subprocess.Process | None = None
        self.starts = 0
        self.kills = 0
        self.deaths: list[int] = []

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self, **environment: str) -> None:
        """Start; see :meth:`ready` for when it has begun."""
        self._read = self.log.stat().st_size
        self._begun = False
        with self.log.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *self._arguments,
                cwd=ROOT,
                env={**self._environment, **environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        self.starts += 1

    async def ready(self, word: str = "app.started", patience: float = PATIENCE) -> bool:
        """Whether it has said ``word`` since its start; False when it died before. TimeoutError when neither comes."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self.said(word):
                return True
            if not self.alive:
                return self.said(word)
            await asyncio.sleep(0.05)
        raise TimeoutError(f"the bot did not say {word!r} in {patience:.0f} s; see {self.log}")

    def said(self, word: str) -> bool:
        """Whether this process has said ``word`` since it was started."""
        return any(word in line for line in self.lines())

    def has_begun(self) -> bool:
        """Whether this process has said that it has started."""
        if not self._begun:
            self._begun = self.said("app.started")
        return self._begun

    def lines(self) -> list[str]:
        with self.log.open("rb") as log:
            log.seek(self._read)
            return log.read().decode(errors="replace").splitlines()

    def events(self) -> list[dict[str, Any]]:
        found = []
        for line in self.lines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return [line for line in found if isinstance(line, dict)]

    async def kill(self) -> None:
        """kill -9."""
        if self.alive:
            self._signal(signal.SIGKILL)
            self.kills += 1
        await self.gone()

    async def stop(self) -> float:
        """Ask it to end; returns how many seconds that took."""
        began = time.monotonic()
        if self.alive:
            self._signal(signal.SIGTERM)
        await self.gone()
        return time.monotonic() - began

    async def gone(self, patience: float = PATIENCE) -> int:
        assert self._process is not None
        async with asyncio.timeout(patience):
            status = await self._process.wait()
        self.deaths.append(status)
        return status

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        try:
            self._process.send_signal(number)
        except ProcessLookupError:
            pass


async def command(config: Path, *arguments: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """``kakehashi`` with these arguments: its status, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "--config", str(config), *arguments,
        cwd=ROOT, env={**os.environ, **environment}, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(120):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace")
