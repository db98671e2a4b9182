"""Settings: what bot.yaml says, checked, with defaults filled in and secrets resolved, as frozen values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, SecretStr, ValidationError

from bot import platforms as registry
from bot.httpguard import is_loopback
from bot.references import Unresolved, holds_secret, resolve
from bot.settingsfile import DEFAULT_ARCHIVE, BotFile, DestinationEntry, DigestEntry, PhrasingEntry, place_parts
from digests.errors import ConfigError, NotFound, Problem
from digests.model import Destination, Localized
from digests.yamlfile import Document, in_order, load_yaml, validate
from digests.yamlproblems import closest, explain, is_model, repeated_ids

FILE = "bot.yaml"
STORIES = "stories"
OVERVIEW = "overview"
_UNKNOWN = "unknown"
"""Stands in for a secret that cannot be had, so that the options beside it are checked all the same."""
ONLY_WORKSPACE = "local"
"""The workspace of destinations that name none, unless the platform's options have a ``default_workspace``."""

Length = Literal["short", "normal", "long"]
Quiet = Literal["post", "skip", "weekly-roundup"]


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """A digest as configured. ``zone`` and ``schedule`` stay text; both are known to be right."""

    id: str
    name: Localized
    sections: tuple[str, ...]
    destinations: tuple[Destination, ...]
    schedule: str
    zone: str
    language: str
    length: Length
    catch_up: timedelta
    quiet: Quiet


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long items, messages of the local chat, and editions are kept."""

    items: timedelta
    messages: timedelta
    editions: timedelta


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """Copies of a SQLite archive that the bot makes by itself. ``folder`` None: beside the archive."""

    enabled: bool
    every: timedelta
    keep: int
    folder: str | None


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Commands a minute; 0: no limit."""

    member_commands: int
    channel_commands: int


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """``semantic``: by meaning, too, where the extra is installed. ``japanese``: ``bigrams`` or ``sudachi``."""

    semantic: bool
    japanese: str


@dataclass(frozen=True, slots=True)
class IngestSettings:
    enabled: bool
    user_agent_contact: str | None


@dataclass(frozen=True, slots=True)
class MonitoringSettings:
    """Where programs ask how the bot is. ``port`` None: only where the local chat listens."""

    host: str = "127.0.0.1"
    port: int | None = None
    hosts: tuple[str, ...] = ()
    token: str | None = field(default=None, repr=False)
    """Opens the figures."""


@dataclass(frozen=True, slots=True)
class PhrasingSettings:
    """The model that may phrase answers."""

    url: str
    model: str
    key: SecretStr | None
    timeout: timedelta
    most_tokens: int
    at_once: int
    plain_http: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that bot.yaml says. ``platforms`` holds each platform's own options model."""

    folder: Path
    story: str
    archive: str = field(repr=False)
    """SQLAlchemy URL; may hold a password."""
    zone: str
    language: str
    platforms: Mapping[str, BaseModel]
    digests: tuple[DigestSettings, ...]
    retention: RetentionSettings
    backup: BackupSettings
    limits: LimitSettings
    search: SearchSettings
    admins: frozenset[str]
    """Keys of members, ``platform:workspace:user``."""
    ops: Destination | None
    ingest: IngestSettings
    monitoring: MonitoringSettings = MonitoringSettings()
    phrasing: PhrasingSettings | None = None
    """None: no model is used."""

    @property
    def story_folder(self) -> Path:
        return self.folder / STORIES / self.story

    def digest(self, digest_id: str) -> DigestSettings:
        """Raises :class:`NotFound`, naming the digests that exist."""
        for digest in self.digests:
            if digest.id == digest_id:
                return digest
        known = ", ".join(digest.id for digest in self.digests) or "none"
        raise NotFound(f"there is no digest {digest_id!r}; there are: {known}")

    def channels(self, platform: str) -> tuple[str, ...]:
        """The channels of a platform that digests go to, in the order of the file, each once."""
        places = (place for digest in self.digests for place in digest.destinations)
        return tuple(dict.fromkeys(place.channel for place in places if place.platform == platform))


def load_settings(path: Path, *, sections: Sequence[str] | None = None) -> Settings:
    """Read bot.yaml; ``path`` is that file or its folder.

    ``sections`` are the ids of the story's sections: digests are checked against them, and ``all`` becomes them.
    Without them ``all`` stays an empty tuple. Raises :class:`ConfigError` with every problem.
    """
    file = path if path.suffix in (".yaml", ".yml") else path / FILE
    document = load_yaml(file)
    read = validate(document, BotFile)
    value = document.value if isinstance(document.value, dict) else {}
    given = value.get("platforms", {"web": {}})
    options, problems = read_platforms(document, given if isinstance(given, dict) else {})
    problems += cross_check(document, options, sections)
    archive = value.get("archive", DEFAULT_ARCHIVE)
    if isinstance(archive, dict):
        archive = _secret(document, ("archive",), archive, problems)
    token = _token(document, value.get("monitoring"), problems)
    key = _phrasing_key(document, value.get("phrasing"), problems)
    if isinstance(read, list) or problems:
        raise ConfigError(in_order([*(read if isinstance(read, list) else ()), *problems]))
    seen = read.monitoring
    return replace(
        _settings(file.parent, read, archive, options, sections),
        monitoring=MonitoringSettings(seen.host, seen.port, seen.hosts, token),
        phrasing=_phrasing(read.phrasing, key),
    )


def _settings(
    folder: Path, read: BotFile, archive: str, options: Mapping[str, BaseModel], sections: Sequence[str] | None
) -> Settings:
    def place(entry: DestinationEntry) -> Destination:
        return entry.destination(only_workspace(options, entry.platform))

    every = tuple(section for section in sections or () if section != OVERVIEW)
    return Settings(
        folder=folder,
        story=read.story,
        archive=archive,
        zone=read.zone,
        language=read.language,
        platforms=options,
        digests=tuple(_digest(entry, read, every, tuple(map(place, entry.destinations))) for entry in read.digests),
        retention=RetentionSettings(**dict(read.retention)),
        backup=BackupSettings(**dict(read.backup)),
        limits=LimitSettings(**dict(read.limits)),
        search=SearchSettings(semantic=read.search.semantic == "on", japanese=read.search.japanese),
        admins=frozenset(read.admins),
        ops=place(read.ops) if read.ops else None,
        ingest=IngestSettings(**dict(read.ingest)),
    )


def _phrasing_key(document: Document, given: object, problems: list[Problem]) -> SecretStr | None:
    """The endpoint's key; a model that is off needs none to be set."""
    if not isinstance(given, dict) or given.get("enabled") is not True or not isinstance(given.get("key"), dict):
        return None
    return SecretStr(_secret(document, ("phrasing", "key"), given["key"], problems))


def _phrasing(entry: PhrasingEntry, key: SecretStr | None) -> PhrasingSettings | None:
    if not entry.enabled or entry.url is None or entry.model is None:
        return None
    return PhrasingSettings(
        url=entry.url,
        model=entry.model,
        key=key,
        timeout=entry.timeout,
        most_tokens=entry.most_tokens,
        at_once=entry.at_once,
        plain_http=entry.plain_http,
    )


def only_workspace(options: Mapping[str, BaseModel], platform: str) -> str:
    """The workspace of destinations that name none."""
    return str(getattr(options.get(platform), "default_workspace", ONLY_WORKSPACE))


def _digest(
    entry: DigestEntry, read: BotFile, every: tuple[str, ...], destinations: tuple[Destination, ...]
) -> DigestSettings:
    return DigestSettings(
        id=entry.id,
        name=entry.name.localized(),
        sections=every if entry.sections == "all" else tuple(entry.sections),
        destinations=destinations,
        schedule=entry.schedule,
        zone=entry.zone or read.zone,
        language=entry.language or read.language,
        length=entry.length,
        catch_up=entry.catch_up,
        quiet=entry.quiet,
    )


# --- platforms and their secrets ---------------------------------------------------------------------------


def read_platforms(document: Document, given: Mapping[str, Any]) -> tuple[dict[str, BaseModel], list[Problem]]:
    """Each platform's options as its adapter's own model, and what is wrong with them."""
    options: dict[str, BaseModel] = {}
    problems: list[Problem] = []
    for name, raw in given.items():
        path = ("platforms", name)
        try:
            model = registry.options_model(name)
        except LookupError as error:
            known = sorted(registry.platform_modules())
            cure = closest(name, known) or f"There are: {', '.join(known)}. Remove it, or install its adapter."
            problems.append(document.problem(path, str(error.args[0]), cure, key=True))
            continue
        if not isinstance(raw, Mapping | None):
            # The file's own model tells.
            continue
        before = len(problems)
        resolved = _resolved(document, path, raw or {}, model, problems)
        try:
            checked = model.model_validate(resolved)
            if len(problems) == before:
                options[name] = checked
        except ValidationError as error:
            problems += explain(document, model, error, below=path)
        except OSError as error:
            # Options may have defaults that read a file which the environment names.
            why = f"the options of {name} cannot be completed: {error.strerror} ({error.filename})"
            problems.append(document.problem(path, why, "Correct the environment variable that names this file."))
    return options, problems


def _resolved(
    document: Document,
    path: tuple[str, ...],
    raw: Mapping[str, Any],
    model: type[BaseModel],
    problems: list[Problem],
) -> dict[str, Any]:
    """``raw`` with references to secrets replaced by the secrets; platforms that are off need none to be set."""
    off = len(path) == 2 and raw.get("enabled") is False
    resolved = dict(raw)
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key not in raw or raw[key] is None:
            continue
        if holds_secret(info.annotation):
            known = off and isinstance(raw[key], Mapping)
            resolved[key] = SecretStr(_UNKNOWN if known else _secret(document, (*path, key), raw[key], problems))
        elif isinstance(raw[key], Mapping) and is_model(info.annotation):
            resolved[key] = _resolved(document, (*path, key), raw[key], info.annotation, problems)
    return resolved


def _secret(document: Document, path: tuple[str, ...], value: Any, problems: list[Problem]) -> str:
    try:
        return resolve(value)
    except Unresolved as error:
        problems.append(document.problem(path, error.what, error.cure))
        return _UNKNOWN


def _token(document: Document, given: object, problems: list[Problem]) -> str | None:
    """The token of ``monitoring``; a server that others can reach without one is refused."""
    written = given if isinstance(given, Mapping) else {}
    if written.get("token") is not None:
        return _secret(document, ("monitoring", "token"), written["token"], problems)
    host = written.get("host", "127.0.0.1")
    if isinstance(host, str) and written.get("port") is not None and not is_loopback(host):
        what = f"listening on {host} lets others read the bot's figures"
        cure = "Set token: {env: NAME}, or listen on 127.0.0.1."
        problems.append(document.problem(("monitoring", "host"), what, cure))
    return None


# --- checks across the file --------------------------------------------------------------------------------


def cross_check(document: Document, options: Mapping[str, BaseModel], sections: Sequence[str] | None) -> list[Problem]:
    """What the model of one entry does not see. Reads the values as written: mistakes elsewhere must not hide these."""
    value = document.value if isinstance(document.value, dict) else {}
    given = value.get("platforms", {"web": {}})
    known = list(given) if isinstance(given, dict) else []
    return [
        *repeated_ids(document, "digests"),
        *_sections(document, sections),
        *_places(document, options, known),
        *_platform_of(document, ("ops",), value.get("ops"), known),
        *_admins(document, value.get("admins"), known),
    ]


def _sections(document: Document, sections: Sequence[str] | None) -> Iterator[Problem]:
    for position, digest in document.rows("digests"):
        given = digest.get("sections")
        named = given if isinstance(given, list) else []
        for index, section in enumerate(named):
            path = ("digests", position, "sections", index)
            if section in named[:index]:
                yield document.problem(path, f"the section {section!r} stands here twice", "Keep one of the two.")
            elif sections is not None and isinstance(section, str) and section not in sections:
                cure = closest(section, sections) or f"Use one of {', '.join(sections)}."
                yield document.problem(path, f"the story has no section {section!r}", cure)


def _places(document: Document, options: Mapping[str, BaseModel], known: Sequence[str]) -> Iterator[Problem]:
    for position, digest in document.rows("digests"):
        places = digest.get("destinations")
        seen: set[tuple[str, str, str]] = set()
        for index, place in enumerate(places if isinstance(places, list) else ()):
            path = ("digests", position, "destinations", index)
            yield from _platform_of(document, path, place, known)
            if (parts := place_parts(place)) is None:
                continue
            whole = (parts[0], parts[1] or only_workspace(options, parts[0]), parts[2])
            if whole in seen:
                yield document.problem(path, "this destination stands here twice", "Keep one of the two.")
            seen.add(whole)


def _platform_of(
    document: Document, path: tuple[str | int, ...], place: object, known: Sequence[str]
) -> Iterator[Problem]:
    parts = place_parts(place)
    if parts is not None and parts[0] not in known:
        platform = str(parts[0])
        cure = closest(platform, known) or f"Use one of {', '.join(known)}, or add it under platforms."
        yield document.problem(path, f"the platform {platform!r} is not set up here", cure)


def _admins(document: Document, admins: object, known: Sequence[str]) -> Iterator[Problem]:
    for index, key in enumerate(admins if isinstance(admins, list) else ()):
        platform = key.partition(":")[0] if isinstance(key, str) and ":" in key else None
        if platform is not None and platform not in known:
            cure = closest(platform, known) or "Add the platform under platforms, or remove the admin."
            yield document.problem(("admins", index), f"the platform {platform!r} is not set up here", cure)
