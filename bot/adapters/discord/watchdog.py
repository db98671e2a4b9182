"""Noticing a gateway that has gone silent without closing its connection.

discord.py looks for that itself, between two heartbeats, and then waits for the dead connection to be closed in form;
where that hangs, nothing would ever come again. Source of heartbeats: Discord's documentation, events/gateway.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import discord
import structlog

log = structlog.get_logger()

SILENCE = 60.0
"""Seconds without any word from the gateway; its heartbeats are answered every 41."""
EVERY = 5.0
CLOSE_TIMEOUT = 5.0


async def watch(
    present: Callable[[], discord.AutoShardedClient], *, silence: float = SILENCE, every: float = EVERY
) -> None:
    """Close the connection of each shard that has been silent for ``silence`` seconds; discord.py then reconnects.

    ``present`` gives the client that there is now. Runs until it is cancelled.
    """
    while True:
        await asyncio.sleep(every)
        client = present()
        for number, socket in sockets(client).items():
            quiet = silent_for(socket)
            if quiet is not None and quiet > silence:
                log.warning("discord.gateway-silent", shard=number, seconds=round(quiet))
                await _reset(client, number, socket)


def sockets(client: discord.AutoShardedClient) -> Mapping[int, Any]:
    """The open gateway connections by shard."""
    # discord.py shows a shard's latency and whether it is closed, but not when it was last heard of.
    shards = client.shards.items()
    return {
        number: parent.ws
        for number, shard in shards
        if (parent := getattr(shard, "_parent", None)) is not None and not shard.is_closed()
    }


def silent_for(socket: Any) -> float | None:
    """Seconds since the gateway's last word on this connection; None before its first one."""
    keeper = getattr(socket, "_keep_alive", None)
    heard = getattr(keeper, "_last_recv", None)
    return time.perf_counter() - heard if isinstance(heard, float) else None


async def _reset(client: discord.AutoShardedClient, number: int, socket: Any) -> None:
    """Close in form, which resumes the session; where even that hangs, connect anew."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await socket.close(4000)
    except TimeoutError:
        log.warning("discord.gateway-hangs", shard=number)
        shard = client.get_shard(number)
        if shard is not None:
            await _reconnected(shard)


async def _reconnected(shard: discord.ShardInfo) -> None:
    try:
        async with asyncio.timeout(SILENCE):
            await shard.reconnect()
    except (TimeoutError, OSError, discord.DiscordException) as error:
        log.warning("discord.reconnect-failed", shard=shard.id, why=str(error) or type(error).__name__)
