"""What the core does for members of platforms that tell it who they are: settings, sharing, their own page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.commands.base import Completion, Invocation, Member, Press
from bot.message import Actions, BulletList, Button, Heading, Message, Paragraph, Text, plain
from tests.conftest import StoppedClock
from tests.system.conftest import Bot, StartBot

ANNA = Member("slack", "T1", "C1", "U1", admin=False, language="uk", zone="Europe/Kyiv")
BORIS = Member("slack", "T1", "C1", "U2", admin=False, language="en", zone="UTC")
CHIEF = Member("slack", "T1", "C1", "U3", admin=True, language="en", zone="UTC")


@pytest.fixture
async def bot(start_bot: StartBot) -> Bot:
    return await start_bot()


def said(message: Message) -> str:
    lines: list[str] = []
    for block in message.blocks:
        match block:
            case Heading():
                lines.append(block.text)
            case Paragraph():
                lines.append(plain(block.inlines))
            case BulletList():
                lines += [plain((*item.inlines, Text(" "), *item.detail)) for item in block.items]
            case _:
                pass
    return "\n".join(lines)


def buttons(message: Message) -> dict[str, Button]:
    return {b.label: b for block in message.blocks if isinstance(block, Actions) for b in block.buttons}


async def test_a_members_own_language_goes_before_the_platforms(bot: Bot) -> None:
    host = bot.app.dispatcher
    assert (await host.invoke_text("/help", ANNA)).language == "uk"
    done = await host.invoke_text("/settings ja Asia/Tokyo", ANNA)
    assert (done.language, done.private) == ("ja", True)
    assert "Asia/Tokyo" in said(done)
    assert (await host.invoke_text("/help", ANNA)).language == "ja"
    assert (await host.invoke(Invocation("help", ANNA))).language == "ja"
    assert (await host.home(ANNA)).language == "ja"
    assert (await host.invoke_text("/nonsense", ANNA)).language == "ja"
    (choice,) = await host.complete(Completion("section", "name", "build", ANNA))
    assert choice.name == "橋の建設"
    assert (await host.invoke_text("/help", BORIS)).language == "en", "others keep theirs"
    await host.invoke_text("/settings language:en", ANNA)
    assert "Asia/Tokyo" in said(await host.invoke_text("/settings", ANNA)), "the zone stays"


async def test_a_private_reply_is_shared_by_its_owner_for_a_day(bot: Bot, clock: StoppedClock) -> None:
    host = bot.app.dispatcher
    reply = await host.invoke_text("/sections", BORIS)
    offered = await host.offer_sharing(reply, BORIS)
    action = buttons(offered)["Share with channel"].action
    assert action is not None
    shown = await host.press(Press(action, BORIS))
    assert not shown.private
    assert said(shown) == said(reply)
    assert "Share with channel" not in buttons(shown)
    stolen = await host.press(Press(action, ANNA))
    assert stolen.private
    assert stolen.kind == "error"
    clock.forward(days=1, seconds=1)
    assert (await host.press(Press(action, BORIS))).kind == "error"


async def test_what_concerns_the_member_alone_cannot_be_shared(bot: Bot) -> None:
    host = bot.app.dispatcher
    reply = await host.invoke_text("/subscribe building 08:00", BORIS)
    assert await host.offer_sharing(reply, BORIS) == reply
    failed = await host.invoke_text("/nonsense", BORIS)
    assert await host.offer_sharing(failed, BORIS) == failed


async def test_the_members_page_shows_subscriptions_and_ends_them(bot: Bot) -> None:
    host = bot.app.dispatcher
    await host.invoke_text("/subscribe building 09:30", ANNA)
    page = await host.home(ANNA)
    assert "09:30" in said(page)
    assert "Europe/Kyiv" in said(page)
    assert "Ранковий дайджест" in said(page) or "Morning digest" in said(page)
    end = buttons(page)["Відписатися"]
    assert end.description is not None
    assert end.action is not None
    done = await host.press(Press(end.action, ANNA))
    assert done.private
    assert "09:30" not in said(await host.home(ANNA))
    assert "09:30" not in said(await host.home(BORIS))


async def test_only_admins_see_the_health_of_sources(bot: Bot) -> None:
    host = bot.app.dispatcher
    assert "For admins" not in said(await host.home(BORIS))
    page = await host.home(CHIEF)
    assert "For admins" in said(page)
    status = buttons(page)["Status"].action
    assert status is not None
    assert "Running since" in said(await host.press(Press(status, CHIEF)))
    refused = await host.press(Press(status, BORIS))
    assert refused.kind == "error"


async def test_a_button_can_do_no_more_than_its_member(bot: Bot) -> None:
    refused = await bot.app.dispatcher.press(Press("run:/admin post morning", BORIS))
    assert refused.kind == "error"
    assert len(await bot.posts()) == 1, "nothing but the welcome was posted"


async def test_an_expired_page_says_so(bot: Bot, clock: StoppedClock) -> None:
    clock.forward(days=timedelta(days=40).days)
    assert (await bot.app.dispatcher.press(Press("page:gone:1", BORIS))).kind == "error"
    assert (await bot.app.dispatcher.press(Press("unheard:of", BORIS))).kind == "error"
