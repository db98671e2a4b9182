"""What an operator sees of a whole bot: health, figures, and who may read them."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.app import App
from bot.operations import condition, listener, pulse
from bot.settings import load_settings
from bot.tools.doctor import is_live, live_address
from digests.archive import Archive
from digests.errors import ConfigError
from tests.conftest import StoppedClock
from tests.system.conftest import Bot, StartBot
from tests.system.newsstand import Newsstand
from tests.system.test_feed_to_edition import pillar

TOKEN = "a-token-for-figures"


async def ask(address: str, path: str, **headers: str) -> tuple[int, str]:
    async with aiohttp.ClientSession(address) as http, http.get(path, headers=headers) as answer:
        return answer.status, await answer.text()


class Figures(dict[tuple[str, tuple[tuple[str, str], ...]], float]):
    """Samples by name and labels."""

    def of(self, name: str, **labels: str) -> float | None:
        return self.get((name, tuple(sorted(labels.items()))))


async def figures(bot: Bot) -> Figures:
    status, text = await ask(bot.address, "/metrics")
    assert status == 200
    return read(text)


def read(text: str) -> Figures:
    return Figures(
        {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered from one look to the next, and nobody waits for having mistyped."""
    monkeypatch.setattr(condition, "_FRESH", 0.0)
    monkeypatch.setattr("bot.operations.figures.STANDING_EVERY", 0.0)
    monkeypatch.setattr("bot.adapters.web.guard._FAILED_LOGIN_PAUSE", 0.0)
    monkeypatch.setattr(listener, "_FAILED_LOGIN_PAUSE", 0.0)


# --- health ------------------------------------------------------------------------------------------------


async def ready(bot: Bot) -> int:
    assert (await ask(bot.address, "/healthz/live")) == (200, '{"live": true}')
    status, text = await ask(bot.address, "/healthz/ready")
    assert text == ('{"ready": true}' if status == 200 else '{"ready": false}')
    assert (await ask(bot.address, "/healthz")) == (200, f'{{"live": true, "ready": {str(status == 200).lower()}}}')
    return status


async def beating(bot: Bot) -> None:
    """The pulse has to beat once before the loop counts as well."""
    while not bot.app.operations.pulse.well:
        await asyncio.sleep(0.01)


async def test_a_running_bot_is_live_and_ready(start_bot: StartBot) -> None:
    bot = await start_bot()
    await beating(bot)
    assert await ready(bot) == 200


async def test_a_bot_whose_clock_is_dead_is_live_and_not_ready(start_bot: StartBot) -> None:
    bot = await start_bot()
    await beating(bot)
    await bot.app.clock.stop()
    assert await ready(bot) == 503
    assert (await figures(bot)).of("kakehashi_ready", check="clock") == 0
    assert (await figures(bot)).of("kakehashi_ready", check="worker") == 1


async def test_a_bot_whose_worker_is_dead_is_live_and_not_ready(start_bot: StartBot) -> None:
    bot = await start_bot()
    await beating(bot)
    for task in bot.app._tasks:
        if task.get_name() == "delivery":
            task.cancel()
    await asyncio.sleep(0)
    assert await ready(bot) == 503
    assert (await figures(bot)).of("kakehashi_ready", check="worker") == 0


async def test_a_bot_whose_loop_stalled_is_not_ready_for_a_while(
    start_bot: StartBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = await start_bot()
    await beating(bot)
    monkeypatch.setattr(pulse, "STALL", 0.05)
    time.sleep(0.2)
    await asyncio.sleep(pulse.TICK)
    assert await ready(bot) == 503
    monkeypatch.setattr(pulse, "STALL", 5.0)
    monkeypatch.setattr(pulse, "REMEMBERED", 0.0)
    await beating(bot)
    assert await ready(bot) == 200


async def test_an_archive_that_cannot_be_reached_makes_not_ready(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    moved = await Archive.open(f"sqlite:///{folder / 'archive.sqlite3'}")
    judged = condition.Condition(moved, {})
    assert await judged.ready()
    await moved.close()
    shutil.rmtree(folder)
    assert not await judged.ready()
    folder.mkdir()
    assert not await judged.ready(), "an empty archive, in which no migration is done"
    await moved.close()


async def test_an_archive_that_does_not_answer_in_time_makes_not_ready(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(condition, "PATIENCE", 0.05)
    judged = condition.Condition(archive, {})
    held = [archive.read() for _ in range(4)]
    for one in held:
        await one.__aenter__()
    assert not await judged.ready()
    for one in held:
        await one.__aexit__(None, None, None)
    assert await judged.ready()


# --- figures -----------------------------------------------------------------------------------------------


async def test_the_figures_tell_what_happened(start_bot: StartBot, newsstand: Newsstand) -> None:
    bot = await start_bot()
    await bot.poll()
    newsstand.entries["town-hall"] = [pillar()]
    newsstand.entries["courier"] = [pillar("copy")]
    newsstand.broken.add("agency")
    await bot.poll()
    await bot.at("08:00")
    await bot.say("/sections")
    await bot.say("/ask What is the height of Everest in cubits?")
    await bot.say("/latest nowhere")
    await bot.say("/mine-and-nobodys xoxb-canary")
    found = await figures(bot)
    assert found.of("kakehashi_source_reads_total", kind="official", outcome="ok") == 2
    assert found.of("kakehashi_source_reads_total", kind="wire", outcome="failed") == 1
    assert found.of("kakehashi_entries_total", kind="official", what="new") == 1
    assert found.of("kakehashi_items", section="building") == 2
    assert found.of("kakehashi_items", section="money") == 0
    assert found.of("kakehashi_duplicate_items") == 1
    assert found.of("kakehashi_deliveries_total", platform="web", outcome="sent") == 2, "welcome and digest"
    assert found.of("kakehashi_ledger_rows", state="sent") == 2
    assert found.of("kakehashi_ledger_rows", state="uncertain") == 0
    assert found.of("kakehashi_queue_age_seconds") == 0
    assert found.of("kakehashi_last_edition_timestamp_seconds", digest="morning") == bot.clock.present.timestamp()
    assert found.of("kakehashi_commands_total", command="sections", outcome="answered") == 1
    assert found.of("kakehashi_commands_total", command="ask", outcome="refused") == 1
    assert found.of("kakehashi_commands_total", command="latest", outcome="mistake") == 1
    assert found.of("kakehashi_commands_total", command="unknown", outcome="mistake") == 1
    assert found.of("kakehashi_command_seconds_count", command="sections") == 1
    assert found.of("kakehashi_sources", kind="wire", state="failing") == 1
    assert (found.of("kakehashi_archive_bytes") or 0) > 100_000
    assert 0 < (found.of("kakehashi_search_index_bytes") or 0) < (found.of("kakehashi_archive_bytes") or 0)
    assert (found.of("kakehashi_event_loop_lag_seconds_count") or 0) > 0
    assert (found.of("process_resident_memory_bytes") or 0) > 1e6


async def test_fetch_lag_is_what_the_most_belated_source_of_a_kind_is_behind(start_bot: StartBot) -> None:
    bot = await start_bot()
    await bot.poll()
    assert (await figures(bot)).of("kakehashi_fetch_lag_seconds", kind="wire") == 0
    bot.clock.forward(minutes=31)
    assert (await figures(bot)).of("kakehashi_fetch_lag_seconds", kind="wire") == 30 * 60


async def test_queue_age_is_that_of_the_oldest_row_that_waits(start_bot: StartBot) -> None:
    bot = await start_bot()
    await bot.app.worker.stop()
    bot.clock.forward(days=1)
    digest = bot.app.store.settings.digest("morning")
    await bot.app.desk.post_now(digest, now=bot.clock.present)
    bot.clock.forward(minutes=7)
    found = await figures(bot)
    assert found.of("kakehashi_queue_age_seconds") == 7 * 60
    assert found.of("kakehashi_ledger_rows", state="pending") == 1


async def test_no_figure_holds_a_member_or_what_they_typed(start_bot: StartBot) -> None:
    bot = await start_bot()
    for line in ("/c4nary x", "c4nary question", "/latest c4nary", "/subscribe building 09:30"):
        await bot.say(line)
    bot.clock.forward(days=2)
    await bot.ring()
    before = len(await figures(bot))
    for number in range(15):
        await bot.say(f"/made-up-{number}")
    _, text = await ask(bot.address, "/metrics")
    assert "c4nary" not in text
    assert "subscription" not in text
    assert "local" not in text
    assert len(read(text)) == before, "no series more"


async def test_figures_that_cannot_be_read_are_left_out_and_the_others_stay(
    start_bot: StartBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = await start_bot()
    monkeypatch.setattr("bot.operations.figures.PATIENCE", 0.0)
    found = await figures(bot)
    assert found.of("kakehashi_items", section="building") is None
    assert found.of("kakehashi_deliveries_total", platform="web", outcome="sent") == 1


# --- a listener of its own, and who may ask ------------------------------------------------------------------


def monitored(config: Path, line: str, platforms: str = "  web: {enabled: false}\n") -> None:
    path = config / "bot.yaml"
    path.write_text(path.read_text().replace("  web: {port: 0}\n", platforms) + f"monitoring: {line}\n")


@asynccontextmanager
async def running(config: Path, clock: StoppedClock) -> AsyncIterator[str]:
    """A bot whose only server is the listener; its address."""
    app = await App.create(config, now=clock)
    try:
        await app.start(ingest=False)
        assert app.listener is not None
        yield f"http://127.0.0.1:{app.listener.port}"
    finally:
        await app.close()


@pytest.fixture
async def alone(config: Path, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The address of a bot without the local chat."""
    monkeypatch.setenv("FIGURES", TOKEN)
    monitored(config, "{port: 0, token: {env: FIGURES}}")
    async with running(config, clock) as address:
        yield address


async def test_without_the_local_chat_a_small_server_offers_the_same(alone: str) -> None:
    assert (await ask(alone, "/healthz/live"))[0] == 200
    assert (await ask(alone, "/metrics", Authorization=f"Bearer {TOKEN}"))[0] == 200
    assert (await ask(alone, "/metrics"))[0] == 401
    assert (await ask(alone, "/metrics", Authorization="Bearer wrong"))[0] == 401
    for path in ("/", "/api/state", "/metrics/x"):
        assert (await ask(alone, path, Authorization=f"Bearer {TOKEN}"))[0] == 404


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1"])
def test_the_live_check_asks_where_the_bot_listens(config: Path, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIGURES", TOKEN)
    monitored(config, f'{{port: 9100, host: "{host}", token: {{env: FIGURES}}}}')
    reached = "[::1]" if host == "::1" else "127.0.0.1"
    assert live_address(load_settings(config)) == f"http://{reached}:9100/healthz/live"


async def test_the_live_check_of_a_bot_without_the_local_chat(
    config: Path, clock: StoppedClock, unused_tcp_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    monitored(config, f"{{port: {unused_tcp_port}}}")
    assert not await is_live(config)
    assert "no answer" in capsys.readouterr().err
    async with running(config, clock):
        assert await is_live(config)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "figures.example"])
def test_figures_for_others_want_a_token(config: Path, host: str) -> None:
    monitored(config, f'{{port: 9100, host: "{host}"}}')
    with pytest.raises(ConfigError, match=r"lets others read.*\n?.*token"):
        load_settings(config)


async def test_the_local_chats_password_opens_the_figures_and_so_does_the_token(
    config: Path, start_bot: StartBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAKEHASHI_WEB_PASSWORD", "correct horse")
    monkeypatch.setenv("FIGURES", TOKEN)
    monitored(config, "{token: {env: FIGURES}}", "  web: {port: 0}\n")
    bot = await start_bot()
    by_password = {"Authorization": aiohttp.encode_basic_auth("x", "correct horse")}
    by_token = {"Authorization": f"Bearer {TOKEN}"}
    assert (await ask(bot.address, "/metrics", **by_password))[0] == 200
    assert (await ask(bot.address, "/metrics", **by_token))[0] == 200
    assert (await ask(bot.address, "/metrics"))[0] == 401
    assert (await ask(bot.address, "/api/state", **by_token))[0] == 401, "the token opens the figures alone"
    assert (await ask(bot.address, "/healthz/ready"))[0] in (200, 503)


async def test_a_token_is_wanted_on_loopback_too_once_it_is_set(
    config: Path, start_bot: StartBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIGURES", TOKEN)
    monitored(config, "{token: {env: FIGURES}}", "  web: {port: 0}\n")
    bot = await start_bot()
    assert (await ask(bot.address, "/metrics"))[0] == 401
    assert (await ask(bot.address, "/api/state"))[0] == 200
