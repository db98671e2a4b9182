"""``kakehashi why``: how an item or an edition came about, from the archive alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.reload import load_all
from bot.replay import Replayed, find, replay
from bot.settings import Settings
from digests.archive import Archive, events, explanations, health, items
from digests.errors import NotFound
from digests.model import Composition, DigestBullet, Edition, Item
from digests.story import Story

_ITEM = re.compile(r"(?:item:|#)?(\d{1,15})")
_MOST_LEFT_OUT = 40
_MOST_SIBLINGS = 20

Told = dict[str, Any]


async def why_once(config: Path, named: str, *, as_json: bool) -> None:
    """Print everything that is known. Raises :class:`NotFound`."""
    settings, story = load_all(config)
    archive = await Archive.open(settings.archive, migrate=False)
    try:
        told = await explain(archive, story, settings, named)
    finally:
        await archive.close()
    click.echo(json.dumps(told, ensure_ascii=False, indent=2) if as_json else "\n".join(_lines(told)))


async def explain(archive: Archive, story: Story, settings: Settings, named: str) -> Told:
    """What is known of an item (``12``, ``#12``, ``item:12``) or an edition (see :func:`bot.replay.find`), as JSON."""
    if number := _ITEM.fullmatch(named):
        return await archive.read_at_once(lambda connection: _item(connection, story, int(number[1])))
    edition = await find(archive, named)
    replayed = await replay(archive, story, settings, edition)
    async with archive.read() as connection:
        rows = await explanations.ledger_of(connection, edition.id)
    return _edition(edition, replayed, rows)


# --- an item -----------------------------------------------------------------------------------------------


async def _item(connection: AsyncConnection, story: Story, number: int) -> Told:
    item = await items.by_id(connection, number)
    if item is None:
        raise NotFound(f"there is no item {number}; `kakehashi export items` lists them, editions are edition:{number}")
    filings = (await items.filings_of(connection, [number])).get(number, ())
    state = await health.state_of(connection, item.source_id)
    source = next((source for source in story.sources if source.id == item.source_id), None)
    return {
        "item": item.id,
        "title": item.title,
        "url": item.url,
        "publisher": item.publisher,
        "family": item.family,
        "kind": item.kind.value,
        "language": item.language,
        "published_at": _at(item.published_at),
        "dating": item.dating.value,
        "source": {
            "id": item.source_id,
            "url": source.url if source else None,
            "every_s": int(source.every.total_seconds()) if source else None,
            "in_story": source is not None,
            "baseline_at": _at(state.baseline_at),
            "last_success_at": _at(state.last_success_at),
            "failing": state.why,
        },
        "fetched_at": _at(item.first_seen_at),
        "baseline": item.baseline,
        "withdrawn_at": _at(item.withdrawn_at),
        "revisions": [
            {"number": old.number, "until": _at(old.seen_at), "title": old.title, "url": old.url}
            for old in await explanations.revisions_of(connection, number)
        ]
        + [{"number": item.revision, "until": None, "title": item.title, "url": item.url}],
        "off_topic": item.off_topic,
        "filed": [
            {
                "section": filing.section,
                "score": round(filing.score, 3),
                "reasons": [
                    {"kind": reason.kind, "what": reason.detail, "weight": round(reason.weight, 3)}
                    for reason in filing.reasons
                ],
            }
            for filing in filings
        ],
        "event": await _event(connection, item),
        "editions": [
            {
                "edition": citing.edition_id,
                "digest": citing.digest_id,
                "scheduled_at": _at(citing.scheduled_at),
                "kind": citing.kind,
                "revision": citing.revision,
                "readers_told_of_change_at": _at(citing.told_at),
                "deliveries": [
                    {"destination": str(row.destination), "part": row.part, "state": row.state}
                    for row in await explanations.ledger_of(connection, citing.edition_id)
                ],
            }
            for citing in await explanations.editions_citing(connection, number)
        ],
    }


async def _event(connection: AsyncConnection, item: Item) -> Told | None:
    if item.event_id is None:
        return None
    grouped = await events.members(connection, [item.event_id])
    others = [other for event in grouped for other in event.items if other.id != item.id]
    return {
        "event": item.event_id,
        "why": await explanations.grouping_of(connection, item.id),
        "copy_of": item.duplicate_of,
        "others": [
            {"item": other.id, "publisher": other.publisher, "title": other.title} for other in others[:_MOST_SIBLINGS]
        ],
        "more": max(0, len(others) - _MOST_SIBLINGS),
    }


# --- an edition --------------------------------------------------------------------------------------------


def _edition(edition: Edition, replayed: Replayed, rows: Sequence[explanations.Row]) -> Told:
    window = replayed.window
    return {
        "edition": edition.id,
        "digest": edition.digest_id,
        "kind": edition.kind,
        "due_at": _at(edition.scheduled_at),
        "composed_at": _at(edition.composed_at),
        "late_s": max(0, int((edition.composed_at - edition.scheduled_at).total_seconds())),
        "missed_before": edition.missed,
        "since": _at(replayed.composition.since),
        "items": {
            "after": edition.after_item,
            "through": edition.through_item,
            "seen": window.seen if window else 0,
            "baseline": window.baseline if window else 0,
            "off_topic": window.off_topic if window else 0,
            "withdrawn": window.withdrawn if window else 0,
        },
        "sources": {
            "tried": replayed.composition.coverage.tried,
            "failing": list(replayed.composition.coverage.failed),
            "stale": list(replayed.composition.coverage.stale),
        },
        "settings_kept": replayed.exact,
        "took": list(_took(replayed.composition)),
        "left_out": [
            {
                "section": one.section,
                "event": one.event_id,
                "item": one.lead.id,
                "title": one.lead.title,
                "publisher": one.lead.publisher,
                "items": one.items,
                "why": one.why,
            }
            for one in replayed.left_out
        ],
        "deliveries": [
            {
                "delivery": row.id,
                "destination": str(row.destination),
                "part": row.part,
                "parts": row.parts,
                "state": row.state,
                "attempts": row.attempts,
                "written_at": _at(row.created_at),
                "next_try_at": _at(row.next_try_at) if row.state in ("pending", "leased") else None,
                "give_up_at": _at(row.give_up_at),
                "sent_at": _at(row.sent_at),
                "platform_ids": list(row.platform_ids),
                "error": row.error,
            }
            for row in rows
        ],
    }


def _took(composition: Composition) -> Iterable[Told]:
    for section in composition.sections:
        for changed, bullets in ((False, section.bullets), (True, section.changed)):
            for bullet in bullets:
                yield _bullet(section.section, bullet, changed=changed)


def _bullet(section: str, bullet: DigestBullet, *, changed: bool) -> Told:
    return {
        "section": section,
        "cites": bullet.citation.id,
        "title": bullet.citation.title,
        "publisher": bullet.citation.publisher,
        "event": bullet.event_id,
        "independent_sources": bullet.voices,
        "beside": [citation.id for citation in bullet.others],
        "told_before_and_changed": changed,
    }


# --- words -------------------------------------------------------------------------------------------------


def _lines(told: Told) -> Iterable[str]:
    yield from _item_lines(told) if "item" in told and "edition" not in told else _edition_lines(told)


def _item_lines(told: Told) -> Iterable[str]:
    yield f"item {told['item']}: {told['title']}"
    if told["url"]:
        yield f"  {told['url']}"
    yield f"  {told['publisher']} (family {told['family']}, {told['kind']}, {told['language']}),"
    yield f"  published {told['published_at']} ({told['dating']})"
    source = told["source"]
    yield f"source {source['id']}" + ("" if source["in_story"] else ", which has left the story")
    if source["url"]:
        yield f"  {source['url']}, every {source['every_s']} s"
    yield f"  the item was first read {told['fetched_at']}; the source {source['last_success_at'] or 'never'} last"
    if told["baseline"]:
        yield "  it came with the source's first reading, so it is background and was not posted as new"
    if source["failing"]:
        yield f"  the source is failing: {source['failing']}"
    for old in told["revisions"][:-1]:
        yield f"revision {old['number']}, until {old['until']}: {old['title']}"
    if told["withdrawn_at"]:
        yield f"withdrawn by its source {told['withdrawn_at']}"
    if told["off_topic"]:
        yield f"off topic: {told['off_topic']}"
    for filing in told["filed"]:
        yield f"filed under {filing['section']}, {filing['score']:.2f}"
        yield from (f"  {r['kind']}: {r['what']} ({r['weight']:+.2f})" for r in filing["reasons"])
    yield from _event_lines(told["event"])
    if not told["editions"]:
        yield "no edition has quoted it"
    for citing in told["editions"]:
        yield f"quoted by edition {citing['edition']} ({citing['digest']}, {citing['kind']}, {citing['scheduled_at']})"
        yield from (f"  {d['destination']}, part {d['part']}: {d['state']}" for d in citing["deliveries"])
        if citing["readers_told_of_change_at"]:
            yield f"  readers were told of a change {citing['readers_told_of_change_at']}"


def _event_lines(event: Told | None) -> Iterable[str]:
    if event is None:
        return
    yield f"event {event['event']}: {event['why'] or 'the reason was not kept'}"
    if event["copy_of"]:
        yield f"  a copy of item {event['copy_of']}"
    yield from (f"  with item {other['item']}, {other['publisher']}: {other['title']}" for other in event["others"])
    if event["more"]:
        yield f"  and {event['more']} more"


def _edition_lines(told: Told) -> Iterable[str]:
    yield f"edition {told['edition']} of {told['digest']} ({told['kind']})"
    yield f"  due {told['due_at']}, composed {told['composed_at']} ({told['late_s']} s later)"
    if told["missed_before"]:
        yield f"  {told['missed_before']} earlier ones were missed and are in it"
    if told["since"]:
        yield f"  it looks back to {told['since']}"
    seen = told["items"]
    yield (
        f"  items {seen['after'] + 1} to {seen['through']}: {seen['seen']} still archived,"
        f" {seen['baseline']} background, {seen['off_topic']} off topic, {seen['withdrawn']} withdrawn"
    )
    sources = told["sources"]
    failing = len(sources["failing"])
    yield f"  sources read {sources['tried'] - failing}, failing {failing}, stale {len(sources['stale'])}"
    if not told["settings_kept"]:
        yield "  how its digest was set up then was not kept; today's settings were taken"
    yield f"took {len(told['took'])}:"
    for one in told["took"]:
        again = ", told before and changed since" if one["told_before_and_changed"] else ""
        yield f"  {one['section']}: {one['title']} ({one['cites']}, {_voices(one['independent_sources'])}{again})"
    yield f"left out {len(told['left_out'])}:"
    for one in told["left_out"][:_MOST_LEFT_OUT]:
        yield f"  {one['section'] or 'no section'}: {one['title']} (item {one['item']}): {one['why']}"
    if len(told["left_out"]) > _MOST_LEFT_OUT:
        yield f"  and {len(told['left_out']) - _MOST_LEFT_OUT} more; --json has them all"
    yield f"deliveries {len(told['deliveries'])}:"
    for row in told["deliveries"]:
        yield from _delivery_lines(row)


def _delivery_lines(row: Mapping[str, Any]) -> Iterable[str]:
    attempts = "1 attempt" if row["attempts"] == 1 else f"{row['attempts']} attempts"
    state = f"{row['state']} {row['sent_at']}" if row["sent_at"] else row["state"]
    where = f"{row['destination']}, part {row['part']} of {row['parts']}"
    yield f"  {row['delivery']} → {where}: {state}, {attempts}"
    if row["next_try_at"]:
        yield f"    next try {row['next_try_at']}, until {row['give_up_at']}"
    if row["error"]:
        yield f"    {row['error']}"
    if row["platform_ids"]:
        yield f"    at the platform: {', '.join(row['platform_ids'])}"


def _voices(number: int) -> str:
    return "1 independent source" if number == 1 else f"{number} independent sources"


def _at(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
