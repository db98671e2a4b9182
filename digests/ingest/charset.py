"""Bytes to text, whatever the server and the document say about their encoding.

What is declared is often wrong, so it is checked: valid UTF-8 is UTF-8 (hardly any text in another encoding is valid
UTF-8 by chance), a declared encoding must fit without errors and give plausible text, and only then is guessed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

_SAMPLE = 32_768
"""Bytes that guessing looks at."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""", re.IGNORECASE)
_META = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
# As browsers read these names (WHATWG Encoding Standard): the larger set of characters that is really meant.
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "shift_jis": "cp932",
    "euc_jp": "euc_jis_2004",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
}
_ALIASES = {"x-sjis": "cp932", "windows-31j": "cp932", "sjis": "cp932", "x-euc-jp": "euc_jis_2004", "x-gbk": "gb18030"}
_NOT_FOR_TEXT = frozenset(("utf-7", "idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined", "mbcs"))
_CYRILLIC = ("cp1251", "koi8_u", "iso8859-5", "cp866", "mac_cyrillic")
_GUESSES = ("cp932", "euc_jp", *_CYRILLIC, "cp1252")
_FEW_ERRORS = 0.02
"""Share of bytes that may be broken in text that otherwise is UTF-8: a title cut in the middle of a character."""
_CONTROLS = re.compile("[\x80-\x9f]")
_WESTERN = re.compile("[à-öø-ÿÀ-ÖØ-ÞßœŒšŠžŽ‘-”«»„‚–—…€°§©®·\xa0¡¿]+")
_FOREIGN_RUN = re.compile(r"[^\W\d_a-zA-Z]{3,}")
_MIXED_CASE = re.compile(r"[а-яґєіїў][А-ЯҐЄІЇЎЁ]")
_CYRILLIC_LETTER = re.compile(r"[а-яА-ЯґєіїўёҐЄІЇЎЁ]")
_CYRILLIC_VOWELS = frozenset("аеиоуыэюяёіїєАЕИОУЫЭЮЯЁІЇЄ")
_RARE_CYRILLIC = re.compile(r"[^\W\d_a-zA-Zа-яА-ЯґєіїўёҐЄІЇЎЁ]|[ъЪ]{2}|[\u2500-\u259f]|[a-z][а-яА-Я]|[а-яА-Я][a-z]")


def decode(body: bytes, declared: str | None = None) -> tuple[str, str | None]:
    """The text of ``body`` and, if what is declared was wrong, a remark on it in plain words.

    ``declared`` is the charset of the Content-Type header. Order: byte order mark, UTF-8 if it is valid, the header,
    the declaration inside the document, guessing. Never fails: bytes that fit nothing become U+FFFD.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace"), None
    names = list(_candidates(body, declared))
    if wide := _wide(body):
        return body.decode(wide, "replace"), None
    if b"\x1b$" in body and body.isascii():
        return body.decode("iso2022_jp_ext", "replace"), None
    try:
        return body.decode("utf-8"), None
    except UnicodeDecodeError:
        return _other_than_utf8(body, names)


def _other_than_utf8(body: bytes, names: list[str]) -> tuple[str, str | None]:
    loose = body.decode("utf-8", "replace")
    if loose.count("\ufffd") <= _FEW_ERRORS * sum(byte > 127 for byte in body[:_SAMPLE]) and not _only_one_byte(names):
        return loose, "the text is UTF-8 with broken characters in it"
    for name in names:
        text = _strictly(body, name)
        if text is not None and _plausible(text, name):
            return text, None
    if (guessed := _guess(body)) is None:
        return loose, "the text is in no encoding that is known"
    remark = f"the text is in {guessed}" + (f", not in {names[0]} as declared" if names else ", which is not declared")
    return body.decode(guessed, "replace"), remark


def _only_one_byte(names: list[str]) -> bool:
    """Whether a single-byte encoding is declared first: then a few high bytes are letters, not broken UTF-8."""
    return bool(names) and names[0].startswith(("cp125", "koi8", "iso8859", "cp874"))


def _candidates(body: bytes, declared: str | None) -> Iterator[str]:
    head = body[:1024]
    inside = _DECLARED.search(head) or _META.search(body[:4096])
    for name in (declared, inside[1].decode("ascii") if inside else None):
        if name and (known := _python_name(name)):
            yield known


def _python_name(name: str) -> str | None:
    name = name.strip().lower()
    try:
        known = codecs.lookup(_ALIASES.get(name, name))
    except (LookupError, ValueError):
        return None
    if known.name in _NOT_FOR_TEXT or not known._is_text_encoding:
        return None
    return _MEANT.get(known.name, known.name)


def _wide(body: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of its ASCII characters is zero."""
    head = body[:400]
    if len(head) < 8 or b"\x00" not in head or (head[0] in b"<{" and head[1]):
        return None  # a document whose first sign is one byte wide has NULs for another reason
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) * 0.05 or min(even, odd) > max(even, odd) * 0.1:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _strictly(body: bytes, name: str) -> str | None:
    try:
        return body.decode(name)
    except (UnicodeDecodeError, LookupError):
        # A handful of broken bytes in an East Asian text is damage, not a lie.
        text = body.decode(name, "replace") if name in ("cp932", "euc_jis_2004", "gb18030", "cp949") else ""
        few = text.count("\ufffd") <= _FEW_ERRORS * len(text)
        return text if text and few and name != "gb18030" else None


def _plausible(text: str, name: str) -> bool:
    """Whether ``text`` looks as text does, judged by what goes wrong when bytes are read in a wrong encoding."""
    sample = text[:_SAMPLE]
    if _CONTROLS.search(sample):
        return False
    if name in ("koi8_u", "koi8-u", "koi8-r", *_CYRILLIC) or "1251" in name:
        return _reads_as_cyrillic(sample)
    if _is_latin(name):
        return not _FOREIGN_RUN.search(sample)
    if name == "cp932":
        return _half_width(sample) < 0.2
    return True


def _is_latin(name: str) -> bool:
    return name in ("cp1250", "cp1252", "cp1254", "cp1257", "iso8859-2", "iso8859-13", "iso8859-15", "iso8859-16")


def _half_width(text: str) -> float:
    """Share of half-width katakana among the non-ASCII characters: high when EUC-JP is read as Shift_JIS."""
    foreign = [letter for letter in text if letter > "\x7f"]
    return sum("\uff61" <= letter <= "\uff9f" for letter in foreign) / len(foreign) if foreign else 0.0


def _reads_as_cyrillic(text: str) -> bool:
    """KOI8 read as windows-1251 turns case upside down; other mistakes give letters and signs that hardly occur, or
    words without vowels (Hebrew)."""
    letters = _CYRILLIC_LETTER.findall(text)
    if not letters or len(letters) < 0.7 * sum(letter > "\x7f" for letter in text):
        return False
    wrong = len(_MIXED_CASE.findall(text)) + len(_RARE_CYRILLIC.findall(text))
    capitals = sum(letter.isupper() for letter in letters)
    vowels = sum(letter in _CYRILLIC_VOWELS for letter in letters)
    return wrong < 0.05 * len(letters) and capitals < 0.5 * len(letters) and vowels > 0.25 * len(letters)


def _guess(body: bytes) -> str | None:
    """The encoding that fits, by our own list first (it knows what feeds are written in), else charset-normalizer."""
    sample = body[:_SAMPLE]
    for name in _GUESSES:
        if (text := _strictly(_whole_characters(sample, name), name)) is not None and _fits(text, name):
            return name
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best else None


def _fits(text: str, name: str) -> bool:
    if name in ("cp932", "euc_jp"):
        kana = sum("\u3041" <= letter <= "\u30fc" for letter in text)
        return _plausible(text, name) and kana > 0.1 * sum(letter > "\x7f" for letter in text)
    if name == "cp1252":
        high = [letter for letter in text if letter > "\x7f"]
        return _plausible(text, name) and all(map(_WESTERN.fullmatch, high))
    return name in _CYRILLIC and _plausible(text, name)


def _whole_characters(sample: bytes, name: str) -> bytes:
    """``sample`` without a character that its end cuts in two."""
    decoder = codecs.getincrementaldecoder(name)("ignore")
    decoder.decode(sample)
    pending = decoder.getstate()[0]
    return sample[: len(sample) - len(pending)]
