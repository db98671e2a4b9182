"""The dead man's alarm: digests that fell silent and kinds of sources that fail, told once per change.

What is out of order follows from the archive (:func:`digests.archive.alarms.find_silent` and the sources' health); what
was told stands there, too. A change and its message to the ops destination are written in one transaction, and the
message goes through the same ledger as editions: after a crash nothing is told twice, and nothing is forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.base import Adapter
from bot.charge import UNSHARED, Charge
from bot.commands.services import Configuration
from bot.editions import schedule_of
from bot.failpoints import passing
from bot.i18n import translator
from bot.message import to_json
from bot.present.alarm import alarm_message
from digests.archive import Archive, alarms, deliveries, editions, health
from digests.archive.alarms import Alarm
from digests.model import Destination, SourceHealth

log = structlog.get_logger()

DIGEST = "ops"
"""The digest id under which alarms stand among the editions."""
GRACE = timedelta(minutes=30)
"""How long after its time a digest may come before it counts as silent."""
FAILING_FOR = timedelta(hours=1)
"""How long every source of a kind must have been failing."""
_INSTANT = timedelta(microseconds=1)
_TELL_WITHIN = timedelta(days=2)
"""How long an alarm is tried at a platform that is away."""


class AlarmDesk:
    """Looks what is out of order and tells what has changed. :meth:`run_once` may be called at any time."""

    def __init__(
        self,
        configuration: Configuration,
        archive: Archive,
        adapters: Mapping[str, Adapter],
        *,
        now: Callable[[], datetime],
        wake: Callable[[], None],
        charge: Charge = UNSHARED,
    ) -> None:
        self._configuration = configuration
        self._archive = archive
        self._adapters = adapters
        self._now = now
        self._wake = wake
        self._charge = charge

    async def run_once(self) -> int:
        """Look, and write what is to be told; returns how many changes there were."""
        now = self._now()
        async with self._archive.read() as connection:
            standing = await alarms.all_of(connection)
            found = {alarm.subject: alarm for alarm in await self._found(connection, now)}
        began = [alarm for subject, alarm in found.items() if subject not in standing]
        ended = [alarm for subject, alarm in standing.items() if subject not in found]
        if not began and not ended:
            return 0
        async with self._archive.write() as connection:
            await self._charge.verify(connection)
            if await alarms.all_of(connection) != standing:
                return 0  # Somebody else was here meanwhile: the next look sees what is left to tell.
            await alarms.change(connection, began=began, ended=ended, now=now)
            place = self._configuration.settings.ops
            # A digest that was taken out of bot.yaml is not "well again".
            known = {f"digest:{digest.id}" for digest in self._configuration.settings.digests}
            over = [alarm for alarm in ended if alarm.subject in known or not alarm.subject.startswith("digest:")]
            if place is not None and (began or over):
                await self._tell(connection, place, began, over, now)
            passing("alarm.writing")
        for alarm in began:
            log.error("alarm.began", subject=alarm.subject, since=alarm.since.isoformat(), **alarm.detail)
        for alarm in ended:
            log.warning("alarm.ended", subject=alarm.subject, since=alarm.since.isoformat())
        self._wake()
        return len(began) + len(ended)

    async def _tell(
        self,
        connection: AsyncConnection,
        place: Destination,
        began: Sequence[Alarm],
        ended: Sequence[Alarm],
        now: datetime,
    ) -> None:
        settings = self._configuration.settings
        t = translator(settings.language)
        message = alarm_message(began, ended, {digest.id: digest.name for digest in settings.digests}, now, t)
        adapter = self._adapters.get(place.platform)
        parts = adapter.split(message) if adapter else (message,)
        edition_id, at = None, now
        while edition_id is None:  # A time has one edition of a digest; a clock that was set may show one again.
            edition_id = await editions.create(
                connection,
                digest_id=DIGEST,
                scheduled_at=at,
                composed_at=now,
                after_item=0,
                through_item=0,
                kind="alarm",
            )
            at += _INSTANT
        rows = [
            deliveries.NewDelivery(place, number, len(parts), to_json(part))
            for number, part in enumerate(parts, start=1)
        ]
        await deliveries.add(connection, edition_id, rows, now=now, give_up_at=now + _TELL_WITHIN)

    async def _found(self, connection: AsyncConnection, now: datetime) -> list[Alarm]:
        return [*await self._silent(connection, now), *await self._failing(connection, now)]

    async def _silent(self, connection: AsyncConnection, now: datetime) -> list[Alarm]:
        found = []
        for digest in self._configuration.settings.digests:
            previous = await editions.last(connection, digest.id)
            if previous is None:
                continue
            subject = f"digest:{digest.id}"
            # One that is read back in time must not look further than a digest's schedule can be behind.
            due = schedule_of(digest).due(previous.scheduled_at, now - GRACE, limit=1)
            if due:
                found.append(Alarm(subject, due[0], {}))
                continue
            waiting = await alarms.undelivered(connection, previous.id, composed_before=now - GRACE)
            if waiting:
                places = sorted({str(row.destination) for row in waiting})
                why = next((row.error for row in waiting if row.error), None)
                detail: dict[str, Any] = {"places": places, "why": why}
                found.append(Alarm(subject, previous.scheduled_at, detail))
        return found

    async def _failing(self, connection: AsyncConnection, now: datetime) -> list[Alarm]:
        story = self._configuration.story
        by_kind: dict[str, list[SourceHealth]] = defaultdict(list)
        for state in await health.all_states(connection, story.sources, now):
            if state.state not in ("disabled", "waiting"):
                by_kind[story.source(state.source_id).kind].append(state)
        found = []
        for kind, states in by_kind.items():
            since = [state.failing_since for state in states if state.state == "failing" and state.failing_since]
            if len(since) == len(states) and max(since) <= now - FAILING_FOR:
                detail = {"sources": len(states), "why": next((state.why for state in states if state.why), None)}
                found.append(Alarm(f"kind:{kind}", max(since), detail))
        return found
