"""The local chat as a member meets it: in a browser, by mouse, by keyboard, by screen reader."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from bot.adapters.base import AdapterContext
from bot.adapters.web import WebAdapter, WebOptions
from bot.adapters.web.strings import strings
from bot.commands.base import Press
from bot.i18n import translator
from bot.message import Actions, Bullet, BulletList, Button, File, Heading, Link, Message, Paragraph, Text, Time, text
from digests.archive import Archive, media
from digests.model import Destination
from tests.bot.adapters.contract import full_message
from tests.conftest import StoppedClock
from tests.fakes.host import FakeHost

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SCREENSHOTS = Path(__file__).parents[3] / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TIMEOUT = 15_000
"""Milliseconds; generous, because only a failure waits that long."""

NEWS = Destination("web", "local", "news")
SPARE = Destination("web", "local", "newsroom")
MEMBER = Destination("web", "local", "local", kind="direct")


class PagingHost(FakeHost):
    """Answers a button with the page that it asks for, with buttons to the next ones."""

    async def press(self, press: Press) -> Message:
        self.presses.append(press)
        page = int(press.action.rpartition(":")[2])
        buttons = Actions((Button("Newer", f"page:token:{page - 1}"), Button("Older", f"page:token:{page + 1}")))
        return Message((Paragraph(text(f"page {page}")), buttons), summary="a page", private=True, shareable=True)


@dataclass
class Chat:
    """One open page, and all that went wrong on it."""

    page: Page
    problems: list[str] = field(default_factory=list)

    @property
    def line(self) -> Locator:
        return self.page.get_by_role("combobox", name="Ask a question")

    @property
    def articles(self) -> Locator:
        return self.page.get_by_role("log").locator("article")

    @property
    def suggestions(self) -> Locator:
        return self.page.get_by_role("listbox").get_by_role("option")

    @property
    def pointed_at(self) -> Locator:
        return self.page.get_by_role("listbox").get_by_role("option", selected=True)

    def channel(self, name: str) -> Locator:
        return self.page.locator("#channels button").filter(has_text=re.compile(rf"^{re.escape(name)}\d*$"))

    async def say(self, line: str) -> None:
        """Send a line and wait for the reply to it."""
        replies = await self.articles.count()
        await self.line.fill(line)
        await self.line.press("Enter")
        await expect(self.articles).to_have_count(replies + 2)

    async def ready(self) -> None:
        await expect(self.page.locator("html")).to_have_attribute("data-ready", "true")

    async def picture(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


def news(words: str) -> Message:
    link = Link(words, "https://example.org/news")
    return Message((Heading("Morning digest"), BulletList((Bullet((link,)),))), summary=words, kind="digest")


async def post(adapter: WebAdapter, words: str, to: Destination = NEWS) -> None:
    await adapter.send(to, news(words), key=words, parent=None)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser | None]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        yield None
        return
    expect.set_options(timeout=TIMEOUT)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="module")
async def archive(tmp_path: Path, empty_archive: Path) -> AsyncIterator[Archive]:
    opened = await Archive.open(f"sqlite:///{shutil.copy(empty_archive, tmp_path / 'archive.sqlite3')}")
    yield opened
    await opened.close()


@pytest.fixture
def host() -> PagingHost:
    return PagingHost()


@pytest_asyncio.fixture(loop_scope="module")
async def adapter(archive: Archive, clock: StoppedClock, host: PagingHost) -> AsyncIterator[WebAdapter]:
    made = WebAdapter(AdapterContext(WebOptions(port=free_port()), archive, lambda: (NEWS,), clock))
    await made.start(host)
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def tab(browser: Browser | None) -> AsyncIterator[Chat | None]:
    """One open page for the tests of this file: to open it costs Chromium a process, half of what a test takes."""
    if browser is None:
        yield None
        return
    context = await browser.new_context(locale="en-GB", timezone_id="Europe/Kyiv", reduced_motion="reduce")
    opened = Chat(await context.new_page())
    watch(opened)
    yield opened
    await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def chat(tab: Chat | None, adapter: WebAdapter, need: Callable[[bool, str], None]) -> AsyncIterator[Chat]:
    """A fresh visitor's page, at a server of the test's own and with nothing kept from the test before. Whatever the
    test does, the page must not report an error."""
    need(tab is not None, "Chromium")
    assert tab is not None
    tab.problems.clear()
    await tab.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    await tab.page.set_viewport_size({"width": 1_280, "height": 720})
    await tab.page.goto(adapter.address)
    await tab.ready()
    yield tab
    await tab.page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
    await tab.page.context.clear_cookies()
    await tab.page.goto("about:blank")
    assert tab.problems == []


def watch(chat: Chat) -> None:
    """Note errors, failed requests and whatever the Content-Security-Policy had to forbid (the console says so)."""
    page = chat.page
    page.set_default_timeout(TIMEOUT)
    page.on("pageerror", lambda error: chat.problems.append(str(error)))
    page.on("dialog", lambda dialog: chat.problems.append(f"dialog: {dialog.message}"))
    page.on("console", lambda line: chat.problems.append(line.text) if line.type in ("error", "warning") else None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- looking -----------------------------------------------------------------------------------------------


async def test_the_page_opens_with_its_channels_and_no_error(chat: Chat) -> None:
    await expect(chat.page).to_have_title("Kakehashi")
    await expect(chat.page.locator("#channels button")).to_have_text(["# news", "# newsroom", "Direct messages"])
    await expect(chat.channel("# news")).to_have_attribute("aria-current", "page")
    await expect(chat.page.get_by_text("Nothing here yet.")).to_be_visible()
    await expect(chat.line).to_be_focused()
    assert chat.problems == []


async def test_a_live_post_appears_without_reloading(chat: Chat, adapter: WebAdapter) -> None:
    await post(adapter, "A bridge was opened")
    article = chat.articles.filter(has_text="A bridge was opened")
    await expect(article.get_by_role("link", name="A bridge was opened")).to_have_attribute(
        "href", "https://example.org/news"
    )
    await expect(article.get_by_role("heading", name="Morning digest")).to_be_visible()
    await expect(chat.page.get_by_text("Nothing here yet.")).to_be_hidden()
    await chat.picture("live-post")


async def test_times_are_the_readers_own(chat: Chat, adapter: WebAdapter, clock: StoppedClock) -> None:
    message = Message((Paragraph((Text("at "), Time(clock(), "datetime"))),), summary="a time")
    await adapter.send(NEWS, message, key="time", parent=None)
    await expect(chat.articles.locator("p time")).to_have_text(re.compile(r"1 Jun 2026.*09:00"))


async def test_a_post_in_another_channel_is_counted_until_it_is_read(chat: Chat, adapter: WebAdapter) -> None:
    await post(adapter, "first", SPARE)
    await post(adapter, "second", SPARE)
    badge = chat.channel("# newsroom").locator(".unread")
    await expect(badge).to_have_text("2")
    await expect(chat.articles).to_have_count(0)
    await chat.channel("# newsroom").click()
    await expect(chat.articles).to_have_count(2)
    await expect(badge).to_have_count(0)


async def test_a_direct_message_has_its_own_place(chat: Chat, adapter: WebAdapter) -> None:
    await post(adapter, "for you alone", MEMBER)
    await expect(chat.channel("Direct messages").locator(".unread")).to_have_text("1")
    await chat.channel("Direct messages").click()
    await expect(chat.articles).to_contain_text(["for you alone"])


async def test_older_messages_come_when_asked_for(chat: Chat, adapter: WebAdapter) -> None:
    for n in range(55):
        await adapter.post("newsroom", Message((Paragraph(text(f"no {n}.")),), summary="x"))
    await chat.channel("# newsroom").click()
    await expect(chat.articles).to_have_count(40)
    await expect(chat.articles.last).to_be_in_viewport()
    await chat.page.get_by_role("button", name="Show older messages").click()
    await expect(chat.articles).to_have_count(55)
    assert await chat.articles.locator(".card").all_text_contents() == [f"no {n}." for n in range(55)]
    await expect(chat.page.get_by_role("button", name="Show older messages")).to_be_hidden()


async def test_a_post_does_not_tear_the_reader_away(chat: Chat, adapter: WebAdapter) -> None:
    for n in range(40):
        await adapter.post("newsroom", Message((Paragraph(text(f"no {n}.")),), summary="x"))
    await chat.channel("# newsroom").click()
    await expect(chat.articles.last).to_be_in_viewport()
    await chat.articles.first.scroll_into_view_if_needed()
    jump = chat.page.get_by_role("button", name="New messages below")
    await expect(jump).to_be_hidden()
    await post(adapter, "late news", SPARE)
    await expect(jump).to_be_visible()
    await expect(chat.articles.first).to_be_in_viewport()
    await jump.click()
    await expect(chat.articles.filter(has_text="late news")).to_be_in_viewport()
    await expect(jump).to_be_hidden()


async def test_a_refused_configuration_is_shown_at_once(chat: Chat, adapter: WebAdapter, host: PagingHost) -> None:
    notices = chat.page.get_by_role("alert")
    await expect(notices).to_be_hidden()
    host.problems = ("The changed configuration was refused.", "config/bot.yaml:3:1: unknown key")
    await adapter.refresh()
    await expect(notices).to_contain_text("Needs attention: The changed configuration was refused.")
    await expect(notices).to_contain_text("config/bot.yaml:3:1: unknown key")
    await chat.picture("notice")
    host.problems = ()
    await adapter.refresh()
    await expect(notices).to_be_hidden()


# --- talking -----------------------------------------------------------------------------------------------


async def test_a_command_is_found_by_keyboard(chat: Chat) -> None:
    await chat.line.press_sequentially("/lat")
    await expect(chat.suggestions).to_have_count(1)
    await expect(chat.line).to_have_attribute("aria-expanded", "true")
    await chat.line.press("ArrowDown")
    await expect(chat.pointed_at).to_contain_text("/latest")
    pointed_at = await chat.pointed_at.get_attribute("id") or "none"
    await expect(chat.line).to_have_attribute("aria-activedescendant", pointed_at)
    await chat.picture("suggestions")
    await chat.line.press("Enter")
    await expect(chat.line).to_have_value("/latest ")
    await expect(chat.suggestions).to_contain_text(["Assistance"])
    await chat.line.press("Tab")
    await expect(chat.line).to_have_value("/latest assistance ")
    await expect(chat.line).to_be_focused()


async def test_arrows_go_round_the_suggestions(chat: Chat) -> None:
    await chat.line.press_sequentially("/")
    await expect(chat.suggestions).to_contain_text(["/ask", "/latest"])
    for key, name in (("ArrowUp", "/latest"), ("ArrowDown", "/ask"), ("ArrowDown", "/latest"), ("ArrowUp", "/ask")):
        await chat.line.press(key)
        await expect(chat.pointed_at).to_contain_text(name)


async def test_escape_closes_the_suggestions_and_keeps_the_words(chat: Chat, host: PagingHost) -> None:
    await chat.line.press_sequentially("/lat")
    await expect(chat.suggestions).to_have_count(1)
    await chat.line.press("Escape")
    await expect(chat.suggestions).to_have_count(0)
    await expect(chat.line).to_have_attribute("aria-expanded", "false")
    await expect(chat.line).to_have_value("/lat")
    assert host.lines == []


async def test_a_suggestion_can_be_clicked(chat: Chat) -> None:
    await chat.line.press_sequentially("/as")
    await chat.suggestions.first.click()
    await expect(chat.line).to_have_value("/ask ")
    await expect(chat.line).to_be_focused()
    await expect(chat.page.get_by_text("question – Your question")).to_be_visible()


async def test_a_line_is_answered_privately(chat: Chat, host: PagingHost) -> None:
    await chat.say("What is NSATU?")
    own, reply = chat.articles.first, chat.articles.last
    await expect(own).to_contain_text("You")
    await expect(own).to_contain_text("What is NSATU?")
    await expect(own.get_by_text("Only you can see this")).to_have_count(0)
    await expect(reply).to_contain_text("answer to What is NSATU?")
    await expect(reply.get_by_text("Only you can see this")).to_be_visible()
    await expect(chat.line).to_have_value("")
    member = host.lines[0][1]
    assert (member.channel, member.language, member.zone) == ("news", "en", "Europe/Kyiv")
    await chat.picture("private-reply")


@pytest.mark.parametrize("language", ["en", "ja", "uk"])
async def test_a_file_is_saved_by_its_link(
    chat: Chat, adapter: WebAdapter, archive: Archive, clock: StoppedClock, language: str
) -> None:
    content = "\ufeffid,claim\nbg-001,支援\n".encode()
    async with archive.write() as connection:
        key = await media.put(connection, content, content_type="text/csv", now=clock())
    words = {
        "en": "42 entries, from 2014 to 2026",
        "ja": "42件、2014年から2026年まで",
        "uk": "42 записи, з 2014 до 2026",
    }
    blocks = (Heading("NSATU"), Paragraph(text(words[language])), File(key, "timeline.csv", "text/csv", 91_400))
    await adapter.send(NEWS, Message(blocks, summary="A file", language=language), key="file", parent=None)
    link = chat.articles.last.get_by_role("link", name="timeline.csv")
    await expect(link).to_have_text(translator(language)("Download {name}", name="timeline.csv"))
    await chat.picture(f"file-{language}")
    async with chat.page.expect_download() as saving:
        await link.focus()
        await chat.page.keyboard.press("Enter")
    saved = await saving.value
    assert saved.suggested_filename == "timeline.csv"
    assert (await saved.path()).read_bytes() == content
    await expect(chat.articles.last).to_be_visible()


async def test_a_reply_can_be_shared_with_the_channel(chat: Chat) -> None:
    await chat.say("hello")
    await chat.articles.last.get_by_role("button", name="Share with channel").click()
    await expect(chat.articles).to_have_count(3)
    shared = chat.articles.last
    await expect(shared).to_contain_text("answer to hello")
    await expect(shared.get_by_text("Only you can see this")).to_have_count(0)
    await expect(shared.get_by_role("button")).to_have_count(0)
    await expect(chat.articles.nth(1).get_by_role("button", name="Shared with the channel")).to_be_disabled()


async def test_a_button_turns_the_page_in_place(chat: Chat, host: PagingHost) -> None:
    await chat.say("/latest")
    await chat.articles.last.get_by_role("button", name="Older").click()
    await expect(chat.articles.last).to_contain_text("page 1")
    await chat.articles.last.get_by_role("button", name="Older").click()
    await expect(chat.articles.last).to_contain_text("page 2")
    await expect(chat.articles).to_have_count(2)
    assert [press.action for press in host.presses] == ["page:token:1", "page:token:2"]


async def test_what_was_sent_can_be_recalled(chat: Chat) -> None:
    await chat.say("first")
    await chat.say("second")
    for expected in ("second", "first", "first"):
        await chat.line.press("ArrowUp")
        await expect(chat.line).to_have_value(expected)


# --- languages and looks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ja", "uk"])
async def test_the_page_speaks_the_chosen_language(chat: Chat, language: str) -> None:
    await chat.say("hello")
    words = strings(translator(language))
    await chat.page.get_by_label("Language").select_option(language)
    page = chat.page
    await expect(page.locator("html")).to_have_attribute("lang", language)
    await expect(page.get_by_role("navigation", name=words["channels"])).to_contain_text(words["direct"])
    await expect(page.get_by_role("button", name=words["send"])).to_be_visible()
    await expect(page.get_by_role("combobox", name=words["composer"])).to_be_visible()
    await expect(chat.articles.last).to_contain_text(words["private"])
    await expect(chat.articles.last.get_by_role("button", name=words["share"])).to_be_visible()
    await expect(chat.articles.last.locator("time")).not_to_contain_text("June")
    await chat.picture(f"language-{language}")


async def test_the_chosen_language_channel_and_look_are_remembered(chat: Chat) -> None:
    await chat.page.get_by_label("Appearance").select_option("dark")
    await chat.channel("# newsroom").click()
    await chat.page.get_by_label("Language").select_option("uk")
    await expect(chat.page.locator("html")).to_have_attribute("lang", "uk")
    await chat.page.reload()
    await chat.ready()
    await expect(chat.page.locator("html")).to_have_attribute("lang", "uk")
    await expect(chat.page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(chat.channel("# newsroom")).to_have_attribute("aria-current", "page")


@pytest.mark.parametrize("language", ["ja", "uk"])
async def test_a_visitor_is_met_in_the_browsers_language(
    browser: Browser | None, adapter: WebAdapter, need: Callable[[bool, str], None], language: str
) -> None:
    need(browser is not None, "Chromium")
    assert browser is not None
    context = await browser.new_context(locale=language)
    page = await context.new_page()
    await page.goto(adapter.address)
    await expect(page.locator("html")).to_have_attribute("lang", language)
    await context.close()


async def test_dark_is_chosen_by_the_system_or_by_the_reader(chat: Chat, adapter: WebAdapter) -> None:
    await adapter.send(NEWS, full_message(), key="full", parent=None)
    await expect(chat.articles).to_have_count(1)
    body = chat.page.locator("body")
    light, dark = "rgb(251, 250, 246)", "rgb(20, 24, 29)"
    await expect(body).to_have_css("background-color", light)
    await chat.picture("light")
    await chat.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await expect(body).to_have_css("background-color", dark)
    await chat.picture("dark")
    await chat.page.get_by_label("Appearance").select_option("light")
    await expect(body).to_have_css("background-color", light)
    await chat.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    await chat.page.get_by_label("Appearance").select_option("dark")
    await expect(body).to_have_css("background-color", dark)


TOO_WIDE = """() => {
  const wide = [...document.querySelectorAll("body *")].filter((node) => {
    const box = node.getBoundingClientRect();
    return box.width && box.right > innerWidth + 1 && !node.closest(".table, .unseen");
  });
  return wide.map((node) => node.id || node.className || node.tagName);
}"""


async def test_on_a_narrow_screen_the_channels_hide_behind_a_button(chat: Chat, adapter: WebAdapter) -> None:
    await adapter.send(NEWS, full_message(), key="full", parent=None)
    await chat.page.set_viewport_size({"width": 360, "height": 640})
    side = chat.page.get_by_role("navigation")
    await expect(side).to_be_hidden()
    menu = chat.page.get_by_role("button", name="Show the channels")
    await menu.click()
    await expect(side).to_be_visible()
    await expect(menu).to_have_attribute("aria-expanded", "true")
    await chat.channel("# newsroom").click()
    await expect(side).to_be_hidden()
    await expect(menu).to_have_attribute("aria-expanded", "false")
    await menu.click()
    await chat.channel("# news").click()
    await expect(chat.articles).to_have_count(1)
    await chat.picture("narrow")
    assert await chat.page.evaluate(TOO_WIDE) == []
    assert await nameless(chat) == []


# --- hostile text ------------------------------------------------------------------------------------------

ATTACKS = (
    '<img src="x" onerror="alert(1)">',
    "<script>alert(1)</script>",
    "<svg onload=alert(1)>",
    '"><a href="javascript:alert(1)">x</a>',
    "<style>body{display:none}</style>",
    "</article></main><h1>Owned</h1>",
)


async def test_markup_in_a_feeds_text_is_shown_as_text(chat: Chat, adapter: WebAdapter) -> None:
    texts = tuple(Bullet((Link(attack, "https://example.org/"), Text(attack, "code"))) for attack in ATTACKS)
    await adapter.send(NEWS, Message((Heading(ATTACKS[0]), BulletList(texts)), ATTACKS[0]), key="x", parent=None)
    await expect(chat.articles).to_have_count(1)
    for attack in ATTACKS:
        await expect(chat.articles.get_by_role("link", name=attack, exact=True)).to_be_visible()
    assert await chat.articles.locator("img, script, svg, style, [onerror], [onload], h1").count() == 0
    await expect(chat.page.get_by_role("heading", level=1)).to_have_text(["Kakehashi"])
    await chat.picture("hostile")


async def test_a_typed_line_is_shown_as_text(chat: Chat) -> None:
    await chat.say(ATTACKS[0])
    assert await chat.articles.locator("img").count() == 0
    await expect(chat.articles.first).to_contain_text(ATTACKS[0])


# --- keyboard and screen reader ----------------------------------------------------------------------------

FOCUS_SHOWN = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""
FOCUSED = "() => document.activeElement.id || document.activeElement.textContent.trim()"


async def test_channels_change_by_keyboard(chat: Chat) -> None:
    heading = chat.page.locator("#channel-name")
    for key, name in (
        ("Alt+ArrowDown", "# newsroom"),
        ("Alt+ArrowDown", "Direct messages"),
        ("Alt+ArrowDown", "# news"),
        ("Alt+ArrowUp", "Direct messages"),
    ):
        await chat.page.keyboard.press(key)
        await expect(heading).to_have_text(name)
        await expect(chat.channel(name)).to_have_attribute("aria-current", "page")
    await expect(chat.line).to_be_focused()


async def test_a_channel_opened_by_keyboard_keeps_the_focus(chat: Chat, adapter: WebAdapter) -> None:
    await chat.channel("# newsroom").focus()
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.locator("#channel-name")).to_have_text("# newsroom")
    await expect(chat.channel("# newsroom")).to_be_focused()
    await post(adapter, "elsewhere")
    await expect(chat.channel("# news").locator(".unread")).to_have_text("1")
    await expect(chat.channel("# newsroom")).to_be_focused()


async def test_a_page_turned_by_keyboard_keeps_the_focus_in_the_message(chat: Chat) -> None:
    await chat.say("/latest")
    await chat.articles.last.get_by_role("button", name="Older").focus()
    await chat.page.keyboard.press("Enter")
    await expect(chat.articles.last).to_contain_text("page 1")
    await expect(chat.articles.last.get_by_role("button", name="Older")).to_be_focused()
    await chat.page.keyboard.press("Enter")
    await expect(chat.articles.last).to_contain_text("page 2")


async def test_everything_is_reached_by_tab_and_shows_its_focus(chat: Chat) -> None:
    await chat.say("hello")
    await chat.page.get_by_role("link", name="Skip to the messages").focus()
    reached, hidden = [await chat.page.evaluate(FOCUSED)], []
    for _ in range(20):
        await chat.page.keyboard.press("Tab")
        reached.append(await chat.page.evaluate(FOCUSED))
        if not await chat.page.evaluate(FOCUS_SHOWN):
            hidden.append(reached[-1])
        if reached[-1] == "Send":
            break
    assert hidden == []
    wanted = ["Skip to the messages", "language", "theme", "# news", "# newsroom", "Direct messages", "Older",
              "Share with channel", "line", "Send"]  # fmt: skip
    assert [name for name in reached if name in wanted] == wanted


async def test_the_skip_link_leads_to_the_messages(chat: Chat) -> None:
    skip = chat.page.get_by_role("link", name="Skip to the messages")
    await expect(skip).not_to_be_in_viewport()
    await skip.focus()
    await expect(skip).to_be_in_viewport()
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.get_by_role("log")).to_be_focused()


async def test_a_slash_anywhere_begins_a_command(chat: Chat) -> None:
    await chat.page.locator("body").click(position={"x": 5, "y": 400})
    await chat.line.blur()
    await chat.page.keyboard.press("/")
    await expect(chat.line).to_be_focused()
    await expect(chat.line).to_have_value("/")
    await expect(chat.suggestions).to_have_count(2)


NAMED = {"button", "link", "textbox", "combobox", "listbox", "option", "log", "navigation", "image", "group", "table"}
"""Roles that are of no use to a screen reader without a name."""

BROKEN_MARKUP = """() => {
  const wrong = [];
  const seen = new Set();
  for (const node of document.querySelectorAll("*")) {
    if (node.id && seen.has(node.id)) wrong.push("two elements have the id " + node.id);
    seen.add(node.id);
    for (const name of ["aria-controls", "aria-labelledby", "aria-activedescendant", "for"]) {
      const target = node.getAttribute(name);
      if (target && !document.getElementById(target)) wrong.push(name + " leads nowhere: " + target);
    }
    if (node.matches("img") && !node.hasAttribute("alt")) wrong.push("an image without alt");
    if (node.matches("input, select, textarea") && !(node.labels && node.labels.length)) {
      wrong.push("a field without a label: " + node.outerHTML);
    }
    if (node.matches("a[target=_blank]") && !node.relList.contains("noopener")) wrong.push("a link without noopener");
    if (Number(node.getAttribute("tabindex")) > 0) wrong.push("a positive tabindex: " + node.outerHTML);
  }
  return wrong;
}"""


async def filled(chat: Chat, adapter: WebAdapter, host: PagingHost) -> None:
    """One of everything that the page can show at once."""
    await adapter.send(NEWS, full_message(), key="full", parent=None)
    error = Message((Paragraph(text("There is no command /x.")),), "error", kind="error")
    await adapter.send(NEWS, error, key="error", parent=None)
    await post(adapter, "elsewhere", SPARE)
    host.problems = ("The changed configuration was refused.",)
    await adapter.refresh()
    await expect(chat.articles).to_have_count(2)
    await expect(chat.channel("# newsroom").locator(".unread")).to_be_visible()
    await chat.say("hello")
    await chat.line.press_sequentially("/")
    await chat.line.press("ArrowDown")
    await expect(chat.pointed_at).to_be_visible()


async def shown_to_screen_readers(chat: Chat) -> list[tuple[str, str]]:
    """Role and name of whatever Chromium hands to a screen reader and wants a name."""
    session = await chat.page.context.new_cdp_session(chat.page)
    tree = await session.send("Accessibility.getFullAXTree")
    nodes = [node for node in tree["nodes"] if not node["ignored"]]
    named = [(str(node["role"]["value"]), str(node.get("name", {}).get("value", "")).strip()) for node in nodes]
    return [(role, name) for role, name in named if role in NAMED]


async def nameless(chat: Chat) -> list[str]:
    return [role for role, name in await shown_to_screen_readers(chat) if not name]


async def test_whatever_can_be_used_has_a_name(chat: Chat, adapter: WebAdapter, host: PagingHost) -> None:
    await filled(chat, adapter, host)
    shown = await shown_to_screen_readers(chat)
    assert {"button", "link", "combobox", "option", "log", "navigation", "table"} <= {role for role, _ in shown}
    assert ("button", "# newsroom, New messages: 1") in shown
    assert await nameless(chat) == []
    assert await chat.page.evaluate(BROKEN_MARKUP) == []


LISTEN_TO_THE_LOG = """() => {
  const log = document.getElementById("log");
  window.heard = [];
  new MutationObserver((records) => {
    const added = records.some((record) => record.addedNodes.length);
    if (added) window.heard.push(log.getAttribute("aria-live"));
  }).observe(log, { childList: true });
}"""


async def test_the_log_reads_out_what_is_new_but_not_a_whole_channel(chat: Chat, adapter: WebAdapter) -> None:
    for words in ("one", "two", "three"):
        await post(adapter, words, SPARE)
    await chat.page.evaluate(LISTEN_TO_THE_LOG)
    await chat.channel("# newsroom").click()
    await expect(chat.articles).to_have_count(3)
    log = chat.page.get_by_role("log", name="# newsroom")
    await expect(log).to_have_attribute("aria-live", "polite")
    await expect(log).to_have_attribute("aria-relevant", "additions")
    await post(adapter, "four", SPARE)
    await expect(chat.articles).to_have_count(4)
    assert await chat.page.evaluate("window.heard") == ["off", "polite"]


async def test_words_in_another_language_say_so(chat: Chat, adapter: WebAdapter) -> None:
    message = Message((Paragraph((Text("日本語", language="ja"),)),), "x", language="uk")
    await adapter.send(NEWS, message, key="ja", parent=None)
    await expect(chat.articles.locator('.card[lang="uk"] [lang="ja"]')).to_have_text("日本語")


CONTRAST = """() => {
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const part = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const behind = (node) => {
    for (let up = node; up; up = up.parentElement) {
      const colour = parse(getComputedStyle(up).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  const wrong = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.checkVisibility() || node.disabled || node.closest("option, .unseen")) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(parse(style.color)), light(behind(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const name = node.id || node.className || node.tagName;
    if (ratio < 4.5) wrong.push(ratio.toFixed(2) + " " + name + ": " + node.textContent.trim().slice(0, 40));
  }
  return wrong;
}"""
"""Texts whose contrast is under 4.5 to 1 (WCAG 2.2, 1.4.3)."""


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_text_stands_out_from_its_ground(
    chat: Chat, adapter: WebAdapter, host: PagingHost, theme: str
) -> None:
    await chat.page.get_by_label("Appearance").select_option(theme)
    await filled(chat, adapter, host)
    await chat.picture(f"everything-{theme}")
    assert await chat.page.evaluate(CONTRAST) == []


# --- when the bot goes away --------------------------------------------------------------------------------


async def test_the_page_catches_up_when_the_bot_comes_back(chat: Chat, adapter: WebAdapter, host: PagingHost) -> None:
    await post(adapter, "before")
    await expect(chat.articles).to_have_count(1)
    await chat.articles.first.evaluate("node => { node.dataset.kept = 'yes'; }")
    await adapter.close()
    status = chat.page.get_by_role("status")
    await expect(status).to_contain_text("The bot does not answer")
    await chat.line.fill("are you there?")
    await chat.line.press("Enter")
    await expect(chat.line).to_have_value("are you there?")
    await post(adapter, "meanwhile")
    await post(adapter, "meanwhile elsewhere", SPARE)
    await adapter.start(host)
    await expect(chat.articles).to_have_count(2)
    await expect(chat.articles.last).to_contain_text("meanwhile")
    await expect(chat.articles.first).to_have_attribute("data-kept", "yes")
    await expect(chat.channel("# newsroom").locator(".unread")).to_have_text("1")
    await expect(status).to_have_text("Connected again")
    await post(adapter, "afterwards")
    await expect(chat.articles).to_have_count(3)
    await expect(status).to_have_text("")
    chat.problems[:] = [problem for problem in chat.problems if "ERR_CONNECTION" not in problem]


async def test_after_a_long_absence_nothing_is_skipped(chat: Chat, adapter: WebAdapter, host: PagingHost) -> None:
    await post(adapter, "before")
    await expect(chat.articles).to_have_count(1)
    await adapter.close()
    for n in range(50):
        await adapter.post("news", Message((Paragraph(text(f"no {n}.")),), summary="x"))
    await adapter.start(host)
    await expect(chat.articles.last).to_contain_text("no 49.")
    older = chat.page.get_by_role("button", name="Show older messages")
    if await older.is_visible():
        await older.click()
    await expect(chat.articles).to_have_count(51)
    shown = await chat.articles.locator(".card").all_text_contents()
    assert shown[1:] == [f"no {n}." for n in range(50)]
    chat.problems[:] = [problem for problem in chat.problems if "ERR_CONNECTION" not in problem]
