"""What a command is: declared once, offered by every adapter.

An adapter turns a platform's payload into an :class:`Invocation`, a :class:`Press` or a :class:`Completion` and hands
it to the :class:`Dispatcher` (in :mod:`bot.commands.dispatch`), which answers with a
:class:`~bot.message.Message`. A handler never sees the platform.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from bot.message import Message
from digests.errors import KakehashiError


class OptionType(StrEnum):
    """The types that options have; the named things (``SECTION``, ``DIGEST``, ``SERIES``, ``TOPIC``) are completed."""

    TEXT = "text"
    INTEGER = "integer"
    SECTION = "section"
    DIGEST = "digest"
    PERIOD = "period"
    """A span such as ``7d``, ``2w``, ``24h``, ``2026-05``, ``2026-05-01..2026-05-31``."""
    DATE = "date"
    TIME = "time"
    """``HH:MM``."""
    ZONE = "zone"
    """An IANA zone name."""
    LANGUAGE = "language"
    SERIES = "series"
    """The id of a numeric series; its title in any language does, too."""
    TOPIC = "topic"
    """A section, a kind of source, or else a person or body."""


class Permission(StrEnum):
    MEMBER = "member"
    ADMIN = "admin"


class Privacy(StrEnum):
    """Who sees the reply: the member alone (with "Share with channel" where it makes sense) or the channel."""

    PRIVATE = "private"
    PUBLIC = "public"


class Reads(StrEnum):
    """Whether a command may be answered by another process of ours (see :mod:`bot.reader`)."""

    NOT_ONLY = "not only"
    """It writes, or needs parts of the bot that only this process has."""
    ARCHIVE = "archive"
    """It reads story and archive, and keeps nothing but what stands behind its buttons, and its files."""
    ANSWERS = "answers"
    """The same, as long as no model phrases answers and nothing is searched by meaning."""


@dataclass(frozen=True, slots=True)
class Choice:
    """``name`` is an untranslated English text (a gettext msgid); ``value`` is what the handler gets."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a command. ``name`` is 1–32 lower-case letters; ``description`` a msgid of ≤ 100 characters."""

    name: str
    description: str
    type: OptionType = OptionType.TEXT
    required: bool = False
    choices: tuple[Choice, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    rest: bool = False
    """Takes the rest of the line when typed as text (questions)."""


@dataclass(frozen=True, slots=True)
class Member:
    """Who asks, and where."""

    platform: str
    workspace: str
    channel: str
    user: str
    admin: bool
    language: str
    zone: str
    name: str = ""
    settled: bool = False
    """Whether language and zone are what the member chose where they sit; /settings has no say then."""
    everywhere: bool = False
    """Whether the user's id means the same person in every workspace of the platform."""

    @property
    def key(self) -> str:
        """Identifies the member across the archive; never shown."""
        return f"{self.platform}:{self.workspace}:{self.user}"

    @property
    def identity(self) -> str:
        """The person, wherever they ask; never shown."""
        return f"{self.platform}:{self.user}" if self.everywhere else self.key


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command as it was called. ``options`` holds parsed values by option name (see Dispatcher.parse)."""

    command: str
    member: Member
    options: Mapping[str, Any] = field(default_factory=dict)
    subcommand: str | None = None
    raw: Mapping[str, str] = field(default_factory=dict)
    """The options as they were typed: what a paging button keeps."""
    page: int = 0
    """Which page is wanted, from 0."""
    view: str | None = None
    """The paging buttons' token, once there is one."""


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button: ``action`` is the button's custom id.

    ``page:<token>:<number>`` turns a page: its answer takes the place of the message with the button (unless it is an
    error). ``share:<token>`` shows a private reply to the channel: its answer is not private and is posted there.
    ``run:<line>`` runs a command: its answer is a new private reply.
    """

    action: str
    member: Member


@dataclass(frozen=True, slots=True)
class Completion:
    """A half-typed option; ``value`` is what stands there so far."""

    command: str
    option: str
    value: str
    member: Member
    subcommand: str | None = None


class UserError(KakehashiError):
    """The member can mend it: the text is shown to them as it is (already in their language)."""


Handler = Callable[[Any, Invocation], Awaitable[Message]]
"""``handler(services, invocation)``; services is :class:`bot.commands.services.Services`."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, declared once. ``name`` and ``description`` limits are the strictest platform's (32 and 100)."""

    name: str
    description: str
    handler: Handler | None
    options: tuple[Option, ...] = ()
    subcommands: tuple[Command, ...] = ()
    permission: Permission = Permission.MEMBER
    privacy: Privacy = Privacy.PRIVATE
    example: str = ""
    reads: Reads = Reads.NOT_ONLY


class CommandHost(Protocol):
    """What an adapter needs of the core: commands in, messages out. Never raises for a member's mistake."""

    @property
    def commands(self) -> tuple[Command, ...]: ...

    async def invoke(self, invocation: Invocation) -> Message:
        """Run a command whose options are raw strings or already typed; errors come back as messages."""
        ...

    async def invoke_text(self, line: str, member: Member) -> Message:
        """Run a command typed as one line, ``/latest assistance 5``."""
        ...

    async def press(self, press: Press) -> Message:
        """Answer a button: the message that replaces or follows the one it stands on."""
        ...

    async def complete(self, completion: Completion) -> tuple[Choice, ...]:
        """At most 25 suggestions, already in the member's language."""
        ...

    async def offer_sharing(self, message: Message, member: Member) -> Message:
        """A private reply with a button "Share with channel" (``share:<token>``), when it is shareable; else as it is.

        For platforms where the adapter cannot keep the reply itself.
        """
        ...

    async def home(self, member: Member) -> Message:
        """The member's own page: subscriptions, next editions, language; for admins also health and notices."""
        ...

    def notices(self, language: str) -> tuple[str, ...]:
        """What whoever looks after the bot must see now, in plain words: a refused configuration and why."""
        ...
