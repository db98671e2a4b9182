"""What is fuzzed: functions that take bytes or values from outside, each with what must hold whatever they get.

A target returns quietly, or raises: then a bug was found. Errors that the project raises on purpose are no bugs. What
fuzzing finds becomes a case of the corpus in ``tests/attacks``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.adapters.discord.render import FIT as DISCORD_FIT
from bot.adapters.discord.render import render as for_discord
from bot.adapters.slack.mrkdwn import units
from bot.adapters.slack.render import FIT as SLACK_FIT
from bot.adapters.slack.render import render as for_slack
from bot.adapters.splitting import split
from bot.adapters.web.render import render as for_web
from bot.commands import options
from bot.commands.base import UserError
from bot.commands.catalogue import COMMANDS
from bot.i18n import translator
from bot.message import Message
from bot.settings import Settings, load_settings, read_platforms
from bot.settingsfile import BotFile
from digests.errors import ConfigError, ParseError, UnsafeUrl
from digests.ingest.charset import decode
from digests.ingest.clean import TEXT_LIMIT, TITLE_LIMIT, clean_fragment, clean_title
from digests.ingest.dates import parse_date
from digests.ingest.entries import KEY_LIMIT
from digests.ingest.feeds import parse_feed_apart
from digests.ingest.urls import canonical_url
from digests.story import Story, load_story
from digests.story.files import FactsFile, GlossaryFile, SourcesFile, StoryFile
from digests.yamlfile import load_yaml, validate
from tests.fakes.discord.schema import check_request
from tests.fakes.slack.schema import check_message

DATA = Path(__file__).parents[1] / "data" / "stories" / "tiny"
UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
MODELS = (BotFile, SourcesFile, StoryFile, GlossaryFile, FactsFile)


def feed(data: bytes) -> None:
    """Any bytes as a feed, in any declared charset."""
    declared = ("", "; charset=utf-8", "; charset=iso-8859-1", "; charset=utf-16", "; charset=shift_jis")
    kind = f"text/xml{declared[len(data) % len(declared)]}"
    try:
        found = parse_feed_apart(data, kind, "https://news.example/feed")
    except ParseError as error:
        _told(str(error))
        return
    keys = [entry.key for entry in found.entries]
    assert len(set(keys)) == len(keys)
    for entry in found.entries:
        assert len(entry.key) <= KEY_LIMIT
        assert entry.url is None or canonical_url(entry.url) == entry.url
        title, text = clean_title(entry.title), clean_fragment(entry.html)
        assert len(title) <= TITLE_LIMIT
        assert len(text) <= TEXT_LIMIT
        assert not UNSEEN.search(title + text)
        assert all(moment is None or moment.tzinfo for moment in (entry.published, entry.updated))


def config(data: bytes) -> None:
    """Any text as each of the files that admins edit."""
    text = data.decode("utf-8", "replace")
    try:
        document = load_yaml(Path("fuzz.yaml"), text)
    except ConfigError as error:
        for problem in error.problems:
            _told(problem.cure)
        return
    for model in MODELS:
        found = validate(document, model)
        if isinstance(found, list):
            assert found
            assert all(problem.line >= 1 and problem.what and problem.cure for problem in found)
    if isinstance(document.value, dict) and isinstance(given := document.value.get("platforms"), dict):
        read_platforms(document, given)


def command(data: bytes) -> None:
    """Any line as a command."""
    line(data.decode("utf-8", "surrogateescape"))


def line(typed: str) -> None:
    story, settings = _setting()
    t = translator(("en", "ja", "uk")[len(typed) % 3])
    context = options.OptionContext(story, settings, t, ZoneInfo("Asia/Tokyo"), NOW)
    try:
        _, target, raw = options.parse_line(typed, {command.name: command for command in COMMANDS}, t)
        values = options.read_options(raw, target, context)
    except UserError as error:
        _told(str(error))
        return
    assert set(values) <= {option.name for option in target.options}


def words(data: bytes) -> None:
    """Any bytes as text, as a date, as a link, as HTML."""
    text, _ = decode(data, None)
    moment = parse_date(text)
    assert moment is None or moment.tzinfo is not None
    assert not UNSEEN.search(clean_fragment(text) + clean_title(text))
    try:
        url = canonical_url(text, "https://news.example/")
    except UnsafeUrl:
        return
    assert canonical_url(url) == url
    assert url.startswith(("https://", "http://"))


def message(whole: Message) -> None:
    """Any message in parts that each platform takes."""
    for part in split(whole, SLACK_FIT):
        made = for_slack(part)
        check_message({"channel": "C1", "text": made.text, "blocks": list(made.blocks)})
        assert units(made.text) <= 3_000
    for part in split(whole, DISCORD_FIT):
        check_request("POST", "/channels/1/messages", for_discord(part).payload())
    assert for_web(whole) is not None


def _told(refusal: str) -> None:
    """A refusal says something, and is a sentence or two, not the input."""
    assert 0 < len(refusal) < 10_000


@cache
def _setting() -> tuple[Story, Settings]:
    from tempfile import TemporaryDirectory

    story = load_story(DATA)
    with TemporaryDirectory() as folder:
        path = Path(folder, "bot.yaml")
        path.write_text("story: tiny\n")
        return story, load_settings(path, sections=[section.id for section in story.sections])


BYTES: dict[str, Callable[[bytes], None]] = {"feed": feed, "config": config, "command": command, "words": words}
"""Targets that take bytes: fuzzed by coverage, too."""
EVERY = (*BYTES, "message")
