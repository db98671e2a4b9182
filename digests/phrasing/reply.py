"""What a model wrote, read: sentences with the numbers of the passages that they rest on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MOST = 12
"""Sentences that are looked at."""
_LONGEST = 2_000
_FENCE = re.compile(r"```(?:json)?\s*\n?(.*?)```", re.DOTALL | re.IGNORECASE)
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL | re.IGNORECASE)


class UnreadableReplyError(ValueError):
    """There is no JSON object with sentences in what the model wrote."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A sentence of a model, not yet checked. ``passages`` are numbers as it gave them: they may not exist."""

    text: str
    passages: tuple[int, ...]


def parse(reply: str) -> tuple[Draft, ...]:
    """The sentences of a reply. Raises :class:`UnreadableReplyError`.

    Models wrap JSON in a code fence, think aloud before it, or put words around it: the first object with
    ``sentences`` counts.
    """
    for candidate in _candidates(_THOUGHT.sub("", reply)):
        try:
            value: Any = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, Mapping) and isinstance(value.get("sentences"), list):
            return tuple(draft for entry in value["sentences"][:_MOST] if (draft := _draft(entry)))
    raise UnreadableReplyError("the model wrote no JSON object with sentences")


def _candidates(reply: str) -> Iterator[str]:
    yield reply.strip()
    for match in _FENCE.finditer(reply):
        yield match[1].strip()
    start, end = reply.find("{"), reply.rfind("}")
    if 0 <= start < end:
        yield reply[start : end + 1]


def _draft(entry: object) -> Draft | None:
    if not isinstance(entry, Mapping):
        return None
    text, numbers = entry.get("text"), entry.get("passages", entry.get("passage"))
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    listed = numbers if isinstance(numbers, list) else [numbers]
    return Draft(
        " ".join(text.split()),
        tuple(dict.fromkeys(number for each in listed if (number := _number(each)) is not None)),
    )


def _number(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"\[?\d{1,3}\]?", value.strip()):
        return int(value.strip(" []"))
    return None
