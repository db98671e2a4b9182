"""Corrections: when a source edits or withdraws what an edition cited, the posted message is edited, once, and says so.

What is to be told follows from the archive alone (:mod:`digests.archive.corrections`), so nothing is forgotten by a
restart and nothing is told twice.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.adapters.base import Adapter, PermanentSendError, SendError, Sent, TransientSendError
from bot.delivery import SEND_TIMEOUT, retry_delay
from bot.message import from_json, to_json
from bot.present.correction import corrected
from digests.archive import Archive, corrections
from digests.archive.corrections import Correction

log = structlog.get_logger()

TOLD_FOR = timedelta(days=14)
"""Readers of older editions are not told any more: nobody scrolls back that far."""
_MOST_ATTEMPTS = 12


class CorrectionDesk:
    """Finds what must be corrected and has the adapters edit it. :meth:`run_once` may be called at any time."""

    def __init__(
        self,
        archive: Archive,
        adapters: Mapping[str, Adapter],
        *,
        now: Callable[[], datetime],
        rng: random.Random | None = None,
    ) -> None:
        self._archive = archive
        self._adapters = adapters
        self._now = now
        self._rng = rng or random.Random()
        self._lock = asyncio.Lock()

    async def run_once(self) -> int:
        """Write what is outstanding and carry what is due to the platforms; returns how many messages were edited."""
        async with self._lock:
            await self._write_outstanding()
            async with self._archive.read() as connection:
                due = await corrections.due(connection, now=self._now())
            return sum([await self._carry(correction) for correction in due])

    async def _write_outstanding(self) -> None:
        now = self._now()
        async with self._archive.read() as connection:
            changed = await corrections.outstanding(connection, since=now - TOLD_FOR)
        for item in changed:
            async with self._archive.write() as connection:
                texts: dict[str, dict[str, Any]] = {}
                for part in await corrections.posted(connection, item.edition_id) if item.posted_url else ():
                    message = corrected(
                        from_json(part.payload),
                        posted_url=item.posted_url or "",
                        url=item.url,
                        title=item.title,
                        text=item.text,
                        withdrawn=item.withdrawn,
                        at=now,
                    )
                    if message is not None:
                        texts[part.delivery_id] = to_json(message)
                await corrections.write(connection, texts, now)
                await corrections.mark_told(connection, item.edition_id, item.item_id, now)
            log.info("correction.written", edition=item.edition_id, item=item.item_id, parts=len(texts))

    async def _carry(self, correction: Correction) -> int:
        with structlog.contextvars.bound_contextvars(
            edition=correction.edition_id, delivery=correction.delivery_id, destination=str(correction.destination)
        ):
            adapter = self._adapters.get(correction.destination.platform)
            if adapter is None:
                await self._again(correction, "its platform is not enabled", None)
                return 0
            sent = Sent(correction.platform_ids, correction.sent_at)
            try:
                async with asyncio.timeout(SEND_TIMEOUT):
                    await adapter.edit(correction.destination, sent, from_json(correction.payload))
            except PermanentSendError as error:
                await self._settle(correction, posted=False)
                log.warning("correction.impossible", why=str(error))
                return 0
            except (SendError, TimeoutError) as error:
                # Editing twice does no harm: what is unclear is simply done again.
                retry_after = error.retry_after if isinstance(error, TransientSendError) else None
                await self._again(correction, str(error) or "no answer in time", retry_after)
                return 0
            await self._settle(correction, posted=True)
            log.info("correction.posted")
            return 1

    async def _settle(self, correction: Correction, *, posted: bool) -> None:
        async with self._archive.write() as connection:
            await corrections.settle(connection, correction, posted=posted)

    async def _again(self, correction: Correction, why: str, retry_after: float | None) -> None:
        if correction.attempts + 1 >= _MOST_ATTEMPTS:
            await self._settle(correction, posted=False)
            log.error("correction.given-up", why=why)
            return
        delay = retry_delay(correction.attempts + 1, retry_after, self._rng)
        async with self._archive.write() as connection:
            await corrections.postpone(connection, correction, next_try_at=self._now() + delay, error=why)
        log.warning("correction.retry", why=why, wait_s=round(delay.total_seconds(), 1))
