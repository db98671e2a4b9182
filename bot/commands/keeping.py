"""Files for replies, kept in the archive as pictures are."""

from __future__ import annotations

from bot.commands.base import UserError
from bot.commands.services import Services
from bot.files import LARGEST, safe_name
from bot.i18n import Translator, format_size
from bot.message import File
from digests.archive import media


async def kept(services: Services, content: bytes, *, name: str, content_type: str, t: Translator) -> File:
    """The file's block. Raises :class:`UserError` when it is larger than :data:`~bot.files.LARGEST`."""
    if len(content) > LARGEST:
        size, most = format_size(len(content), t.language), format_size(LARGEST, t.language)
        raise UserError(
            t(
                "The file would have {size}; at most {most} can be sent. Narrow it by section, actor or dates.",
                size=size,
                most=most,
            )
        )
    key = await services.keep(media.new(content, content_type=content_type))
    return File(key, safe_name(name, content_type), content_type, len(content))
