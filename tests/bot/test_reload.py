"""The configuration while the bot runs: swapped as a whole, refused as a whole, watched on disk."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import structlog

from bot import reload
from bot.reload import ConfigStore, load_all, restart_keys
from digests.errors import ConfigError

TINY = Path(__file__).parents[1] / "data" / "stories" / "tiny"
BOT = """\
story: tiny
digests:
  - id: morning
    name: {en: Morning}
    destinations: ["web:digest"]
    schedule: weekdays 08:00
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(TINY, tmp_path / "config" / "stories" / "tiny")
    (tmp_path / "config" / "bot.yaml").write_text(BOT)
    return tmp_path / "config"


@pytest.fixture
async def store(folder: Path) -> ConfigStore:
    return await ConfigStore.load(folder)


class Ear:
    """A listener that remembers what it heard."""

    def __init__(self, store: ConfigStore) -> None:
        self.heard: list[bool] = []
        self._news = asyncio.Event()
        store.on_change(self)

    async def __call__(self, *, accepted: bool) -> None:
        self.heard.append(accepted)
        self._news.set()

    async def next(self) -> bool:
        async with asyncio.timeout(15):
            await self._news.wait()
        self._news.clear()
        return self.heard[-1]


def swap(folder: Path, old: str, new: str, file: str = "bot.yaml") -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


# --- loading -----------------------------------------------------------------------------------------------


def test_bot_and_story_are_loaded_together(folder: Path) -> None:
    settings, story = load_all(folder)
    assert story.id == settings.story == "tiny"
    assert settings.digest("morning").sections == ("building", "money")


def test_the_mistakes_of_bot_and_story_come_in_one_run(folder: Path) -> None:
    swap(folder, "weekdays 08:00", "never")
    swap(folder, "kind: local", "kind: locale", "stories/tiny/sources.yaml")
    with pytest.raises(ConfigError) as caught:
        load_all(folder)
    assert [Path(problem.file).name for problem in caught.value.problems] == ["bot.yaml", "sources.yaml"]


@pytest.mark.parametrize(("name", "cure"), [("tyni", "Did you mean tiny?"), ("elsewhere", "Use one of tiny.")])
def test_a_story_that_is_not_there_is_told_in_bot_yaml(folder: Path, name: str, cure: str) -> None:
    swap(folder, "story: tiny", f"story: {name}")
    with pytest.raises(ConfigError) as caught:
        load_all(folder)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (1, 8)
    assert problem.cure == cure


@pytest.mark.parametrize("name", ["../tiny", "/etc", "''", "[a]"])
def test_a_story_can_only_be_a_folder_below_stories(folder: Path, name: str) -> None:
    swap(folder, "story: tiny", f"story: {name}")
    with pytest.raises(ConfigError):
        load_all(folder)


def test_no_folder_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"bot\.yaml: the file is missing"):
        load_all(tmp_path)


# --- reloading ---------------------------------------------------------------------------------------------


async def test_a_good_change_becomes_active_as_a_whole(store: ConfigStore, folder: Path) -> None:
    ear = Ear(store)
    before = (store.settings, store.story)
    swap(folder, "id: morning", "id: evening")
    swap(folder, "The river bridge", "The long bridge", "stories/tiny/story.yaml")
    assert await store.reload_now()
    assert store.settings.digests[0].id == "evening"
    assert store.story.name.get("en") == "The long bridge"
    assert before[0].digests[0].id == "morning"
    assert ear.heard == [True]


async def test_a_bad_file_keeps_everything_as_it_was_and_both_facts_are_logged(
    store: ConfigStore, folder: Path
) -> None:
    ear = Ear(store)
    active = (store.settings, store.story)
    swap(folder, "id: morning", "id: evening")
    swap(folder, "kind: local", "kind: locale", "stories/tiny/sources.yaml")
    with structlog.testing.capture_logs() as logs:
        assert not await store.reload_now()
    assert (store.settings, store.story) == active
    assert ear.heard == [False]
    assert store.last_refusal is not None
    assert store.problems == store.last_refusal.problems
    assert "'locale'" in store.problems[0].what
    assert [entry["event"] for entry in logs] == ["config.refused", "config.kept"]
    assert "sources.yaml:" in logs[0]["problems"][0]


async def test_a_good_configuration_clears_what_was_refused(store: ConfigStore, folder: Path) -> None:
    ear = Ear(store)
    swap(folder, "id: morning", "id: Morning!")
    await store.reload_now()
    assert store.problems
    swap(folder, "id: Morning!", "id: dawn")
    assert await store.reload_now()
    assert store.problems == ()
    assert store.last_refusal is None
    assert ear.heard == [False, True]


async def test_taking_a_mistake_back_is_told_too_although_nothing_else_changes(
    store: ConfigStore, folder: Path
) -> None:
    ear = Ear(store)
    active = store.settings
    swap(folder, "id: morning", "id: Morning!")
    await store.reload_now()
    swap(folder, "id: Morning!", "id: morning")
    assert await store.reload_now()
    assert store.settings is active
    assert ear.heard == [False, False]
    assert store.problems == ()


async def test_the_same_mistakes_are_told_once(store: ConfigStore, folder: Path) -> None:
    ear = Ear(store)
    swap(folder, "id: morning", "id: Morning!")
    await store.reload_now()
    first = store.last_refusal
    await store.reload_now()
    assert store.last_refusal is first
    assert ear.heard == [False]


async def test_reading_the_same_again_disturbs_nobody(store: ConfigStore) -> None:
    ear = Ear(store)
    settings, story = store.settings, store.story
    assert await store.reload_now()
    assert (store.settings, store.story) == (settings, story)
    assert ear.heard == []


async def test_a_listener_that_fails_does_not_silence_the_others(store: ConfigStore, folder: Path) -> None:
    async def broken(*, accepted: bool) -> None:
        raise RuntimeError("broken")

    store.on_change(broken)
    ear = Ear(store)
    swap(folder, "id: morning", "id: evening")
    assert await store.reload_now()
    assert ear.heard == [True]


async def test_what_waits_for_the_next_start_is_named_until_it_is_taken_back(store: ConfigStore, folder: Path) -> None:
    assert store.needs_restart == ()
    swap(folder, "story: tiny", "story: tiny\narchive: sqlite:///other.sqlite3\nplatforms: {web: {port: 9000}}")
    with structlog.testing.capture_logs() as logs:
        await store.reload_now()
    assert store.needs_restart == ("archive", "platforms.web")
    assert any(entry["event"] == "config.needs-restart" for entry in logs)
    (folder / "bot.yaml").write_text(BOT.replace("morning", "noon"))
    await store.reload_now()
    assert store.needs_restart == ()


async def test_a_platform_that_comes_or_goes_waits_for_the_next_start(store: ConfigStore, folder: Path) -> None:
    without = (await asyncio.to_thread(load_all, folder))[0]
    swap(folder, "story: tiny", "story: tiny\nplatforms: {}")
    swap(folder, '["web:digest"]', '["web:digest"]')
    (folder / "bot.yaml").write_text("story: tiny\nplatforms: {}\n")
    assert restart_keys(without, load_all(folder)[0]) == ("platforms.web",)


# --- watching ----------------------------------------------------------------------------------------------


@pytest.fixture
async def watching(store: ConfigStore, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ConfigStore]:
    monkeypatch.setattr(reload, "DEBOUNCE", 0.1)
    monkeypatch.setattr(reload, "SETTLE", 0.05)
    monkeypatch.setattr(reload, "WATCH_AGAIN", 0.1)
    task = asyncio.create_task(store.watch())
    await asyncio.sleep(0.3)
    yield store
    task.cancel()
    async with asyncio.timeout(5):
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert task.cancelled()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not true():
            await asyncio.sleep(0.02)


async def test_a_saved_file_is_taken_up(watching: ConfigStore, folder: Path) -> None:
    ear = Ear(watching)
    swap(folder, "id: morning", "id: evening")
    assert await ear.next()
    assert watching.settings.digests[0].id == "evening"


async def test_a_saved_file_of_the_story_is_taken_up(watching: ConfigStore, folder: Path) -> None:
    ear = Ear(watching)
    swap(folder, "Who pays", "Who pays what", "stories/tiny/briefs/money.en.md")
    assert await ear.next()
    assert watching.story.brief("money", "en").title == "Who pays what"


async def test_a_bad_save_is_refused_and_the_next_good_one_taken(watching: ConfigStore, folder: Path) -> None:
    ear = Ear(watching)
    swap(folder, "schedule: weekdays 08:00", "schedule: [")
    assert not await ear.next()
    assert watching.settings.digest("morning").schedule == "weekdays 08:00"
    assert watching.problems
    swap(folder, "schedule: [", "schedule: daily 09:00")
    assert await ear.next()
    assert watching.settings.digest("morning").schedule == "daily 09:00"


async def test_a_file_deleted_and_written_anew_by_an_editor_harms_nothing(watching: ConfigStore, folder: Path) -> None:
    text = (folder / "bot.yaml").read_text().replace("id: morning", "id: evening")
    (folder / "bot.yaml").unlink()
    await asyncio.sleep(0.4)
    assert watching.settings.digests[0].id == "morning"
    fresh = folder / ".bot.yaml.swp"
    fresh.write_text(text)
    fresh.rename(folder / "bot.yaml")
    await until(lambda: watching.settings.digests[0].id == "evening")
    await until(lambda: watching.problems == ())


async def test_files_that_are_not_ours_wake_nobody(watching: ConfigStore, folder: Path) -> None:
    ear = Ear(watching)
    (folder / "schema").mkdir()
    (folder / "schema" / "bot.schema.json").write_text("{}")
    (folder / ".bot.yaml.swp").write_text("x")
    (folder / "bot.yaml~").write_text("x")
    await asyncio.sleep(0.5)
    assert ear.heard == []
    assert watching.problems == ()


async def test_a_folder_that_goes_and_comes_back_is_watched_again(watching: ConfigStore, folder: Path) -> None:
    folder.rename(folder.parent / "away")
    await asyncio.sleep(0.4)
    assert watching.settings.digests[0].id == "morning"
    swap(folder.parent / "away", "id: morning", "id: evening")
    (folder.parent / "away").rename(folder)
    await until(lambda: watching.settings.digests[0].id == "evening")
    await until(lambda: watching.problems == ())
