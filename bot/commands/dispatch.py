"""Runs commands, buttons and completions for every adapter; mistakes and faults become messages."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Literal
from zoneinfo import ZoneInfo

import structlog

from bot.commands import options, paging, sharing
from bot.commands.base import (
    Choice,
    Command,
    Completion,
    Invocation,
    Member,
    Option,
    OptionType,
    Permission,
    Press,
    Privacy,
    Reads,
    UserError,
)
from bot.commands.home import home_message
from bot.commands.limits import Limits
from bot.commands.services import Services
from bot.commands.topics import topics
from bot.i18n import LANGUAGE_NAMES, Translator, translator
from bot.message import Context, Message, Paragraph, text
from bot.reader import Reader
from bot.zones import zones
from digests.archive import preferences, views
from digests.errors import ArchiveError

log = structlog.get_logger()

Outcome = Literal["answered", "refused", "mistake", "limited", "fault"]
"""``refused``: /ask found nothing that answers; ``mistake``: the member's; ``limited``: asked too often."""
UNKNOWN = "unknown"
"""Stands for commands that do not exist: what members type becomes no name of a figure."""
HANDLER_TIMEOUT = 30.0
"""Seconds that a handler may take; platforms keep a deferred answer open for at least 15 minutes."""
RUN = "run"
"""Buttons whose action is ``run:<line>``."""
LONGEST_LINE = 6_000
"""Characters of a typed line or of one option: as many as Discord takes in an option ("Application Commands")."""
_LONGEST_NUMBER = 6
"""Digits of a page's number."""
MOST_SUGGESTIONS = 25
"""Discord's limit for autocomplete results (interactions/receiving-and-responding)."""
LONGEST_SUGGESTION = 75
"""Characters; Slack's limit for an option's text ("Option object"), Discord takes 100."""


class Dispatcher:
    """The one :class:`~bot.commands.base.CommandHost`."""

    def __init__(
        self,
        services: Services,
        commands: tuple[Command, ...],
        *,
        count: Callable[[str, Outcome, float], None] = lambda name, outcome, seconds: None,
        reader: Reader | None = None,
    ) -> None:
        """``count`` is told of every call: the command's name, what came of it, and how many seconds it took.
        ``reader`` may answer what only reads."""
        self._count = count
        self._reader = reader
        self._services = services
        self._commands = {command.name: command for command in commands}
        self._limits = Limits(services.now)

    @property
    def commands(self) -> tuple[Command, ...]:
        return tuple(self._commands.values())

    async def invoke(self, invocation: Invocation) -> Message:
        """Run a command; a member's mistake or a fault comes back as a private message."""
        invocation = replace(invocation, member=await self._known(invocation.member))
        t = translator(invocation.member.language)
        if refusal := self._too_much(invocation.member, t) or _too_long(invocation.options.values(), t):
            return refusal
        return await self._guarded(t, invocation.command, self._run(invocation, t))

    async def invoke_text(self, line: str, member: Member) -> Message:
        """Run a typed line. Text without a slash is a question."""
        member = await self._known(member)
        t = translator(member.language)
        if refusal := self._too_much(member, t) or _too_long((line,), t):
            return refusal
        typed = line if line.lstrip().startswith("/") else f"/ask {line}"
        try:
            command, target, raw = options.parse_line(typed, self._commands, t)
        except UserError as error:
            self._count(self._named(typed.lstrip("/ ").partition(" ")[0]), "mistake", 0.0)
            return error_message(str(error), t)
        subcommand = target.name if target is not command else None
        invocation = Invocation(command.name, member, raw, subcommand)
        return await self._guarded(t, command.name, self._run(invocation, t))

    async def press(self, press: Press) -> Message:
        """Answer a button (see :class:`~bot.commands.base.Press`)."""
        member = await self._known(press.member)
        t = translator(member.language)
        kind, _, rest = press.action.partition(":")
        if kind == RUN:
            return (await self.invoke_text(rest, member)).as_private()
        if refusal := self._too_much(member, t, press=True):
            return refusal
        if kind == sharing.VIEW:
            return await self._guarded(t, kind, sharing.shared(self._services, rest, member))
        return await self._guarded(t, kind, self._turned(replace(press, member=member), t))

    async def offer_sharing(self, message: Message, member: Member) -> Message:
        """A private reply with the button "Share with channel"."""
        if not (message.private and message.shareable):
            return message
        return await sharing.offered(self._services, message, member)

    async def home(self, member: Member) -> Message:
        """The member's own page."""
        member = await self._known(member)
        t = translator(member.language)
        return await self._guarded(t, "home", home_message(self._services, member))

    async def complete(self, completion: Completion) -> tuple[Choice, ...]:
        """Suggestions for a half-typed option, best first."""
        command = self._commands.get(completion.command)
        if command is None:
            return ()
        completion = replace(completion, member=await self._known(completion.member))
        target = _target(command, completion.subcommand)
        option = next((option for option in target.options if option.name == completion.option), None)
        if option is None:
            return ()
        found = self._suggest(option, completion.member)
        typed = completion.value.casefold().strip()
        starts = [c for c in found if c.value.casefold().startswith(typed) or c.name.casefold().startswith(typed)]
        holds = [c for c in found if c not in starts and (typed in c.name.casefold() or typed in c.value.casefold())]
        return tuple((starts + holds)[:MOST_SUGGESTIONS])

    def notices(self, language: str) -> tuple[str, ...]:
        """Why a changed configuration was refused, one line a problem; and what waits for a restart."""
        t = translator(language)
        configuration = self._services.configuration
        lines: list[str] = []
        if rival := self._services.rival():
            lines.append(
                t(
                    "Another Kakehashi works on this archive ({other}). This one stands by and posts nothing.",
                    other=rival,
                )
            )
        if configuration.problems:
            lines.append(t("The changed configuration was refused; the one before it stays active."))
            lines += [str(problem) for problem in configuration.problems]
        if configuration.needs_restart:
            keys = ", ".join(configuration.needs_restart)
            lines.append(t("Changed in bot.yaml, but waiting for the next start: {keys}", keys=keys))
        return tuple(lines)

    def _too_much(self, member: Member, t: Translator, *, press: bool = False) -> Message | None:
        """What a member is told who asks more often than the limits allow."""
        seconds = self._limits.wait(member, self._services.settings.limits, press=press)
        if not seconds:
            return None
        self._count(UNKNOWN, "limited", 0.0)
        log.info("command.limited", platform=member.platform, seconds=seconds)
        words = t.n(
            "That was a lot at once. Please try again in {n} second.",
            "That was a lot at once. Please try again in {n} seconds.",
            seconds,
        )
        return error_message(words, t)

    def _suggest(self, option: Option, member: Member) -> list[Choice]:
        t = translator(member.language)
        story = self._services.story
        match option.type:
            case _ if option.choices:
                return [Choice(t(choice.name), choice.value) for choice in option.choices]
            case OptionType.SECTION:
                return [Choice(section.name.get(t.language), section.id) for section in story.sections]
            case OptionType.DIGEST:
                digests = self._services.settings.digests
                return [Choice(digest.name.get(t.language), digest.id) for digest in digests]
            case OptionType.SERIES:
                return [Choice(_cut(series.title.get(t.language)), series.id) for series in story.series]
            case OptionType.TOPIC:
                return [Choice(_cut(name), _cut(value)) for name, value in topics(story, t)]
            case OptionType.LANGUAGE:
                return [Choice(name, code) for code, name in LANGUAGE_NAMES.items()]
            case OptionType.PERIOD:
                return [Choice(value, value) for value in ("24h", "7d", "30d", "90d")]
            case OptionType.ZONE:
                return [Choice(name, name) for name in zones()]
            case OptionType.TIME:
                return [Choice(f"{hour:02}:00", f"{hour:02}:00") for hour in range(24)]
            case _:
                return []

    async def _known(self, member: Member) -> Member:
        """The member with what they have chosen for themselves, and as the admin that bot.yaml may call them."""
        admin = member.admin or member.key in self._services.settings.admins
        if member.settled:
            return replace(member, admin=admin)
        try:
            # In one go: this is read before every command of a platform's member.
            chosen = await self._services.archive.read_at_once(
                lambda connection: preferences.of_member(connection, member.key)
            )
        except ArchiveError as error:
            log.warning("preferences.unreadable", why=str(error))
            return replace(member, admin=admin)
        return replace(
            member, admin=admin, language=chosen.language or member.language, zone=chosen.zone or member.zone
        )

    async def _run(self, invocation: Invocation, t: Translator) -> Message:
        command, target = self._allowed(invocation, t)
        typed = options.read_options(invocation.options, target, self._context(invocation.member, t))
        if target.handler is None:
            raise UserError(t("/{name} needs a subcommand.", name=command.name))
        raw = {name: str(value) for name, value in invocation.options.items()}
        message = await self._answered(target, replace(invocation, options=typed, raw=raw))
        return message.as_private() if target.privacy is Privacy.PRIVATE else message

    def _allowed(self, invocation: Invocation, t: Translator) -> tuple[Command, Command]:
        command = self._commands.get(invocation.command)
        if command is None:
            raise UserError(t("There is no command /{name}. /help lists the commands.", name=invocation.command))
        target = _target(command, invocation.subcommand)
        if Permission.ADMIN in (command.permission, target.permission) and not invocation.member.admin:
            raise UserError(t("Only admins of this bot may use /{name}.", name=command.name))
        return command, target

    def _context(self, member: Member, t: Translator) -> options.OptionContext:
        services = self._services
        return options.OptionContext(services.story, services.settings, t, ZoneInfo(member.zone), services.now())

    async def _turned(self, press: Press, t: Translator) -> Message:
        """A paging button: the command behind it runs again for another page."""
        kind, _, rest = press.action.partition(":")
        token, _, page = rest.partition(":")
        async with self._services.archive.read() as connection:
            view = await views.get(connection, token, now=self._services.now()) if kind == paging.VIEW else None
        if view is None or view.kind != paging.VIEW or not page.isdecimal() or len(page) > _LONGEST_NUMBER:
            raise UserError(t("This button has expired. Ask again with the command."))
        if view.owner != press.member.key:
            raise UserError(t("This button belongs to the member who asked."))
        invocation = Invocation(
            view.payload["command"], press.member, view.payload["options"], view.payload["subcommand"]
        )
        _, target = self._allowed(invocation, t)
        typed = options.read_options(invocation.options, target, self._context(press.member, t))
        asked = replace(invocation, options=typed, raw=view.payload["options"], page=int(page), view=token)
        if target.handler is None:
            raise UserError(t("/{name} needs a subcommand.", name=target.name))
        message = await self._answered(target, asked)
        return message.as_private() if target.privacy is Privacy.PRIVATE else message

    async def _answered(self, target: Command, invocation: Invocation) -> Message:
        """What the handler says, in whichever process it runs."""
        handler = target.handler
        assert handler is not None
        if self._reader is None or not self._only_reads(target):
            return await handler(self._services, invocation)
        return await self._reader.run(invocation, lambda: handler(self._services, invocation))

    def _only_reads(self, target: Command) -> bool:
        return target.reads is Reads.ARCHIVE or (target.reads is Reads.ANSWERS and self._services.quotes_only())

    async def _guarded(self, t: Translator, name: str, work: Awaitable[Message]) -> Message:
        began = time.perf_counter()
        outcome: Outcome = "fault"
        try:
            async with asyncio.timeout(HANDLER_TIMEOUT):
                message = await work
            outcome = "refused" if message.kind == "refusal" else "answered"
            return message
        except UserError as error:
            outcome = "mistake"
            return error_message(str(error), t)
        except Exception as error:
            error_id = secrets.token_hex(4)
            log.error("command.failed", command=name.partition(":")[0], error_id=error_id, exc_info=error)
            return error_message(t("Something went wrong here. The admins find it under this id: {id}", id=error_id), t)
        finally:
            self._count(self._named(name), outcome, time.perf_counter() - began)

    def _named(self, name: str) -> str:
        """A name for figures: a command's, a sort of button's, or :data:`UNKNOWN`."""
        known = name in self._commands or name in (paging.VIEW, sharing.VIEW, "home")
        return name if known else UNKNOWN


def error_message(words: str, t: Translator, *, hint: str = "") -> Message:
    """A short private message about a mistake or a fault."""
    blocks = (Paragraph(text(words)),) + ((Context(text(hint)),) if hint else ())
    return Message(blocks, summary=words, language=t.language, kind="error", private=True)


def _too_long(values: Iterable[object], t: Translator) -> Message | None:
    if max((len(value) for value in values if isinstance(value, str)), default=0) <= LONGEST_LINE:
        return None
    return error_message(t("That is too long: at most {n} characters can be read.", n=LONGEST_LINE), t)


def _cut(words: str) -> str:
    """As much as fits into a suggestion."""
    return words if len(words) <= LONGEST_SUGGESTION else f"{words[: LONGEST_SUGGESTION - 1]}…"


def _target(command: Command, subcommand: str | None) -> Command:
    return next((sub for sub in command.subcommands if sub.name == subcommand), command)
