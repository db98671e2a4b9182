"""What a case of the corpus is, and the whole of it.

Each module ``test_*.py`` in this folder is one door through which hostile input comes, with a table of cases: what is
sent, and what is expected, in words and in checks. Bounds of time and memory are the configured limits; no test looks
at a clock. ``python -m tests.attacks.corpus --write`` writes the list in README.md, which a test keeps.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

HERE = Path(__file__).parent
DOORS = {
    "test_feeds": "Feeds over HTTP",
    "test_network": "Addresses and redirects",
    "test_markup": "Words that want to be markup, on three platforms",
    "test_config": "Configuration and story files",
    "test_documents": "Documents in a folder",
    "test_platforms": "Forged and foreign requests of Slack and Discord",
    "test_members": "Members who want too much",
    "test_localchat": "The local chat's web interface",
    "test_operations": "Health and figures",
    "test_secrets": "Secrets",
    "test_charts": "Names in charts",
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """``name`` says what is sent, ``expected`` what the bot does with it."""

    name: str
    expected: str


def each(cases: Sequence[Case]) -> list[ParameterSet]:
    """The cases as parameters of a test, by name."""
    return [pytest.param(case, id=case.name) for case in cases]


def doors() -> dict[str, Sequence[Case]]:
    """All cases by the module that holds them."""
    return {name: importlib.import_module(f"tests.attacks.{name}").CASES for name in DOORS}


def listing() -> str:
    """The corpus as Markdown."""
    lines = [
        "# Hostile input, and what the bot does with it",
        "",
        "Every line is a test. Written by `python -m tests.attacks.corpus --write`; do not edit.",
    ]
    for module, cases in doors().items():
        lines += ["", f"## {DOORS[module]} ({len(cases)})", "", "| what is sent | what happens |", "|---|---|"]
        lines += [f"| {_cell(case.name)} | {_cell(case.expected)} |" for case in cases]
    return "\n".join(lines) + "\n"


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    (HERE / "README.md").write_text(listing(), encoding="utf-8")
