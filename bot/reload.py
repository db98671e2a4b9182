"""The active configuration, and its change while the bot runs.

Settings and story are loaded together off the event loop and swapped together, or refused together: a bad file leaves
everything as it was, and what is wrong stays to be shown until a good configuration is active.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, Self

import structlog

from bot.settings import FILE, STORIES, Settings, load_settings
from digests.errors import ConfigError, Problem
from digests.story import Story, load_story
from digests.yamlfile import in_order, load_yaml
from digests.yamlproblems import closest

log = structlog.get_logger()

DEBOUNCE = 0.4
"""Seconds for which several changes count as one: editors save by several steps."""
SETTLE = 0.3
"""Seconds after which a configuration that is refused is read once more: it may have been read half-saved."""
WATCH_AGAIN = 5.0
_SUFFIXES = (".yaml", ".yml", ".md")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A changed configuration that did not become active: when, and everything that is wrong with it."""

    at: datetime
    problems: tuple[Problem, ...]


class Listener(Protocol):
    """Is told after each reload; ``accepted`` says whether another configuration is active now."""

    def __call__(self, *, accepted: bool) -> Awaitable[None]: ...


def load_all(folder: Path) -> tuple[Settings, Story]:
    """bot.yaml and the story that it names. Raises :class:`ConfigError` with the problems of all their files."""
    problems: list[Problem] = []
    try:
        story = _story(folder, problems)
    except OSError as error:
        # Single files are guarded where they are read; this is a folder that may not be looked into.
        what = f"the folder cannot be read: {(error.strerror or str(error)).lower()}"
        raise ConfigError([Problem(str(error.filename or folder), 0, 0, what, "Check its permissions.")]) from error
    settings: Settings | None = None
    try:
        settings = load_settings(folder, sections=[section.id for section in story.sections] if story else None)
    except ConfigError as error:
        problems += error.problems
    if settings is None or story is None or problems:
        raise ConfigError(in_order(problems))
    return settings, story


def _story(folder: Path, problems: list[Problem]) -> Story | None:
    """The story that bot.yaml names; None when it has mistakes or bot.yaml itself cannot say."""
    try:
        document = load_yaml(folder / FILE)
    except ConfigError:
        # load_settings tells.
        return None
    named = document.value.get("story") if isinstance(document.value, dict) else None
    if not isinstance(named, str) or not named or Path(named).name != named:
        return None
    if not (folder / STORIES / named).is_dir():
        known = sorted(path.name for path in (folder / STORIES).glob("*") if path.is_dir())
        cure = closest(named, known) or (f"Use one of {', '.join(known)}." if known else f"Create {STORIES}/{named}.")
        problems.append(document.problem(("story",), f"there is no story {named!r}", cure))
        return None
    try:
        return load_story(folder / STORIES / named)
    except ConfigError as error:
        problems += error.problems
        return None


class ConfigStore:
    """Holds the active (settings, story) pair. Both always belong together."""

    def __init__(self, folder: Path, settings: Settings, story: Story) -> None:
        self.folder = folder
        self._active = (settings, story)
        self._started_with = settings
        self._listeners: list[Listener] = []
        self._turn = asyncio.Lock()
        self._seen: bytes | None = None
        self.last_refusal: Refusal | None = None

    @classmethod
    async def load(cls, folder: Path) -> Self:
        """Raises :class:`ConfigError`."""
        began = time.perf_counter()
        settings, story = await asyncio.to_thread(load_all, folder)
        log.info("config.loaded", story=story.id, took_ms=round((time.perf_counter() - began) * 1000))
        return cls(folder, settings, story)

    @property
    def settings(self) -> Settings:
        return self._active[0]

    @property
    def story(self) -> Story:
        return self._active[1]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was wrong when a changed configuration was last refused; empty once a good one is active."""
        return self.last_refusal.problems if self.last_refusal else ()

    @property
    def needs_restart(self) -> tuple[str, ...]:
        """Keys of bot.yaml that have changed since the start but take effect only with the next one."""
        return restart_keys(self._started_with, self.settings)

    def on_change(self, listener: Listener) -> None:
        """Have ``listener`` called after every change and every refusal."""
        self._listeners.append(listener)

    async def reload_now(self) -> bool:
        """Read everything anew. True when what is in the files is active now; never raises for mistakes in them."""
        return await self._reload(tries=1)

    async def _reload_changed(self) -> None:
        """Read everything anew unless the files are those that were read last: saving by steps rings several times."""
        if await asyncio.to_thread(_contents, self.folder) != self._seen:
            await self._reload(tries=2)

    async def _reload(self, *, tries: int) -> bool:
        async with self._turn:
            while True:
                self._seen = await asyncio.to_thread(_contents, self.folder)
                try:
                    loaded = await asyncio.to_thread(load_all, self.folder)
                except ConfigError as error:
                    tries -= 1
                    if not tries:
                        await self._refuse(error.problems)
                        return False
                    await asyncio.sleep(SETTLE)
                else:
                    await self._accept(loaded)
                    return True

    async def _accept(self, loaded: tuple[Settings, Story]) -> None:
        same = await asyncio.to_thread(lambda: loaded == self._active)
        mended = self.last_refusal is not None
        self.last_refusal = None
        if same:
            if mended:
                log.info("config.mended")
                await self._tell(accepted=False)
            return
        self._active = loaded
        log.info("config.reloaded", story=loaded[1].id, digests=len(loaded[0].digests))
        if self.needs_restart:
            log.warning("config.needs-restart", keys=self.needs_restart)
        await self._tell(accepted=True)

    async def _refuse(self, problems: Sequence[Problem]) -> None:
        if self.problems == tuple(problems):
            # Said already.
            return
        self.last_refusal = Refusal(datetime.now(UTC), tuple(problems))
        log.error("config.refused", problems=[str(problem) for problem in problems])
        log.warning("config.kept", story=self.story.id)
        await self._tell(accepted=False)

    async def _tell(self, *, accepted: bool) -> None:
        for listener in self._listeners:
            try:
                await listener(accepted=accepted)
            except Exception:
                # One listener's fault must not keep the others on the old configuration.
                log.exception("config.listener-failed", listener=getattr(listener, "__qualname__", repr(listener)))

    # --- watching ------------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Reload whenever a file changes, until cancelled."""
        from watchfiles import awatch

        while True:
            try:
                async for _ in awatch(
                    self.folder, watch_filter=_is_ours, debounce=int(DEBOUNCE * 1000), recursive=True
                ):
                    await self._reload_changed()
            except (OSError, RuntimeError) as error:
                # The folder is gone for the moment: an update replaces it, a mount comes back.
                log.warning("config.watch-failed", why=str(error))
            await asyncio.sleep(WATCH_AGAIN)
            await self._reload_changed()


def restart_keys(before: Settings, after: Settings) -> tuple[str, ...]:
    """Keys of bot.yaml in which two settings differ and that are read at the start only."""
    keys = [key for key in ("archive", "monitoring") if getattr(before, key) != getattr(after, key)]
    names = dict.fromkeys((*before.platforms, *after.platforms))
    keys += [f"platforms.{name}" for name in names if before.platforms.get(name) != after.platforms.get(name)]
    return tuple(keys)


def _contents(folder: Path) -> bytes | None:
    """Stands for what the files hold; None, which equals nothing seen, while they cannot be read."""
    found = hashlib.blake2b(digest_size=16)
    try:
        for path in sorted(path for path in folder.rglob("*") if _is_ours(None, str(path)) and path.is_file()):
            found.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
    except OSError:
        return None
    return found.digest()


def _is_ours(_change: object, path: str) -> bool:
    """Whether a changed path can matter: not the schemas, not an editor's swap files."""
    name = Path(path).name
    # Container platforms swap a whole folder behind the link ..data.
    return name == "..data" or (name.endswith(_SUFFIXES) and not name.startswith((".", "#", "~")))
