"""From pydantic's errors to problems that an admin can mend: place, plain words, and what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from digests.errors import Problem
from digests.yamlfile import Document

Loc = tuple[str | int, ...]

_MOST_NAMED = 12
_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "mapping_type": "keys with values",
}
_FORMS = {
    "text": "Write text; in quotes if it begins with a special character.",
    "a whole number": "Write digits only, without quotes.",
    "a number": "Write a number such as 4500 or 12.5, without quotes, unit or separators.",
    "true or false": "Write true or false, without quotes.",
    "a list": "Write [one, two], or one '- ' line for each.",
    "keys with values": "Write key: value lines below it.",
}
_BOUNDS = {
    "greater_than": ("more than {gt}", "gt"),
    "greater_than_equal": ("at least {ge}", "ge"),
    "less_than": ("less than {lt}", "lt"),
    "less_than_equal": ("at most {le}", "le"),
}


def explain(document: Document, model: type[BaseModel], error: ValidationError, *, below: Loc = ()) -> list[Problem]:
    """Every mistake that ``error`` holds, sorted by place. ``below`` is where the model's value stands."""
    details = [_Detail(document, model, below, entry) for entry in error.errors(include_url=False)]
    wanted = _without_echoes(_without_other_branches(details))
    problems = {detail.problem() for detail in wanted}
    return sorted(problems, key=lambda problem: (problem.line, problem.column, problem.what))


def closest(word: str, allowed: Iterable[str]) -> str | None:
    """``Did you mean …?`` for the allowed word that looks most like ``word``, if one does."""
    by_form = {_form(name): name for name in allowed}
    found = get_close_matches(_form(word), by_form, 1, 0.6)
    # Swapped letters in a short word are far apart by difflib's measure.
    found = found or [form for form in by_form if sorted(form) == sorted(_form(word))]
    return f"Did you mean {by_form[found[0]]}?" if found else None


def repeated_ids(document: Document, key: str) -> Iterator[Problem]:
    """Ids that stand a second time among the entries of the list ``key``."""
    first: dict[str, int] = {}
    for position, row in document.rows(key):
        entry = row.get("id")
        if not isinstance(entry, str):
            continue
        before = first.setdefault(entry, position)
        if before != position:
            line = document.place((key, before, "id")).line
            what = f"the id {entry!r} stands here a second time (first in line {line})"
            yield document.problem((key, position, "id"), what, "Give each entry an id of its own.")


def split_message(message: str) -> tuple[str, str]:
    """A validator's one-line message as what is wrong and what to do, parted at its semicolon or last colon."""
    for mark in ("; ", ": "):
        what, found, cure = message.rpartition(mark) if mark == ": " else message.partition(mark)
        if found and what and cure:
            return what, cure[0].upper() + cure[1:].rstrip(".") + "."
    return message.rstrip("."), "Correct it."


def _form(word: str) -> str:
    return word.lower().replace("_", "-")


class _Detail:
    """One of pydantic's errors with what is needed to explain it."""

    def __init__(self, document: Document, model: type[BaseModel], below: Loc, entry: ErrorDetails) -> None:
        self._document = document
        self.entry = entry
        self.type = entry["type"]
        self.context: Mapping[str, Any] = entry.get("ctx", {})
        self.loc, self.target, self.branches = _follow(document, model, below, entry)

    @property
    def fit(self) -> tuple[int, bool]:
        """How well the value fits the union's branch that this error comes from."""
        guess = self.type == "literal_error" and closest(str(self.entry["input"]), self._expected())
        return len(self.loc), self.type == "wrong" or bool(guess)

    def problem(self) -> Problem:
        what, cure = self._words()
        at = self.context.get("at") if self.type == "wrong" else None
        loc = self.loc
        if at:
            loc += tuple(int(part) if part.isdecimal() else part for part in str(at).split("."))
        return self._document.problem(loc, what, cure, key=self.type == "extra_forbidden")

    def _words(self) -> tuple[str, str]:
        key = str(self.loc[-1]) if self.loc else ""
        kind, context = self.type, self.context
        if kind == "wrong":
            return str(context["what"]), str(context["cure"])
        if kind == "missing":
            return _missing(str(self.entry["loc"][-1]), self._example(str(self.entry["loc"][-1])))
        if kind == "extra_forbidden":
            return self._unknown(key)
        if self.entry["input"] is None:
            return f"{_subject(key)} has no value", "Give it one, or remove the key."
        if kind in ("enum", "literal_error"):
            return self._no_choice(key)
        if kind in _KINDS:
            return self._wrong_kind(key, _KINDS[kind])
        if kind in _BOUNDS:
            wanted = _BOUNDS[kind][0].format(**context)
            return f"{key} is {self.entry['input']}", f"Write {wanted}."
        if kind == "value_error":
            return split_message(str(context["error"]))
        if kind in ("too_short", "string_too_short"):
            return f"{_subject(key)} is empty", "Write at least one entry."
        if kind == "string_pattern_mismatch":
            return f"{self._shown()} does not have the right form", f"It must fit {context['pattern']}."
        return self.entry["msg"][:1].lower() + self.entry["msg"][
            1:
        ], "Correct it; the file's schema tells what is allowed."

    def _example(self, key: str) -> str:
        info = next((info for name, info in _fields(self.target).items() if name == key), None)
        values = _choices(info.annotation) if info else []
        return f"{key}: … (one of {', '.join(values)})." if 0 < len(values) <= _MOST_NAMED else f"{key}: …"

    def _unknown(self, key: str) -> tuple[str, str]:
        allowed = list(_fields(self.target))
        guess = closest(key, allowed)
        return f"the key {key!r} is not known here", guess or f"Allowed are: {', '.join(allowed)}."

    def _no_choice(self, key: str) -> tuple[str, str]:
        allowed = self._expected()
        guess = closest(str(self.entry["input"]), allowed)
        more = f" Allowed are: {', '.join(allowed)}." if len(allowed) <= _MOST_NAMED else ""
        return f"{self._shown()} is not allowed for {_subject(key)}", f"{guess or ''}{more}".strip()

    def _expected(self) -> list[str]:
        return re.findall(r"'([^']*)'", str(self.context.get("expected", "")))

    def _wrong_kind(self, key: str, wanted: str) -> tuple[str, str]:
        return f"{_subject(key)} must be {wanted}, not {_kind_of(self.entry['input'])}", _FORMS[wanted]

    def _shown(self) -> str:
        text = str(self.entry["input"])
        return repr(text if len(text) <= 40 else text[:37] + "…")


def _missing(key: str, example: str) -> tuple[str, str]:
    return f"the key {key!r} is missing", f"Add {example}"


def _subject(key: str) -> str:
    return "this entry" if not key or key.isdecimal() else key


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list | tuple) else "keys with values"


# --- following a location ----------------------------------------------------------------------------------


def _follow(
    document: Document, model: type[BaseModel], below: Loc, entry: ErrorDetails
) -> tuple[Loc, Any, frozenset[int]]:
    """The error's path in the document, the type of what holds the last step, and which steps are union branches.

    Pydantic's locations hold the names of union branches between keys; the document has no such step.
    """
    path, here, holder = below, _plain(model), _plain(model)
    branches = set()
    for position, step in enumerate(entry["loc"]):
        if document.has((*path, step)):
            path, holder, here = (*path, step), here, _plain(_inside(here, step))
        elif entry["type"] == "missing" and position == len(entry["loc"]) - 1:
            holder = here
        elif step != "[key]":
            branches.add(position)
            here = _branch(here, str(step))
    return path, holder, frozenset(branches)


def _plain(annotation: Any) -> Any:
    """The type without Annotated and without "or nothing"."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return _plain(parts[0]) if len(parts) == 1 else annotation
    return annotation


def _inside(annotation: Any, step: str | int) -> Any:
    """The type of the value one step inside."""
    if is_model(annotation):
        info = _fields(annotation).get(str(step))
        return info.annotation if info else None
    arguments = get_args(annotation)
    if not arguments:
        return None
    return arguments[0] if isinstance(step, int) else arguments[-1]


def _branch(annotation: Any, name: str) -> Any:
    """The union's branch that pydantic calls ``name``."""
    for part in map(_plain, get_args(annotation)):
        origin = get_origin(part)
        if name.startswith(getattr(origin or part, "__name__", "?")):
            return part
    return annotation


def _fields(model: Any) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in model.model_fields.items()} if is_model(model) else {}


def is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _choices(annotation: Any) -> list[str]:
    """The values that an enumeration or literal type allows."""
    plain = _plain(annotation)
    if isinstance(plain, type) and issubclass(plain, Enum):
        return [str(member.value) for member in plain]
    return [str(value) for value in get_args(plain)] if get_origin(plain) is Literal else []


# --- filtering ---------------------------------------------------------------------------------------------


def _without_echoes(details: Sequence[_Detail]) -> list[_Detail]:
    """Drop "is empty" of a list whose entries have mistakes of their own: pydantic counts only good entries."""
    return [
        detail
        for detail in details
        if detail.type != "too_short"
        or not any(len(d.loc) > len(detail.loc) and d.loc[: len(detail.loc)] == detail.loc for d in details)
    ]


def _without_other_branches(details: Sequence[_Detail]) -> list[_Detail]:
    """Of a union's branches keep the one that fits best: the one whose errors lie deepest in the value."""
    branched: dict[Loc, dict[str | int, list[_Detail]]] = {}
    for detail in details:
        for position, step in enumerate(detail.entry["loc"]):
            if position in detail.branches:
                branched.setdefault(detail.entry["loc"][:position], {}).setdefault(step, []).append(detail)
                break
    dropped: set[int] = set()
    for branches in branched.values():
        best = max(branches.values(), key=lambda found: max(detail.fit for detail in found))
        dropped |= {id(detail) for found in branches.values() if found is not best for detail in found}
    return [detail for detail in details if id(detail) not in dropped]
