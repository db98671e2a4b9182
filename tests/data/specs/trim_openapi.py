"""Cut Discord's OpenAPI document down to the request bodies that a bot of ours sends, with every schema they reach.

The whole document is ``specs/openapi.json`` of Discord's repository discord-api-spec (MIT licence, kept beside the
result). To take a newer one::

    python tests/data/specs/trim_openapi.py path/to/openapi.json

writes ``tests/data/specs/discord/openapi-subset.json``: still an OpenAPI document, with the schemas as they were but
for what only describes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]
RESULT = Path(__file__).parent / "discord" / "openapi-subset.json"
JSON_BODY = "application/json"
REQUESTS = (
    ("post", "/channels/{channel_id}/messages"),
    ("patch", "/channels/{channel_id}/messages/{message_id}"),
    ("post", "/channels/{channel_id}/messages/{message_id}/threads"),
    ("post", "/channels/{channel_id}/threads"),
    ("post", "/interactions/{interaction_id}/{interaction_token}/callback"),
    ("post", "/webhooks/{webhook_id}/{webhook_token}"),
    ("patch", "/webhooks/{webhook_id}/{webhook_token}/messages/@original"),
    ("patch", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"),
    ("put", "/applications/{application_id}/commands"),
    ("put", "/applications/{application_id}/guilds/{guild_id}/commands"),
)
_PREFIX = "#/components/schemas/"
_TALK = frozenset({"description", "title", "example", "examples"})


def trimmed(document: Json) -> Json:
    """``document`` with nothing but the bodies of :data:`REQUESTS` and the schemas that they need."""
    paths: Json = {}
    for method, path in REQUESTS:
        body = document["paths"][path][method]["requestBody"]["content"][JSON_BODY]["schema"]
        paths.setdefault(path, {})[method] = {"requestBody": {"content": {JSON_BODY: {"schema": _quiet(body)}}}}
    schemas = document["components"]["schemas"]
    reached: Json = {}
    waiting = _references(paths)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = _quiet(schemas[name])
            waiting |= _references(reached[name])
    return {
        "openapi": document["openapi"],
        "info": document["info"],
        "paths": paths,
        "components": {"schemas": dict(sorted(reached.items()))},
    }


def _references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {name for part in value for name in _references(part)}
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"].removeprefix(_PREFIX)} if isinstance(value.get("$ref"), str) else set()
    return own | {name for part in value.values() for name in _references(part)}


def _quiet(schema: Any) -> Any:
    """A schema without the words about it; properties that are called ``title`` and the like stay."""
    if isinstance(schema, list):
        return [_quiet(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept: Json = {}
    for name, part in schema.items():
        if name == "properties":
            kept[name] = {key: _quiet(value) for key, value in part.items()}
        elif not name.startswith("x-") and not (name in _TALK and not isinstance(part, dict)):
            kept[name] = _quiet(part)
    return kept


def main() -> None:
    """Read the document that is named on the command line and write the subset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("document", type=Path, help="the whole openapi.json")
    document = json.loads(parser.parse_args().document.read_text(encoding="utf-8"))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(trimmed(document), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
