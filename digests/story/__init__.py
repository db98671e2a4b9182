"""A story folder: what the bot follows, as admins wrote it, read and checked as a whole."""

from digests.story.load import load_story
from digests.story.story import Story

__all__ = ["Story", "load_story"]
