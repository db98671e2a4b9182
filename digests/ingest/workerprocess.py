"""What runs in a worker process: one request after another from standard input, until it closes.

Started by :mod:`digests.ingest.worker` as ``python -m digests.ingest.workerprocess <memory limit>``.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import signal
import sys
from datetime import datetime
from typing import Any, BinaryIO

from digests.errors import ParseError
from digests.ingest.frames import read_frame, write_frame

_LONGEST_SECONDS = 120
"""A request that takes longer has been given up by the parent, or the parent has gone: the worker ends itself."""


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its workers itself
    _limit(int(sys.argv[1]))
    requests, answers = sys.stdin.buffer, _private_output()
    while True:
        try:
            request, payload = json.loads(read_frame(requests)), read_frame(requests)
        except EOFError:
            return
        _alarm(_LONGEST_SECONDS)
        write_frame(answers, _answer(request, payload))
        answers.flush()
        _alarm(0)


def _answer(request: dict[str, Any], payload: bytes) -> bytes:
    """``=`` and the result as JSON, or ``!`` and in plain words what went wrong."""
    try:
        module, _, name = request["function"].partition(":")
        result = getattr(importlib.import_module(module), name)(payload, **request["options"])
        return b"=" + json.dumps(dataclasses.asdict(result), default=_plain).encode("utf-8")
    except ParseError as error:
        return b"!" + str(error).encode("utf-8", "replace")
    except MemoryError:
        return b"!reading it needs more memory than a document may take"
    except RecursionError:
        return b"!it is nested too deeply to be read"
    except Exception as error:  # noqa: BLE001 - whatever a third-party parser raises means: not readable
        return f"!it cannot be read: {type(error).__name__}: {str(error)[:200]}".encode("utf-8", "replace")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be handed over")


def _private_output() -> BinaryIO:
    """Standard output for answers only: what a library prints goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.close(silence)
    return answers


def _limit(memory: int) -> None:
    """Bound the memory, forbid writing files and core dumps. Does nothing where POSIX limits lack."""
    try:
        import resource
    except ImportError:
        return
    for limit, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(limit)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))


def _alarm(seconds: int) -> None:
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


if __name__ == "__main__":
    main()
