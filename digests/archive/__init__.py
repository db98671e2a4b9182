"""The archive: everything that Kakehashi has read, decided, posted and been asked to keep."""

from digests.archive.engine import Archive, backup

__all__ = ["Archive", "backup"]
