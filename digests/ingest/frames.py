"""Messages between the bot and its worker processes: four bytes of length, big-endian, then the content."""

from __future__ import annotations

import asyncio
import struct
from typing import BinaryIO

_LENGTH = struct.Struct(">I")


def framed(data: bytes) -> bytes:
    """``data`` with its length before it."""
    return _LENGTH.pack(len(data)) + data


def write_frame(pipe: BinaryIO, data: bytes) -> None:
    """Write ``data`` with its length before it."""
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)


async def receive_frame(stream: asyncio.StreamReader) -> bytes:
    """Like :func:`read_frame`, without holding the event loop. Raises EOFError (asyncio's IncompleteReadError)."""
    size = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))[0]
    return await stream.readexactly(size)


def read_frame(pipe: BinaryIO) -> bytes:
    """Read what :func:`write_frame` wrote; EOFError when the other side has gone."""
    size = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))[0]
    return _exactly(pipe, size)


def _exactly(pipe: BinaryIO, size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError("the other process has ended")
    return data
