"""``kakehashi ask --json``, ``export`` and ``reindex``, on an archive of their own."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.tools.ask import ask_once
from bot.tools.export import Wanted, export_once
from bot.tools.reindex import reindex_once
from digests.model import Status
from tests.shipped import shipped_story

ROOT = Path(__file__).parents[2]
QUESTION = "How much has Japan paid into NATO's trust fund for Ukraine?"


@pytest.fixture
def config(shipped_config: Path) -> Path:
    return shipped_config


async def asked(config: Path, capsys: pytest.CaptureFixture[str], question: str) -> dict[str, object]:
    capsys.readouterr()
    await ask_once(config, question, as_json=True, language=None)
    found: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


async def test_a_citation_names_its_place_in_the_passage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the configuration as it ships, questions and all, and an archive that is not there yet."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    found = await asked(tmp_path / "config", capsys, QUESTION)
    claims = {fact.id: fact.claim for fact in shipped_story().facts}
    assert found["refused"] is False
    assert isinstance(found["citations"], list)
    first = found["citations"][0]
    assert first["id"] == "as-083"
    span = first["span"]
    assert claims["as-083"].get("en")[span["start"] : span["end"]] == span["text"]
    assert isinstance(found["answer"], list)
    assert found["answer"][0]["text"] == span["text"]


async def test_a_refusal_cites_nothing_and_names_what_is_near(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = await asked(config, capsys, "How much did Japan pay into PURL?")
    assert found["refused"] is True
    assert found["citations"] == found["answer"] == []
    assert found["nearest"]


async def test_the_timeline_is_exported_as_it_was_narrowed(config: Path, tmp_path: Path) -> None:
    wanted = Wanted(section="assistance", start="2026-02", end="2026-02-28", actor="PURL", status=Status.DENIED)
    for narrowed, ids in ((wanted, ["as-008"]), (replace(wanted, end="2026-02-09"), [])):
        await export_once(config, "timeline", "json", narrowed, language="en", out=tmp_path / "out.json")
        assert [row["id"] for row in json.loads((tmp_path / "out.json").read_text("utf-8"))] == ids


def test_a_date_that_is_none_is_refused_with_the_cure(config: Path) -> None:
    result = CliRunner().invoke(cli, ["--config", str(config), "export", "timeline", "--from", "last week"])
    assert result.exit_code == 2
    assert "write 2025, 2025-04 or 2025-04-08" in result.output


def _indexed(path: Path) -> int:
    """Passages that the index holds, over all its shelves."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%USING fts5(%'")]
        shelves = [name for name in names if not name.endswith("_terms")]
        return sum(int(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in shelves)


async def test_a_damaged_index_is_made_anew(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = next((config.parent / "var").glob("*.sqlite3"))
    assert _indexed(path) > 0
    with sqlite3.connect(path) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%USING fts5(%'")]
        for name in names:
            if not name.endswith("_terms"):
                connection.execute(f"DELETE FROM {name}")
    connection.close()
    assert _indexed(path) == 0
    await reindex_once(config)
    assert "passages indexed in" in capsys.readouterr().out.splitlines()[-1]
    assert _indexed(path) > 0
    assert (await asked(config, capsys, QUESTION))["refused"] is False
