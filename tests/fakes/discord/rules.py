"""Discord's documented limits that its OpenAPI document does not tell. Each rule yields what is wrong, in words.

Characters are counted in UTF-16 units: never less than what Discord counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import regex

Json = Mapping[str, Any]

CONTENT = 2_000
EMBEDS_TEXT = 6_000
TEXT_DISPLAYS = 4_000
COMPONENTS = 40
ROWS = 5
BUTTONS = 5
"""resources/message (create message, embed limits); components/reference."""
CHOICES = 25
COMMAND_TEXT = 8_000
COMMANDS = {1: 100, 2: 15, 3: 15}
"""By type: chat input, user, message (interactions/application-commands)."""
SUPPRESS_EMBEDS, EPHEMERAL, SUPPRESS_NOTIFICATIONS, VOICE, V2 = 1 << 2, 1 << 6, 1 << 12, 1 << 13, 1 << 15
IN_CHANNELS = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | VOICE | V2
IN_ANSWERS = IN_CHANNELS | EPHEMERAL
IN_EDITS = SUPPRESS_EMBEDS | V2
_ROW, _BUTTON, _TEXT, _THUMBNAIL, _GALLERY, _FILE = 1, 2, 10, 11, 12, 13
_LINK, _PREMIUM = 5, 6
_NAME = regex.compile(r"[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}")
_SUBCOMMANDS = (1, 2)


def units(words: object) -> int:
    """Length in UTF-16 units; of what is no string 0."""
    return len(words.encode("utf-16-le", "surrogatepass")) // 2 if isinstance(words, str) else 0


# --- messages ----------------------------------------------------------------------------------------------


def message(payload: Json, flags: int, *, edit: bool = False) -> Iterator[str]:
    """A message that is created, or with ``edit`` changed; ``flags`` are those that it may carry."""
    set_flags = int(payload.get("flags") or 0)
    if set_flags & ~flags:
        yield f"flags {set_flags & ~flags:#x} cannot be set here"
    yield from _mentions(payload, needed=not edit or any(key in payload for key in ("content", "embeds", "components")))
    yield from _nonce(payload)
    if units(payload.get("content")) > CONTENT:
        yield f"content has {units(payload['content'])} characters of at most {CONTENT}"
    yield from _embeds(payload.get("embeds") or ())
    components = [one for one in payload.get("components") or () if isinstance(one, Mapping)]
    if set_flags & V2:
        yield from _layout(payload, components, edit=edit)
    else:
        yield from _classic(payload, components, edit=edit)
    yield from _components(list(_walk(components)))
    if not edit or "attachments" in payload:
        yield from _attachments(payload, components)


def _mentions(payload: Json, *, needed: bool) -> Iterator[str]:
    mentions = payload.get("allowed_mentions")
    if mentions is None:
        if needed:
            yield "allowed_mentions is missing"
    elif mentions.get("parse") != [] or any(mentions.get(key) for key in ("users", "roles", "replied_user")):
        yield f"allowed_mentions lets something ping: {mentions!r}"


def _nonce(payload: Json) -> Iterator[str]:
    nonce = payload.get("nonce")
    if nonce is not None and not 1 <= len(str(nonce)) <= 25:
        yield f"nonce {nonce!r} has {len(str(nonce))} characters of at most 25"
    if payload.get("enforce_nonce") and nonce is None:
        yield "enforce_nonce without a nonce"


def _embeds(embeds: Iterable[Json]) -> Iterator[str]:
    total = 0
    for number, embed in enumerate(embeds):
        fields = embed.get("fields") or ()
        footer, author = embed.get("footer") or {}, embed.get("author") or {}
        texts = [embed.get("title"), embed.get("description"), footer.get("text"), author.get("name")]
        texts += [field.get(key) for field in fields for key in ("name", "value")]
        if not any(texts) and not embed.get("image") and not embed.get("thumbnail"):
            yield f"embeds[{number}] is empty"
        total += sum(units(text) for text in texts)
    if total > EMBEDS_TEXT:
        yield f"embeds have {total} characters of at most {EMBEDS_TEXT}"


def _layout(payload: Json, components: list[Json], *, edit: bool) -> Iterator[str]:
    for key in ("content", "embeds", "poll", "sticker_ids"):
        if payload.get(key):
            yield f"{key} beside Components V2"
    if not components and not edit:
        yield "Components V2 without a component"
    every = list(_walk(components))
    if len(every) > COMPONENTS:
        yield f"{len(every)} components of at most {COMPONENTS}"
    total = sum(units(one.get("content")) for one in every if one.get("type") == _TEXT)
    if total > TEXT_DISPLAYS:
        yield f"text displays have {total} characters of at most {TEXT_DISPLAYS}"
    for one in every:
        if one.get("type") == _TEXT and not str(one.get("content", "")).strip():
            yield "an empty text display"


def _classic(payload: Json, components: list[Json], *, edit: bool) -> Iterator[str]:
    if len(components) > ROWS:
        yield f"{len(components)} action rows of at most {ROWS}"
    for one in components:
        if one.get("type") != _ROW:
            yield f"a component of type {one.get('type')} without the flag of Components V2"
    carried = ("content", "embeds", "components", "poll", "sticker_ids", "attachments", "shared_client_theme")
    if not edit and not any(payload.get(key) for key in (*carried, "message_reference")):
        yield "the message is empty"


def _walk(components: Iterable[Json]) -> Iterator[Json]:
    """Every component, nested ones and accessories too."""
    for one in components:
        yield one
        yield from _walk(child for child in one.get("components") or () if isinstance(child, Mapping))
        if isinstance(one.get("accessory"), Mapping):
            yield from _walk((one["accessory"],))


def _components(every: list[Json]) -> Iterator[str]:
    for key in ("custom_id", "id"):
        counted = Counter(one[key] for one in every if one.get(key))
        yield from (f"{key} {value!r} stands {times} times" for value, times in counted.items() if times > 1)
    for one in every:
        if one.get("type") == _BUTTON:
            yield from _button(one)
        if one.get("type") == _ROW:
            children = one.get("components") or ()
            if not children or len(children) > BUTTONS:
                yield f"an action row of {len(children)} (1 to {BUTTONS})"
            elif len(children) > 1 and any(child.get("type") != _BUTTON for child in children):
                yield "an action row with a select and something else"


def _button(button: Json) -> Iterator[str]:
    name = f"button {button.get('label')!r}"
    style, url, custom_id = button.get("style"), button.get("url"), button.get("custom_id")
    if style == _LINK:
        if custom_id is not None or not url:
            yield f"{name}: a link has a url and no custom_id"
        elif not str(url).startswith(("https://", "http://", "discord://")):
            yield f"{name}: a link leads to the web, not to {url!r}"
    elif style != _PREMIUM and (url is not None or not custom_id):
        yield f"{name}: a button that is no link has a custom_id and no url"
    if style != _PREMIUM and not str(button.get("label") or "").strip() and not button.get("emoji"):
        yield f"{name}: neither label nor emoji"


def _attachments(payload: Json, components: list[Json]) -> Iterator[str]:
    names = {one.get("filename") for one in payload.get("attachments") or ()}
    for one in _walk(components):
        items = one.get("items") or () if one.get("type") == _GALLERY else ()
        media = [item.get("media") or {} for item in items]
        media += [one.get(key) or {} for key in ("file", "media") if one.get("type") in (_FILE, _THUMBNAIL)]
        for item in media:
            url = str(item.get("url"))
            if url.startswith("attachment://") and url.removeprefix("attachment://") not in names:
                yield f"{url} is not attached"


# --- threads and interactions --------------------------------------------------------------------------------


def thread(payload: Json) -> Iterator[str]:
    """A thread or forum post: its name (resources/channel)."""
    if not 1 <= units(payload.get("name")) <= 100 or not str(payload.get("name")).strip():
        yield f"a thread's name has {units(payload.get('name'))} characters (1 to 100)"


def deferral(data: Json) -> Iterator[str]:
    """The data of a deferred answer (interactions/receiving-and-responding)."""
    if set(data) - {"flags"} or int(data.get("flags") or 0) & ~EPHEMERAL:
        yield f"a deferral takes nothing but the ephemeral flag: {dict(data)!r}"


def suggestions(data: Json) -> Iterator[str]:
    """The data of an answer to autocompletion."""
    yield from _choices(data.get("choices") or (), "autocomplete")


def _choices(choices: Iterable[Json], where: str) -> Iterator[str]:
    listed = list(choices)
    if len(listed) > CHOICES:
        yield f"{where}: {len(listed)} choices of at most {CHOICES}"
    for choice in listed:
        if not 1 <= units(choice.get("name")) <= 100:
            yield f"{where}: a choice's name has {units(choice.get('name'))} characters (1 to 100)"
        if isinstance(choice.get("value"), str) and units(choice["value"]) > 100:
            yield f"{where}: a choice's value has {units(choice['value'])} characters of at most 100"
    repeated = [name for name, times in Counter(choice.get("name") for choice in listed).items() if times > 1]
    yield from (f"{where}: choice {name!r} stands more than once" for name in repeated)


# --- commands ----------------------------------------------------------------------------------------------


def commands(payload: Iterable[Json]) -> Iterator[str]:
    """All commands of one scope, as they are registered in bulk."""
    listed = list(payload)
    kinds = Counter(int(one.get("type") or 1) for one in listed)
    for kind, count in kinds.items():
        if count > COMMANDS.get(kind, count):
            yield f"{count} commands of type {kind}, at most {COMMANDS[kind]}"
    names = Counter((int(one.get("type") or 1), one.get("name")) for one in listed)
    yield from (f"command {name!r} stands more than once" for (_, name), times in names.items() if times > 1)
    for one in listed:
        yield from command(one)


def command(payload: Json) -> Iterator[str]:
    """One command."""
    where = f"/{payload.get('name')}"
    if int(payload.get("type") or 1) == 1:
        yield from _named(payload, where)
        yield from _options(payload.get("options") or (), where)
    if (total := _weight(payload)) > COMMAND_TEXT:
        yield f"{where}: {total} characters combined of at most {COMMAND_TEXT}"


def _named(thing: Json, where: str) -> Iterator[str]:
    """Name and description of a command or option, in every language."""
    for name in (thing.get("name"), *(thing.get("name_localizations") or {}).values()):
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name != name.lower():
            yield f"{where}: {name!r} is no name (1 to 32 lower-case letters, digits, - and _)"
    for words in (thing.get("description"), *(thing.get("description_localizations") or {}).values()):
        if not 1 <= units(words) <= 100:
            yield f"{where}: a description of {units(words)} characters (1 to 100)"


def _options(options: Iterable[Json], where: str, depth: int = 0) -> Iterator[str]:
    listed = list(options)
    if len(listed) > CHOICES:
        yield f"{where}: {len(listed)} options of at most {CHOICES}"
    names = Counter(option.get("name") for option in listed)
    yield from (f"{where}: option {name!r} stands more than once" for name, times in names.items() if times > 1)
    nested = [option.get("type") in _SUBCOMMANDS for option in listed]
    if any(nested) and not all(nested):
        yield f"{where}: subcommands beside options"
    needed = [bool(option.get("required")) for option in listed]
    if needed != sorted(needed, reverse=True):
        yield f"{where}: required options come first"
    for option in listed:
        here = f"{where} {option.get('name')}"
        yield from _named(option, here)
        yield from _choices(option.get("choices") or (), here)
        if option.get("choices") and option.get("autocomplete"):
            yield f"{here}: choices beside autocompletion"
        if option.get("type") in _SUBCOMMANDS:
            if depth > (0 if option.get("type") == 2 else 1):
                yield f"{here}: nested too deeply"
            yield from _options(option.get("options") or (), here, depth + 1)


def _weight(thing: Json) -> int:
    """Characters of names, descriptions and values, below as well; of each the longest language counts."""
    own = sum(
        max(units(words) for words in (thing.get(key), *(thing.get(f"{key}_localizations") or {}).values()))
        for key in ("name", "description")
    )
    below = (*(thing.get("options") or ()), *(thing.get("choices") or ()))
    return own + units(thing.get("value")) + sum(_weight(one) for one in below)
