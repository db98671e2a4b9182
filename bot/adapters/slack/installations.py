"""Workspaces that installed the app by OAuth: their tokens lie in the archive's database.

The tables are the Slack SDK's own (``slack_installations``, ``slack_bots``, ``slack_oauth_states``), made at start.
"""

from __future__ import annotations

import asyncio

from slack_sdk.oauth.installation_store.sqlalchemy import AsyncSQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.sqlalchemy import AsyncSQLAlchemyOAuthStateStore
from sqlalchemy import desc, select
from sqlalchemy.engine import URL, RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

STATE_EXPIRES = 600
"""Seconds between pressing "Add to Slack" and allowing it."""
_WAIT = 10
"""Seconds for the database's locks."""


class Installations:
    """Who installed the app, and the token of each workspace."""

    def __init__(self, url: URL, client_id: str) -> None:
        self._engine = _engine(url)
        self.store = AsyncSQLAlchemyInstallationStore(client_id, self._engine)
        self.states = AsyncSQLAlchemyOAuthStateStore(STATE_EXPIRES, self._engine)
        self._ready = False
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """Make the tables where they are missing."""
        async with self._opening:
            if not self._ready:
                async with self._engine.begin() as connection:
                    await connection.run_sync(self.store.metadata.create_all)
                    await connection.run_sync(self.states.metadata.create_all)
                self._ready = True

    async def of(self, team: str) -> RowMapping | None:
        """The newest installation of a workspace that has a token: ``bot_token``, ``bot_id``, ``bot_user_id``,
        ``team_name``, ``bot_scopes``."""
        await self.open()
        bots = self.store.bots
        query = (
            select(bots)
            .where(bots.c.client_id == self.store.client_id, bots.c.team_id == team, bots.c.bot_token.is_not(None))
            .order_by(desc(bots.c.installed_at), desc(bots.c.id))
            .limit(1)
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).mappings().first()

    async def remove(self, team: str) -> None:
        """Forget a workspace and its tokens: the app was removed there."""
        await self.open()
        async with self._engine.begin() as connection:
            for table in (self.store.bots, self.store.installations):
                own = table.c.client_id == self.store.client_id
                await connection.execute(table.delete().where(own, table.c.team_id == team))

    async def close(self) -> None:
        await self._engine.dispose()


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        return create_async_engine(url, connect_args={"timeout": _WAIT})
    return create_async_engine(url, pool_size=2, pool_pre_ping=True, connect_args={"timeout": _WAIT})
