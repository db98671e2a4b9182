"""How the C library keeps freed memory, set for a program that runs for months."""

from __future__ import annotations

import ctypes
import sys

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
"""Parameters of glibc's mallopt(3)."""
_OWN_MAPPING = 1 << 20
"""Bytes from which on a block is mapped by itself and goes back to the system at once. glibc starts with an eighth of
that, and raises it to 32 MB with what is freed; then large blocks stay."""


def keep_little() -> bool:
    """Have all threads share one arena, and large blocks go back to the system when they are freed; whether that could
    be said: other C libraries than glibc have no such parameters. To be called before the first thread starts.

    By default each thread gets an arena of its own, sixteen on two cores. The same work runs in another thread each
    time, so that each arena grows to what any one has ever needed: the bot rose by 1.5 MB an hour. Python computes in
    one thread at a time, so they hardly wait for each other.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    mallopt.argtypes, mallopt.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    return bool(mallopt(_ARENA_MAX, 1)) and bool(mallopt(_MMAP_THRESHOLD, _OWN_MAPPING))
