"""Numbers, money and dates as one token each, whatever the language writes them like.

``4 billion``, ``4 млрд``, ``40億`` become ``n4000000000``; ``USD 30m``, ``30 млн доларів``, ``3000万ドル`` become
``n30000000`` and ``usd``; ``10 April 2026``, ``10 квітня 2026``, ``令和8年4月10日`` become ``d10 m04 n2026``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_SCALES_EN = {
    "thousand": 10**3, "k": 10**3, "million": 10**6, "m": 10**6, "mn": 10**6, "mln": 10**6, "billion": 10**9,
    "bn": 10**9, "bln": 10**9, "b": 10**9, "trillion": 10**12, "tn": 10**12, "trn": 10**12,
}  # fmt: skip
_SCALES_UK = (("тис", 10**3), ("млн", 10**6), ("мільйон", 10**6), ("млрд", 10**9), ("мільярд", 10**9),
              ("трлн", 10**12), ("трильйон", 10**12))  # fmt: skip
_SCALES_JA = {"千": 10**3, "万": 10**4, "億": 10**8, "兆": 10**12}
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "明治": 1867}

CURRENCIES = {
    "$": "usd", "usd": "usd", "us$": "usd", "dollar": "usd", "dollars": "usd", "долар": "usd", "дол": "usd",
    "ドル": "usd",
    "€": "eur", "eur": "eur", "euro": "eur", "euros": "eur", "євро": "eur", "ユーロ": "eur",
    "¥": "jpy", "jpy": "jpy", "yen": "jpy", "єна": "jpy", "єн": "jpy", "єни": "jpy", "ієна": "jpy", "ієн": "jpy",
    "ієни": "jpy", "円": "jpy", "₴": "uah", "uah": "uah", "hryvnia": "uah", "hryvnias": "uah", "грн": "uah",
    "£": "gbp", "gbp": "gbp", "pound": "gbp", "pounds": "gbp", "ポンド": "gbp", "豪ドル": "aud", "aud": "aud",
    "nzd": "nzd", "%": "pct", "percent": "pct", "パーセント": "pct", "％": "pct",
}  # fmt: skip
CURRENCY_STEMS = (("долар", "usd"), ("гривен", "uah"), ("гривн", "uah"), ("відсотк", "pct"), ("відсоток", "pct"))
MONEY = frozenset(("usd", "eur", "jpy", "uah", "gbp", "aud", "nzd"))

_MONTHS_EN = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTHS_UK = ("січ", "лют", "берез", "квіт", "трав", "черв", "лип", "серп", "верес", "жовт", "листопад", "груд")
_MONTH_ENDINGS_UK = ("ень", "ня", "ні", "нем", "ню", "ого", "ому", "ий", "им", "", "а", "у", "і", "ом")
# "may" and "march" are words, too: they are months next to a number or after one of these.
AMBIGUOUS_MONTHS = frozenset(("May", "March"))
_BEFORE_MONTH = frozenset(
    (
        "in",
        "on",
        "since",
        "until",
        "by",
        "last",
        "next",
        "early",
        "late",
        "mid",
        "of",
        "from",
        "to",
        "through",
        "and",
        "this",
    )
)


def _months() -> dict[str, str]:
    months = {}
    for number in range(12):
        token = f"m{number + 1:02}"
        months[_MONTHS_EN[number]] = token
        months[_MONTHS_EN[number][:3]] = token
        for ending in _MONTH_ENDINGS_UK:
            form = _MONTHS_UK[number] + ending
            if len(form) >= 5:
                months[form] = token
    for word in ("may", "mar", "march", "dec", "sep", "серпа", "липі", "липа", "липу", "трава", "траву", "траві"):
        months.pop(word, None)
    return months


MONTHS = _months()
"""Month names that mean nothing else, lower case, to their tokens."""

_WORDS = {
    2: "two два дві двох двом двома двоє", 3: "three три трьох трьом трьома троє",
    4: "four чотири чотирьох чотирьом чотирма четверо", 5: "five пять пяти пятьох пятеро", 6: "six шість шести шістьох",
    7: "seven сім семи сімох", 8: "eight вісім восьми", 9: "nine девять девяти", 10: "ten десять десяти",
    11: "eleven одинадцять", 12: "twelve дванадцять", 20: "twenty двадцять",
}  # fmt: skip
NUMBER_WORDS = {word: f"n{value}" for value, words in _WORDS.items() for word in words.split()}
_KANJI_DIGITS = {digit: str(value) for value, digit in enumerate("〇一二三四五六七八九")}
_KANJI_COUNT = re.compile(
    r"(?<![一二三四五六七八九十百千万億\u4e00-\u9fff])[一二三四五六七八九](?=人|名|[カか]国|[ヵヶ]国|年|月|隻|両|台|機|項目|分野)"
)
_FIRST_YEAR = re.compile("(?<=令和|平成|昭和)元(?=年)")
_SPACED = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d])")
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?\Z")
_COMMA_GROUPS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?\Z")
_DOT_GROUPS = re.compile(r"\d{1,3}(?:\.\d{3}){2,}\Z")


def prepare(text: str, language: str) -> str:
    """Rewrite number spellings that the word pattern would tear apart: ``2 593``, ``令和元年``, ``四人``."""
    if language == "ja":
        return _KANJI_COUNT.sub(lambda found: _KANJI_DIGITS[found.group()], _FIRST_YEAR.sub("1", text))
    if language in ("uk", "ru", "fr", "pl"):
        return _SPACED.sub(lambda found: re.sub(r"\s", "", found.group()), text)
    return text


def read_number(words: Sequence[str], at: int, out: list[str]) -> int:
    """Append the tokens of the number at ``words[at]``; returns the index of the first word not used up."""
    word = words[at]
    iso = _ISO_DATE.match(word)
    if iso:
        out.append(f"n{iso[1]}")
        out.append(f"m{iso[2]}")
        if iso[3]:
            out.append(f"d{int(iso[3]):02}")
        return at + 1
    value = _value(word)
    if value is None:
        return at + 1
    following = words[at + 1] if at + 1 < len(words) else ""
    before = words[at - 1] if at else ""
    if following[:1] in ("年", "月", "日"):
        return _japanese_date(value, before, following, at, out)
    scaled, used = _scale(value, words, at + 1, out)
    if used == at + 1 and value == int(value) and 1 <= value <= 31 and (_is_month(before) or _is_month(following)):
        out.append(f"d{int(value):02}")
    else:
        out.append(_number_token(scaled))
    return used


def read_month(words: Sequence[str], at: int, out: list[str]) -> bool:
    """Append the month token when the ambiguous word at ``words[at]`` is a month."""
    before = words[at - 1] if at else ""
    following = words[at + 1] if at + 1 < len(words) else ""
    if before[:1].isdigit() or following[:1].isdigit() or before.lower() in _BEFORE_MONTH:
        out.append(f"m{_MONTHS_EN.index(words[at].lower()) + 1:02}")
        return True
    return False


def _is_month(word: str) -> bool:
    return word in AMBIGUOUS_MONTHS or word.lower() in MONTHS


def _value(word: str) -> float | None:
    digits = word.rstrip(".,")
    if digits.isdecimal():
        return float(digits[:30])
    if _COMMA_GROUPS.match(digits):
        digits = digits.replace(",", "")
    elif _DOT_GROUPS.match(digits):
        digits = digits.replace(".", "")
    else:
        digits = digits.replace(",", ".")
    try:
        return float(digits[:30])
    except ValueError:
        return None


def _scale(value: float, words: Sequence[str], at: int, out: list[str]) -> tuple[float, int]:
    """``value`` times the scale word at ``at``, and the index after it; Japanese scales add up (1兆2000億)."""
    following = words[at] if at < len(words) else ""
    if not following:
        return value, at
    if following[0] in _SCALES_JA:
        return _japanese_scale(value, words, at, out)
    plain = following.lower()
    factor = _SCALES_EN.get(plain)
    if factor is None and not plain.isascii():
        factor = next((scale for stem, scale in _SCALES_UK if plain.startswith(stem)), None)
    return (value, at) if factor is None else (value * factor, at + 1)


def _japanese_scale(value: float, words: Sequence[str], at: int, out: list[str]) -> tuple[float, int]:
    total = 0.0
    while at < len(words) and words[at][0] in _SCALES_JA:
        run = words[at]
        while run and run[0] in _SCALES_JA:
            value *= _SCALES_JA[run[0]]
            run = run[1:]
        total += value
        at += 1
        if run:
            if run[0] == "円":
                out.append("jpy")
            elif len(run) > 1:
                out.extend(run[i : i + 2] for i in range(len(run) - 1))
            else:
                out.append(run)
            return total, at
        more = _value(words[at]) if at + 1 < len(words) and words[at][:1].isdigit() else None
        if more is None or words[at + 1][0] not in _SCALES_JA:
            return total, at
        value = more
        at += 1
    return total, at


def _japanese_date(value: float, before: str, following: str, at: int, out: list[str]) -> int:
    number = int(value)
    if following[0] == "年":
        era = next((first for name, first in _ERAS.items() if before.endswith(name)), None)
        out.append(f"n{number + era}" if era else f"n{number}")
    elif following[0] == "月":
        out.append(f"m{number:02}" if 1 <= number <= 12 else f"n{number}")
    else:
        out.append(f"d{number:02}" if 1 <= number <= 31 else f"n{number}")
    rest = following[1:]
    if len(rest) > 1:
        out.extend(rest[i : i + 2] for i in range(len(rest) - 1))
    return at + 2


def _number_token(value: float) -> str:
    if value >= 1000 or value == int(value):
        return f"n{round(value)}"
    return f"n{value:g}".replace(".", "p")
