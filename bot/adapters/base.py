"""The protocol that every chat platform implements, and the errors that sending can end in.

An adapter is found by the entry point group ``kakehashi.adapters``: the name is the platform's, the value a callable
``create(context: AdapterContext) -> Adapter``. All adapters pass ``tests/bot/adapters/contract.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.commands.base import CommandHost
from bot.message import Message
from bot.operations.http import Operations
from digests.archive import Archive
from digests.errors import KakehashiError
from digests.model import Destination


class SendError(KakehashiError):
    """Root of the ways in which sending fails."""


class TransientSendError(SendError):
    """Nothing was sent and trying again may help. ``retry_after`` (seconds) is the platform's own wish."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentSendError(SendError):
    """Trying again cannot help until somebody acts; the message names the cure."""


class UncertainSendError(SendError):
    """It is not known whether the platform took the message. It is looked for before it is sent again."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the platform said: ids, most specific first (message, thread, channel)."""

    platform_ids: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """The result of looking for a delivery: ``sent`` is set when it is there; ``known`` says whether we can tell."""

    known: bool
    sent: Sent | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that ``kakehashi doctor`` looked at. ``cure`` is what to do about it; None when all is well."""

    what: str
    cure: str | None = None


@dataclass(frozen=True, slots=True)
class AdapterContext:
    """What an adapter is made of. ``options`` is the platform's part of bot.yaml, already validated and with its
    secrets resolved; ``destinations`` gives the places that digests go to now (it changes with a reload)."""

    options: Any
    archive: Archive
    destinations: Callable[[], tuple[Destination, ...]]
    now: Callable[[], datetime]
    operations: Operations | None = None
    """Health and figures, for an adapter that has a web server to offer them on."""


class Adapter(Protocol):
    """A chat platform.

    ``split`` needs no connection; ``send``, ``find``, ``edit``, ``check`` and ``examine`` also work on an adapter that
    was not started (it logs in by itself, without taking commands): so do the command-line tools.
    """

    @property
    def name(self) -> str:
        """The platform's name as in destinations: ``web``, ``slack``, ``discord``."""
        ...

    @property
    def spacing(self) -> float:
        """Least seconds between two messages to one destination, as the platform wishes; 0 when it has no wish."""
        ...

    async def start(self, host: CommandHost) -> None:
        """Connect and begin to take commands; returns when that is done. It may be called again after it failed.

        Raises :class:`TransientSendError` when the platform is away, :class:`PermanentSendError` when it refuses us,
        naming the cure, and OSError when this machine does not let us listen.
        """
        ...

    async def close(self) -> None:
        """Stop taking commands, finish what is being answered, disconnect. Safe to call twice."""
        ...

    def split(self, message: Message) -> tuple[Message, ...]:
        """Cut a message into parts that fit the platform, on structure, each at least one block. Pure."""
        ...

    async def send(self, destination: Destination, message: Message, *, key: str, parent: Sent | None) -> Sent:
        """Send one part. ``key`` is the delivery's id: the same key never makes a second post where the platform
        allows that. ``parent`` is the first part's result: later parts go into its thread where there are threads.
        Raises :class:`SendError`'s children only."""
        ...

    async def find(self, destination: Destination, *, key: str, since: datetime) -> Found:
        """Look whether a part with this key was posted after ``since``.

        Raises :class:`SendError`'s children: after a transient one the same question is put again later.
        """
        ...

    async def edit(self, destination: Destination, sent: Sent, message: Message) -> None:
        """Replace a part that was sent. Raises :class:`SendError`'s children only."""
        ...

    async def check(self, destination: Destination) -> tuple[str, ...]:
        """Why posting to ``destination`` would fail, each with its cure; empty when it would not."""
        ...

    async def examine(self) -> tuple[Check, ...]:
        """What the adapter needs of the platform beside the channels (tokens, scopes, intents …), one check each."""
        ...

    async def refresh(self) -> None:
        """The configuration, or what is wrong with it, has changed: show it where the platform has a place for it."""
        ...
