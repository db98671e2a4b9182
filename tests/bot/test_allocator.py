"""The C library's memory is set for the whole life of a process; so these have processes of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

_WORK = """
import ctypes, sys, threading
from bot import allocator
print(allocator.keep_little() if sys.argv[1] == "set" else "")
here = threading.Barrier(8)
def work():
    kept = [bytes(size) for size in (600, 5_000, 70_000)]
    here.wait(20)
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


def _arenas(how: str) -> tuple[str, int]:
    """What was said, and how many arenas there are."""
    done = subprocess.run([sys.executable, "-c", _WORK, how], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip(), sum(line.startswith("Arena ") for line in done.stderr.splitlines())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the setting is one of glibc, on Linux")
def test_all_threads_share_one_arena() -> None:
    assert _arenas("unset")[1] > 1, "or nothing is shown"
    assert _arenas("set") == ("True", 1)
