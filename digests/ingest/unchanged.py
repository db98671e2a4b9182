"""Sources that were read and had nothing new: by far the most polls, so they share their transactions.

What is noted here and not yet written is lost with the process. Nothing else is: such a source is read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from digests.archive import Archive, health
from digests.archive.health import SourceState
from digests.ingest.reading import Reading

FLUSH_EVERY = 2.0
"""Seconds after which what was noted is written."""


class Unchanged:
    """Notes polls without news, and writes them together. One for each round of polls."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._noted: list[Mapping[str, Any]] = []

    @staticmethod
    def fits(state: SourceState, reading: Reading) -> bool:
        """Whether nothing else has to be written of this poll."""
        return reading.entries is None and state.baseline_done

    def note(self, state: SourceState, reading: Reading, *, now: datetime, next_try_at: datetime) -> None:
        self._noted.append(
            health.read_again(
                state.source_id,
                now=now,
                next_try_at=next_try_at,
                etag=reading.etag,
                last_modified=reading.last_modified,
                body_hash=reading.body_hash,
            )
        )

    async def flush(self) -> None:
        """Write what was noted. Raises :class:`~digests.errors.ArchiveError`."""
        noted, self._noted = self._noted, []
        if noted:
            await self._archive.write_at_once(lambda connection: health.record_unchanged(connection, noted))
