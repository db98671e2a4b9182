"""Finding adapters and the models of their options."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest
from pydantic import BaseModel

from bot import platforms
from bot.adapters.web import WebOptions


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Nothing remembered from other tests, nothing left for them."""
    caches = (platforms.platform_modules, platforms.options_model)
    for remembered in caches:
        remembered.cache_clear()
    yield
    for remembered in caches:
        remembered.cache_clear()


def test_the_local_chat_is_found_without_any_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platforms, "entry_points", lambda group: ())
    assert platforms.options_model("web") is WebOptions
    assert platforms.is_own("web")


def test_an_installed_adapter_brings_its_own_options(monkeypatch: pytest.MonkeyPatch) -> None:
    class MyChatOptions(BaseModel):
        room: str

    module = ModuleType("my_chat_adapter")
    module.MyChatOptions = MyChatOptions  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_chat_adapter", module)
    point = EntryPoint("my-chat", "my_chat_adapter:create", platforms.GROUP)
    monkeypatch.setattr(platforms, "entry_points", lambda group: (point,))
    assert platforms.options_model("my-chat") is MyChatOptions
    assert not platforms.is_own("my-chat")


def test_a_platform_without_adapter_and_an_adapter_without_options_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bare_adapter", ModuleType("bare_adapter"))
    points = (
        EntryPoint("bare", "bare_adapter:create", platforms.GROUP),
        EntryPoint("gone", "no_such_module:create", platforms.GROUP),
    )
    monkeypatch.setattr(platforms, "entry_points", lambda group: points)
    with pytest.raises(LookupError, match="no adapter"):
        platforms.options_model("irc")
    with pytest.raises(LookupError, match="BareOptions"):
        platforms.options_model("bare")
    with pytest.raises(LookupError, match="cannot be loaded"):
        platforms.options_model("gone")
