"""An edition composed once more, from the archive as it was, beside what was posted. Nothing is posted or written."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import editionrecord
from bot.adapters.base import Adapter
from bot.editionrecord import EditionRecord
from bot.editions import ROUNDUP_AFTER, digest_spec
from bot.message import BulletList, Context, Heading, Message, Paragraph, Quote, from_json, plain, to_json
from bot.present.edition import edition_message
from bot.settings import Settings
from digests.archive import Archive, deliveries, editions
from digests.archive.explanations import Window
from digests.archive.past import read_as_of
from digests.compose import compose, compose_roundup, compose_welcome
from digests.errors import NotFound
from digests.leftout import LeftOut, left_out
from digests.model import Composition, Coverage, Delivery, Destination, Edition
from digests.story import Story

_POSTED = ("digest", "manual", "quiet", "skipped")


@dataclass(frozen=True, slots=True)
class Replayed:
    """``left_out`` and ``window`` are empty for welcome editions, which come from the dossier."""

    edition: Edition
    composition: Composition
    message: Message
    left_out: Sequence[LeftOut] = ()
    window: Window | None = None
    exact: bool = True
    """False: the edition is of a version that did not keep its digest's settings; today's were used."""


async def find(archive: Archive, named: str) -> Edition:
    """An edition by name: ``edition:7``, ``morning`` (its newest) or ``morning@2026-06-01`` (the newest of that day,
    UTC; more of a time narrows it). Raises :class:`NotFound`, saying how to name one."""
    kind, _, number = named.partition(":")
    async with archive.read() as connection:
        if kind == "edition" and number.isdecimal() and len(number) < 16:
            found = await editions.by_id(connection, int(number))
        else:
            found = await _of_digest(connection, named)
    if found is None:
        raise NotFound(f"there is no edition {named!r}; write edition:7, morning or morning@2026-06-01T08:00 (UTC)")
    return found


async def _of_digest(connection: AsyncConnection, named: str) -> Edition | None:
    digest_id, _, when = named.partition("@")
    for edition in await editions.recent(connection, digest_id=digest_id, limit=5_000):
        if edition.scheduled_at.isoformat().startswith(when):
            return edition
    return None


async def replay(archive: Archive, story: Story, settings: Settings, edition: Edition) -> Replayed:
    """Compose ``edition`` again. The same archive, story and edition give the same words.

    Raises :class:`NotFound` when neither the edition nor the settings say how its digest is made up.
    """
    async with archive.read() as connection:
        summary = await editions.summary_of(connection, edition.id)
    kept = editionrecord.read(edition.digest_id, summary)
    record = kept or _from_settings(settings, edition)

    async def again(connection: AsyncConnection) -> tuple[Composition, Sequence[LeftOut], Window | None]:
        composition = await _composed(connection, story, record, edition)
        if edition.kind not in _POSTED:
            return composition, (), None
        missing, window = await left_out(connection, record.spec, composition)
        return composition, missing, window

    composition, missing, window = await read_as_of(archive, edition, again)
    composition = replace(composition, kind=edition.kind, missed=edition.missed)
    if kept is not None:
        composition = editionrecord.with_coverage(composition, kept)
    message = edition_message(composition, story, record.name)
    return Replayed(edition, composition, message, missing, window, exact=kept is not None)


async def _composed(connection: AsyncConnection, story: Story, record: EditionRecord, edition: Edition) -> Composition:
    at, now, upcoming = edition.scheduled_at, edition.composed_at, record.coverage.next_edition
    match edition.kind:
        case "welcome" | "start":
            return await compose_welcome(
                connection, story, record.spec, scheduled_at=at, next_edition=upcoming, now=now
            )
        case "roundup":
            since = at - ROUNDUP_AFTER
            return await compose_roundup(
                connection, story, record.spec, since=since, scheduled_at=at, next_edition=upcoming, now=now
            )
        case _:
            previous = await editions.last(connection, edition.digest_id) or _stand_in(edition)
            return await compose(
                connection, story, record.spec, previous=previous, scheduled_at=at, next_edition=upcoming, now=now
            )


def _stand_in(edition: Edition) -> Edition | None:
    """For the edition before, when retention has deleted it: where it ended is known, nothing else."""
    if not edition.after_item:
        return None
    return replace(edition, id=0, after_item=0, through_item=edition.after_item, missed=0)


def _from_settings(settings: Settings, edition: Edition) -> EditionRecord:
    digest = settings.digest(edition.digest_id)
    nothing = Coverage(tried=0, failed=(), stale=(), items_seen=0, off_topic=0, next_edition=None)
    return EditionRecord(digest.name.get(digest.language), digest_spec(digest), nothing)


# --- beside what was posted --------------------------------------------------------------------------------


async def differences(
    archive: Archive, replayed: Replayed, adapters: Mapping[str, Adapter]
) -> dict[Destination, list[str]]:
    """By destination the lines by which what was posted differs from what was composed now; empty: none.

    ``adapters`` cut the message as they did then. A message that was corrected since differs where it was corrected.
    """
    async with archive.read() as connection:
        rows = await deliveries.of_edition(connection, replayed.edition.id)
    by_place: dict[Destination, list[Delivery]] = {}
    for row in rows:
        by_place.setdefault(row.destination, []).append(row)
    return {place: _difference(own, replayed.message, adapters.get(place.platform)) for place, own in by_place.items()}


def _difference(rows: Sequence[Delivery], message: Message, adapter: Adapter | None) -> list[str]:
    posted = [from_json(row.payload) for row in sorted(rows, key=lambda row: row.part)]
    # Through JSON, as the ledger had it: a time loses there what JSON does not hold.
    now = [from_json(to_json(part)) for part in (adapter.split(message) if adapter else (message,))]
    if posted == now:
        return []
    before, after = _lines(posted), _lines(now)
    found = list(difflib.unified_diff(before, after, "posted", "composed now", lineterm="", n=1))
    return found or ["the words are the same; they are cut or arranged otherwise"]


def _lines(parts: Iterable[Message]) -> list[str]:
    lines: list[str] = []
    for part in parts:
        for block in part.blocks:
            match block:
                case Heading():
                    lines.append(f"# {block.text}")
                case Paragraph() | Context():
                    lines.append(plain(block.inlines))
                case Quote():
                    lines.append(plain((*block.inlines, *block.source)))
                case BulletList():
                    for item in block.items:
                        lines += [f"- {line}" for line in plain(item.inlines).split("\n")]
                        lines.append(f"  {plain(item.detail)}")
                case _:
                    pass
    return lines
