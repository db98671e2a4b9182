"""Being in charge of the archive: what the parts that post may ask, whoever keeps the charge.

Two instances that were started on one archive by mistake must post nothing twice. One is in charge: its fencing number
is the newest in the archive (:mod:`digests.archive.instances`). Everything that leads to a post is written in a
transaction that has verified that number, and before a message leaves, ``is_sure`` is asked.
"""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


class Charge(Protocol):
    """What is asked before something is written or sent."""

    @property
    def is_sure(self) -> bool:
        """Whether no other instance can have taken charge meanwhile, by a clock that also counts while the process is
        stopped. Costs nothing."""
        ...

    async def verify(self, connection: AsyncConnection) -> None:
        """In a write transaction: raises :class:`~digests.errors.NotInCharge` when another has taken charge."""
        ...


class Unshared:
    """Nobody else works on the archive: tools that run once, tests."""

    is_sure = True

    async def verify(self, connection: AsyncConnection) -> None:
        """Always in charge."""


UNSHARED = Unshared()
