"""The JSON Schemas are those of the models, and the shipped files fit them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot import schemas
from digests.yamlfile import load_yaml

CONFIG = Path(__file__).parents[2] / "config"
SHIPPED = sorted([CONFIG / "bot.yaml", *(CONFIG / "stories").glob("*/*.yaml")])


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CONFIG / "schema" / name).read_text(encoding="utf-8"))
    return found


def test_the_schemas_are_up_to_date() -> None:
    assert schemas.outdated() == [], "run: python -m bot.schemas --write"


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_shipped_file_names_its_schema_in_its_first_line_and_fits_it(file: Path) -> None:
    first = file.read_text(encoding="utf-8").splitlines()[0]
    named = (file.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve()
    assert named == (CONFIG / "schema" / f"{file.stem}.schema.json").resolve()
    errors = list(Draft202012Validator(schema(named.name)).iter_errors(load_yaml(file).value))
    assert errors == []


@pytest.mark.parametrize("name", sorted(schemas.schemas()))
def test_a_schema_is_valid_and_describes_every_key(name: str) -> None:
    found = schema(name)
    Draft202012Validator.check_schema(found)
    # What adapters say of their options is theirs.
    own = {key: table for key, table in found.get("$defs", {}).items() if not key.endswith("Options")}
    tables = [found, *own.values()]
    assert all(table.get("description") for table in tables)
    bare = [
        f"{table['title']}.{key}"
        for table in tables
        for key, entry in table.get("properties", {}).items()
        if "description" not in entry and "$ref" not in entry
    ]
    assert bare == []


def test_editors_are_not_offered_literal_secrets() -> None:
    password = schema("bot.schema.json")["$defs"]["WebOptions"]["properties"]["password"]
    assert password["type"] == "object"
    assert set(password["properties"]) == {"env", "env_file"}


def test_writing_brings_a_folder_up_to_date_and_checking_tells_when_that_is_due(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert schemas.main(["--check", "--folder", str(tmp_path)]) == 1
    assert schemas.main(["--write", "--folder", str(tmp_path)]) == 0
    assert schemas.main(["--check", "--folder", str(tmp_path)]) == 0
    (tmp_path / "facts.schema.json").write_text("{}")
    (tmp_path / "old.schema.json").write_text("{}")
    capsys.readouterr()
    assert schemas.main(["--check", "--folder", str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == ["out of date: facts.schema.json", "out of date: old.schema.json"]
    schemas.main(["--write", "--folder", str(tmp_path)])
    assert not (tmp_path / "old.schema.json").exists()
