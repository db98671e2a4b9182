"""``kakehashi run``: start the app, say where it is, wait, stop."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import click

from bot import allocator
from bot.app import App

SWITCH_INTERVAL = 0.001
"""Seconds after which a thread that computes hands the interpreter on; Python's own 5 ms.

The event loop lets go of it at every call to the system, and waits so long to get it back while sources are read or
questions answered: with 5 ms a command that makes twenty such calls took 100 ms of the loop's time.
"""


async def run_bot(config: Path, *, ingest: bool = True) -> None:
    """Run until SIGINT or SIGTERM. Raises KakehashiError's children when the start fails."""
    allocator.keep_little()
    sys.setswitchinterval(SWITCH_INTERVAL)
    await run_app(await App.create(config), ingest=ingest)


async def run_app(app: App, *, ingest: bool = True) -> None:
    """Start an app, run it until it is asked to stop, close it."""
    try:
        if await app.start_unless_stopped(ingest=ingest):
            settle_memory()
            for adapter in app.adapters.values():
                if address := getattr(adapter, "address", ""):
                    click.echo(f"Kakehashi is running: {address}")
            await app.wait()
    finally:
        await app.close()


def settle_memory() -> None:
    """Have the garbage collector leave alone what stays for the whole run: libraries, configuration, story.

    Looking through all of that again and again held the event loop for 150 ms each time.
    """
    gc.collect()
    gc.freeze()
    gc.enable()
