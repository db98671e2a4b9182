"""Pictures of messages: uploaded to Slack before the message that shows them. Files: uploaded where they are wanted.

Source: docs.slack.dev, "Working with files" (upload in two steps; processed after the answer) and "Image block"
(``slack_file``); "files.completeUploadExternal" (a file that names no channel is the bot's alone).
"""

from __future__ import annotations

import asyncio
import mimetypes
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters.slack.errors import TROUBLES
from bot.adapters.slack.render import fallback_text
from bot.files import saved_as
from bot.message import File, Image, Message
from digests.archive import Archive, media
from digests.archive.media import Media
from digests.errors import ArchiveError

log = structlog.get_logger()

READY_TIMEOUT = 8.0
"""Seconds for one picture, upload and processing together; then its alternative text stands in its place."""
_POLL = 0.2
_MOST = 500


class Uploads:
    """File ids of pictures, each uploaded once a workspace."""

    def __init__(self, archive: Archive, *, ready_timeout: float = READY_TIMEOUT) -> None:
        self._archive = archive
        self._ready_timeout = ready_timeout
        self._known: dict[tuple[str, str], str] = {}

    async def files(self, client: AsyncWebClient, team: str, message: Message) -> dict[str, str]:
        """File ids of a message's pictures by archive key; without those that Slack did not take in time."""
        found: dict[str, str] = {}
        for image in (block for block in message.blocks if isinstance(block, Image)):
            if (file := await self._file(client, team, image)) is not None:
                found[image.key] = file
        return found

    def forget(self, team: str, message: Message) -> None:
        """Upload a message's pictures anew next time: Slack no longer shows them."""
        for image in (block for block in message.blocks if isinstance(block, Image)):
            self._known.pop((team, image.key), None)

    async def share(
        self, client: AsyncWebClient, file: File, channel: str, *, thread: str | None = None, comment: str = ""
    ) -> bool:
        """Put a file into a channel, introduced by ``comment``; whoever reads there can save it.

        False when it could not be done, or is not known to have been; it is not tried again.
        """
        try:
            async with self._archive.read() as connection:
                found = await media.get(connection, file.key)
            if found is None:
                log.warning("slack.file-missing", key=file.key)
                return False
            name = saved_as(file)
            async with asyncio.timeout(self._ready_timeout):
                await client.files_upload_v2(
                    filename=name,
                    title=name,
                    content=found.content,
                    channel=channel,
                    thread_ts=thread,
                    initial_comment=fallback_text(comment) if comment else None,
                )
        except (*TROUBLES, ArchiveError, SQLAlchemyError) as error:
            log.warning("slack.file-not-sent", key=file.key, error=type(error).__name__)
            return False
        return True

    async def _file(self, client: AsyncWebClient, team: str, image: Image) -> str | None:
        if (known := self._known.get((team, image.key))) is not None:
            return known
        try:
            async with self._archive.read() as connection:
                picture = await media.get(connection, image.key)
            if picture is None:
                log.warning("slack.picture-missing", key=image.key)
                return None
            async with asyncio.timeout(self._ready_timeout):
                file = await _uploaded(client, picture, image)
                await _processed(client, file)
        except (*TROUBLES, ArchiveError, SQLAlchemyError) as error:
            # The alternative text says the same; a digest is not held up by its picture.
            log.warning("slack.picture-not-shown", key=image.key, error=type(error).__name__)
            return None
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[team, image.key] = file
        return file


async def _uploaded(client: AsyncWebClient, picture: Media, image: Image) -> str:
    name = f"{picture.key}{mimetypes.guess_extension(picture.content_type) or ''}"
    answer: Any = await client.files_upload_v2(
        filename=name, content=picture.content, title=image.title or image.alt, alt_txt=image.alt
    )
    return str(answer["files"][0]["id"])


async def _processed(client: AsyncWebClient, file: str) -> None:
    """Return when a message may show the file: Slack knows its type only once it has looked at it."""
    while True:
        answer: Any = await client.files_info(file=file)
        if answer["file"].get("mimetype"):
            return
        await asyncio.sleep(_POLL)
