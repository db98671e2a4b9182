"""``kakehashi doctor``: what works, what does not, and how to mend it."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import click

from bot.adapters.web import WebOptions
from bot.app import App
from bot.settings import load_settings
from digests.archive import deliveries, health
from digests.errors import ConfigError, KakehashiError
from digests.model import DeliveryState

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
        checks = [await _destinations(app), await _ledger(app), await _sources(app)]
    finally:
        await app.close()
    return all(checks)


async def _destinations(app: App) -> bool:
    well = True
    for digest in app.store.settings.digests:
        for place in digest.destinations:
            adapter = app.adapters.get(place.platform)
            problems = (
                await adapter.check(place)
                if adapter
                else (f"platform {place.platform!r} is not enabled; enable it under platforms in bot.yaml",)
            )
            for problem in problems:
                _bad(f"digest {digest.id}: {place}: {problem}")
            well = well and not problems
    if well:
        _good("destinations: all can be posted to")
    return well


async def _ledger(app: App) -> bool:
    async with app.archive.read() as connection:
        counts = await deliveries.counts(connection)
    given_up, uncertain = counts[DeliveryState.DEAD], counts[DeliveryState.UNCERTAIN]
    if given_up or uncertain:
        _bad(f"deliveries: {given_up} given up, {uncertain} uncertain; /admin status lists them")
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


async def is_live(config: Path) -> bool:
    """Whether the running bot answers on its local page."""
    options = load_settings(config).platforms.get("web")
    if not isinstance(options, WebOptions):
        click.echo("the local chat is not enabled, so the bot cannot be asked", err=True)
        return False
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as http,
            http.get(f"http://127.0.0.1:{options.port}/healthz") as answer,
        ):
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError) as error:
        click.echo(f"no answer: {error}", err=True)
        return False


def _good(line: str) -> None:
    click.echo(f"ok    {line}")


def _bad(line: str) -> None:
    click.echo(f"MEND  {line}")
