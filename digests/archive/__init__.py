"""The archive: everything that Kakehashi has read, decided, posted and been asked to keep."""

from digests.archive.backups import backup, restore
from digests.archive.engine import Archive

__all__ = ["Archive", "backup", "restore"]
