"""JSON Schemas of the files that admins edit, made from the models that read them.

Editors that know the YAML language server complete keys and mark mistakes by them: each shipped file names its schema
in its first line. ``python -m bot.schemas --write`` renews config/schema/, ``--check`` fails when that is due.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from bot import platforms
from bot.references import REFERENCE_SCHEMA
from bot.settingsfile import BotFile
from digests.story.files import FactsFile, GlossaryFile, QuestionsFile, SeriesFile, SourcesFile, StoryFile

FOLDER = Path(__file__).resolve().parents[1] / "config" / "schema"
FILES: dict[str, type[BaseModel]] = {
    "bot": BotFile,
    "story": StoryFile,
    "sources": SourcesFile,
    "glossary": GlossaryFile,
    "facts": FactsFile,
    "questions": QuestionsFile,
    "series": SeriesFile,
}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    """Without the titles that only repeat the key."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schemas() -> dict[str, str]:
    """File names and contents of all schemas."""
    return {f"{name}.schema.json": _written(name, model) for name, model in FILES.items()}


def outdated(folder: Path = FOLDER) -> list[str]:
    """Names of schema files that are missing, differ from what the models say, or have no model any more."""
    wanted = schemas()
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def write(folder: Path = FOLDER) -> list[str]:
    """Bring the folder up to date; returns the names of the files that changed."""
    changed = outdated(folder)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = schemas()
    for name in changed:
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def _written(name: str, model: type[BaseModel]) -> str:
    schema = _schema_of(model)
    if name == "bot":
        _add_platforms(schema)
    schema = {"$schema": _DIALECT, **_tidy(schema), "title": f"{name}.yaml"}
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return dict(model.model_json_schema(schema_generator=_Generator, mode="validation"))


def _add_platforms(schema: dict[str, Any]) -> None:
    """The options of the adapters that came along; other adapters' options are left open."""
    known: dict[str, Any] = {}
    for name in sorted(platforms.platform_modules()):
        if platforms.is_own(name):
            options = _schema_of(platforms.options_model(name))
            schema["$defs"] |= options.pop("$defs", {})
            schema["$defs"][options["title"]] = options
            known[name] = {"anyOf": [{"$ref": f"#/$defs/{options['title']}"}, {"type": "null"}]}
    target = schema["properties"]["platforms"]
    target["properties"] = known


def _tidy(node: Any) -> Any:
    """Secrets become references, "or nothing" goes, markup and names of classes become plain words."""
    if isinstance(node, list):
        return [_tidy(part) for part in node]
    if not isinstance(node, dict):
        return node
    node = _without_null(node)
    if node.get("format") == "password":
        described = {"description": node["description"]} if "description" in node else {}
        return REFERENCE_SCHEMA | described
    tidied = {key: _tidy(value) for key, value in node.items()}
    if isinstance(tidied.get("description"), str):
        tidied["description"] = _plain(tidied["description"])
    if isinstance(tidied.get("title"), str):
        tidied["title"] = _title(tidied["title"])
    return tidied


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    """Leaving a key out is the way to give it no value, so editors need not offer null."""
    branches: list[dict[str, Any]] = [branch for branch in node.get("anyOf", ()) if branch != {"type": "null"}]
    rest = {key: value for key, value in node.items() if key != "anyOf" and (key, value) != ("default", None)}
    if len(branches) == 1:
        return branches[0] | rest
    return rest | ({"anyOf": branches} if branches else {})


def _plain(text: str) -> str:
    text = re.sub(r":\w+:`~?([^`]*)`", r"\1", text).replace("``", "")
    return " ".join(text.split())


def _title(name: str) -> str:
    words = re.sub(r"(Entry|File)$", "", name)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", words).capitalize()


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bot.schemas", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="renew the files")
    what.add_argument("--check", action="store_true", help="fail when a file is out of date")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    chosen = parser.parse_args(arguments)
    names = write(chosen.folder) if chosen.write else outdated(chosen.folder)
    for name in names:
        sys.stdout.write(f"{'written' if chosen.write else 'out of date'}: {name}\n")
    return 1 if names and chosen.check else 0


if __name__ == "__main__":
    sys.exit(main())
