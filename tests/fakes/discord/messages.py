"""What a message may be made of: from a request's body to the parts of a message (resources/message).

Only the rules without which the fake would store nonsense are here; the limits of every field are the schema's part.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from typing import Any

from tests.fakes.discord.errors import ApiError, invalid
from tests.fakes.discord.model import COMPONENTS_V2, Json, Message

CONTENT = 2_000
"""Characters (create message, content)."""
NONCE = 25
"""Characters (create message, nonce)."""
EMBEDS = 10
TEXT_OF_COMPONENTS = 4_000
COMPONENTS = 40
"""Nested ones included (components/reference)."""


_MENTION = re.compile(r"@everyone|@here|<@!?(?P<users>\d+)>|<@&(?P<roles>\d+)>")


def pings(message: Message) -> list[str]:
    """The mentions in a message that would notify somebody (resources/message, allowed mentions object).

    Without ``allowed_mentions`` all do; in answers to interactions users only.
    """
    allowed = message.allowed_mentions
    if allowed is None:
        allowed = {"parse": ["users"] if message.interaction else ["users", "roles", "everyone"]}
    found = []
    for mention in _MENTION.finditer(message.text):
        kind = mention.lastgroup or "everyone"
        if kind in allowed.get("parse", ()) or mention[mention.lastgroup or 0] in map(str, allowed.get(kind, ()) or ()):
            found.append(mention[0])
    return found


def created(payload: Json) -> dict[str, Any]:
    """The parts of a new message. Raises 50006 for one without content and 50035 for one that is too big."""
    parts = _parts(payload) | {"nonce": _nonce(payload), "reference": payload.get("message_reference")}
    if not any(parts[name] for name in ("content", "embeds", "components", "attachments")):
        raise ApiError(50006)
    return parts


def apply(message: Message, payload: Json) -> None:
    """Edit a message: only what the body names changes. The flag of Components V2 cannot be taken away."""
    merged: Json = {
        "content": message.content,
        "embeds": message.embeds,
        "components": message.components,
        "attachments": message.attachments,
        "flags": message.flags,
    }
    kept = message.flags & COMPONENTS_V2
    merged |= {name: payload[name] for name in merged if name in payload}
    stored = {attachment["id"]: attachment for attachment in message.attachments}
    merged["attachments"] = [stored.get(str(one["id"]), one) for one in merged["attachments"] or ()]
    merged["flags"] = int(merged["flags"] or 0) | kept
    parts = _parts(merged)
    if not any(parts[name] for name in ("content", "embeds", "components", "attachments")):
        raise ApiError(50006)
    for name, value in parts.items():
        if name != "allowed_mentions" or "allowed_mentions" in payload:
            setattr(message, name, value)
    message.edited = time.time()


def _parts(payload: Json) -> dict[str, Any]:
    content, embeds = payload.get("content") or "", payload.get("embeds") or []
    flags, components = int(payload.get("flags") or 0), payload.get("components") or []
    if len(content) > CONTENT:
        raise invalid("content", f"Must be {CONTENT} or fewer in length.")
    if len(embeds) > EMBEDS:
        raise invalid("embeds", f"Must be {EMBEDS} or fewer in length.")
    if flags & COMPONENTS_V2 and (content or embeds):
        raise invalid(
            "content", "The 'content' and 'embeds' fields cannot be used when using MessageFlags.IS_COMPONENTS_V2"
        )
    return {
        "content": content.strip(),
        "embeds": [{"type": "rich", **embed} for embed in embeds],
        "components": _numbered(components, v2=bool(flags & COMPONENTS_V2)),
        "attachments": payload.get("attachments") or [],
        "flags": flags,
        "allowed_mentions": payload.get("allowed_mentions"),
    }


def _nonce(payload: Json) -> str | None:
    nonce = payload.get("nonce")
    if nonce is None:
        return None
    if len(str(nonce)) > NONCE:
        raise invalid("nonce", f"Must be {NONCE} or fewer in length.")
    return str(nonce)


def _numbered(components: list[Json], *, v2: bool) -> list[Json]:
    """The components with the ids that Discord gives to those that come without one."""
    if not v2 and any(component.get("type") != 1 for component in components):
        raise invalid("components", "Only action rows may stand at the top without MessageFlags.IS_COMPONENTS_V2")
    numbers = itertools.count(1)
    numbered = [_with_id(component, numbers) for component in components]
    if next(numbers) - 1 > COMPONENTS:
        raise invalid("components", f"Must be {COMPONENTS} or fewer in total.")
    ids = [part["custom_id"] for part in _all(numbered) if "custom_id" in part]
    if len(set(ids)) < len(ids):
        raise invalid("components", "Component custom id cannot be duplicated")
    if sum(len(part.get("content", "")) for part in _all(numbered)) > TEXT_OF_COMPONENTS:
        raise invalid("components", f"The text of all components must be {TEXT_OF_COMPONENTS} or fewer in length.")
    return numbered


def _with_id(component: Json, numbers: Iterator[int]) -> Json:
    number = next(numbers)
    whole = {**component, "id": component.get("id") or number}
    if "components" in component:
        whole["components"] = [_with_id(child, numbers) for child in component["components"]]
    if isinstance(component.get("accessory"), dict):
        whole["accessory"] = _with_id(component["accessory"], numbers)
    return whole


def _all(components: list[Json]) -> Iterator[Json]:
    for component in components:
        yield component
        yield from _all(component.get("components", []))
        if "accessory" in component:
            yield from _all([component["accessory"]])
