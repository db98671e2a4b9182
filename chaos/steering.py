"""Time and death in the driver's hand: a small file that the driver and the bot both have mapped.

Virtual time runs at ``rate`` seconds a second from a moment that the driver sets; the bot's clock may be wrong by
``skew`` besides. ``point`` is a place of :data:`bot.failpoints.POINTS` at which the bot dies when it has passed it
``count`` times.
"""

from __future__ import annotations

import mmap
import struct
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

_FORMAT = struct.Struct("=qddddqqq")
"""A counter that is odd while the rest is written; then the fields of :class:`_State`, and the counter once more."""


@dataclass(frozen=True, slots=True)
class _State:
    set_at: float = 0.0
    virtual: float = 0.0
    rate: float = 1.0
    skew: float = 0.0
    point: int = 0
    count: int = 0


class Steering:
    """One side's view of the file. Only the driver writes, but for :meth:`pass_point`."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(b"\0" * _FORMAT.size)
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _FORMAT.size)

    # --- the driver ----------------------------------------------------------------------------------------

    def set_time(self, moment: datetime, *, rate: float | None = None) -> None:
        """It is ``moment`` now, and from now on time runs at ``rate``."""
        state = self._read()
        rate = state.rate if rate is None else rate
        self._write(replace(state, set_at=time.monotonic(), virtual=moment.timestamp(), rate=rate))

    def set_rate(self, rate: float) -> None:
        self.set_time(self.world(), rate=rate)

    def set_skew(self, seconds: float) -> None:
        """How far the bot's clock is ahead of the world's."""
        self._write(replace(self._read(), skew=seconds))

    def arm(self, point: int, count: int) -> None:
        """Let the bot die when it passes the place with this number (from 1; 0: nowhere) for the ``count``-th time."""
        self._write(replace(self._read(), point=point, count=count))

    # --- both ----------------------------------------------------------------------------------------------

    def seconds(self) -> float:
        """The world's time, in seconds since the epoch."""
        state = self._read()
        return state.virtual + (time.monotonic() - state.set_at) * state.rate

    def world(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)

    @property
    def skew(self) -> float:
        return self._read().skew

    @property
    def armed(self) -> int:
        return self._read().point

    # --- the bot -------------------------------------------------------------------------------------------

    def bot_now(self) -> datetime:
        """What the bot's clock shows."""
        state = self._read()
        seconds = state.virtual + (time.monotonic() - state.set_at) * state.rate + state.skew
        return datetime.fromtimestamp(seconds, UTC)

    def pass_point(self, point: int) -> bool:
        """The bot passes a place; True when it is to die there."""
        state = self._read()
        if state.point != point:
            return False
        if state.count > 1:
            self._write(replace(state, count=state.count - 1))
            return False
        self._write(replace(state, point=0, count=0))
        return True

    # --- the file ------------------------------------------------------------------------------------------

    def _read(self) -> _State:
        while True:
            before, *fields, after = _FORMAT.unpack_from(self._map)
            if before == after and not before % 2:
                return _State(*fields)

    def _write(self, state: _State) -> None:
        turn = _FORMAT.unpack_from(self._map)[0]
        fields = (state.set_at, state.virtual, state.rate, state.skew, state.point, state.count)
        _FORMAT.pack_into(self._map, 0, turn + 1, *fields, turn)
        _FORMAT.pack_into(self._map, 0, turn + 2, *fields, turn + 2)
