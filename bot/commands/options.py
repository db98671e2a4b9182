"""From what a member typed to typed option values; every mistake says what would be right."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.commands.base import Command, Option, OptionType, UserError
from bot.i18n import LANGUAGE_NAMES, Translator
from bot.settings import Settings
from bot.zones import by_folded_name
from digests.story import Story

_SPAN = re.compile(r"([0-9]{1,3})\s*([hdwm])")
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}(?:-[0-9]{1,2}){0,2}")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_WITH_DIGITS = frozenset((OptionType.INTEGER, OptionType.PERIOD, OptionType.DATE, OptionType.TIME))
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "m": timedelta(days=30)}
_LONGEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Period:
    """A span of time, ``start`` inclusive and ``end`` exclusive, in UTC."""

    start: datetime
    end: datetime
    text: str


@dataclass(frozen=True, slots=True)
class OptionContext:
    """What values are checked against."""

    story: Story
    settings: Settings
    t: Translator
    zone: ZoneInfo
    now: datetime


def parse_line(line: str, commands: Mapping[str, Command], t: Translator) -> tuple[Command, Command, dict[str, str]]:
    """Read ``/name [subcommand] values``: positional values in the order of the options, or ``option:value``.

    Returns the command, the (sub)command that runs, and raw values by option name. Raises :class:`UserError`.
    """
    words = line.strip().removeprefix("/").split(maxsplit=1)
    name = words[0].lower() if words else ""
    command = commands.get(name)
    if command is None:
        raise UserError(t("There is no command /{name}. /help lists the commands.", name=name))
    rest = words[1] if len(words) > 1 else ""
    target = command
    if command.subcommands:
        head, _, rest = rest.partition(" ")
        found = {sub.name: sub for sub in command.subcommands}
        if head.lower() not in found:
            raise UserError(t("/{name} needs one of: {choices}", name=command.name, choices=", ".join(sorted(found))))
        target = found[head.lower()]
    return command, target, _values(rest.strip(), target, t)


def _values(rest: str, command: Command, t: Translator) -> dict[str, str]:
    free = next((option for option in command.options if option.rest), None)
    if free is not None and free is command.options[0]:
        return {free.name: rest.removeprefix(f"{free.name}:").strip()} if rest else {}
    try:
        words = shlex.split(rest)
    except ValueError:
        words = rest.split()
    names = {option.name for option in command.options}
    values: dict[str, str] = {}
    for word in words:
        head, colon, tail = word.partition(":")
        if colon and head.lower() in names:
            values[head.lower()] = tail
            continue
        waiting = [option for option in command.options if option.name not in values]
        if not waiting:
            raise UserError(t("/{name} does not take “{word}”.", name=command.name, word=word))
        values[_best_slot(word, waiting).name] = word
    return values


def _best_slot(word: str, waiting: list[Option]) -> Option:
    """A bare value goes to the first free option that it looks like: ``/latest 5`` is a number, not a section."""
    if word.isdecimal():
        return next((option for option in waiting if option.type is OptionType.INTEGER), waiting[0])
    if _SPAN.fullmatch(word) or ".." in word:
        return next((option for option in waiting if option.type is OptionType.PERIOD), waiting[0])
    if "-" in word and _DAY.fullmatch(word):
        return next((option for option in waiting if option.type in (OptionType.PERIOD, OptionType.DATE)), waiting[0])
    return waiting[0]


def read_options(raw: Mapping[str, Any], command: Command, context: OptionContext) -> dict[str, Any]:
    """Check and convert raw values; options left out are left out. Raises :class:`UserError`."""
    known = {option.name: option for option in command.options}
    for name in raw:
        if name not in known:
            raise UserError(context.t("/{name} has no option “{option}”.", name=command.name, option=name))
    values = {}
    for option in command.options:
        value = raw.get(option.name)
        if value is None or value == "":
            if option.required:
                raise UserError(
                    context.t(
                        "/{name} needs {option}. Example: {example}",
                        name=command.name,
                        option=option.name,
                        example=command.example or f"/{command.name}",
                    )
                )
            continue
        values[option.name] = _convert(option, str(value).strip(), context)
    return values


def _convert(option: Option, value: str, context: OptionContext) -> Any:
    if option.choices:
        allowed = [choice.value for choice in option.choices]
        if value.lower() not in allowed:
            raise UserError(_one_of(option.name, value, allowed, context.t))
        return value.lower()
    if option.type in _WITH_DIGITS:
        value = unicodedata.normalize("NFKC", value)  # full-width digits, as Japanese keyboards write them
    return _CONVERTERS[option.type](option, value, context)


def _one_of(name: str, value: str, allowed: list[str], t: Translator) -> str:
    return t("“{value}” is no {name}. Choose one of: {choices}", value=value, name=name, choices=", ".join(allowed))


def _text(option: Option, value: str, context: OptionContext) -> str:
    longest = option.maximum or 500
    if len(value) > longest:
        raise UserError(context.t("{option} may have at most {n} characters.", option=option.name, n=longest))
    return value


def _integer(option: Option, value: str, context: OptionContext) -> int:
    low, high = option.minimum or 0, option.maximum or 1_000_000
    if not _NUMBER.fullmatch(value) or not low <= int(value) <= high:
        raise UserError(context.t("{option} is a number from {low} to {high}.", option=option.name, low=low, high=high))
    return int(value)


def _section(option: Option, value: str, context: OptionContext) -> str:
    """A section by id or by its name or label in any language."""
    wanted = value.casefold()
    for section in context.story.sections:
        names = {section.id, *section.name.values.values(), *section.short.values.values()}
        if wanted in {name.casefold() for name in names}:
            return section.id
    starts = [section.id for section in context.story.sections if section.id.startswith(wanted)]
    if len(starts) == 1:
        return starts[0]
    raise UserError(_one_of(option.name, value, [section.id for section in context.story.sections], context.t))


def _digest(option: Option, value: str, context: OptionContext) -> str:
    allowed = [digest.id for digest in context.settings.digests]
    if value not in allowed:
        raise UserError(_one_of(option.name, value, allowed, context.t))
    return value


def _period(option: Option, value: str, context: OptionContext) -> Period:
    if span := _SPAN.fullmatch(value.lower()):
        length = min(int(span[1]) * _UNITS[span[2]], _LONGEST)
        if length:
            return Period(context.now - length, context.now, value)
    start, dots, end = value.partition("..")
    try:
        first = _day_range(start, context.zone)
        last = _day_range(end, context.zone) if dots else first
    except ValueError as error:
        raise UserError(
            context.t("“{value}” is no period. Write 24h, 7d, 2w, 2026-05 or 2026-05-01..2026-05-31.", value=value)
        ) from error
    if last[1] <= first[0]:
        raise UserError(context.t("The period “{value}” ends before it begins.", value=value))
    return Period(first[0], last[1], value)


def _day_range(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    parts = [int(part) for part in text.split("-")]
    if not 1990 <= parts[0] <= 2100:
        raise ValueError(text)
    first = date(parts[0], parts[1] if len(parts) > 1 else 1, parts[2] if len(parts) > 2 else 1)
    if len(parts) == 3:
        after = first + timedelta(days=1)
    elif len(parts) == 2:
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    else:
        after = date(first.year + 1, 1, 1)
    return _midnight(first, zone), _midnight(after, zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _date(option: Option, value: str, context: OptionContext) -> str:
    """A date of year, month or day precision as text that sorts: ``2025-9`` becomes ``2025-09``."""
    try:
        _day_range(value, context.zone)
    except ValueError as error:
        raise UserError(context.t("“{value}” is no date. Write 2026, 2026-05 or 2026-05-29.", value=value)) from error
    return "-".join(part.zfill(2) for part in value.split("-"))


def _time(option: Option, value: str, context: OptionContext) -> str:
    match = _TIME.fullmatch(value)
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise UserError(context.t("“{value}” is no time of day. Write 08:00.", value=value))
    return f"{int(match[1]):02}:{match[2]}"


def _zone(option: Option, value: str, context: OptionContext) -> str:
    name = by_folded_name().get(value.replace(" ", "_").casefold(), value)
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UserError(
            context.t("“{value}” is no time zone. Write a name such as Europe/Kyiv or Asia/Tokyo.", value=value)
        ) from error


def _language(option: Option, value: str, context: OptionContext) -> str:
    names = {code: code for code in LANGUAGE_NAMES} | {name.casefold(): code for code, name in LANGUAGE_NAMES.items()}
    code = names.get(value.casefold())
    if code is None:
        raise UserError(_one_of(option.name, value, list(LANGUAGE_NAMES), context.t))
    return code


def _series(option: Option, value: str, context: OptionContext) -> str:
    """A series by its id or title in any language, or by what only one of them begins with or holds."""
    wanted = value.casefold()
    names = {
        series.id: [name.casefold() for name in (series.id, *series.title.values.values())]
        for series in context.story.series
    }
    tests: tuple[Callable[[str], bool], ...] = (
        lambda name: name == wanted,
        lambda name: name.startswith(wanted),
        lambda name: wanted in name,
    )
    for test in tests:
        found = [series_id for series_id, own in names.items() if any(map(test, own))]
        if len(found) == 1:
            return found[0]
    raise UserError(_one_of(option.name, value, list(names), context.t))


_CONVERTERS: dict[OptionType, Callable[[Option, str, OptionContext], Any]] = {
    OptionType.TEXT: _text,
    OptionType.INTEGER: _integer,
    OptionType.SECTION: _section,
    OptionType.DIGEST: _digest,
    OptionType.PERIOD: _period,
    OptionType.DATE: _date,
    OptionType.TIME: _time,
    OptionType.ZONE: _zone,
    OptionType.LANGUAGE: _language,
    OptionType.SERIES: _series,
    OptionType.TOPIC: _text,
}
