"""The edition desk: decides which editions are due, has them composed, writes them with their ledger rows.

Whether an edition is due follows from the archive alone: the digest's newest edition, its schedule and the present.
After downtime the newest missed edition is posted if it is younger than the digest's catch-up window; older ones
fold into it. An edition and its deliveries are written in one transaction, and the (digest, scheduled time) pair is
unique: whoever comes second writes nothing.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import editionrecord
from bot.adapters.base import Adapter
from bot.charge import UNSHARED, Charge
from bot.commands.services import Configuration
from bot.failpoints import passing
from bot.message import Message, to_json
from bot.present.edition import edition_message
from bot.schedule import Schedule, parse_schedule
from bot.settings import DigestSettings
from digests.archive import Archive, corrections, deliveries, editions, meta, subscriptions
from digests.compose import DigestSpec, compose, compose_roundup, compose_welcome
from digests.errors import ArchiveError, NotInCharge
from digests.model import Composition, Destination, Edition, Localized, Subscription
from digests.story import Story

log = structlog.get_logger()

ROUNDUP_AFTER = timedelta(days=7)
_MANUAL_CATCH_UP = timedelta(hours=6)
_BULLETS = {"short": 3, "normal": 4, "long": 5}
_POSTED = ("digest", "quiet", "roundup", "welcome", "manual")


@dataclass(frozen=True, slots=True)
class _Plan:
    """One edition to be written."""

    digest: DigestSettings
    scheduled_at: datetime
    previous: Edition | None
    missed: int
    kind: str
    absent: timedelta = timedelta(0)
    """For how long the digest has been overdue."""


class EditionDesk:
    """Everything between "it is time" and the ledger."""

    def __init__(
        self,
        configuration: Configuration,
        archive: Archive,
        adapters: Mapping[str, Adapter],
        *,
        now: Callable[[], datetime],
        wake: Callable[[], None],
        on_change: Callable[[], Awaitable[None]],
        charge: Charge = UNSHARED,
    ) -> None:
        self._charge = charge
        self._configuration = configuration
        self._archive = archive
        self._adapters = adapters
        self._now = now
        self._wake = wake
        self._on_change = on_change
        self._lock = asyncio.Lock()

    # --- what there is -------------------------------------------------------------------------------------

    async def digests(self) -> list[DigestSettings]:
        """The configured digests, then each member's subscription as a digest of its own."""
        async with self._archive.read() as connection:
            members = await subscriptions.everyone(connection)
        story = self._configuration.story
        known = {section.id for section in story.sections}
        own = [subscription_digest(member, story) for member in members if member.section in known]
        return [*self._configuration.settings.digests, *own]

    def next_editions(self, *, after: datetime, limit: int) -> list[tuple[DigestSettings, datetime]]:
        """The next due times of the configured digests, soonest first."""
        streams = (_upcoming(digest, schedule_of(digest), after) for digest in self._configuration.settings.digests)
        return list(islice(heapq.merge(*streams, key=itemgetter(1)), limit))

    async def changed(self) -> None:
        """Subscriptions have changed: begin new ones and set the clock anew."""
        await self.catch_up()
        await self._on_change()

    # --- what is due ---------------------------------------------------------------------------------------

    async def catch_up(self) -> int:
        """Write every edition that is due by now; returns how many. Safe to call at any time, any number of times.

        A fault in one digest is logged and keeps no other from being written; it is tried again at the next ring, and
        a digest that stays silent is alarmed. Raises NotInCharge and ArchiveError: those concern them all.
        """
        async with self._lock:
            return sum([await self._write_if_due(digest) for digest in await self.digests()])

    async def _write_if_due(self, digest: DigestSettings) -> int:
        with structlog.contextvars.bound_contextvars(digest=digest.id):
            try:
                plan = await self._due(digest)
                return await self._write(plan) if plan is not None else 0
            except (NotInCharge, ArchiveError):
                raise
            except Exception:
                log.exception("edition.fault")
                return 0

    async def _due(self, digest: DigestSettings) -> _Plan | None:
        now = self._now()
        async with self._archive.read() as connection:
            previous = await editions.last(connection, digest.id)
        if previous is None:
            direct = all(destination.kind == "direct" for destination in digest.destinations)
            return _Plan(digest, now, None, 0, "start" if direct else "welcome")
        missed = schedule_of(digest).due(previous.scheduled_at, now)
        if not missed:
            return None
        newest = missed[-1]
        if now - newest > digest.catch_up:
            # Too old to post: it folds into the next one, which looks back to the same previous edition.
            return None
        return _Plan(digest, newest, previous, len(missed) - 1, "digest", absent=now - missed[0])

    # --- writing -------------------------------------------------------------------------------------------

    async def post_now(self, digest: DigestSettings, *, now: datetime) -> int:
        """Post an edition outside the schedule; returns the number of message parts written to the ledger."""
        async with self._lock:
            async with self._archive.read() as connection:
                previous = await editions.last(connection, digest.id)
            plan = _Plan(replace(digest, quiet="post"), now, previous, 0, "manual")
            return await self._write(plan, parts=True)

    async def preview(self, digest: DigestSettings, *, now: datetime) -> Composition:
        """What the digest's next edition would say if it came now. Nothing is written."""
        async with self._archive.read() as connection:
            previous = await editions.last(connection, digest.id)
        composition = await self._compose(_Plan(digest, now, previous, 0, "digest" if previous else "welcome"))
        return replace(composition, kind="quiet") if previous and composition.quiet else composition

    async def _write(self, plan: _Plan, *, parts: bool = False) -> int:
        composition = await self._compose(plan)
        if composition.quiet and plan.kind == "digest":
            composition = await self._quiet(plan, composition)
        rows = self._rows(plan, composition)
        now = self._now()
        passing("edition.due")
        async with self._archive.write() as connection:
            await self._charge.verify(connection)
            edition_id = await editions.create(
                connection,
                digest_id=plan.digest.id,
                scheduled_at=plan.scheduled_at,
                composed_at=now,
                after_item=composition.after_item,
                through_item=composition.through_item,
                kind=composition.kind,
                missed=plan.missed,
                summary=editionrecord.written(plan.digest, digest_spec(plan.digest), composition),
            )
            if edition_id is None:
                log.info("edition.exists", scheduled_at=plan.scheduled_at.isoformat())
                return 0
            await editions.record_events(connection, edition_id, composition.reported)
            await corrections.record_items(connection, edition_id, _cited_items(composition))
            give_up_at = now + max(plan.digest.catch_up, timedelta(minutes=10))
            in_doubt = await _may_be_posted(connection, plan)
            await deliveries.add(
                connection,
                edition_id,
                rows,
                now=min(now, plan.scheduled_at) if in_doubt else now,
                give_up_at=give_up_at,
                in_doubt=in_doubt,
            )
            passing("edition.writing")
        passing("edition.written")
        log.info(
            "edition.written",
            edition=edition_id,
            kind=composition.kind,
            scheduled_at=plan.scheduled_at.isoformat(),
            missed=plan.missed,
            parts=len(rows),
        )
        self._wake()
        return len(rows) if parts else 1

    def _rows(self, plan: _Plan, composition: Composition) -> list[deliveries.NewDelivery]:
        if composition.kind not in _POSTED:
            return []
        name = plan.digest.name.get(plan.digest.language)
        message = edition_message(composition, self._configuration.story, name)
        platforms = {place.platform for place in plan.digest.destinations}
        by_platform = {platform: self._parts(platform, message) for platform in platforms}
        return [
            deliveries.NewDelivery(destination, number, len(by_platform[destination.platform]), part)
            for destination in plan.digest.destinations
            for number, part in enumerate(by_platform[destination.platform], 1)
        ]

    def _parts(self, platform: str, message: Message) -> list[dict[str, Any]]:
        adapter = self._adapters.get(platform)
        return [to_json(part) for part in (adapter.split(message) if adapter else (message,))]

    async def _compose(self, plan: _Plan) -> Composition:
        spec = digest_spec(plan.digest)
        story = self._configuration.story
        upcoming = schedule_of(plan.digest).next_after(max(self._now(), plan.scheduled_at))

        async def read(connection: AsyncConnection) -> Composition:
            if plan.kind in ("welcome", "start"):
                return await compose_welcome(
                    connection, story, spec, scheduled_at=plan.scheduled_at, next_edition=upcoming, now=self._now()
                )
            return await compose(
                connection,
                story,
                spec,
                previous=plan.previous,
                scheduled_at=plan.scheduled_at,
                next_edition=upcoming,
                now=self._now(),
            )

        composition = await self._archive.read_at_once(read)
        return replace(composition, kind=plan.kind, missed=plan.missed, absent=plan.absent)

    async def _quiet(self, plan: _Plan, composition: Composition) -> Composition:
        match plan.digest.quiet:
            case "post":
                return replace(composition, kind="quiet")
            case "weekly-roundup":
                since = plan.scheduled_at - ROUNDUP_AFTER
                async with self._archive.read() as connection:
                    if await editions.posted_since(connection, plan.digest.id, since):
                        return replace(composition, kind="skipped")
                roundup = await self._archive.read_at_once(
                    lambda connection: compose_roundup(
                        connection,
                        self._configuration.story,
                        digest_spec(plan.digest),
                        since=since,
                        scheduled_at=plan.scheduled_at,
                        next_edition=composition.coverage.next_edition,
                        now=self._now(),
                    )
                )
                return replace(roundup, kind="roundup", missed=plan.missed, absent=plan.absent)
            case _:
                return replace(composition, kind="skipped")


def digest_spec(digest: DigestSettings) -> DigestSpec:
    """What compose must know of a digest."""
    return DigestSpec(digest.id, digest.sections, _BULLETS[digest.length], digest.language)


def schedule_of(digest: DigestSettings) -> Schedule:
    return parse_schedule(digest.schedule, ZoneInfo(digest.zone))


def subscription_digest(subscription: Subscription, story: Story) -> DigestSettings:
    """A member's subscription as a digest: one section, daily, by direct message, silent on quiet days."""
    section = story.section(subscription.section)
    return DigestSettings(
        id=subscriptions.digest_id(subscription.id),
        name=Localized(dict(section.name.values)),
        sections=(subscription.section,),
        destinations=(Destination(subscription.platform, subscription.workspace, subscription.user, kind="direct"),),
        schedule=f"daily {subscription.time}",
        zone=subscription.zone,
        language=subscription.language,
        length="normal",
        catch_up=_MANUAL_CATCH_UP,
        quiet="skip",
    )


async def _may_be_posted(connection: AsyncConnection, plan: _Plan) -> bool:
    """Whether an edition of this time may have been posted by the archive that a backup has taken the place of."""
    restored = await meta.get(connection, meta.RESTORED_AT)
    return bool(restored) and plan.scheduled_at <= datetime.fromisoformat(str(restored))


def _cited_items(composition: Composition) -> list[int]:
    """The items whose words stand in the edition; the sources named beside them do not count."""
    bullets = [bullet for section in composition.sections for bullet in (*section.bullets, *section.changed)]
    ids = [bullet.citation.id.partition(":") for bullet in bullets]
    return [int(number) for kind, _, number in ids if kind == "item"]


def _upcoming(digest: DigestSettings, schedule: Schedule, after: datetime) -> Iterator[tuple[DigestSettings, datetime]]:
    """A digest's due times, without end."""
    while True:
        after = schedule.next_after(after)
        yield digest, after
