"""The story that ships with Kakehashi, read once a process: nothing that it holds can be changed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from digests.story import Story, load_story

FOLDER = Path(__file__).parents[1] / "config" / "stories" / "japan-ukraine"


@cache
def shipped_story() -> Story:
    return load_story(FOLDER)
