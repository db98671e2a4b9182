"""``kakehashi deliveries``: the ledger's rows, and what somebody decides about those that the bot gave up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from bot.settings import Settings, load_settings, only_workspace
from bot.settingsfile import place_parts
from digests.archive import Archive, letters
from digests.archive.letters import Listed, Wanted
from digests.errors import NotFound
from digests.model import DeliveryState

UNSETTLED = (DeliveryState.UNCERTAIN, DeliveryState.DEAD, DeliveryState.LEASED, DeliveryState.PENDING)
"""What is listed unless states are named: all that is not done."""
REPLAY_FOR = timedelta(hours=6)
"""How long a row that is sent again is tried."""


async def list_deliveries(
    config: Path, states: Sequence[str], place: str | None, edition: int | None, *, limit: int, as_json: bool
) -> None:
    """Print rows, newest edition first. Safe while the bot runs. Raises :class:`NotFound` for an unknown place."""
    settings = load_settings(config)
    wanted = Wanted(
        states=tuple(map(DeliveryState, states)) or (None if edition is not None else UNSETTLED),
        **_parts(place, settings),
        edition_id=edition,
    )
    archive = await Archive.open(settings.archive)
    try:
        async with archive.read() as connection:
            rows = await letters.listed(connection, wanted, limit=limit)
    finally:
        await archive.close()
    if as_json:
        click.echo(json.dumps([_as_json(row) for row in rows], ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(_line(row))
    if not rows:
        click.echo("no such deliveries" if states or place or edition else "nothing waits, nothing is in doubt")


async def decide(config: Path, ids: Sequence[str], *, replay: bool) -> bool:
    """Send rows again, or settle them unsent; only dead and uncertain ones. False when one was neither.

    Safe while the bot runs: each is decided in one transaction, and the running bot looks at the ledger by itself.
    """
    archive = await Archive.open(load_settings(config).archive)
    well = True
    try:
        for delivery_id in ids:
            well = await _decide_one(archive, delivery_id, replay=replay) and well
    finally:
        await archive.close()
    return well


async def _decide_one(archive: Archive, delivery_id: str, *, replay: bool) -> bool:
    now = datetime.now(UTC)
    async with archive.write() as connection:
        if replay:
            before = await letters.replay(connection, delivery_id, now=now, give_up_at=now + REPLAY_FOR)
        else:
            before = await letters.drop(connection, delivery_id)
    if before is None:
        click.echo(f"{delivery_id}: there is no dead or uncertain delivery of this id", err=True)
        return False
    done = "will be sent again within half a minute" if replay else "is settled; it will not be sent"
    click.echo(f"{delivery_id}: was {before.value}, {done}")
    return True


def _parts(place: str | None, settings: Settings) -> dict[str, Any]:
    if place is None:
        return {}
    parts = place_parts(place)
    if parts is None:
        if place not in settings.platforms:
            raise NotFound(f"{place!r} is neither a platform nor platform:channel")
        return {"platform": place}
    platform, workspace, channel = parts
    return {
        "platform": platform,
        "workspace": workspace or only_workspace(settings.platforms, platform),
        "channel": channel,
    }


def _as_json(row: Listed) -> dict[str, Any]:
    delivery = row.delivery
    return {
        "id": delivery.id,
        "state": delivery.state.value,
        "edition": delivery.edition_id,
        "digest": row.digest_id,
        "scheduled_at": row.scheduled_at.isoformat(),
        "destination": str(delivery.destination),
        "part": delivery.part,
        "parts": delivery.parts,
        "attempts": delivery.attempts,
        "created_at": row.created_at.isoformat(),
        "next_try_at": delivery.next_try_at.isoformat(),
        "give_up_at": delivery.give_up_at.isoformat(),
        "sent_at": row.sent_at.isoformat() if row.sent_at else None,
        "platform_ids": list(delivery.platform_ids),
        "error": delivery.error,
    }


def _line(row: Listed) -> str:
    delivery = row.delivery
    part = f" {delivery.part}/{delivery.parts}" if delivery.parts > 1 else ""
    what = f"{delivery.id}  {delivery.state.value:<9} {delivery.destination}{part}"
    which = f"edition {delivery.edition_id} ({row.digest_id}, {row.scheduled_at:%Y-%m-%d %H:%M} UTC)"
    return f"{what}  {which}" + (f"\n    {delivery.error}" if delivery.error else "")
