"""Under which licences the packages stand that the bot installs, as a table for whoever passes it on.

``python -m bot.licences --write`` renews LICENCES.md from requirements.lock and what the installed packages say of
themselves; ``--check`` fails when that is due. Packages that only other systems need keep the row that they have.
"""

from __future__ import annotations

import argparse
import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK, TABLE = ROOT / "requirements.lock", ROOT / "LICENCES.md"
UNKNOWN = "unknown"
ALLOWED = (
    *("MIT", "MIT-0", "MIT-CMU", "BSD", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "Apache-2.0", "Unlicense"),
    *("PSF-2.0", "Python-2.0", "CNRI-Python", "MPL-1.1", "MPL-2.0", "Zlib", "HPND", "CC0-1.0", "IPA"),
)
"""Licences that let the bot be passed on under the MIT licence."""
_HEAD = """\
# Licences of what is installed with Kakehashi

Kakehashi itself is under the MIT licence (LICENSE). These are the packages of requirements.lock; each is installed from
a package index, none is part of this repository. Written by `python -m bot.licences --write`; do not edit.

| package | licence |
|---|---|
"""
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", re.MULTILINE)
_ROW = re.compile(r"^\| (?!package )([a-z0-9-]+) \| ([^|-][^|]*) \|$", re.MULTILINE)
_WORDINGS = (
    ("apache", "Apache-2.0"),
    ("mozilla", "MPL-2.0"),
    ("mpl", "MPL-2.0"),
    ("python software foundation", "PSF-2.0"),
    ("psf", "PSF-2.0"),
    ("isc", "ISC"),
    ("bsd 2-clause", "BSD-2-Clause"),
    ("bsd-2-clause", "BSD-2-Clause"),
    ("bsd", "BSD-3-Clause"),
    ("mit", "MIT"),
)
_LONGEST = 80
"""Characters; some packages put the whole licence where its name belongs."""


def packages() -> list[str]:
    """The names in the lock file, sorted, as indexes write them."""
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in _PINNED.findall(LOCK.read_text("utf-8"))}
    return sorted(names)


def licence_of(name: str) -> str:
    """The licence of an installed package as an SPDX expression. Raises PackageNotFoundError when it is not here."""
    about = metadata(name)
    if "License-Expression" in about:
        return about["License-Expression"]
    stated = about["License"].strip() if "License" in about else ""
    if not stated or len(stated) > _LONGEST:
        classifiers = [each for each in about.get_all("Classifier") or [] if each.startswith("License ::")]
        stated = ", ".join(each.rpartition(" :: ")[2] for each in classifiers) or stated
    if all(part in ALLOWED for part in parts_of(stated)):
        return stated
    lower = stated[: 4 * _LONGEST].lower()
    return next((known for wording, known in _WORDINGS if re.search(rf"\b{wording}\b", lower)), UNKNOWN)


def parts_of(expression: str) -> list[str]:
    """The licences that an SPDX expression names."""
    parts = re.split(r"\s+(?:AND|OR|WITH)\s+|[()]|,", expression)
    return [part.strip() for part in parts if part.strip()] or [UNKNOWN]


def is_allowed(expression: str) -> bool:
    """Whether the package may be passed on with the bot: one alternative of the expression must allow it."""
    choices = re.split(r"\s+OR\s+", expression)
    return any(all(part in ALLOWED for part in parts_of(choice)) for choice in choices)


def table() -> str:
    """LICENCES.md as it should be."""
    before = dict(_ROW.findall(TABLE.read_text("utf-8"))) if TABLE.exists() else {}
    rows = []
    for name in packages():
        try:
            licence = licence_of(name)
        except PackageNotFoundError:
            licence = before.get(name, UNKNOWN)
        rows.append(f"| {name} | {licence} |\n")
    return _HEAD + "".join(rows)


def main() -> int:
    """The command line; returns the exit status. Without options it prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bot.licences", description=__doc__)
    parser.add_argument("--write", action="store_true", help="renew LICENCES.md")
    parser.add_argument("--check", action="store_true", help="fail when LICENCES.md is not in step")
    chosen = parser.parse_args()
    made = table()
    if chosen.write:
        TABLE.write_text(made, encoding="utf-8")
    elif chosen.check:
        return int(not TABLE.exists() or TABLE.read_text("utf-8") != made)
    else:
        sys.stdout.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
