"""Whether Discord would take a request: its own OpenAPI document, and the limits that only its documentation tells.

>>> fake.checks.append(check_request)

The document is ``tests/data/specs/discord/openapi-subset.json``; ``trim_openapi.py`` beside it says how it is made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator

from tests.fakes.discord import rules

DOCUMENT = Path(__file__).parents[2] / "data" / "specs" / "discord" / "openapi-subset.json"
_LONGEST_TALK = 200
_CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
_WRITES = re.compile(r"POST /channels/[^/]+/(messages|threads)|/callback$|/webhooks/|(PUT|POST|PATCH) .*/commands")

_formats = jsonschema.FormatChecker(formats=())


def check_request(method: str, path: str, payload: Any) -> None:
    """Raise an AssertionError that names everything for which Discord would refuse this request, or which could ping.

    ``path`` is without the API's base; ``payload`` is the JSON of the body, of commands also a single one. Requests
    that write neither messages, threads nor commands pass.
    """
    known = _known(method, path)
    if known is None:
        assert not _WRITES.search(f"{method} {path}"), f"no schema for {method} {path}"
        return
    template, validator = known
    if template.startswith("/applications/") and isinstance(payload, Mapping):
        payload = [payload]
    found = list(_leaves(validator.iter_errors(payload)))
    wrong = list(dict.fromkeys(map(_told, found)))
    # The rules read what has the right shape: nothing of another type than they expect.
    wrong += _documented(method, template, payload) if all(error.validator != "type" for error in found) else []
    if wrong:
        raise AssertionError(f"Discord would refuse {method} {path}:\n" + "\n".join(f"- {one}" for one in wrong))


def _documented(method: str, template: str, payload: Any) -> Iterator[str]:
    """What the documentation forbids."""
    if template.startswith("/applications/"):
        yield from rules.commands(payload)
    elif template == _CALLBACK:
        yield from _callback(payload)
    elif template.endswith("/threads"):
        yield from rules.thread(payload)
        if isinstance(payload.get("message"), Mapping):
            yield from rules.message(payload["message"], rules.IN_CHANNELS)
    elif template.startswith("/webhooks/"):
        # The first answer to a deferral edits it; what it may carry was decided when it was deferred.
        flags = rules.IN_ANSWERS if method == "POST" else rules.IN_EDITS
        yield from rules.message(payload, flags, edit=method == "PATCH")
    else:
        flags = rules.IN_CHANNELS if method == "POST" else rules.IN_EDITS
        yield from rules.message(payload, flags, edit=method == "PATCH")


def _callback(payload: Mapping[str, Any]) -> Iterator[str]:
    data = payload.get("data") or {}
    match payload.get("type"):  # interactions/receiving-and-responding, "Interaction Callback Type"
        case 4:  # a message
            yield from rules.message(data, rules.IN_ANSWERS)
        case 5:  # deferred: a message comes later
            yield from rules.deferral(data)
        case 7:  # another message in place of the one with the button
            yield from rules.message(data, rules.IN_ANSWERS, edit=True)
        case 8:  # suggestions
            yield from rules.suggestions(data)


# --- the document ------------------------------------------------------------------------------------------


@cache
def _routes() -> list[tuple[str, re.Pattern[str], str, Validator]]:
    """Method, path as a pattern and as the document writes it, and the compiled schema of the body."""
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    # Discord takes numbers for ids and strings for permissions too; discord.py sends numbers.
    schemas["SnowflakeType"]["type"] = ["string", "integer"]
    schemas["ApplicationCommandUpdateRequest"]["properties"]["default_member_permissions"]["type"] += ["string"]
    routes = []
    for template, methods in document["paths"].items():
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/@]+", template) + "$")
        for method, operation in methods.items():
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            validator = _Validator({"components": document["components"], **body}, format_checker=_formats)
            routes.append((method.upper(), pattern, template, validator))
    return routes


@cache
def _known(method: str, path: str) -> tuple[str, Validator] | None:
    for known, pattern, template, validator in _routes():
        if known == method and pattern.match(path):
            return template, validator
    return None


def _longest(_: Validator, most: int, value: object, __: object) -> Iterator[ValidationError]:
    """``maxLength`` in UTF-16 units."""
    if rules.units(value) > most:
        yield ValidationError(f"{rules.units(value)} characters of at most {most}")


_Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"maxLength": _longest})


@_formats.checks("int32")
def _int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


@_formats.checks("int64")
def _int64(value: object) -> bool:
    return not isinstance(value, int) or -(2**63) <= value < 2**63


@_formats.checks("snowflake", raises=ValueError)
def _snowflake(value: object) -> bool:
    return not isinstance(value, int | str) or 0 <= int(value) < 2**64


@_formats.checks("uri")
def _uri(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", value) is not None


@_formats.checks("date-time", raises=ValueError)
def _moment(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


def _told(error: ValidationError) -> str:
    message = error.message if len(error.message) <= _LONGEST_TALK else f"{error.message[:_LONGEST_TALK]}…"
    return f"{error.json_path}: {message}"


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """The errors that say what is wrong: of alternatives, those of the one that is meant, which ``type`` tells."""
    for error in errors:
        meant = _meant(error)
        if meant:
            yield from _leaves(meant)
        else:
            yield error


def _meant(error: ValidationError) -> list[ValidationError]:
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    fitting = [branch for branch in branches.values() if not any(_is_other(inner) for inner in branch)]
    return min(fitting, key=len, default=[])


def _is_other(inner: ValidationError) -> bool:
    """Whether the alternative is for another kind of thing: null, or one with another ``type``."""
    path = list(inner.relative_path)
    if not path:
        return inner.validator in ("type", "enum", "const")
    return path == ["type"]
