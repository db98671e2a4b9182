"""Reading of hostile or heavy documents in processes of their own that can be killed.

A parser written for well-meant input may take minutes or gigabytes on a hostile one, and no thread can be stopped.
Such work is done by worker processes with a time limit and a memory limit. They start when they are needed and end
after a while without work, so an idle bot pays nothing for them. What they return crosses back as JSON and is
validated: even a worker that was taken over can hand over nothing but text. They get no environment variables, so
no secrets.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from digests.errors import ParseError
from digests.ingest.frames import read_frame, write_frame

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")

MOST_WORKERS = 2
IDLE_SECONDS = 20.0
"""A worker that had nothing to do for so long ends: it holds 30 to 80 MB."""
MEMORY_LIMIT = 1 << 30
"""Bytes of address space that a worker may take (POSIX only)."""
_MOST_REQUESTS = 200
"""Documents that one worker reads before it is replaced; bounds what libraries leak."""
_QUEUE_SECONDS = 120.0
_adapters: dict[type[Any], TypeAdapter[Any]] = {}
"""Validators of results; building one costs a millisecond."""
_ROOT = Path(__file__).parents[2]


class Workers:
    """A few worker processes, started on demand. Safe to use from several threads; every call blocks its thread."""

    def __init__(
        self,
        most: int = MOST_WORKERS,
        *,
        idle_seconds: float = IDLE_SECONDS,
        memory: int = MEMORY_LIMIT,
        requests: int = _MOST_REQUESTS,
    ) -> None:
        self._slots = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._resting: list[tuple[float, _Process]] = []
        self._busy: set[_Process] = set()
        self._reaper: threading.Timer | None = None
        self._idle_seconds = idle_seconds
        self._memory = memory
        self._requests = requests

    def run(
        self, function: Callable[..., T], payload: bytes, result: type[T], *, timeout: float, **options: str | None
    ) -> T:
        """``function(payload, **options)``, done by a worker within ``timeout`` seconds.

        ``function`` is a module-level function returning the dataclass ``result``. Raises :class:`ParseError` with
        what the function said, or that it took too long, too much memory, or that every worker stayed busy.
        """
        if not self._slots.acquire(timeout=_QUEUE_SECONDS):
            raise ParseError(f"no worker became free within {_QUEUE_SECONDS:.0f} s; it will be tried again")
        try:
            request = {"function": f"{function.__module__}:{function.__qualname__}", "options": options}
            answer = self._ask(json.dumps(request).encode(), payload, timeout)
        finally:
            self._slots.release()
        if answer[:1] == b"!":
            raise ParseError(answer[1:].decode("utf-8", "replace"))
        return _validated(answer[1:], result)

    @property
    def alive(self) -> int:
        """How many worker processes rest, waiting for work."""
        return len(self._resting)

    @property
    def busy(self) -> int:
        """How many worker processes are at work."""
        return len(self._busy)

    def close(self, *, busy: bool = False) -> None:
        """End the resting workers, and with ``busy`` those at work, whose callers get a :class:`ParseError`. Later
        calls start new ones."""
        with self._lock:
            resting, self._resting = self._resting, []
            if self._reaper is not None:
                self._reaper.cancel()
                self._reaper = None
            working = list(self._busy) if busy else []
        for process in working:
            process.stop()
        for _, process in resting:
            process.end()

    def _ask(self, request: bytes, payload: bytes, timeout: float) -> bytes:
        process = self._take()
        with self._lock:
            self._busy.add(process)
        try:
            answer = process.ask(request, payload, timeout)
        except BaseException:
            process.end()
            raise
        finally:
            with self._lock:
                self._busy.discard(process)
        if process.requests < self._requests:
            self._rest(process)
        else:
            process.end()
        return answer

    def _take(self) -> _Process:
        with self._lock:
            while self._resting:
                _, process = self._resting.pop()
                if process.is_alive():
                    return process
        return _Process(self._memory)

    def _rest(self, process: _Process) -> None:
        with self._lock:
            self._resting.append((time.monotonic(), process))
            self._watch()

    def _watch(self) -> None:
        if self._reaper is None and self._resting:
            self._reaper = threading.Timer(self._idle_seconds, self._reap)
            self._reaper.daemon = True
            self._reaper.start()

    def _reap(self) -> None:
        edge = time.monotonic() - self._idle_seconds * 0.9
        with self._lock:
            ended = [process for since, process in self._resting if since <= edge]
            self._resting = [entry for entry in self._resting if entry[0] > edge]
            self._reaper = None
            self._watch()
        for process in ended:
            process.end()


class _Process:
    """One worker process and its two pipes."""

    def __init__(self, memory: int) -> None:
        self.requests = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "digests.ingest.workerprocess", str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: bytes, payload: bytes, timeout: float) -> bytes:
        self.requests += 1
        late = threading.Event()
        alarm = threading.Timer(timeout, self._stop, (late,))
        alarm.daemon = True
        alarm.start()
        try:
            return self._exchange([request, payload])
        except (OSError, EOFError) as error:
            if late.is_set():
                raise ParseError(f"reading it took longer than {timeout:g} s and was stopped") from error
            status = self._process.wait(10)
            raise ParseError(f"reading it made the worker process end (exit status {status})") from error
        finally:
            alarm.cancel()

    def _stop(self, late: threading.Event) -> None:
        late.set()
        self.stop()

    def stop(self) -> None:
        """Kill it, whatever it is doing; its pipes are closed by :meth:`end`."""
        self._process.kill()

    def _exchange(self, frames: list[bytes]) -> bytes:
        stdin, stdout = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        for frame in frames:
            write_frame(stdin, frame)
        stdin.flush()
        return read_frame(stdout)

    def end(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                cast(BinaryIO, pipe).close()
            except OSError:  # unsent bytes to a process that is gone
                pass
        self._process.wait()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TZ") if name in os.environ}
    return kept | {"PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _validated(answer: bytes, result: type[T]) -> T:
    """The result in ``answer``, if it is one."""
    from pydantic import TypeAdapter, ValidationError

    if result not in _adapters:
        _adapters[result] = TypeAdapter(result)
    try:
        return cast(T, _adapters[result].validate_json(answer))
    except ValidationError as error:
        raise ParseError("the worker process gave an unexpected answer") from error


WORKERS = Workers()
"""The workers of this process."""
atexit.register(WORKERS.close)
