"""The whole bot in a real browser: ask, page through, receive a live post."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests.system.conftest import StartBot
from tests.system.newsstand import Newsstand
from tests.system.test_feed_to_edition import pillar

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
Need = Callable[[bool, str], None]


async def test_a_member_asks_pages_and_sees_an_edition_arrive(
    start_bot: StartBot, newsstand: Newsstand, need: Need
) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    need(chromium is not None, "Chromium")
    newsstand.entries["town-hall"] = [
        pillar(f"p{n}", title=f"River bridge: report number {n} on the building works") for n in range(12)
    ]
    bot = await start_bot()
    await bot.poll()
    SCREENSHOTS.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = await browser.new_page(viewport={"width": 1200, "height": 900})
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(bot.address)
        articles = page.locator("#log article")
        await expect(articles.first).to_contain_text("where it stands")
        await page.screenshot(path=SCREENSHOTS / "welcome.png")

        await page.fill("#line", "/ask What did the River Bridge Authority announce?")
        await page.press("#line", "Enter")
        await expect(articles.last).to_contain_text("420 metres")
        await expect(articles.last).to_contain_text("Only you can see this")
        await page.screenshot(path=SCREENSHOTS / "answer.png")

        await page.fill("#line", "/latest building n:5")
        await page.press("#line", "Enter")
        await expect(articles.last).to_contain_text("Page 1 of 3")
        await articles.last.get_by_role("button", name="Older").click()
        await expect(articles.last).to_contain_text("Page 2 of 3")
        await page.screenshot(path=SCREENSHOTS / "paging.png")

        newsstand.entries["town-hall"] = [pillar("fresh", title="Bridge opens to cyclists, builders report")]
        await bot.poll()
        await bot.at("08:00")
        await expect(articles.last).to_contain_text("Bridge opens to cyclists")
        await page.screenshot(path=SCREENSHOTS / "edition.png")
        assert complaints == []
        await browser.close()
