"""bot.yaml as pydantic models: what may stand in it. :mod:`bot.settings` turns it into settings."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from bot.references import REFERENCE_SCHEMA
from digests.fields import Duration, Flag, Id, Link, Strictly, Text, Texts, Zone, wrong
from digests.model import Destination
from digests.yamlproblems import split_message

MemberLanguage = Literal["en", "ja", "uk"]
DEFAULT_ARCHIVE = "sqlite:///var/kakehashi.sqlite3"
_MEMBER_PATTERN = r"^[^:\s]+:[^:\s]+:[^:\s]+$"
_PLACE_FORM = "Write platform:channel or platform:workspace:channel, such as web:digest."


class DestinationEntry(Strictly):
    """A channel that a digest goes to."""

    platform: Text = Field(description="A platform of this file: web, slack, discord …")
    workspace: Text | None = Field(None, description="Workspace or guild; the platform's only one when left out.")
    channel: Text = Field(description="The platform's id of the channel; a plain name for web.")

    def destination(self, workspace: str) -> Destination:
        return Destination(self.platform, self.workspace or workspace, self.channel)


def place_parts(value: object) -> tuple[str, str | None, str] | None:
    """Platform, workspace and channel of a destination in either form; None when it is neither."""
    if isinstance(value, dict):
        platform, workspace, channel = (value.get(key) for key in ("platform", "workspace", "channel"))
        return (platform, workspace, channel) if isinstance(platform, str) and isinstance(channel, str) else None
    parts = [part.strip() for part in value.split(":")] if isinstance(value, str) else []
    if len(parts) not in (2, 3) or not all(parts):
        return None
    return parts[0], parts[1] if len(parts) == 3 else None, parts[-1]


def _short_destination(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parts = place_parts(value)
    if parts is None:
        raise wrong(f"{value!r} is not a destination", _PLACE_FORM)
    return dict(zip(("platform", "workspace", "channel"), parts, strict=True))


Place = Annotated[DestinationEntry, BeforeValidator(_short_destination, json_schema_input_type=str | DestinationEntry)]


def _member_key(value: Any) -> Any:
    if not isinstance(value, str) or re.fullmatch(_MEMBER_PATTERN, value) is None:
        raise wrong(f"{value!r} is not a member", "Write platform:workspace:user, such as web:local:local.")
    return value


MemberKey = Annotated[str, BeforeValidator(_member_key), WithJsonSchema({"type": "string", "pattern": _MEMBER_PATTERN})]


def _archive(value: Any) -> Any:
    if isinstance(value, dict):
        return value
    if not isinstance(value, str) or re.match(r"(sqlite|postgresql)(\+\w+)?://", value) is None:
        cure = "Write sqlite:///path or postgresql://host/database."
        if isinstance(value, str) and value.startswith("postgres://"):
            cure = "Write postgresql:// at its beginning."
        raise wrong("this is not an archive's address", cure)
    if re.match(r"[^/]+//[^/@]*:[^/@]*@", value) or re.search(r"[?&]password=", value, re.IGNORECASE):
        cure = "Put the address into an environment variable, write archive: {env: NAME}, and change the password."
        raise wrong("a password may not stand in this file", cure)
    return value


Archive = Annotated[
    str | dict[str, Any],
    BeforeValidator(_archive),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"^(sqlite|postgresql)(\+\w+)?://"}, REFERENCE_SCHEMA]}),
]


def _by_reference(value: Any) -> Any:
    if not isinstance(value, dict):
        # Not repeated: it may be the secret itself.
        raise wrong(
            "a secret may not stand in this file",
            "Put it into an environment variable and write {env: NAME} here; then change the secret.",
        )
    return value


Secret = Annotated[dict[str, Any], BeforeValidator(_by_reference), WithJsonSchema(REFERENCE_SCHEMA)]
"""A reference to a secret; :mod:`bot.settings` resolves it."""


def _schedule(value: str) -> str:
    from bot.schedule import parse_schedule

    try:
        parse_schedule(value, ZoneInfo("UTC"))
    except ValueError as error:
        raise wrong(*split_message(str(error))) from error
    return value


Schedule = Annotated[Text, AfterValidator(_schedule)]


class DigestEntry(Strictly):
    """Which sections go where, when, and in which language."""

    id: Id = Field(description="Used by commands (/admin post ID); editions in the archive carry it.")
    name: Texts = Field(description="Shown as the title of each edition.")
    sections: Annotated[tuple[Text, ...], Field(min_length=1)] | Literal["all"] = Field(
        "all", description="Section ids of the story in this order, or all (every section but the overview)."
    )
    destinations: Annotated[tuple[Place, ...], Field(min_length=1)] = Field(
        description="Channels, as platform:channel or with platform, workspace and channel."
    )
    schedule: Schedule = Field(
        description='"weekdays 08:00", "daily 18:30", "mon,thu 09:00", "hourly" or a cron line of five fields.',
        examples=["weekdays 08:00", "daily 18:30", "mon,thu 09:00", "hourly", "0 8 * * 1-5"],
    )
    zone: Zone | None = Field(None, description="Time zone of the schedule; the bot's own when left out.")
    language: MemberLanguage | None = Field(None, description="Language of the digest; the bot's own when left out.")
    length: Literal["short", "normal", "long"] = Field("normal", description="Bullets a section: 3, 4 or 5.")
    catch_up: Duration = Field(timedelta(hours=6), description="How late a missed edition may still be posted.")
    quiet: Literal["post", "skip", "weekly-roundup"] = Field(
        "post", description="When nothing is new: say so, stay silent, or stay silent and look back once a week."
    )


class RetentionEntry(Strictly):
    """How long things are kept."""

    items: Duration = Field(timedelta(days=400), description="Items, from the day they were first seen.")
    messages: Duration = Field(timedelta(days=90), description="Messages of the local chat.")
    editions: Duration = Field(timedelta(days=400), description="Editions and the record of their deliveries.")


class BackupEntry(Strictly):
    """Copies of a SQLite archive that the bot makes by itself."""

    enabled: Flag = Field(default=True, description="false: make none. With PostgreSQL none are made (use pg_dump).")
    every: Duration = Field(timedelta(days=1), description="How often.")
    keep: Annotated[int, Field(ge=1, le=1000, strict=True)] = Field(7, description="How many; older ones are deleted.")
    folder: Text | None = Field(None, description="Where; default: the folder backups beside the archive.")


Rate = Annotated[int, Field(ge=0, le=100_000, strict=True)]


class LimitsEntry(Strictly):
    """How much members may ask of the bot."""

    member_commands: Rate = Field(30, description="Commands a minute from one member; 0: as many as they like.")
    channel_commands: Rate = Field(240, description="Commands a minute from one channel; 0: as many as they like.")


class MonitoringEntry(Strictly):
    """Where programs ask how the bot is: /healthz, and /metrics for Prometheus. The local chat offers both, too."""

    host: Text = Field("127.0.0.1", description="Address that a server of its own listens on; this machine alone.")
    port: Annotated[int, Field(ge=0, le=65535, strict=True)] | None = Field(
        None, description="Port of a server of its own, which offers nothing else; left out: there is none."
    )
    hosts: tuple[Text, ...] = Field((), description="Further host names under which it may be asked.")
    token: dict[str, Any] | None = Field(
        None,
        description="Opens /metrics as a bearer token; needed when host is not this machine alone.",
        json_schema_extra={key: value for key, value in REFERENCE_SCHEMA.items() if key != "description"},
    )


class SearchEntry(Strictly):
    """How questions find passages. What changes here holds from the next start."""

    semantic: Literal["on", "off"] = Field(
        "on", description="By meaning, too, when the extra is installed: pip install 'kakehashi[semantic]'."
    )
    japanese: Literal["bigrams", "sudachi"] = Field(
        "bigrams",
        description="How Japanese is cut; sudachi needs an extra: pip install 'kakehashi[japanese]'.",
    )


class IngestEntry(Strictly):
    """How sources are read."""

    enabled: Flag = Field(default=True, description="false: read no source at all.")
    user_agent_contact: Text | None = Field(
        None, description="An address or page in the User-Agent under which publishers can reach you."
    )


def _seconds(value: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= value <= timedelta(seconds=60):
        raise wrong("this is no time to wait for an answer", "Write something between 1s and 60s.")
    return value


class PhrasingEntry(Strictly):
    """A model that may phrase answers from the quoted passages; each sentence is checked, else the quotation stands."""

    enabled: Flag = Field(default=False, description="true: ask the model. Question and passages go to the endpoint.")
    url: Link | None = Field(
        None,
        description="Base of an OpenAI-compatible endpoint, up to /v1.",
        examples=["http://127.0.0.1:11434/v1", "https://api.openai.com/v1"],
    )
    model: Text | None = Field(None, description="The model's name at the endpoint.")
    key: Secret | None = Field(None, description="The endpoint's key, by reference; most local ones need none.")
    timeout: Annotated[Duration, AfterValidator(_seconds)] = Field(
        timedelta(seconds=6), description="How long an answer may wait for the model; then the quotations are shown."
    )
    most_tokens: Annotated[int, Field(ge=50, le=8_000, strict=True)] = Field(
        600, description="The most tokens that the model may write for one answer."
    )
    at_once: Annotated[int, Field(ge=1, le=50, strict=True)] = Field(
        2, description="Questions put to the model at the same time; others are answered with quotations."
    )
    plain_http: Flag = Field(
        default=False, description="true: allow http:// beyond this machine and private networks, where it can be read."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.enabled and (self.url is None or self.model is None):
            raise wrong("a model that is enabled needs url and model", "Add both, or set enabled: false.")
        return self


Platforms = Annotated[dict[Text, dict[str, Any] | None], Field(description="Chat platforms and their options.")]


class BotFile(Strictly):
    """bot.yaml: which story the bot follows, where it posts, when, and what it keeps."""

    story: Id = Field(description="The folder below stories/ that holds the story.")
    archive: Archive = Field(
        DEFAULT_ARCHIVE, description="sqlite:///path (from the working directory) or postgresql://…"
    )
    zone: Zone = Field("UTC", description="Time zone wherever no other is set, such as Europe/Kyiv.")
    language: MemberLanguage = Field("en", description="Language wherever no other is set.")
    platforms: Platforms = Field({"web": {}})
    digests: tuple[DigestEntry, ...] = Field((), description="What is posted where and when.")
    retention: RetentionEntry = Field(RetentionEntry(), description="How long things are kept.")
    backup: BackupEntry = Field(BackupEntry(), description="Copies of the archive that the bot makes by itself.")
    limits: LimitsEntry = Field(LimitsEntry(), description="How much members may ask of the bot.")
    search: SearchEntry = Field(SearchEntry(), description="How questions find passages.")
    admins: tuple[MemberKey, ...] = Field((), description="Members who may use /admin, as platform:workspace:user.")
    ops: Place | None = Field(None, description="Where the bot reports trouble, such as a failing source.")
    ingest: IngestEntry = Field(IngestEntry(), description="How sources are read.")
    monitoring: MonitoringEntry = Field(MonitoringEntry(), description="Where programs ask how the bot is.")
    phrasing: PhrasingEntry = Field(PhrasingEntry(), description="A model that may phrase answers; off by default.")
