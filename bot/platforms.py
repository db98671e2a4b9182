"""Which chat platforms there are, and the options that bot.yaml may give each of them.

A platform is an entry point of the group ``kakehashi.adapters``, or a package below ``bot.adapters``. Its options
are a pydantic model named after it in the same module: platform ``web`` in ``bot.adapters.web`` has ``WebOptions``,
``my-chat`` has ``MyChatOptions``. So another adapter needs no change here.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from pydantic import BaseModel

GROUP = "kakehashi.adapters"
_OWN = "bot.adapters"
"""Only named, never imported here: what reads the settings must not depend on any adapter."""


@lru_cache
def platform_modules() -> dict[str, str]:
    """Platform names and the modules that implement them; installed packages win over those that came along."""
    own = {
        found.name.replace("_", "-"): f"{_OWN}.{found.name}"
        for found in pkgutil.iter_modules(import_module(_OWN).__path__)
        if found.ispkg
    }
    return own | {point.name: point.module for point in entry_points(group=GROUP)}


@lru_cache
def options_model(platform: str) -> type[BaseModel]:
    """The model of the platform's options. Raises LookupError when there is no such platform or no such model."""
    module_name = platform_modules().get(platform)
    if module_name is None:
        raise LookupError(f"there is no adapter for the platform {platform!r}")
    name = "".join(part.capitalize() for part in platform.replace("_", "-").split("-")) + "Options"
    try:
        model = getattr(import_module(module_name), name, None)
    except ImportError as error:
        raise LookupError(f"the adapter for {platform!r} cannot be loaded: {error}") from error
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise LookupError(f"the adapter for {platform!r} has no {name} in {module_name}")  # noqa: TRY004
    return model


def is_own(platform: str) -> bool:
    """Whether the adapter came with this program."""
    return platform_modules().get(platform, "").startswith(f"{_OWN}.")


@lru_cache
def creator(platform: str) -> Callable[..., Any]:
    """The callable that makes the platform's adapter of its context (see ``bot.adapters.base``).

    Looked for once: that reads what every installed package says of itself. Raises LookupError when there is no such
    platform.
    """
    for point in entry_points(group=GROUP, name=platform):
        found: Callable[..., Any] = point.load()
        return found
    module_name = platform_modules().get(platform)
    if module_name is None:
        raise LookupError(f"there is no adapter for the platform {platform!r}")
    own: Callable[..., Any] = import_module(module_name).create
    return own
