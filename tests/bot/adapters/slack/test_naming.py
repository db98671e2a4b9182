"""Where Slack knows only /kakehashi, messages call the commands so."""

from __future__ import annotations

import pytest

from bot.adapters.slack.naming import Naming
from bot.commands.catalogue import COMMANDS
from bot.message import Bullet, BulletList, Context, Link, Message, Paragraph, Quote, Text, text
from digests.archive import Archive
from tests.bot.adapters.slack.setting import RichHost, made, said, words_of
from tests.conftest import StoppedClock
from tests.fakes.slack.server import FakeSlack

NAMING = Naming(COMMANDS)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("3 more: /latest assistance", "3 more: /kakehashi latest assistance"),
        (
            "背景解説：/section defense-policy　年表：/timeline",
            "背景解説：/kakehashi section defense-policy　年表：/kakehashi timeline",
        ),
        ("(/sources)", "(/kakehashi sources)"),
        ("/kakehashi ask", "/kakehashi ask"),
        ("and/or http://example.org/latest /latestnews path/ask /unknown", None),
    ],
)
def test_names_of_commands_and_nothing_else(words: str, named: str | None) -> None:
    wanted = words if named is None else named
    message = NAMING.named(Message((Paragraph(text(words)), Context(text(words))), summary=words))
    assert message == Message((Paragraph(text(wanted)), Context(text(wanted))), summary=wanted)


def test_quotations_and_links_stay_as_they_are() -> None:
    link = Link("/latest", "https://example.org/latest")
    message = Message(
        (Quote(text("type /latest")), BulletList((Bullet((link, Text(" or /help")), text("see /why 3")),))), summary="x"
    )
    quote, listed = NAMING.named(message).blocks
    assert quote == message.blocks[0]
    assert listed == BulletList((Bullet((link, Text(" or /kakehashi help")), text("see /kakehashi why 3")),))


def test_without_commands_nothing_is_renamed() -> None:
    message = Message((Paragraph(text("/latest")),), summary="/latest")
    assert Naming(()).named(message) == message


async def test_with_one_command_answers_and_editions_name_it(
    slack: FakeSlack, archive: Archive, clock: StoppedClock
) -> None:
    host = RichHost()
    host.answers["/help"] = said("More: /latest assistance")
    adapter = made(slack, archive, clock, commands="one")
    host.commands = COMMANDS
    await adapter.start(host)
    await slack.command("U1", "C1", "/kakehashi")
    await slack.until(lambda: slack.private("U1"))
    assert "/kakehashi latest assistance" in words_of(slack.private("U1")[-1])
    (part,) = adapter.split(said("All dates: /timeline"))
    assert part.summary == "All dates: /kakehashi timeline"
    await adapter.close()
