"""The reader: a second process that answers what only reads, while commands wait for each other."""

from __future__ import annotations

import asyncio
import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
import structlog

from bot.app import App
from bot.commands.base import Invocation, Member, Press, Reads
from bot.commands.catalogue import COMMANDS
from bot.commands.dispatch import Dispatcher
from bot.message import Actions, File, Message, Paragraph, text
from bot.reader import Reader, Setup
from digests.archive import media
from digests.archive.media import Media
from digests.archive.views import View
from digests.ingest.frames import read_frame, write_frame
from digests.story import load_story

pytestmark = pytest.mark.asyncio(loop_scope="module")
MEMBER = Member("web", "local", "newsroom", "local", admin=True, language="en", zone="Europe/Kyiv")
LINES = (
    "/ask What is NSATU?",
    "/ask Чи приєдналася Японія до PURL?",
    "/ask How many goals did the committee score?",
    "/digest assistance 30d",
    "/latest n:5",
    "/timeline actor:NSATU",
    "/timeline actor:NSATU export:csv",
    "/compare NSATU PURL",
    "/sources",
)
HERE = Message((Paragraph(text("here")),), summary="here")
Start = Callable[..., Reader]


class _Clock:
    def __call__(self) -> datetime:
        return datetime(2026, 6, 1, 6, 0, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(shipped_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    folder = tmp_path_factory.mktemp("read")
    shutil.copytree(shipped_folder, folder, dirs_exist_ok=True)
    async with _opened(folder) as app:
        yield app


@asynccontextmanager
async def _opened(folder: Path) -> AsyncIterator[App]:
    with (folder / "config" / "bot.yaml").open("a", encoding="utf-8") as settings:
        settings.write("search: {semantic: off}\n")
    archive = f"sqlite:///{folder / 'var' / 'kakehashi.sqlite3'}"
    app = await App.create(folder / "config", now=_Clock(), archive=archive, connect=False)
    try:
        yield app
    finally:
        await app.close()


def _wanted(app: App, **options: float) -> Reader:
    """A reader that is wanted at once."""
    return Reader(
        app.archive.address,
        lambda: app.store.story,
        _Clock(),
        app.services.keep,
        **{"pressed_by": 0.0, "enabled": True, **options},
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(app: App) -> AsyncIterator[Reader]:
    """A reader that is there."""
    reader = _wanted(app)
    await _press(reader)
    yield reader
    await reader.close()


@pytest.fixture
def hosts(app: App, there: Reader) -> tuple[Dispatcher, Dispatcher]:
    """One without a reader, one with it."""
    return app.dispatcher, Dispatcher(app.services, COMMANDS, reader=there)


@pytest_asyncio.fixture(loop_scope="module")
async def start(app: App) -> AsyncIterator[Start]:
    made: list[Reader] = []

    def make(**options: float) -> Reader:
        made.append(_wanted(app, **options))
        return made[-1]

    yield make
    for reader in made:
        await reader.close()


async def _here() -> Message:
    await asyncio.sleep(0.01)
    return HERE


async def _until(condition: Callable[[], bool], seconds: float = 40.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def _press(reader: Reader, *, until: Callable[[], bool] | None = None) -> None:
    """Let commands wait for each other until the reader is there."""
    at_work = asyncio.create_task(_repeat(lambda: reader.run(_sections(), _here)))
    await _until(until or (lambda: reader.is_there))
    at_work.cancel()
    await asyncio.gather(at_work, return_exceptions=True)


async def _repeat(work: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.gather(*(work() for _ in range(4)))


def _sections() -> Invocation:
    return Invocation("sections", MEMBER)


def _without_buttons(message: Message) -> Message:
    """Tokens of paging buttons differ from time to time."""
    return replace(message, blocks=tuple(block for block in message.blocks if not isinstance(block, Actions)))


async def test_the_reader_says_what_the_bot_itself_would_say(
    there: Reader, hosts: tuple[Dispatcher, Dispatcher]
) -> None:
    here, host = hosts
    before = there.answered
    for member in (MEMBER, replace(MEMBER, language="ja")):
        own = [_without_buttons(await here.invoke_text(line, member)) for line in LINES]
        assert [_without_buttons(await host.invoke_text(line, member)) for line in LINES] == own
        assert {message.kind for message in own} == {"reply", "refusal", "digest"}
    assert there.answered - before == 2 * len(LINES)


async def test_mistakes_and_pages_are_as_they_are_without_a_reader(hosts: tuple[Dispatcher, Dispatcher]) -> None:
    here, host = hosts
    assert await host.invoke_text("/why 987654", MEMBER) == await here.invoke_text("/why 987654", MEMBER)
    first = await host.invoke_text("/timeline", MEMBER)
    buttons = next(block for block in reversed(first.blocks) if isinstance(block, Actions)).buttons
    older = next(button.action for button in buttons if button.action and button.action.endswith(":1"))
    second = await host.press(Press(older, MEMBER))
    assert second == await here.press(Press(older, MEMBER))
    assert second.blocks != first.blocks
    assert (await host.press(Press(older, replace(MEMBER, user="somebody else")))).kind == "error"


async def test_a_fault_there_is_answered_here(there: Reader) -> None:
    with structlog.testing.capture_logs() as logs:
        assert await there.run(Invocation("schedule", MEMBER), _here) == HERE
    assert [(entry["event"], entry["fault"]) for entry in logs] == [("reader.could-not", "RuntimeError")]
    assert there.is_there


async def test_it_writes_nothing(app: App, there: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands behind the buttons is kept by the bot: two processes that write would wait for each other."""
    came: list[View | Media] = []

    async def keep(kept: View | Media) -> str:
        came.append(kept)
        return await app.services.keep(kept)

    monkeypatch.setattr(there, "_keep", keep)
    host = Dispatcher(app.services, COMMANDS, reader=there)
    async with app.archive.write():  # nobody else can write now
        asking = asyncio.create_task(host.invoke_text("/timeline", MEMBER))
        await _until(lambda: bool(came))
        assert not asking.done()
    assert isinstance(came[0], View)
    assert came[0].token in repr((await asking).blocks)
    reply = await host.invoke_text("/timeline export:json", MEMBER)
    (file,) = (block for block in reply.blocks if isinstance(block, File))
    async with app.archive.read() as connection:
        found = await media.get(connection, file.key)
    assert found == came[-1]


async def test_questions_stay_here_where_a_model_phrases_answers(app: App, there: Reader) -> None:
    host = Dispatcher(replace(app.services, quotes_only=lambda: False), COMMANDS, reader=there)
    answered = there.answered
    assert (await host.invoke_text("/ask What is NSATU?", MEMBER)).kind == "reply"
    assert there.answered == answered
    await host.invoke_text("/latest", MEMBER)
    assert there.answered == answered + 1


async def test_it_knows_no_secrets(there: Reader) -> None:
    assert there.process_id is not None
    seen = psutil.Process(there.process_id)
    given = set(seen.environ()) - {"LC_CTYPE"}  # Python's own, where no locale is set
    assert given <= {"PATH", "SYSTEMROOT", "TZ", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONUTF8"}
    assert seen.cmdline()[1:] == ["-m", "bot.readerprocess"]


async def test_a_reader_that_dies_costs_no_answer(start: Start) -> None:
    reader = start()
    await _press(reader)
    pid = reader.process_id
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    asked = [asyncio.create_task(reader.run(Invocation("sections", MEMBER), _here)) for _ in range(6)]
    await asyncio.sleep(0.1)
    with structlog.testing.capture_logs() as logs:
        os.kill(pid, signal.SIGKILL)
        assert await asyncio.gather(*asked) == [HERE] * 6
        await _until(lambda: not reader.is_there)
    assert [entry["event"] for entry in logs] == ["reader.failed"]
    await asyncio.gather(*(reader.run(_sections(), _here) for _ in range(8)))
    assert not reader.is_there  # not again so soon


async def test_a_reader_that_hangs_is_given_up(start: Start) -> None:
    reader = start(patience=0.5)
    await _press(reader)
    pid = reader.process_id
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    async with asyncio.timeout(20):
        assert await reader.run(_sections(), _here) == HERE
    await _until(lambda: not psutil.pid_exists(pid))
    assert not reader.is_there


async def test_it_ends_after_a_while_without_work(start: Start) -> None:
    reader = start(idle_for=0.2)
    await _press(reader)
    pid = reader.process_id
    assert pid is not None
    await _until(lambda: not reader.is_there)
    await _until(lambda: not psutil.pid_exists(pid))


async def test_another_story_is_answered_from_at_once_and_the_app_ends_its_reader(shipped_config: Path) -> None:
    async with _opened(shipped_config.parent) as app:
        reader = app.reader
        reader._pressed_by, reader._enabled = 0.0, True
        await _press(reader)
        path = shipped_config / "stories" / "japan-ukraine" / "story.yaml"
        before = app.store.story.sections[1].name.get("en")
        path.write_text(path.read_text(encoding="utf-8").replace(before, "Something else"), encoding="utf-8")
        assert await app.store.reload_now()
        await reader.use()
        line = f"/latest {app.store.story.sections[1].id}"
        assert "Something else" in repr(await app.dispatcher.invoke_text(line, MEMBER))
        await _press(reader)
        answered = reader.answered
        assert "Something else" in repr(await app.dispatcher.invoke_text(line, MEMBER))
        assert reader.answered == answered + 1
        assert app.operations.metrics.registry.get_sample_value("kakehashi_reader_commands_total") == reader.answered
        pid = reader.process_id
        assert pid is not None
    assert not psutil.pid_exists(pid)


@pytest.mark.postgres
async def test_it_reads_postgresql_too(shipped_config: Path, postgres_url: str) -> None:
    app = await App.create(shipped_config, now=_Clock(), archive=postgres_url, connect=False)
    reader = _wanted(app)
    try:
        await _press(reader)
        host = Dispatcher(replace(app.services, quotes_only=lambda: True), COMMANDS, reader=reader)
        for line in ("/timeline", "/digest assistance 30d"):
            answered = reader.answered
            there = await host.invoke_text(line, MEMBER)
            assert reader.answered == answered + 1
            assert _without_buttons(there) == _without_buttons(await app.dispatcher.invoke_text(line, MEMBER))
    finally:
        await reader.close()
        await app.close()


async def test_it_starts_only_under_pressure_and_where_there_is_a_second_core(app: App) -> None:
    usual = Reader(app.archive.address, lambda: app.store.story, _Clock(), app.services.keep, enabled=True)
    for _ in range(20):
        assert await usual.run(_sections(), _here) == HERE
    await asyncio.gather(*(usual.run(_sections(), _here) for _ in range(30)))  # a handful that come together
    lonely = Reader(
        app.archive.address, lambda: app.store.story, _Clock(), app.services.keep, pressed_by=0.0, enabled=False
    )
    for _ in range(5):
        await asyncio.gather(*(lonely.run(_sections(), _here) for _ in range(8)))
    assert usual._life is None
    assert lonely._life is None


async def test_it_ends_with_its_parent(shipped_config: Path) -> None:
    story = load_story(shipped_config / "stories" / "japan-ukraine")
    address = f"sqlite:///{shipped_config.parent / 'var' / 'kakehashi.sqlite3'}"
    command = [sys.executable, "-m", "bot.readerprocess"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        write_frame(process.stdin, pickle.dumps(Setup(address, story, "bigrams")))
        process.stdin.flush()
        assert read_frame(process.stdout) == b"ready"
        process.send_signal(signal.SIGINT)  # Ctrl-C reaches it, too, and is not for it
        process.stdin.close()
        assert process.wait(20) == 0


async def test_commands_that_write_or_need_the_bot_stay_here() -> None:
    declared = {command.name: command.reads for command in COMMANDS}
    assert {name for name, reads in declared.items() if reads is Reads.ARCHIVE} == {
        "digest",
        "latest",
        "timeline",
        "compare",
        "sources",
        "why",
    }
    assert [name for name, reads in declared.items() if reads is Reads.ANSWERS] == ["ask"]
