"""``kakehashi deliveries``: what is in doubt is listed, sent again or settled, while the bot runs."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import cli
from digests.archive import Archive, deliveries
from digests.archive.deliveries import NewDelivery
from digests.errors import NotFound
from digests.model import DeliveryState, Destination
from tests.fakes.shelf import DAY_ONE, put_edition

NEWS, OTHER = Destination("web", "local", "news"), Destination("web", "local", "other")


def kakehashi(config: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "deliveries", *words])


@pytest.fixture
def keys(config: Path) -> dict[str, str]:
    """A dead, an uncertain, a sent and a pending delivery, by state."""

    async def fill() -> dict[str, str]:
        archive = await Archive.open(f"sqlite:///{config.parent / 'archive.sqlite3'}")
        _, ids = await put_edition(
            archive, deliver=[NewDelivery(place, part, 2, {}) for place in (NEWS, OTHER) for part in (1, 2)]
        )
        dead, uncertain, sent, pending = ids
        async with archive.write() as connection:
            await deliveries.lease(connection, owner="a", now=DAY_ONE, until=DAY_ONE, limit=9)
            await deliveries.mark_dead(connection, dead, owner="a", error="the channel is gone")
            await deliveries.mark_sent(connection, sent, owner="a", platform_ids=("1",), at=DAY_ONE)
            await deliveries.lease(connection, owner="a", now=DAY_ONE, until=DAY_ONE, limit=9)
            await deliveries.mark_uncertain(connection, uncertain, owner="a", error="nobody can tell")
            await deliveries.release(connection, pending, owner="a", now=DAY_ONE)
        await archive.close()
        return {"dead": dead, "uncertain": uncertain, "sent": sent, "pending": pending}

    return asyncio.run(fill())


def states(config: Path, *words: str) -> dict[str, str]:
    done = kakehashi(config, *words, "--json")
    assert done.exit_code == 0, done.output
    return {row["id"]: row["state"] for row in json.loads(done.stdout)}


def test_rows_are_listed_by_state_place_and_edition(config: Path, keys: dict[str, str]) -> None:
    unsettled = {key: state for state, key in keys.items() if state != "sent"}
    assert states(config) == unsettled
    assert states(config, "--state", "sent") == {keys["sent"]: "sent"}
    assert states(config, "--destination", "web:news") == {keys["dead"]: "dead", keys["uncertain"]: "uncertain"}
    assert states(config, "--destination", "web:local:other") == {keys["pending"]: "pending"}
    assert states(config, "--destination", "web") == unsettled
    assert len(states(config, "--edition", "1")) == 4
    assert states(config, "--edition", "2") == {}
    text = kakehashi(config).output
    assert "nobody can tell" in text
    assert "web:local:news 1/2" in text
    assert isinstance(kakehashi(config, "--destination", "nowhere").exception, NotFound)


def test_dead_and_uncertain_ones_are_sent_again_or_settled_and_no_others(config: Path, keys: dict[str, str]) -> None:
    done = kakehashi(config, "replay", keys["dead"])
    assert done.exit_code == 0
    assert "was dead, will be sent again" in done.output
    done = kakehashi(config, "drop", keys["uncertain"])
    assert "was uncertain, is settled" in done.output
    assert states(config, "--edition", "1") == {
        keys["dead"]: "pending",
        keys["uncertain"]: "dropped",
        keys["sent"]: "sent",
        keys["pending"]: "pending",
    }
    for word in ("replay", "drop"):
        for key in (keys["sent"], keys["pending"], keys["uncertain"], "no-such-row"):
            done = kakehashi(config, word, key)
            assert done.exit_code == 1
            assert "no dead or uncertain delivery" in done.output


def test_one_that_is_sent_again_is_new_to_the_worker(config: Path, keys: dict[str, str]) -> None:
    kakehashi(config, "replay", keys["uncertain"])

    async def look() -> None:
        archive = await Archive.open(f"sqlite:///{config.parent / 'archive.sqlite3'}")
        async with archive.read() as connection:
            (row,) = [row for row in await deliveries.of_edition(connection, 1) if row.id == keys["uncertain"]]
        await archive.close()
        assert (row.state, row.attempts, row.error) == (DeliveryState.PENDING, 0, None)
        assert row.give_up_at > datetime.now(UTC)

    asyncio.run(look())
