"""Keeps the translation catalogues in step with the code: ``python -m bot.catalogues --update``.

Texts are found where they are used: ``t("…")``, ``t.n("…", "…", n)`` and ``N_("…")``.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

_KEYWORDS: dict[str, tuple[int, ...] | None] = {"t": None, "n": (1, 2), "N_": None}
_PACKAGE = Path(__file__).parent
LOCALES = _PACKAGE / "locale"


@cache
def _texts() -> tuple[str | tuple[str, ...], ...]:
    """Every text of the package; a tuple has its plural. To read the whole code takes a second, so it is done once."""
    found = extract_from_dir(_PACKAGE, method_map=[("**.py", "python")], keywords=_KEYWORDS, strip_comment_tags=True)
    return tuple(message for _file, _line, message, _comments, _context in found)


def template() -> Catalog:
    """Every text of the package, untranslated."""
    found = Catalog(project="Kakehashi", charset="utf-8")
    for message in _texts():
        found.add(message)
    return found


def load(language: str) -> Catalog:
    """The catalogue of a language as it stands."""
    with (LOCALES / f"{language}.po").open("rb") as stream:
        return read_po(stream, locale=language)


def missing(language: str) -> list[str]:
    """Texts of the code that a language lacks or has only as fuzzy."""
    catalogue = load(language)
    lacking = []
    for message in template():
        if not message.id:
            continue
        translated = catalogue.get(message.id)
        forms = translated.string if translated is not None else ""
        whole = all(forms) if isinstance(forms, list | tuple) else bool(forms)
        if translated is None or translated.fuzzy or not whole:
            lacking.append(message.id if isinstance(message.id, str) else message.id[0])
    return lacking


def unused(language: str) -> list[str]:
    """Texts of a language that the code no longer has."""
    wanted = template()
    return [str(message.id) for message in load(language) if message.id and wanted.get(message.id) is None]


def update() -> None:
    """Merge the code's texts into every catalogue; what is gone from the code is dropped."""
    wanted = template()
    for path in sorted(LOCALES.glob("*.po")):
        catalogue = load(path.stem)
        catalogue.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        with path.open("wb") as stream:
            write_po(stream, catalogue, width=0, no_location=True, omit_header=False, sort_output=True)
        print(f"{path.name}: {len(missing(path.stem))} to translate")  # noqa: T201 - a command's output


if __name__ == "__main__":
    if "--update" not in sys.argv:
        sys.exit("usage: python -m bot.catalogues --update")
    update()
