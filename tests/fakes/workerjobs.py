"""Work for worker processes that goes wrong in every way that parsers of hostile documents do."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from digests.errors import ParseError


@dataclass(frozen=True)
class Said:
    text: str
    process: int


def repeat(payload: bytes, suffix: str = "") -> Said:
    print("noise on standard output")
    return Said(payload.decode() + suffix, os.getpid())


def hang(payload: bytes, **options: str | None) -> Said:
    time.sleep(600)
    return Said("", 0)


def eat_memory(payload: bytes) -> Said:
    heap = [bytearray(64 << 20) for _ in range(1_000)]
    return Said(str(len(heap)), 0)


def recurse(payload: bytes) -> Said:
    return recurse(payload)


def die(payload: bytes) -> Said:
    os.abort()


def refuse(payload: bytes) -> Said:
    raise ParseError("it is no good")


def stumble(payload: bytes) -> Said:
    raise KeyError("a fault of the library")


def environment(payload: bytes) -> Said:
    return Said("\n".join(f"{name}={value}" for name, value in os.environ.items()), 0)


def write_file(payload: bytes) -> Said:
    Path(payload.decode()).write_text("a file that must not be")
    return Said("written", 0)


def wrong_type(payload: bytes) -> Elsewhere:
    return Elsewhere(["not", "text"])


@dataclass(frozen=True)
class Elsewhere:
    text: list[str]
