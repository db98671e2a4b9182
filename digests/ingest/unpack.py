"""Decompression with a limit on what comes out, so that a small bomb cannot become gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from digests.errors import FetchError

ACCEPTED = "gzip, deflate"
"""What is asked for. Brotli and Zstandard are not: every feed server offers gzip, and their decoders give no means
to stop in the middle of a block. A server that sends them all the same is refused."""
_GZIP = ("gzip", "x-gzip")
_STEP = 256 * 1024
_MOST_LAYERS = 2


class Unpacker:
    """Takes the chunks of a response as they come over the wire, gives the content; both at most ``limit`` bytes."""

    def __init__(self, content_encoding: str, limit: int) -> None:
        names = [name for part in content_encoding.split(",") if (name := part.strip().lower()) not in ("", "identity")]
        if unknown := [name for name in names if name not in (*_GZIP, "deflate")]:
            raise FetchError(f"the server sent it compressed as {unknown[0][:20]!r}, which was not asked for")
        if len(names) > _MOST_LAYERS:
            raise FetchError(f"the server compressed it {len(names)} times over; that is refused")
        # Also without a header: some servers hand out .gz files as they are.
        self._layers = [_Layer(name) for name in reversed(names or ["gzip"])]
        self._limit = limit
        self._taken = 0
        self._content = bytearray()

    def take(self, chunk: bytes) -> Iterator[None]:
        """Unpack ``chunk`` in steps of a millisecond or less, so that the caller can let others run in between."""
        self._taken += len(chunk)
        if self._taken > self._limit:
            raise self._too_large()
        for piece in self._through(chunk, 0):
            self._content += piece
            if len(self._content) > self._limit:
                raise self._too_large()
            yield

    def finish(self) -> bytes:
        """The content, after the last chunk."""
        for layer in self._layers:
            layer.check_end()
        return bytes(self._content)

    def _through(self, data: bytes, number: int) -> Iterator[bytes]:
        if number == len(self._layers):
            yield data
            return
        for piece in self._layers[number].feed(data):
            yield from self._through(piece, number + 1)

    def _too_large(self) -> FetchError:
        return FetchError(f"the document is larger than {self._limit / 1048576:g} MiB; reading it was stopped")


class _Layer:
    """One content encoding. What is declared is checked against the first bytes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._head = b""
        self._started = False
        self._inflater: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if not self._started:
            self._head += data
            if len(self._head) < 2:
                return
            data, self._head, self._started = self._head, b"", True
            self._inflater = _inflater(self._name, data)
        if self._inflater is None:
            yield data
        else:
            yield from self._inflate(data)

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        while data and self._inflater is not None:
            try:
                piece = self._inflater.decompress(data, _STEP)
            except zlib.error as error:
                raise FetchError(f"the compressed document is damaged ({error})") from error
            data = self._inflater.unconsumed_tail
            if self._inflater.eof:
                rest = self._inflater.unused_data
                if not rest.startswith(b"\x1f\x8b"):
                    data = b""  # padding after the end
                else:
                    data, self._inflater = rest, zlib.decompressobj(31)
            if piece:
                yield piece

    def check_end(self) -> None:
        if self._started and self._inflater is not None and not self._inflater.eof:
            raise FetchError("the compressed document breaks off before its end")


def _inflater(name: str, head: bytes) -> zlib._Decompress | None:
    """The decoder that fits the first two bytes; None when they are not compressed at all, whatever was declared."""
    if head.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(31)
    if name in _GZIP:
        return None
    zlib_header = head[0] & 0x0F == 8 and (head[0] << 8 | head[1]) % 31 == 0
    if not zlib_header and head[:1] in (b"<", b"{"):
        return None
    return zlib.decompressobj(15 if zlib_header else -15)
