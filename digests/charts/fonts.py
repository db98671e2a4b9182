"""Letters for charts: the fonts, which characters they have, where lines may end; and matplotlib made ready for them.

Japanese comes from IPAexGothic, which lacks і, ї, є and ґ; those and all of Western come from DejaVu Sans, which comes
with matplotlib. Neither the machine's fonts nor anybody's settings have a say, so every machine draws the same.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digests.errors import ChartError

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

INK = "#1c2733"
_JAPANESE, _WESTERN = "IPAexGothic", "DejaVu Sans"
_UNSEEN = ("Cc", "Cf", "Cs", "Mn", "Me")
"""Categories of what has no look of its own: controls, marks of direction, halves of surrogates, and marks that no
letter of these languages bears (NFC has joined those that one does)."""
MISSING = "□"


@lru_cache
def prepare() -> None:
    """Import matplotlib so that neither the machine's fonts nor anybody's settings have a say."""
    os.environ["MPL_IGNORE_SYSTEM_FONTS"] = "1"
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    folder = _empty_folder()
    os.environ["MPLCONFIGDIR"] = folder
    try:
        import matplotlib as mpl
        from matplotlib import font_manager
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        # Left in place it would keep us from the font that we bring.
        del os.environ["MPL_IGNORE_SYSTEM_FONTS"]
    mpl.rcdefaults()
    font_manager.fontManager.addfont(str(japanese_font()))


def _empty_folder() -> str:
    """A folder for matplotlib to look for settings in; it finds none, and may leave none."""
    try:
        return tempfile.mkdtemp(prefix="kakehashi-")
    except FileNotFoundError:
        # Where no files may be written, tempfile takes no folder for usable.
        folder = Path("/tmp") / f"kakehashi-{secrets.token_hex(8)}"  # noqa: S108 - made here, or it fails
        folder.mkdir(mode=0o700)
        return str(folder)


def japanese_font() -> Path:
    """The file of IPAexGothic that matplotlib-fontja carries; the package itself is not imported."""
    spec = find_spec("matplotlib_fontja")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(place).glob("fonts/*.ttf")):
            return path
    raise ChartError("the font for Japanese is missing; install matplotlib-fontja")


@lru_cache
def fonts() -> tuple[FT2Font, ...]:
    """The fonts that glyphs may come from."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    western = font_manager.findfont(_WESTERN, fallback_to_default=False)
    return FT2Font(western), FT2Font(str(japanese_font()))


def style(language: str, size: float) -> Any:
    """Settings of matplotlib for texts in a language; ``size`` in points."""
    families = [_JAPANESE, _WESTERN] if language == "ja" else [_WESTERN, _JAPANESE]
    return {
        "font.family": families,
        "font.size": size,
        "text.parse_math": False,
        "text.usetex": False,
        "text.color": INK,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.unicode_minus": False,
        "axes.formatter.use_mathtext": False,
        "xtick.color": INK,
        "ytick.color": INK,
        "hatch.linewidth": 0.7,
        "hatch.color": "white",
    }


def shown(text: str, missing: set[str]) -> str:
    """The text on one line as far as there are glyphs for it. A box stands for what cannot be shown, which is added to
    ``missing``."""
    seen = (char for char in unicodedata.normalize("NFC", text) if char.isspace() or not _is_unseen(char))
    return "".join(_glyph(char, missing) for char in " ".join("".join(seen).split()))


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in _UNSEEN


def _glyph(char: str, missing: set[str]) -> str:
    if any(font.get_char_index(ord(char)) for font in fonts()):
        return char
    missing.add(char)
    return MISSING


_NEVER_FIRST = frozenset("、。，．」』）】〉》・ー％っゃゅょぁぃぅぇぉァィゥェォッャュョ")
"""Characters that no line of Japanese begins with."""


def pieces(text: str) -> Iterator[str]:
    """Words with the space after them; Japanese one character at a time."""
    piece = ""
    for char in text:
        if piece and (piece[-1] == " " or _may_part(piece[-1], char)):
            yield piece
            piece = ""
        piece += char
    if piece:
        yield piece


def _may_part(before: str, after: str) -> bool:
    """Whether a line may end between two characters that are no spaces."""
    if after == " " or after in _NEVER_FIRST:
        return False
    return _is_wide(after) or _is_wide(before)


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"
