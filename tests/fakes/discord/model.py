"""The things in the fake's world, and how Discord writes them in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, IntFlag
from typing import Any

Json = dict[str, Any]


class Kind(IntEnum):
    """Channel types (resources/channel)."""

    TEXT = 0
    DM = 1
    NEWS = 5
    NEWS_THREAD = 10
    THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


class Permission(IntFlag):
    """The permissions that the fake looks at (topics/permissions)."""

    ADMINISTRATOR = 1 << 3
    MANAGE_GUILD = 1 << 5
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38


EVERYTHING = (1 << 53) - 1
MEMBER_PERMISSIONS = int(
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
"""What @everyone may do in a new guild."""

SUPPRESS_EMBEDS = 1 << 2
EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15


def iso(at: float) -> str:
    """Seconds since the epoch as Discord writes times."""
    return datetime.fromtimestamp(at, UTC).isoformat()


@dataclass(eq=False)
class User:
    id: int
    name: str
    bot: bool = False
    locale: str = "en-US"
    takes_direct_messages: bool = True

    def to_json(self) -> Json:
        return {
            "id": str(self.id),
            "username": self.name,
            "discriminator": "0",
            "global_name": self.name,
            "avatar": None,
            "bot": self.bot,
            "public_flags": 0,
        }


@dataclass(eq=False)
class Role:
    id: int
    name: str
    permissions: int
    position: int

    def to_json(self) -> Json:
        return {
            "id": str(self.id),
            "name": self.name,
            "permissions": str(self.permissions),
            "position": self.position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": False,
            "mentionable": False,
            "flags": 0,
        }


@dataclass(eq=False)
class Member:
    user: User
    roles: list[Role] = field(default_factory=list)

    def to_json(self) -> Json:
        return {
            "user": self.user.to_json(),
            "roles": [str(role.id) for role in self.roles],
            "nick": None,
            "avatar": None,
            "joined_at": "2024-01-01T00:00:00+00:00",
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
        }


@dataclass(frozen=True)
class Overwrite:
    """What a role or a member may do in one channel, against what its roles say."""

    target: Role | User
    allow: int = 0
    deny: int = 0

    def to_json(self) -> Json:
        kind = 0 if isinstance(self.target, Role) else 1
        return {"id": str(self.target.id), "type": kind, "allow": str(self.allow), "deny": str(self.deny)}


@dataclass(eq=False)
class Message:
    id: int
    channel: Channel
    author: User
    at: float
    """Seconds since the epoch."""
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    flags: int = 0
    nonce: str | None = None
    edited: float | None = None
    kind: int = 0
    reference: Json | None = None
    interaction: Json | None = None
    allowed_mentions: Json | None = None
    """As the bot asked; None when it left the platform's default in place."""
    thread: Channel | None = None

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def text(self) -> str:
        """Every text that a reader sees: content, embeds, components."""
        return "\n".join(text for text in (self.content, *_texts(self.embeds), *_texts(self.components)) if text)

    @property
    def buttons(self) -> dict[str, Json]:
        """The pressable components by custom id."""
        return {part["custom_id"]: part for part in _walk(self.components) if "custom_id" in part}

    def to_json(self, *, with_nonce: bool = False, blank: bool = False) -> Json:
        """``nonce`` is given back to who created the message, never in a channel's history; ``blank`` leaves out what
        its author put into it."""
        document: Json = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": self.kind,
            "author": self.author.to_json(),
            "content": self.content,
            "timestamp": iso(self.at),
            "edited_timestamp": None if self.edited is None else iso(self.edited),
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": self.attachments,
            "embeds": self.embeds,
            "components": self.components,
            "pinned": False,
            "flags": self.flags,
        }
        if self.interaction is not None:
            document |= {"interaction_metadata": self.interaction, "application_id": str(self.author.id)}
            document["webhook_id"] = str(self.author.id)
        if self.reference is not None:
            document["message_reference"] = self.reference
        if self.thread is not None:
            document["thread"] = self.thread.to_json()
        if with_nonce and self.nonce is not None:
            document["nonce"] = self.nonce
        if blank:
            document |= {"content": "", "embeds": [], "attachments": [], "components": []}
        return document


@dataclass(eq=False)
class Channel:
    id: int
    kind: Kind
    name: str = ""
    guild: Guild | None = None
    parent: Channel | None = None
    overwrites: list[Overwrite] = field(default_factory=list)
    position: int = 0
    flags: int = 0
    tags: list[Json] = field(default_factory=list)
    """Of a forum: the tags that posts can have."""
    recipients: list[User] = field(default_factory=list)
    owner: User | None = None
    archived: bool = False
    locked: bool = False
    auto_archive: int = 1_440
    """Minutes."""
    applied_tags: list[str] = field(default_factory=list)
    messages: dict[int, Message] = field(default_factory=dict)

    @property
    def is_thread(self) -> bool:
        return self.kind in (Kind.THREAD, Kind.NEWS_THREAD, Kind.PRIVATE_THREAD)

    def to_json(self) -> Json:
        last = str(next(reversed(self.messages))) if self.messages else None
        document: Json = {"id": str(self.id), "type": int(self.kind), "last_message_id": last, "flags": self.flags}
        if self.guild is None:
            return document | {"recipients": [user.to_json() for user in self.recipients]}
        document |= {"guild_id": str(self.guild.id), "name": self.name, "rate_limit_per_user": 0}
        document["parent_id"] = str(self.parent.id) if self.parent else None
        if self.is_thread:
            return document | self._thread_json()
        document |= {"position": self.position, "topic": None, "nsfw": False}
        document["permission_overwrites"] = [overwrite.to_json() for overwrite in self.overwrites]
        if self.kind is Kind.FORUM:
            document |= {"available_tags": self.tags, "default_auto_archive_duration": 1_440}
            document |= {"default_reaction_emoji": None, "default_sort_order": None, "default_forum_layout": 0}
        return document

    def _thread_json(self) -> Json:
        assert self.owner is not None
        return {
            "owner_id": str(self.owner.id),
            "message_count": len(self.messages),
            "total_message_sent": len(self.messages),
            "member_count": 1,
            "applied_tags": self.applied_tags,
            "thread_metadata": {
                "archived": self.archived,
                "locked": self.locked,
                "auto_archive_duration": self.auto_archive,
                "archive_timestamp": "2024-01-01T00:00:00+00:00",
                "create_timestamp": "2024-01-01T00:00:00+00:00",
            },
        }


@dataclass(eq=False)
class Guild:
    id: int
    name: str
    owner: User
    everyone: Role
    locale: str = "en-US"
    roles: list[Role] = field(default_factory=list)
    members: dict[int, Member] = field(default_factory=dict)
    channels: list[Channel] = field(default_factory=list)
    threads: list[Channel] = field(default_factory=list)

    def to_json(self) -> Json:
        """The guild as GET /guilds/{guild.id} gives it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner.id),
            "roles": [role.to_json() for role in (self.everyone, *self.roles)],
            "preferred_locale": self.locale,
            "features": ["COMMUNITY", "NEWS"],
            "emojis": [],
            "stickers": [],
            "icon": None,
            "splash": None,
            "discovery_splash": None,
            "banner": None,
            "description": None,
            "vanity_url_code": None,
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "rules_channel_id": None,
            "public_updates_channel_id": None,
            "safety_alerts_channel_id": None,
            "application_id": None,
            "verification_level": 1,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "premium_progress_bar_enabled": False,
        }

    def to_event(self, bot: User) -> Json:
        """The guild as GUILD_CREATE gives it to ``bot``: other members need an intent."""
        return self.to_json() | {
            "unavailable": False,
            "large": False,
            "member_count": len(self.members),
            "joined_at": "2024-01-01T00:00:00+00:00",
            "members": [self.members[bot.id].to_json()],
            "channels": [channel.to_json() for channel in self.channels],
            "threads": [thread.to_json() for thread in self.threads if not thread.archived],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }


def _walk(parts: list[Json]) -> Iterator[Json]:
    for part in parts:
        yield part
        yield from _walk(part.get("components", []))
        if isinstance(accessory := part.get("accessory"), dict):
            yield from _walk([accessory])


def _texts(parts: list[Json]) -> Iterator[str]:
    for part in _walk(parts):
        yield from (part[key] for key in ("title", "description", "content") if isinstance(part.get(key), str))
        for small in part.get("fields", []):
            yield from (small["name"], small["value"])
        if isinstance(footer := part.get("footer"), dict):
            yield footer.get("text", "")
