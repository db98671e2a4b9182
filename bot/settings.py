"""Settings: what bot.yaml says, checked, with defaults filled in and secrets resolved, as frozen values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, SecretStr, ValidationError

from bot import platforms as registry
from bot.references import Unresolved, holds_secret, resolve
from bot.settingsfile import BotFile, DestinationEntry, DigestEntry
from digests.errors import ConfigError, NotFound, Problem
from digests.model import Destination, Localized
from digests.yamlfile import Document, load_yaml, validate
from digests.yamlproblems import closest, explain, split_message

FILE = "bot.yaml"
STORIES = "stories"
OVERVIEW = "overview"
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
class IngestSettings:
    enabled: bool
    user_agent_contact: str | None


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
    admins: frozenset[str]
    """Keys of members, ``platform:workspace:user``."""
    ops: Destination | None
    ingest: IngestSettings

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
    if isinstance(read, list):
        # The adapters' own models still tell what is wrong with their options.
        given = document.value.get("platforms") if isinstance(document.value, dict) else None
        options, problems = read_platforms(document, given if isinstance(given, dict) else {})
        raise ConfigError(in_order([*read, *problems]))
    options, problems = read_platforms(document, read.platforms)
    archive = read.archive if isinstance(read.archive, str) else _secret(document, ("archive",), read.archive, problems)
    settings = _settings(file.parent, read, archive, options, sections)
    problems += cross_check(document, read, settings, sections)
    if problems:
        raise ConfigError(in_order(problems))
    return settings


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """Each problem once, by file and place."""
    return sorted(set(problems), key=lambda problem: (problem.file, problem.line, problem.column, problem.what))


def _settings(
    folder: Path, read: BotFile, archive: str, options: Mapping[str, BaseModel], sections: Sequence[str] | None
) -> Settings:
    def place(entry: DestinationEntry) -> Destination:
        chosen = getattr(options.get(entry.platform), "default_workspace", ONLY_WORKSPACE)
        return entry.destination(chosen)

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
        admins=frozenset(read.admins),
        ops=place(read.ops) if read.ops else None,
        ingest=IngestSettings(**dict(read.ingest)),
    )


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
            problems.append(document.problem(path, f"{name} holds no options", "Write keys below it, or {}."))
            continue
        before = len(problems)
        resolved = _resolved(document, path, raw or {}, model, problems)
        if len(problems) > before:
            continue
        try:
            options[name] = model.model_validate(resolved)
        except ValidationError as error:
            problems += explain(document, model, error, below=path)
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
            if off and isinstance(raw[key], Mapping):
                resolved[key] = SecretStr("")
            else:
                resolved[key] = SecretStr(_secret(document, (*path, key), raw[key], problems))
        elif isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            if isinstance(raw[key], Mapping):
                resolved[key] = _resolved(document, (*path, key), raw[key], info.annotation, problems)
    return resolved


def _secret(document: Document, path: tuple[str, ...], value: Any, problems: list[Problem]) -> str:
    try:
        return resolve(value)
    except Unresolved as error:
        problems.append(document.problem(path, error.what, error.cure))
        return ""


# --- checks across the file --------------------------------------------------------------------------------


def cross_check(document: Document, read: BotFile, settings: Settings, sections: Sequence[str] | None) -> list[Problem]:
    """What the models cannot see: schedules, sections of the story, platforms that destinations name."""
    return [
        *_schedules(document, settings),
        *_sections(document, read, sections),
        *_places(document, read, settings),
        *_admins(document, read),
    ]


def _schedules(document: Document, settings: Settings) -> Iterator[Problem]:
    from bot.schedule import parse_schedule

    for position, digest in enumerate(settings.digests):
        try:
            parse_schedule(digest.schedule, ZoneInfo(digest.zone))
        except ValueError as error:
            what, cure = split_message(str(error))
            yield document.problem(("digests", position, "schedule"), what, cure)


def _sections(document: Document, read: BotFile, sections: Sequence[str] | None) -> Iterator[Problem]:
    if sections is None:
        return
    for position, entry in enumerate(read.digests):
        if entry.sections == "all":
            continue
        for index, section in enumerate(entry.sections):
            path = ("digests", position, "sections", index)
            if section not in sections:
                cure = closest(section, sections) or f"Use one of {', '.join(sections)}."
                yield document.problem(path, f"the story has no section {section!r}", cure)
            elif section in entry.sections[:index]:
                yield document.problem(path, f"the section {section!r} stands here twice", "Keep one of the two.")


def _places(document: Document, read: BotFile, settings: Settings) -> Iterator[Problem]:
    known = list(read.platforms)
    entries: list[tuple[tuple[str | int, ...], DestinationEntry]] = [
        (("digests", position, "destinations", index), entry)
        for position, digest in enumerate(read.digests)
        for index, entry in enumerate(digest.destinations)
    ]
    if read.ops is not None:
        entries.append((("ops",), read.ops))
    for path, entry in entries:
        if entry.platform not in known:
            cure = closest(entry.platform, known) or f"Use one of {', '.join(known)}, or add it under platforms."
            yield document.problem(path, f"the platform {entry.platform!r} is not set up here", cure)
    for position, digest in enumerate(settings.digests):
        for index, place in enumerate(digest.destinations):
            if place in digest.destinations[:index]:
                path = ("digests", position, "destinations", index)
                yield document.problem(path, f"the destination {place} stands here twice", "Keep one of the two.")


def _admins(document: Document, read: BotFile) -> Iterator[Problem]:
    for index, key in enumerate(read.admins):
        platform = key.partition(":")[0]
        if platform not in read.platforms:
            cure = closest(platform, list(read.platforms)) or "Add the platform under platforms, or remove the admin."
            yield document.problem(("admins", index), f"the platform {platform!r} is not set up here", cure)
