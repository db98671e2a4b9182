"""A circuit breaker: after some failures in a row nobody waits for a broken endpoint until it has had time to mend."""

from __future__ import annotations

import time
from collections.abc import Callable

FAILURES = 3
"""Failures in a row that open the circuit."""
FIRST_REST = 60.0
"""Seconds that it stays open the first time; each further failure doubles them."""
LONGEST_REST = 900.0


class Breaker:
    """Ask :meth:`allows` before a call and tell what came of it. While it is open one call at a time may try."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._rest = FIRST_REST
        self._open_until: float | None = None
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Whether calls are refused at this moment."""
        return self._open_until is not None and (self._trying or self._clock() < self._open_until)

    def allows(self) -> bool:
        """Whether a call may be made now. A call that is allowed has to report with one of the other methods."""
        if self._open_until is None:
            return True
        if self.is_open:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """The endpoint answered as it should."""
        self._failures, self._rest, self._open_until, self._trying = 0, FIRST_REST, None, False

    def failed(self, retry_after: float | None = None) -> None:
        """It did not; ``retry_after`` (seconds) is the rest that it asked for itself."""
        self._failures += 1
        was_trying, self._trying = self._trying, False
        if was_trying:
            self._rest = min(2 * self._rest, LONGEST_REST)
        if retry_after is not None:
            self._open_until = self._clock() + min(max(retry_after, 1.0), LONGEST_REST)
        elif self._failures >= FAILURES or was_trying:
            self._open_until = self._clock() + self._rest

    def abandoned(self) -> None:
        """The call was given up by the caller, which says nothing about the endpoint."""
        self._trying = False
