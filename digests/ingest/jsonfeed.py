"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from digests.errors import ParseError
from digests.ingest.entries import FeedData, Found, settled


def read_json_feed(text: str, url: str | None, problems: tuple[str, ...] = ()) -> FeedData:
    """The feed in ``text``; raises :class:`ParseError` when it is no JSON Feed."""
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise ParseError("the JSON is nested too deeply to be read") from error
    except ValueError as error:
        raise ParseError(f"the JSON cannot be read: {str(error)[:200]}") from error
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise ParseError("it is JSON but not a JSON Feed: it has no list named items")
    return settled(
        (_found(item) for item in items if isinstance(item, dict)),
        title=_string(document, "title"),
        language=_string(document, "language"),
        url=url,
        problems=problems,
    )


def _found(item: Mapping[str, Any]) -> Found:
    plain = (_string(item, name) for name in ("content_text", "summary"))
    return Found(
        id=_string(item, "id"),
        link=_string(item, "url") or _string(item, "external_url"),
        title=html.escape(_string(item, "title") or "", quote=False),
        bodies=[_string(item, "content_html") or "", *(html.escape(text, quote=False) for text in plain if text)],
        published=_strings(item, "date_published"),
        updated=_strings(item, "date_modified"),
        language=_string(item, "language"),
    )


def _string(item: Mapping[str, Any], name: str) -> str | None:
    """The text of a member; numbers are taken as they stand (ids are often numbers), anything else is left out."""
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).encode("utf-8", "ignore").decode("utf-8")


def _strings(item: Mapping[str, Any], name: str) -> list[str]:
    value = _string(item, name)
    return [value] if value else []
