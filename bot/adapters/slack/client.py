"""Slack's Web API with the right token: of the one workspace, or of each that installed the app."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.web.internal_utils import get_user_agent
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters import departure
from bot.adapters.base import PermanentSendError, TransientSendError
from bot.adapters.slack.errors import DEAD_TOKEN, cause_code, told_plainly
from bot.adapters.slack.installations import Installations
from bot.adapters.slack.options import SlackOptions
from digests.model import Destination

TIMEOUT = 20.0
"""Seconds for one call, inside what the delivery worker allows for sending."""
_CONNECT_TIMEOUT = 8.0
_USER_AGENT = get_user_agent()


@dataclass(frozen=True, slots=True)
class Identity:
    """The bot in a workspace. ``scopes`` are the token's, None when Slack did not say."""

    team: str
    team_name: str
    bot_user: str
    bot_id: str
    name: str
    scopes: frozenset[str] | None

    @classmethod
    def of(cls, answer: AsyncSlackResponse) -> Self:
        """From the answer of auth.test."""
        return cls(
            team=str(answer["team_id"]),
            team_name=str(answer.get("team") or answer["team_id"]),
            bot_user=str(answer.get("user_id") or ""),
            bot_id=str(answer.get("bot_id") or ""),
            name=str(answer.get("user") or "the bot"),
            scopes=_scopes(answer),
        )


def _scopes(answer: AsyncSlackResponse) -> frozenset[str] | None:
    found = next((value for name, value in answer.headers.items() if name.lower() == "x-oauth-scopes"), None)
    return None if found is None else frozenset(scope.strip() for scope in found.split(",") if scope.strip())


class Workspaces:
    """Clients of the Web API by workspace. Nothing is connected before the first call; works without a start."""

    def __init__(self, options: SlackOptions, installations: Installations | None) -> None:
        self.options = options
        self.installations = installations
        self._session: aiohttp.ClientSession | None = None
        self._identities: dict[str, Identity] = {}
        self._direct: dict[tuple[str, str], str] = {}
        self._clients: dict[str | None, AsyncWebClient] = {}

    def client(self, token: str | None) -> AsyncWebClient:
        """A client that never tries again by itself: what was perhaps sent must not be sent twice."""
        session = self.session
        known = self._clients.get(token)
        if known is None or known.session is not session:
            known = AsyncWebClient(token, self.options.base_url, session=session, retry_handlers=[])
            self._clients[token] = known
        return known

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT, sock_connect=_CONNECT_TIMEOUT)
            watched = departure.watch(aiohttp.TraceConfig())
            self._session = aiohttp.ClientSession(timeout=timeout, trace_configs=[watched])
        return self._session

    async def own(self) -> Identity:
        """The one workspace of the configured token. Raises :class:`SendError`'s children."""
        return await self._identity(self._configured())

    def _configured(self) -> str:
        if self.options.bot_token is None:
            raise PermanentSendError("many workspaces install this app: write slack:WORKSPACE:CHANNEL in bot.yaml")
        return self.options.bot_token.get_secret_value()

    async def of(self, workspace: str) -> tuple[AsyncWebClient, Identity]:
        """Client and bot of a destination's workspace. Raises :class:`SendError`'s children, which name the cure."""
        token = await self._token(workspace)
        return self.client(token), await self._identity(token)

    async def _token(self, workspace: str) -> str:
        if self.installations is not None:
            return await self._installed(self.installations, workspace)
        own = await self.own()
        if workspace not in (self.options.default_workspace, own.team):
            raise PermanentSendError(
                f"the token belongs to the workspace {own.team} ({own.team_name}), not to {workspace!r}: "
                f"write slack:{own.team}:CHANNEL or slack:CHANNEL in bot.yaml"
            )
        return self._configured()

    async def _installed(self, installations: Installations, workspace: str) -> str:
        try:
            row = await installations.of(workspace)
        except SQLAlchemyError as error:
            raise TransientSendError("the installations in the archive cannot be read") from error
        if row is None:
            address = f"{(self.options.public_url or '').rstrip('/')}/slack/install"
            raise PermanentSendError(f"the workspace {workspace!r} has not installed the app: open {address} there")
        return str(row["bot_token"])

    async def _identity(self, token: str) -> Identity:
        known = self._identities.get(token)
        if known is None:
            known = self._identities[token] = await self.ask(token)
        return known

    async def ask(self, token: str) -> Identity:
        """Who the token belongs to, asked anew. Raises :class:`SendError`'s children."""
        try:
            with told_plainly():
                return Identity.of(await self.client(token).auth_test())
        except PermanentSendError as error:
            if cause_code(error) in DEAD_TOKEN:
                self._identities.pop(token, None)
            raise

    async def place(self, destination: Destination) -> tuple[AsyncWebClient, Identity, str]:
        """Client, bot and the channel's id of a destination; a member's direct messages are opened."""
        client, identity = await self.of(destination.workspace)
        if destination.kind != "direct":
            return client, identity, destination.channel
        return client, identity, await self.direct(client, identity.team, destination.channel)

    async def direct(self, client: AsyncWebClient, team: str, user: str) -> str:
        """The channel of the bot's direct messages with a member. Raises :class:`SendError`'s children."""
        known = self._direct.get((team, user))
        if known is None:
            with told_plainly():
                opened: Any = await client.conversations_open(users=user)
            known = self._direct[team, user] = str(opened["channel"]["id"])
        return known

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


async def post(client: AsyncWebClient, method: str, body: str) -> AsyncSlackResponse:
    """A call whose JSON is ready. Raises what the SDK's own calls raise.

    The SDK would write the JSON anew for every channel that the same message goes to, and look through it twice.
    """
    assert client.session is not None
    address = f"{client.base_url}{method}"
    headers = {
        "Authorization": f"Bearer {client.token}",
        "Content-Type": "application/json;charset=utf-8",
        "User-Agent": _USER_AGENT,
    }
    async with client.session.post(address, data=body.encode(), headers=headers) as answer:
        try:
            data = json.loads(await answer.read())
        except ValueError:
            data = {}
        response = AsyncSlackResponse(
            client=client,
            http_verb="POST",
            api_url=address,
            req_args={},
            data=data if isinstance(data, dict) else {},
            headers=dict(answer.headers),
            status_code=answer.status,
        )
    response.validate()  # type: ignore[no-untyped-call]
    return response
