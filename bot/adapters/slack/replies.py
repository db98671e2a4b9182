"""Answers to members: privately, in the channel, or in the place of the message with the button."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.adapters.base import PermanentSendError, SendError, TransientSendError
from bot.adapters.slack.client import Workspaces
from bot.adapters.slack.errors import told_plainly
from bot.adapters.slack.render import FIT, render
from bot.adapters.slack.uploads import Uploads
from bot.adapters.splitting import split
from bot.files import NOT_SENT
from bot.i18n import translator
from bot.message import Block, Context, File, Heading, Image, Message, text

log = structlog.get_logger()

PATIENCE = 15.0
"""Seconds that an answer waits when Slack asks for a pause."""
_USER = re.compile(r"[UW][A-Z0-9]+")
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody asked. ``channel`` is empty on the Home tab.

    ``thread`` is the thread in which they asked, ``question`` what they asked outside of any: a public answer begins
    a thread there. ``message`` is the message with the pressed button. All three are Slack's ts.
    """

    client: AsyncWebClient
    team: str
    channel: str
    user: str
    thread: str | None = None
    response_url: str | None = None
    question: str | None = None
    message: str | None = None
    ephemeral: bool = False

    @property
    def is_direct(self) -> bool:
        """Whether there is nobody else to share with."""
        return not self.channel or self.channel.startswith("D")


class Replies:
    """Sends answers. Every method raises :class:`SendError`'s children when no way is left."""

    def __init__(self, workspaces: Workspaces, uploads: Uploads) -> None:
        self._workspaces = workspaces
        self._uploads = uploads

    async def answer(self, place: Place, message: Message) -> None:
        """The answer to a command: to the member alone, or to the channel, as the message wants it."""
        if message.private or not place.channel:
            await self.privately(place, message)
            return
        for body in await self._bodies(place, message):
            # A response_url is not known to show files that the bot has uploaded.
            if has_pictures(message) or not await self._responded(place, {**body, "response_type": "in_channel"}):
                await self._posted(place, body)
        await self._files_below(place, message, place.channel, place.thread or place.question)

    async def privately(self, place: Place, message: Message) -> None:
        """Only the member sees it: by response_url, else as an ephemeral message, else in a direct message.

        Pictures and files go to the member's direct messages: Slack cannot show an uploaded file in an ephemeral
        message (slackapi/node-slack-sdk#1790); a file that was shared nowhere is the bot's alone.
        """
        if has_pictures(message) or has_files(message):
            channel = await self._direct(place)
            if channel is not None and place.channel in ("", channel):
                thread = place.thread if place.channel else None
                for body in await self._bodies(place, message):
                    await _called(place.client.chat_postMessage, channel=channel, thread_ts=thread, **body)
                await self._files_below(place, message, channel, thread)
                return
            message = await self._files_apart(place, message, channel)
            if channel is not None:
                message = await self._pictures_apart(place, message, channel)
        for body in _bodies(message, {}):
            await self._private(place, body)

    async def _direct(self, place: Place) -> str | None:
        """The channel of the member's direct messages; None when Slack opens none: then the words come alone."""
        try:
            return await self._workspaces.direct(place.client, place.team, place.user)
        except SendError as error:
            log.warning("slack.direct-not-opened", why=str(error))
            return None

    async def _pictures_apart(self, place: Place, message: Message, channel: str) -> Message:
        """Send a message's pictures to the member's direct messages; returns the message, which then says so."""
        apart = tuple(block for block in message.blocks if isinstance(block, _WITH_PICTURES))
        files = await self._uploads.files(place.client, place.team, message)
        if not files:
            return message
        try:
            for body in _bodies(replace(message, blocks=apart), files):
                await _called(place.client.chat_postMessage, channel=channel, **body)
        except SendError as error:
            log.warning("slack.picture-not-sent", why=str(error))
            return message
        t = translator(message.language)
        words = t("The chart itself is in your direct messages with this bot.")
        last = max(number for number, block in enumerate(message.blocks) if isinstance(block, Image))
        blocks = (*message.blocks[: last + 1], Context(text(words)), *message.blocks[last + 1 :])
        return replace(message, blocks=blocks)

    async def _files_apart(self, place: Place, message: Message, channel: str | None) -> Message:
        """Send a message's files to the member's direct messages; returns the message, which then says so, or that
        they could not be sent."""
        t = translator(message.language)
        blocks: list[Block] = []
        for block in message.blocks:
            blocks.append(block)
            if isinstance(block, File):
                sent = channel is not None and await self._uploads.share(
                    place.client, block, channel, comment=message.summary
                )
                words = t("The file itself is in your direct messages with this bot.") if sent else t(NOT_SENT)
                blocks.append(Context(text(words)))
        return replace(message, blocks=tuple(blocks))

    async def _files_below(self, place: Place, message: Message, channel: str, thread: str | None) -> None:
        """Send a message's files to where it stands, or say there that they could not be sent."""
        for file in (block for block in message.blocks if isinstance(block, File)):
            if not await self._uploads.share(place.client, file, channel, thread=thread):
                words = translator(message.language)(NOT_SENT)
                (body,) = _bodies(Message((Context(text(words)),), summary=words, language=message.language), {})
                await _called(place.client.chat_postMessage, channel=channel, thread_ts=thread, **body)

    async def publicly(self, place: Place, message: Message, *, shared_by: str | None = None) -> None:
        """A post in the channel, in the thread where there is one."""
        bodies = await self._bodies(place, message)
        if shared_by is not None and _USER.fullmatch(shared_by):
            t = translator(message.language)
            words = t("Shared by {member}", member=f"<@{shared_by}>")
            footer = {"type": "context", "elements": [{"type": "mrkdwn", "text": words}]}
            bodies[-1] = {**bodies[-1], "blocks": [*bodies[-1]["blocks"], footer]}
        for body in bodies:
            await self._posted(place, body)
        await self._files_below(place, message, place.channel, place.thread or place.question)

    async def replacing(self, place: Place, message: Message) -> None:
        """In the place of the message with the button; what is longer than one message follows it."""
        first, *rest = _bodies(message, {}) if place.ephemeral else await self._bodies(place, message)
        await self.replaced(place, first)
        for body in rest:
            await (self._private(place, body) if place.ephemeral else self._posted(place, body))

    async def replaced(self, place: Place, body: Body) -> None:
        """Put ``body`` in the place of the message with the button."""
        if await self._responded(place, {**body, "replace_original": True}):
            return
        if place.ephemeral or not (place.channel and place.message):
            # An ephemeral message can be changed by its response_url alone.
            await self._private(place, body)
            return
        await _called(place.client.chat_update, channel=place.channel, ts=place.message, **_without_unfurling(body))

    async def _bodies(self, place: Place, message: Message) -> list[Body]:
        return _bodies(message, await self._uploads.files(place.client, place.team, message))

    async def _private(self, place: Place, body: Body) -> None:
        if await self._responded(place, {**body, "response_type": "ephemeral", "replace_original": False}):
            return
        if place.channel and not place.is_direct:
            try:
                where = {"channel": place.channel, "user": place.user, "thread_ts": place.thread}
                await _called(place.client.chat_postEphemeral, **where, **_without_unfurling(body))
            except PermanentSendError as error:
                log.info("slack.ephemeral-refused", why=str(error))
            else:
                return
        channel = await self._workspaces.direct(place.client, place.team, place.user)
        thread = place.thread if channel == place.channel else None
        await _called(place.client.chat_postMessage, channel=channel, thread_ts=thread, **body)

    async def _posted(self, place: Place, body: Body) -> None:
        thread = place.thread or place.question
        await _called(place.client.chat_postMessage, channel=place.channel, thread_ts=thread, **body)

    async def _responded(self, place: Place, body: Body) -> bool:
        """Use the response_url (5 times in 30 minutes: "Handling user interaction"). False when it is of no use."""
        if not place.response_url:
            return False
        try:
            with told_plainly(posting=True):
                hook = AsyncWebhookClient(place.response_url, session=self._workspaces.session, retry_handlers=[])
                answer = await hook.send_dict(body)
        except TransientSendError as error:
            log.info("slack.response-url-unreachable", why=str(error))
            return False
        if answer.status_code != 200:
            log.info("slack.response-url-refused", status=answer.status_code)
        return answer.status_code == 200


async def _called(method: Callable[..., Awaitable[Any]], **arguments: Any) -> None:
    """Call one of Slack's methods; when it asks for a short pause, once more after that."""
    try:
        with told_plainly(posting=True):
            await method(**arguments)
    except TransientSendError as error:
        if error.retry_after is None or error.retry_after > PATIENCE:
            raise
        await asyncio.sleep(error.retry_after)
        with told_plainly(posting=True):
            await method(**arguments)


_WITH_PICTURES = (Heading, Image, Context)
"""What goes with a picture: its title, and its source and terms."""


def has_pictures(message: Message) -> bool:
    return any(isinstance(block, Image) for block in message.blocks)


def has_files(message: Message) -> bool:
    return any(isinstance(block, File) for block in message.blocks)


def _bodies(message: Message, files: dict[str, str]) -> list[Body]:
    """A message's parts as Slack takes them; pictures without a file are told in words."""
    return [_body(part, files) for part in split(message, FIT)]


def _body(message: Message, files: dict[str, str]) -> Body:
    rendered = render(message, files)
    return {"text": rendered.text, "blocks": list(rendered.blocks), "unfurl_links": False, "unfurl_media": False}


def _without_unfurling(body: Body) -> Body:
    """chat.postEphemeral and chat.update know no unfurling."""
    return {name: value for name, value in body.items() if not name.startswith("unfurl_")}
