"""A picture of a page, by a headless Chromium on this machine."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from pathlib import Path

from digests.errors import KakehashiError

VARIABLE = "KAKEHASHI_CHROMIUM"
"""Names the program when it is not on the path."""
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_TIMEOUT = 30.0
_HEIGHT = re.compile(rb'data-height="(\d+)"')
_TALLEST = 16_000
"""Pixels; Chromium's surfaces end there."""
MEASURE = "<script>document.documentElement.dataset.height = document.documentElement.offsetHeight</script>"
"""At the end of a page: lets its own height be read before the picture is taken (``scrollHeight`` is the window's when
the page is shorter)."""


class ScreenshotError(KakehashiError):
    """There is no picture; the text says why and what helps."""


async def screenshot(page: Path, target: Path, *, width: int = 760) -> None:
    """Write a PNG of the whole page, ``width`` CSS pixels wide. Raises :class:`ScreenshotError`."""
    program = _program()
    address, picture = await asyncio.to_thread(lambda: (page.resolve().as_uri(), str(target.resolve())))
    # A profile of its own: no other Chromium of this user is disturbed.
    with tempfile.TemporaryDirectory(prefix="kakehashi-chromium-") as profile:
        common = (
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"),
            *("--no-first-run", "--disable-extensions", f"--user-data-dir={profile}"),
        )
        document = await _run(program, *common, f"--window-size={width},800", "--dump-dom", address)
        found = _HEIGHT.search(document)
        height = min(int(found[1]) if found else 800, _TALLEST)
        size = (f"--window-size={width},{height}", "--force-device-scale-factor=2")
        await _run(program, *common, *size, f"--screenshot={picture}", address)
    if not await asyncio.to_thread(target.exists):
        raise ScreenshotError(f"{Path(program).name} made no picture; look at the page itself: {page}")


def _program() -> str:
    named = os.environ.get(VARIABLE)
    for name in (named,) if named else _PROGRAMS:
        if found := shutil.which(name):
            return found
    raise ScreenshotError(f"there is no Chromium: install it (Debian: apt install chromium), or name it in {VARIABLE}")


async def _run(program: str, *arguments: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(_TIMEOUT):
            printed, _ = await process.communicate()
    except TimeoutError as error:
        raise ScreenshotError(f"{Path(program).name} did not finish within {_TIMEOUT:.0f} s; try again") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ScreenshotError(f"{Path(program).name} failed with status {process.returncode}; does it start by itself?")
    return printed
