"""Previews: the exact JSON, and a page and picture that show what the platform would show."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from bot.adapters import screenshots
from bot.adapters.discord import preview as discord_preview
from bot.adapters.discord import render as discord
from bot.adapters.screenshots import ScreenshotError, screenshot
from bot.adapters.slack import preview as slack_preview
from bot.adapters.slack import render as slack
from bot.message import (
    Actions,
    Bullet,
    BulletList,
    Button,
    Context,
    Divider,
    File,
    Heading,
    Link,
    Message,
    Paragraph,
    Quote,
    Table,
    Text,
    Time,
)
from bot.tools.preview import preview_digest

KYIV = ZoneInfo("Europe/Kyiv")
NOON = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> & *stars* _lines_ <!channel> @everyone [a](b) `tick`"


def everything(words: str = "Plain words") -> Message:
    """A message with a block and an inline of every kind, but for pictures, which the archive holds."""
    link = Link("The communiqué", "https://example.org/a?b=1&c=2")
    return Message(
        (
            Heading("Morning digest"),
            Heading("Money and arms", 2),
            Paragraph((Text(words), Text(" bold", "strong"), Text(" slanted", "emphasis"), Text(" code", "code"))),
            Paragraph((link, Text(" at "), Time(NOON, "time"))),
            BulletList((Bullet((Text("First bullet"),), (Text("its detail"),)), Bullet((Text("Second bullet"),)))),
            BulletList((Bullet((Text("numbered"),)),), ordered=True, start=3),
            Quote((Text("A sentence that was said."),), (Text("Courier"),)),
            Divider(),
            Table(
                ("year", "sum"), (((Text("2024"),), (Text("52"),)), ((Text("2025"),), (Text("61"),))), "Sums by year"
            ),
            Context((Text("small print"),)),
            File("0" * 40, "figures.csv", "text/csv", 91_000),
            Actions((Button("Share", action="share:x"), Button("Source", url="https://example.org/"))),
        ),
        summary="Morning digest: one development.",
    )


def slack_page(message: Message) -> str:
    return slack_preview.page([slack.render(message)], title=message.summary, zone=KYIV, at=NOON)


def discord_page(message: Message) -> str:
    return discord_preview.page([discord.render(message)], title=message.summary, zone=KYIV, at=NOON)


PAGES = pytest.mark.parametrize("page", [slack_page, discord_page])


def words_of(page: str) -> str:
    root = html.document_fromstring(page)
    for style in root.xpath("//style|//script"):
        style.drop_tree()
    return " ".join(" ".join(root.text_content().split()).split())


@PAGES
def test_a_page_shows_every_word_of_a_message(page: Callable[[Message], str]) -> None:
    shown = words_of(page(everything()))
    for words in (
        *("Morning digest", "Money and arms", "Plain words bold slanted code", "The communiqué at", "First bullet"),
        *("its detail", "Second bullet", "numbered", "A sentence that was said.", "Courier", "small print"),
        *("2024", "52", "2025", "61", "Share", "Source", "figures.csv"),
    ):
        assert words in shown, words


@PAGES
def test_times_stand_in_the_zone_of_the_digest(page: Callable[[Message], str]) -> None:
    assert "12:00" in words_of(page(everything()))  # 9:00 UTC


@PAGES
def test_links_lead_where_the_message_says(page: Callable[[Message], str]) -> None:
    assert "https://example.org/a?b=1&c=2" in html.document_fromstring(page(everything())).xpath("//a/@href")


@PAGES
def test_hostile_text_is_shown_and_does_nothing(page: Callable[[Message], str]) -> None:
    shown = page(everything(HOSTILE))
    plain, hostile = html.document_fromstring(page(everything())), html.document_fromstring(shown)
    for tag in ("script", "b", "i", "code", "a"):
        assert len(hostile.xpath(f"//{tag}")) == len(plain.xpath(f"//{tag}")), tag
    # Neither platform is given what would ping; what is left reads the same.
    assert "alert(1)" in words_of(shown)
    assert "*stars* _lines_" in words_of(shown)


@PAGES
@given(words=st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=60))
def test_any_word_is_shown_as_it_is(page: Callable[[Message], str], words: str) -> None:
    assert f"x{words}x" in words_of(page(everything(f"x{words}x"))).replace("\u2060", "").replace("\u200b", "")


def test_the_thread_stands_below_the_first_message() -> None:
    parts = [slack.render(everything()), slack.render(everything("In the thread"))]
    page = slack_preview.page(parts, title="t", zone=KYIV, at=NOON)
    assert "1 reply" in words_of(page)
    thread = html.document_fromstring(page).xpath("//section[@class='thread']")[0]
    assert "In the thread" in thread.text_content()


def test_what_a_page_cannot_show_is_an_error() -> None:
    rendered = slack.SlackMessage("x", [{"type": "video"}])
    with pytest.raises(ValueError, match="'video' block"):
        slack_preview.page([rendered], title="t", zone=KYIV, at=NOON)


async def test_a_picture_holds_the_whole_page(tmp_path: Path, need: Callable[[bool, str], None]) -> None:
    need(any(shutil.which(name) for name in screenshots._PROGRAMS), "Chromium")
    page, short = tmp_path / "page.html", tmp_path / "short.html"
    page.write_text(slack_page(everything("long " * 2_000)), encoding="utf-8")
    short.write_text(slack_page(everything()), encoding="utf-8")
    await screenshot(page, tmp_path / "page.png", width=500)
    await screenshot(short, tmp_path / "short.png", width=500)
    (width, height), (same, lower) = size_of(tmp_path / "page.png"), size_of(tmp_path / "short.png")
    assert width == same == 1_000  # two pixels each
    assert height > 2 * lower > 1_000
    quiet = tmp_path / "quiet.html"
    quiet.write_text(
        slack_page(Message((Paragraph((Text("Nothing new."),)),), summary="Nothing new.")), encoding="utf-8"
    )
    await screenshot(quiet, tmp_path / "quiet.png", width=500)
    assert size_of(tmp_path / "quiet.png")[1] < 2 * 400  # and no more: a window is 800 high


def size_of(picture: Path) -> tuple[int, int]:
    head = picture.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


async def test_without_chromium_the_error_says_what_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(screenshots.VARIABLE, "no-such-program")
    with pytest.raises(ScreenshotError, match="apt install chromium"):
        await screenshot(tmp_path / "page.html", tmp_path / "page.png")


async def test_a_program_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(screenshots.VARIABLE, "false")
    with pytest.raises(ScreenshotError, match="false failed with status 1"):
        await screenshot(tmp_path / "page.html", tmp_path / "page.png")


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_the_tool_writes_what_the_platform_would_get(
    platform: str,
    shipped_config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(screenshots.VARIABLE, "no-such-program")
    await preview_digest(shipped_config, "morning", platform, tmp_path / "next")
    said = capsys.readouterr()
    assert said.out.split()[-2:] == [str(tmp_path / "next.json"), str(tmp_path / "next.html")]
    assert "no picture" in said.err
    payloads = json.loads((tmp_path / "next.json").read_text(encoding="utf-8"))
    assert payloads
    assert all(payload["blocks" if platform == "slack" else "components"] for payload in payloads)
    assert "Morning digest" in words_of((tmp_path / "next.html").read_text(encoding="utf-8"))
