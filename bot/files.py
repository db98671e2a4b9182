"""Files that members get: under which names, how large, and what is said of one where it cannot stand itself."""

from __future__ import annotations

import re

from bot.i18n import N_, format_size
from bot.message import File

LARGEST = 8 * 1024 * 1024
"""Bytes of one file: as many as a story's facts.yaml may have (:data:`digests.yamlfile.MAX_BYTES`), and less than
Discord takes by default (10 MiB, reference, "Uploading Files"). The shipped timeline has 0.2 MB at most."""
EXTENSIONS = {"text/csv": ".csv", "application/json": ".json", "text/markdown": ".md"}
"""Every type of file that there is."""
NOT_SENT = N_("The file could not be sent. If it does not come, ask again in a moment.")
LONGEST_NAME = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def saved_as(file: File) -> str:
    """A name that every platform, address and file system takes as it is: ASCII letters, digits, ``-``, ``_``; at most
    :data:`LONGEST_NAME` characters, the ending that belongs to the type included."""
    return safe_name(file.name, file.content_type)


def safe_name(name: str, content_type: str) -> str:
    """``name`` as :func:`saved_as` wants it. A type that is not among :data:`EXTENSIONS` ends in ``.bin``."""
    ending = EXTENSIONS.get(content_type, ".bin")
    stem = _UNSAFE.sub("-", name.removesuffix(ending)).strip("-")
    return (stem or "file")[: LONGEST_NAME - len(ending)] + ending


def in_words(file: File, language: str) -> str:
    """Name and size."""
    return f"{saved_as(file)} ({format_size(file.size, language)})"
