"""Every command can be offered by every platform: declarations obey the strictest limits there are."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bot.commands.base import Command, Option, OptionType, Permission, Privacy
from bot.commands.catalogue import COMMANDS
from bot.commands.options import parse_line
from bot.i18n import translator
from digests.model import LANGUAGES

# Discord's limits, "Application Commands" in its API documentation; Slack's are wider.
NAME = re.compile(r"^(?=.{1,32}$)[a-z]+(?:-[a-z]+)*$")
LONGEST_DESCRIPTION = 100
MOST_OPTIONS = 25
MOST_CHOICES = 25
LONGEST_CHOICE = 100
MOST_SUBCOMMANDS = 25
MOST_COMMANDS = 100
MOST_CHARACTERS = 8000
"""Names, descriptions and choices of one command together, in its longest language."""

BY_NAME = {command.name: command for command in COMMANDS}
WANTED = {
    "digest": ("section", "period"),
    "latest": ("section", "n"),
    "sections": (),
    "section": ("name",),
    "timeline": ("section", "from", "to", "actor", "status", "export"),
    "trend": ("topic", "period"),
    "aid": ("measure",),
    "compare": ("first", "second"),
    "sources": (),
    "ask": ("question",),
    "why": ("item",),
    "subscribe": ("section", "time", "zone", "language"),
    "unsubscribe": ("section",),
    "schedule": (),
    "settings": ("language", "zone"),
    "forget-me": (),
    "help": (),
    "about": (),
    "admin": (),
}
"""What the project promises, with the options in the order in which they are typed."""


def declared() -> Iterator[tuple[str, Command]]:
    """Every command and subcommand under the words that call it."""
    for command in COMMANDS:
        yield command.name, command
        for sub in command.subcommands:
            yield f"{command.name} {sub.name}", sub


EVERY = [pytest.param(command, id=path) for path, command in declared()]
RUNNABLE = [pytest.param(path, command, id=path) for path, command in declared() if not command.subcommands]
OPTIONS = [pytest.param(option, id=f"{path} {option.name}") for path, c in declared() for option in c.options]


def test_every_promised_command_is_there_with_its_options() -> None:
    assert {name: tuple(option.name for option in command.options) for name, command in BY_NAME.items()} == WANTED


def test_admins_can_post_preview_reload_and_ask_for_the_status() -> None:
    admin = BY_NAME["admin"]
    assert {sub.name for sub in admin.subcommands} == {"post", "preview", "reload", "status"}
    assert admin.permission is Permission.ADMIN


def test_only_admin_commands_want_an_admin() -> None:
    assert [command.name for command in COMMANDS if command.permission is Permission.ADMIN] == ["admin"]


def test_replies_are_private_unless_shared() -> None:
    assert [path for path, command in declared() if command.privacy is not Privacy.PRIVATE] == []


def test_names_are_unique_at_every_level() -> None:
    assert len(BY_NAME) == len(COMMANDS) <= MOST_COMMANDS
    for command in COMMANDS:
        names = [sub.name for sub in command.subcommands]
        assert len(set(names)) == len(names) <= MOST_SUBCOMMANDS


@pytest.mark.parametrize("command", EVERY)
def test_a_name_is_one_lower_case_word(command: Command) -> None:
    assert NAME.fullmatch(command.name)


@pytest.mark.parametrize("option", OPTIONS)
def test_an_options_name_is_one_lower_case_word(option: Option) -> None:
    assert NAME.fullmatch(option.name)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", EVERY)
def test_descriptions_fit_in_every_language(command: Command, language: str) -> None:
    t = translator(language)
    for text in (command.description, *(option.description for option in command.options)):
        assert 1 <= len(t(text)) <= LONGEST_DESCRIPTION


@pytest.mark.parametrize("language", ["ja", "uk"])
@pytest.mark.parametrize("command", EVERY)
def test_descriptions_are_translated(command: Command, language: str) -> None:
    t = translator(language)
    texts = [command.description]
    for option in command.options:
        texts += [option.description, *(choice.name for choice in option.choices)]
    assert [text for text in texts if t(text) == text] == []


@pytest.mark.parametrize("command", EVERY)
def test_options_are_few_distinct_and_the_required_ones_first(command: Command) -> None:
    names = [option.name for option in command.options]
    assert len(set(names)) == len(names) <= MOST_OPTIONS
    required = [option.required for option in command.options]
    assert required == sorted(required, reverse=True)


@pytest.mark.parametrize("command", EVERY)
def test_only_the_last_option_takes_the_rest_of_the_line(command: Command) -> None:
    assert [option.name for option in command.options[:-1] if option.rest] == []


@pytest.mark.parametrize("option", OPTIONS)
def test_choices_are_few_and_short(option: Option) -> None:
    assert len(option.choices) <= MOST_CHOICES
    for choice in option.choices:
        assert 1 <= len(choice.value) <= LONGEST_CHOICE
        assert all(1 <= len(translator(language)(choice.name)) <= LONGEST_CHOICE for language in LANGUAGES)


@pytest.mark.parametrize("option", OPTIONS)
def test_limits_of_an_option_make_sense(option: Option) -> None:
    if option.minimum is not None or option.maximum is not None:
        assert option.type in (OptionType.INTEGER, OptionType.TEXT, OptionType.TOPIC)
        assert (option.minimum or 0) < (option.maximum or 2**53)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", [pytest.param(command, id=command.name) for command in COMMANDS])
def test_a_command_is_not_too_long_altogether(command: Command, language: str) -> None:
    t = translator(language)
    whole = 0
    for part in (command, *command.subcommands):
        whole += len(part.name) + len(t(part.description))
        for option in part.options:
            whole += len(option.name) + len(t(option.description))
            whole += sum(len(t(choice.name)) + len(choice.value) for choice in option.choices)
    assert whole <= MOST_CHARACTERS


@pytest.mark.parametrize("command", [pytest.param(command, id=command.name) for command in COMMANDS])
def test_a_command_has_subcommands_or_something_to_do(command: Command) -> None:
    assert (command.handler is None) == bool(command.subcommands)
    for sub in command.subcommands:
        assert sub.handler is not None
        assert sub.subcommands == ()


@pytest.mark.parametrize(("path", "command"), RUNNABLE)
def test_the_example_in_help_calls_the_command(path: str, command: Command) -> None:
    line = command.example
    assert line.split()[: len(path.split())] == f"/{path}".split()
    outer, target, values = parse_line(line, BY_NAME, translator("en"))
    assert outer.name == path.split()[0]
    assert target is command
    assert set(values) <= {option.name for option in command.options}
    assert all(values.get(option.name) for option in command.options if option.required)


@pytest.mark.parametrize("command", [pytest.param(command, id=command.name) for command in COMMANDS])
def test_the_example_of_a_command_with_subcommands_calls_one_of_them(command: Command) -> None:
    outer, target, _ = parse_line(command.example, BY_NAME, translator("en"))
    assert outer is command
    assert target is command or target in command.subcommands
