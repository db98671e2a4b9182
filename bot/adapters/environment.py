"""Secrets that options take from the environment when bot.yaml does not name them."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr


def secret(name: str) -> SecretStr | None:
    """The variable ``name``, else the file that ``name_FILE`` points at (as container platforms offer secrets)."""
    value = os.environ.get(name)
    if path := os.environ.get(f"{name}_FILE"):
        value = Path(path).read_text(encoding="utf-8").strip()
    return SecretStr(value) if value else None
