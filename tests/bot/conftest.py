"""The configuration that ships with Kakehashi, in a folder of a test's own."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from bot.app import App

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def shipped_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped configuration, and an archive that holds its dossier already. The thousands of readers' questions
    are left out: they take seconds to read, and what tests with this configuration look at does not rest on them."""
    folder = tmp_path_factory.mktemp("shipped")
    shutil.copytree(ROOT / "config", folder / "config")
    (folder / "config" / "stories" / "japan-ukraine" / "questions.yaml").write_text("questions: []\n")

    async def make() -> None:
        archive = f"sqlite:///{folder / 'var' / 'kakehashi.sqlite3'}"
        await (await App.create(folder / "config", archive=archive, connect=False)).close()

    asyncio.run(make())
    return folder


@pytest.fixture
def shipped_config(shipped_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that, which is the working directory, too; the configuration's folder."""
    shutil.copytree(shipped_folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config"
