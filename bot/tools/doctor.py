"""``kakehashi doctor``: what works, what does not, and how to mend it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import aiohttp
import click

from bot.adapters.base import Check, SendError
from bot.adapters.web import WebOptions
from bot.app import App
from bot.backups import backups_in, folder_of, time_of
from bot.instance import FRESH, words_of
from bot.operations.http import HEALTH
from bot.settings import Settings, load_settings
from digests.archive import deliveries, health, instances
from digests.errors import ConfigError, KakehashiError
from digests.model import DeliveryState, Destination
from digests.phrasing.client import ModelClient, ModelError
from digests.phrasing.prompt import NumberedPassage, make_prompt
from digests.phrasing.reply import UnreadableReplyError, parse
from digests.search.extras import has_semantic

_PLATFORM_TIMEOUT = 30.0
_MODEL_TIMEOUT = 60.0
_TIMEOUT = aiohttp.ClientTimeout(total=4)


async def run_doctor(config: Path) -> bool:
    """Print one line a check; False when something needs mending."""
    try:
        app = await App.create(config)
    except ConfigError as error:
        for problem in error.problems:
            _bad(str(problem))
        return False
    except KakehashiError as error:
        _bad(str(error))
        return False
    try:
        _good(f"configuration: {config} (story {app.store.story.id}, {len(app.store.settings.digests)} digests)")
        _good(f"archive: {app.archive.url.render_as_string()}")
        _good(await search_line(app))
        checks = [
            await _instances(app),
            await _backups(app),
            await _platforms(app),
            await _destinations(app),
            await _ledger(app),
            await _sources(app),
            await _model(app),
        ]
    finally:
        await app.close()
    return all(checks)


async def search_line(app: App) -> str:
    """How questions find passages here."""
    japanese = app.store.settings.search.japanese
    if app.meaning is None:
        why = "switched off in bot.yaml" if has_semantic() else "not installed: pip install 'kakehashi[semantic]'"
        return f"search: by words (Japanese by {japanese}); by meaning: {why}"
    done, passages = await app.meaning.progress(app.archive)
    return f"search: by words (Japanese by {japanese}) and by meaning ({done:,} of {passages:,} passages embedded)"


async def _instances(app: App) -> bool:
    """Who works on the archive, and whether a second instance does that should not."""
    async with app.archive.read() as connection:
        active = await instances.read(connection, instances.ACTIVE)
        waiting = await instances.read(connection, instances.STANDBY)
    now = app.services.now()
    if active is None or not active.process.holder:
        _good("instance: the bot does not run")
        return True
    _good(f"instance: {words_of(active)}; its last sign of life is of {active.beat_at:%Y-%m-%d %H:%M:%S} UTC")
    if waiting is None or not waiting.process.holder or abs((now - waiting.beat_at).total_seconds()) > FRESH:
        return True
    _bad(f"instance: a second one stands by ({words_of(waiting)}) and posts nothing: stop one of the two")
    return False


async def _backups(app: App) -> bool:
    settings = app.store.settings
    if not settings.backup.enabled or not app.archive.is_sqlite:
        _good("backups: the bot makes none (bot.yaml), or the archive is PostgreSQL: use pg_dump")
        return True
    folder = folder_of(settings.backup, settings.archive)
    kept = await asyncio.to_thread(backups_in, folder)
    if kept and app.services.now() - time_of(kept[-1]) > 3 * settings.backup.every:
        _bad(f"backups: the newest, {kept[-1]}, is old: see the log for backup.failed")
        return False
    _good(f"backups: {len(kept)} in {folder}" + (f", the newest {kept[-1].name}" if kept else ""))
    return True


async def _platforms(app: App) -> bool:
    """Tokens, scopes, intents: what each adapter needs of its platform."""
    well = True
    for name, adapter in sorted(app.adapters.items()):
        try:
            async with asyncio.timeout(_PLATFORM_TIMEOUT):
                checks = await adapter.examine()
        except TimeoutError:
            checks = (Check("the platform does not answer", "check the network and the platform's status page"),)
        except SendError as error:
            checks = (Check("the platform refuses", str(error)),)
        for check in checks:
            if check.cure is None:
                _good(f"{name}: {check.what}")
            else:
                _bad(f"{name}: {check.what}: {check.cure}")
            well = well and check.cure is None
    return well


async def _destinations(app: App) -> bool:
    """Whether every digest's channel can be posted to; each channel is asked for once."""
    digests: dict[Destination, list[str]] = {}
    for digest in app.store.settings.digests:
        for place in digest.destinations:
            digests.setdefault(place, []).append(digest.id)
    well = True
    for place, names in digests.items():
        problems = await _problems(app, place)
        for problem in problems:
            _bad(f"{place} (digest {', '.join(names)}): {problem}")
        if not problems:
            _good(f"{place}: can be posted to (digest {', '.join(names)})")
        well = well and not problems
    return well


async def _problems(app: App, place: Destination) -> tuple[str, ...]:
    adapter = app.adapters.get(place.platform)
    if adapter is None:
        return (f"platform {place.platform!r} is not enabled; enable it under platforms in bot.yaml",)
    try:
        async with asyncio.timeout(_PLATFORM_TIMEOUT):
            return await adapter.check(place)
    except TimeoutError:
        return ("the platform does not answer; check the network and the platform's status page",)
    except SendError as error:
        return (str(error),)


async def _ledger(app: App) -> bool:
    async with app.archive.read() as connection:
        counts = await deliveries.counts(connection)
    given_up, uncertain = counts[DeliveryState.DEAD], counts[DeliveryState.UNCERTAIN]
    if given_up or uncertain:
        _bad(f"deliveries: {given_up} given up, {uncertain} uncertain; kakehashi deliveries lists them")
        return False
    _good(f"deliveries: {counts[DeliveryState.SENT]} sent, none given up, none uncertain")
    return True


async def _sources(app: App) -> bool:
    async with app.archive.read() as connection:
        states = await health.all_states(connection, app.store.story.sources, app.services.now())
    failing = [state for state in states if state.state == "failing"]
    for state in failing:
        _bad(f"source {state.source_id}: failing since {state.failing_since:%Y-%m-%d %H:%M} UTC: {state.why}")
    if not failing:
        _good(f"sources: {len(states)}, none failing")
    return not failing


async def _model(app: App) -> bool:
    """Whether the model that phrases answers does as it is asked, with a passage of its own story."""
    endpoint, facts = app.phraser.endpoint, app.store.story.facts
    if endpoint is None or not facts:
        return True
    prompt = make_prompt("?", [NumberedPassage(1, facts[0].claim.get("en"), "en", "", facts[0].date)], "en", most=1)
    client = ModelClient(replace(endpoint, timeout=_MODEL_TIMEOUT))
    started = time.perf_counter()
    try:
        parse(await client.complete(prompt.turns))
    except ModelError as error:
        _bad(f"model {endpoint.model} at {endpoint.host}: {error}; answers are quotations until that is mended")
        return False
    except UnreadableReplyError as error:
        _bad(f"model {endpoint.model} at {endpoint.host}: {error}; choose a model that can answer in JSON")
        return False
    finally:
        await client.close()
    took = time.perf_counter() - started
    if took > endpoint.timeout:
        _bad(
            f"model {endpoint.model}: takes {took:.1f} s, more than phrasing.timeout; raise it, or take a faster model"
        )
        return False
    _good(f"model {endpoint.model} at {endpoint.host}: answers within {took:.1f} s")
    return True


async def is_live(config: Path) -> bool:
    """Whether the running bot answers: on its local page, or on the address of ``monitoring``."""
    address = live_address(load_settings(config))
    if address is None:
        click.echo("neither the local chat nor monitoring.port is set, so the bot cannot be asked", err=True)
        return False
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as http, http.get(address) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError) as error:
        click.echo(f"no answer: {error}", err=True)
        return False


def live_address(settings: Settings) -> str | None:
    """Where a bot of these settings says that it lives; None when it listens nowhere."""
    web, monitoring = settings.platforms.get("web"), settings.monitoring
    if isinstance(web, WebOptions) and web.enabled:
        return _live(web.host, web.port)
    return None if monitoring.port is None else _live(monitoring.host, monitoring.port)


def _live(host: str, port: int) -> str:
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - an address that is read, not bound
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{port}{HEALTH}/live"


def _good(line: str) -> None:
    click.echo(f"ok    {line}")


def _bad(line: str) -> None:
    click.echo(f"MEND  {line}")
