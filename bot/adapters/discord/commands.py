"""The core's commands as Discord's application commands, and their registration.

Limits (Discord's documentation, "Application Commands"): names 32 characters, descriptions and choices 100, 25 choices;
200 creations of commands a day and server, so they are only registered when something about them has changed.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any

import discord
import structlog
from discord import app_commands

from bot.commands.base import Choice, Command, Option, OptionType, Permission
from bot.i18n import translator
from digests.archive import Archive, meta

log = structlog.get_logger()

LANGUAGES = {discord.Locale.japanese: "ja", discord.Locale.ukrainian: "uk"}
MOST_CHOICES = 25
NAME_LENGTH = 100
TEXT_LENGTH = 1_000
"""Characters of an option where the command itself sets no bound; nobody asks a longer question."""
COMPLETED = frozenset(
    {
        OptionType.SECTION,
        OptionType.DIGEST,
        OptionType.LANGUAGE,
        OptionType.PERIOD,
        OptionType.ZONE,
        OptionType.TIME,
        OptionType.SERIES,
        OptionType.TOPIC,
    }
)
"""Types of options that are completed while they are typed."""

_RANGE: Any = app_commands.Range
"""Its bounds are only known when commands are read, which type checkers do not allow for."""
_PREFIX = "option_"
"""Names of options may be words that Python keeps to itself, such as ``from``."""

Interaction = discord.Interaction[Any]
Run = Callable[[Interaction, Command, str | None, Mapping[str, str | int]], Awaitable[None]]
"""``run(interaction, command, subcommand, options)``."""
Suggest = Callable[[Interaction, str, str | None, str, str], Awaitable[tuple[Choice, ...]]]
"""``suggest(interaction, command, subcommand, option, typed)``."""
AppCommand = app_commands.Command[Any, ..., None] | app_commands.Group


class Catalogue(app_commands.Translator):
    """Descriptions and choices in the languages that have a catalogue; names stay as they are everywhere."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        language = LANGUAGES.get(locale)
        named = context.location in (
            app_commands.TranslationContextLocation.command_name,
            app_commands.TranslationContextLocation.group_name,
            app_commands.TranslationContextLocation.parameter_name,
        )
        if language is None or named:
            return None
        translated = translator(language)(string.message)
        return None if translated == string.message else shortened(translated)


def shortened(words: str, most: int = NAME_LENGTH) -> str:
    """``words`` with at most ``most`` characters."""
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


class Tree(app_commands.CommandTree[Any]):
    """The commands of one client: usable in servers and direct messages, by servers' and members' own installs."""

    def __init__(self, client: discord.Client, guilds: tuple[int, ...]) -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        self.guilds = guilds
        self._fault: Callable[[Interaction, Exception], Awaitable[None]] | None = None

    async def fill(
        self,
        commands: tuple[Command, ...],
        run: Run,
        suggest: Suggest,
        fault: Callable[[Interaction, Exception], Awaitable[None]],
    ) -> None:
        """Take ``commands``, in place of those it had. ``fault`` tells a member that a call could not be taken."""
        self._fault = fault
        await self.set_translator(Catalogue())
        for guild in self.guilds or (None,):
            place = discord.Object(guild) if guild else None
            self.clear_commands(guild=place)
            for command in build(commands, run, suggest):
                self.add_command(command, guild=place)

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """What goes wrong before a command is ours: one that we do not have (any more), values of another type."""
        if self._fault is not None:
            await self._fault(interaction, error)


def build(commands: tuple[Command, ...], run: Run, suggest: Suggest) -> list[AppCommand]:
    """Discord's commands for ``commands``; both callables are called when a member uses them."""
    return [
        _group(command, run, suggest) if command.subcommands else _leaf(command, command, run, suggest)
        for command in commands
    ]


def _group(command: Command, run: Run, suggest: Suggest) -> app_commands.Group:
    group = app_commands.Group(
        name=command.name,
        description=app_commands.locale_str(shortened(command.description)),
        default_permissions=_permissions(command),
    )
    for subcommand in command.subcommands:
        group.add_command(_leaf(subcommand, command, run, suggest))
    return group


def _leaf(command: Command, root: Command, run: Run, suggest: Suggest) -> app_commands.Command[Any, ..., None]:
    subcommand = command.name if command is not root else None

    async def callback(interaction: Interaction, **given: str | int | None) -> None:
        values = {name.removeprefix(_PREFIX): value for name, value in given.items() if value is not None}
        await run(interaction, root, subcommand, values)

    _sign(callback, command.options)
    for option in command.options:
        if option.type in COMPLETED and not option.choices:
            completer = _completer(root.name, subcommand, option.name, suggest)
            app_commands.autocomplete(**{_PREFIX + option.name: completer})(callback)
    made: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=command.name,
        description=app_commands.locale_str(shortened(command.description)),
        callback=callback,
    )
    made.default_permissions = _permissions(command) if command is root else None
    return made


def _sign(callback: Any, options: tuple[Option, ...]) -> None:
    """discord.py reads a command's options from its callback's signature, so the callback gets one."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter("interaction", kind, annotation=discord.Interaction)]
    for option in sorted(options, key=lambda option: not option.required):
        default = inspect.Parameter.empty if option.required else None
        parameters.append(
            inspect.Parameter(_PREFIX + option.name, kind, default=default, annotation=_annotation(option))
        )
    callback.__signature__ = inspect.Signature(parameters)
    if options:
        names = {_PREFIX + option.name: option for option in options}
        app_commands.rename(**{name: option.name for name, option in names.items()})(callback)
        described = {name: app_commands.locale_str(shortened(option.description)) for name, option in names.items()}
        app_commands.describe(**described)(callback)
        chosen = {name: _choices(option) for name, option in names.items() if option.choices}
        app_commands.choices(**chosen)(callback)


def _annotation(option: Option) -> Any:
    if option.choices:
        return str
    if option.type is not OptionType.INTEGER:
        return _RANGE[str, 1, option.maximum or TEXT_LENGTH]
    if option.minimum is None and option.maximum is None:
        return int
    return _RANGE[int, option.minimum, option.maximum]


def _choices(option: Option) -> list[app_commands.Choice[str]]:
    return [
        app_commands.Choice(name=app_commands.locale_str(shortened(choice.name)), value=choice.value)
        for choice in option.choices[:MOST_CHOICES]
    ]


def _completer(command: str, subcommand: str | None, option: str, suggest: Suggest) -> Any:
    async def completer(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        found = await suggest(interaction, command, subcommand, option, str(current))
        # Discord refuses all of them when two bear the same name.
        named = {shortened(choice.name): choice.value for choice in reversed(found) if len(choice.value) <= NAME_LENGTH}
        choices = [app_commands.Choice(name=name, value=value) for name, value in reversed(named.items()) if name]
        return choices[:MOST_CHOICES]

    return completer


def _permissions(command: Command) -> discord.Permissions | None:
    return discord.Permissions(manage_guild=True) if command.permission is Permission.ADMIN else None


# --- registration ------------------------------------------------------------------------------------------


async def register(tree: Tree, archive: Archive) -> None:
    """Tell Discord about the tree's commands where it does not know them as they are. Raises what discord.py raises."""
    prefix = f"discord:commands:{tree.client.application_id}"
    async with archive.read() as connection:
        stored = await meta.with_prefix(connection, prefix)
    known = {key: value for key, value in stored.items() if key == prefix or key.startswith(f"{prefix}:")}
    wanted = {f"{prefix}:{guild}" if guild else prefix: guild for guild in _places(tree)}
    for key, guild in wanted.items():
        digest = await _digest(tree, guild)
        if known.get(key) != digest:
            await _sync(tree, guild)
            async with archive.write() as connection:
                await meta.put(connection, key, digest)
    # Where commands were registered and are no longer wanted, they would stand beside the new ones.
    for key in known.keys() - wanted.keys():
        try:
            await _sync(tree, int(key.removeprefix(prefix).removeprefix(":") or 0))
        except discord.Forbidden as error:
            log.info("discord.commands-left", why="the bot is no longer in that server", code=error.code)
        async with archive.write() as connection:
            await meta.forget(connection, key)


def _places(tree: Tree) -> tuple[int, ...]:
    """The guilds whose commands the tree holds; 0 stands for everywhere."""
    return tree.guilds or (0,)


async def _sync(tree: Tree, guild: int) -> None:
    place = discord.Object(guild) if guild else None
    await tree.sync(guild=place)
    log.info("discord.commands-registered", guild=guild or None, commands=len(tree.get_commands(guild=place)))


async def _digest(tree: Tree, guild: int) -> str:
    """What Discord would be told, as a hash."""
    place = discord.Object(guild) if guild else None
    catalogue = tree.translator or Catalogue()
    payloads = [await command.get_translated_payload(tree, catalogue) for command in tree.get_commands(guild=place)]
    return sha256(json.dumps(payloads, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
