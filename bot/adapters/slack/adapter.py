"""Slack as an adapter: socket mode or signed HTTP, one workspace or many."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime
from functools import lru_cache
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.base import AdapterContext, Check, Found, PermanentSendError, Sent
from bot.adapters.slack import examination, finding
from bot.adapters.slack.bolt import make_app
from bot.adapters.slack.callers import Callers
from bot.adapters.slack.client import Workspaces
from bot.adapters.slack.client import post as send
from bot.adapters.slack.desk import Desk
from bot.adapters.slack.errors import cause_code, told_plainly
from bot.adapters.slack.homes import Homes
from bot.adapters.slack.installations import Installations
from bot.adapters.slack.listeners import Listeners
from bot.adapters.slack.members import PLATFORM, Members
from bot.adapters.slack.naming import NamedHost, Naming
from bot.adapters.slack.options import SlackOptions
from bot.adapters.slack.render import FIT, SlackMessage, render
from bot.adapters.slack.replies import Replies
from bot.adapters.slack.server import Server
from bot.adapters.slack.socket import SILENCE, SocketHandler, WatchedSocket
from bot.adapters.slack.tasks import Tasks
from bot.adapters.slack.uploads import Uploads
from bot.adapters.splitting import split
from bot.commands.base import CommandHost
from bot.message import Message
from digests.model import Destination

log = structlog.get_logger()

DRAIN_TIMEOUT = 5.0
"""Seconds that :meth:`SlackAdapter.close` waits for what is being answered."""
_REMEMBERED = 16
_BAD_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format"})


class SlackAdapter:
    """The bot in Slack. ``silence``: seconds after which a socket on which nothing is heard counts as dead."""

    name = PLATFORM
    spacing = 1.05
    """Slack takes about one message a second and channel ("Rate limits")."""

    def __init__(self, context: AdapterContext, *, silence: float = SILENCE) -> None:
        self.options: SlackOptions = context.options
        self._destinations = context.destinations
        self._silence = silence
        client_id = self.options.client_id
        self._installations = Installations(context.archive.url, client_id) if client_id else None
        self._workspaces = Workspaces(self.options, self._installations)
        self._uploads = Uploads(context.archive)
        self._tasks = Tasks()
        self._naming = Naming(())
        self._homes: Homes | None = None
        self._socket: WatchedSocket | None = None
        self._receiving: asyncio.Task[None] | None = None
        self._server: Server | None = None

    @property
    def address(self) -> str:
        """Where the bot listens in HTTP mode; empty otherwise."""
        return self._server.address if self._server else ""

    # --- running -------------------------------------------------------------------------------------------

    async def start(self, host: CommandHost) -> None:
        """Log in and listen. Raises :class:`SendError`'s children, which name the cure; OSError for a taken port."""
        try:
            await self._start(host)
        except BaseException:
            await self.close()
            raise

    async def _start(self, host: CommandHost) -> None:
        if self._installations is not None:
            await self._installations.open()
        else:
            identity = await self._workspaces.own()
            log.info("slack.logged-in", workspace=identity.team, bot=identity.name)
        if self.options.commands == "one":
            self._naming = Naming(host.commands)
            host = NamedHost(host, self._naming)
        app = make_app(self._workspaces)
        self._listeners(host).register(app)
        if self.options.mode == "http":
            installable = self.options.many_workspaces
            self._server = Server(app, self.options.host, self.options.port, installable=installable)
            await self._server.start()
            return
        token = self.options.app_token.get_secret_value() if self.options.app_token else ""
        self._socket = WatchedSocket(token, self._workspaces.client(None), silence=self._silence)
        SocketHandler(app, self._socket)
        await self._socket.connect()
        self._receiving = asyncio.create_task(self._socket.run(), name="slack socket")
        log.info("slack.connected")

    def _listeners(self, host: CommandHost) -> Listeners:
        clock = time.monotonic
        members = Members(admins=self._is_home, clock=clock)
        replies = Replies(self._workspaces, self._uploads)
        callers = Callers(self._workspaces, members, replies)
        self._homes = Homes(host, callers, replies)
        return Listeners(Desk(host, callers, replies, self._homes, clock), self._homes, self._tasks, clock)

    def _is_home(self, team: str) -> bool:
        """Whether the admins of a workspace are the bot's: where many install it, only those that digests go to."""
        if not self.options.workspace_admins:
            return False
        if not self.options.many_workspaces:
            return True
        return any(place.platform == self.name and place.workspace == team for place in self._destinations())

    async def close(self) -> None:
        if self._server is not None:
            await self._server.close()
            self._server = None
        if self._socket is not None:
            await self._socket.close()
            self._socket = None
        if self._receiving is not None:
            self._receiving.cancel()
            await asyncio.gather(self._receiving, return_exceptions=True)
            self._receiving = None
        await self._tasks.close(DRAIN_TIMEOUT)
        await self._workspaces.close()
        if self._installations is not None:
            await self._installations.close()

    async def refresh(self) -> None:
        """Show the Home tab anew to those who looked at it last: it shows admins what is wrong."""
        if self._homes is not None:
            self._tasks.start(self._homes.refresh(), "slack homes")

    # --- posting -------------------------------------------------------------------------------------------

    def split(self, message: Message) -> tuple[Message, ...]:
        return split(self._naming.named(message), FIT)

    async def send(self, destination: Destination, message: Message, *, key: str, parent: Sent | None) -> Sent:
        client, identity, channel = await self._workspaces.place(destination)
        files = await self._uploads.files(client, identity.team, message)
        post = {
            "channel": channel,
            "thread_ts": parent.platform_ids[0] if parent else None,
            "metadata": finding.metadata(key),
            "unfurl_links": False,
            "unfurl_media": False,
            "link_names": False,
            "reply_broadcast": False,
        }
        try:
            answer = await _posted(client, "chat.postMessage", post, message, files)
        except PermanentSendError as error:
            if not files or cause_code(error) not in _BAD_BLOCKS:
                raise
            # Slack no longer shows a picture, and says so by refusing the layout: nothing was posted.
            log.warning("slack.picture-refused", why=str(error))
            self._uploads.forget(identity.team, message)
            answer = await _posted(client, "chat.postMessage", post, message, {})
        return finding.sent(str(answer["ts"]), str(answer["channel"]))

    async def find(self, destination: Destination, *, key: str, since: datetime) -> Found:
        client, _, channel = await self._workspaces.place(destination)
        return await finding.find(client, channel, key=key, since=since)

    async def edit(self, destination: Destination, sent: Sent, message: Message) -> None:
        client, identity, _ = await self._workspaces.place(destination)
        files = await self._uploads.files(client, identity.team, message)
        post = {"channel": sent.platform_ids[-1], "ts": sent.platform_ids[0], "link_names": False}
        await _posted(client, "chat.update", post, message, files)

    async def check(self, destination: Destination) -> tuple[str, ...]:
        return await examination.check_place(self._workspaces, destination)

    async def examine(self) -> tuple[Check, ...]:
        return await examination.examine(self._workspaces, self._destinations())


@lru_cache(_REMEMBERED)
def _content(message: Message) -> str:
    """The message as JSON, written once: the same part goes to many channels."""
    return _as_json(render(message))


def _as_json(rendered: SlackMessage) -> str:
    return json.dumps({"text": rendered.text, "blocks": rendered.blocks}, ensure_ascii=False)


async def _posted(
    client: AsyncWebClient, method: str, post: dict[str, Any], message: Message, files: dict[str, str]
) -> Any:
    content = _as_json(render(message, files)) if files else _content(message)
    given = json.dumps({name: value for name, value in post.items() if value is not None})
    with told_plainly(posting=True):
        return await send(client, method, f"{given[:-1]}, {content[1:]}")
