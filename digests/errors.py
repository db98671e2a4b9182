"""The tree of errors that the domain raises on purpose.

Everything that a caller may want to handle derives from :class:`KakehashiError`; any other exception is a bug.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class KakehashiError(Exception):
    """Root of every error raised on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file that an admin edits.

    ``line`` and ``column`` count from 1; both are 0 when the file as a whole is meant.
    """

    file: str
    line: int
    column: int
    what: str
    cure: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.what}. {self.cure}"


class ConfigError(KakehashiError):
    """One or more files that admins edit are wrong; carries every problem found in one run."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class FetchError(KakehashiError):
    """A source could not be fetched. ``retry_after`` (seconds) is what the server asked for, if it did."""

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class UnsafeAddress(FetchError):
    """A hop of a request leads to an address that is not allowed (loopback, private, link-local, metadata)."""


class ParseError(KakehashiError):
    """A feed or document could not be read; the message says why in plain words."""


class UnsafeUrl(KakehashiError, ValueError):
    """A link is not http(s), carries credentials or cannot be parsed."""


class ArchiveError(KakehashiError):
    """The archive is missing, locked, corrupt or of an unknown version."""


class NotInCharge(KakehashiError):
    """Another instance has taken charge of the archive: whoever meets this may post and record nothing any more."""


class NotFound(KakehashiError):
    """Something named by a user (section, item, digest, source) does not exist; the message names what does."""


class ChartError(KakehashiError):
    """A chart could not be drawn, or not in time; the message says why in plain words."""
