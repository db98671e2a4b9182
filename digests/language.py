"""The language of a text: the script decides where it can, letters that only one language has, then stop words.

Only text that all of these leave undecided goes to lingua, limited to a few languages and in its low-accuracy mode,
which takes 20 MB instead of 300 MB.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lingua import LanguageDetector

_SAMPLE = 1_000
"""Characters that are looked at."""
_SCRIPT_SAMPLE = 500
"""Characters whose script is looked at."""
_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("latin", "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"),
    ("cyrillic", "\u0400-\u052f"),
    ("kana", "\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d"),
    ("han", "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"),
    ("hangul", "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3"),
    ("greek", "\u0370-\u03ff\u1f00-\u1fff"),
    ("hebrew", "\u05d0-\u05ea"),
    ("arabic", "\u0620-\u064a\u066e-\u06d3"),
    ("devanagari", "\u0904-\u0939"),
    ("thai", "\u0e01-\u0e30"),
    ("armenian", "\u0531-\u0587"),
    ("georgian", "\u10a0-\u10ff"),
)
# A run goes on over spaces and commas: there are six times fewer runs then, and every alphabet has as many of them.
_RUNS = re.compile("|".join(f"(?P<{name}>[{letters}][{letters} ,]*)" for name, letters in _SCRIPTS))
_WEIGHTS = {"kana": 3, "han": 3, "hangul": 3}
"""A letter of these scripts says as much as three of an alphabet."""
_KANA_GRAMMAR = 0.08
"""Share of kana from which a text is Japanese whatever else it holds: names in Latin letters are long."""
_BY_SCRIPT = {
    "hangul": "ko",
    "greek": "el",
    "hebrew": "he",
    "arabic": "ar",
    "devanagari": "hi",
    "thai": "th",
    "armenian": "hy",
    "georgian": "ka",
}
_OF_SCRIPT = {"arabic": ("ar", "fa", "ur", "ps"), "devanagari": ("hi", "mr", "ne"), "hebrew": ("he", "yi")}
_KANA_SHARE = 0.05
"""Japanese has a third or more of kana; Chinese uses の now and then."""
_CYRILLIC_LANGUAGES = frozenset(("uk", "ru", "bg", "be", "sr", "mk", "kk", "mn", "ky", "tg"))
_LATIN_LANGUAGES = frozenset(
    (
        *("en", "de", "fr", "es", "pl", "it", "pt", "nl", "sv", "da", "no", "nb", "nn", "fi", "et", "lv", "lt", "cs"),
        *("sk", "sl", "hr", "bs", "ro", "hu", "tr", "az", "sq", "ca", "ga", "is", "id", "ms", "vi", "tl", "sw", "eu"),
    )
)
_LONG_ENOUGH = 60
"""Letters above which the text is trusted more than the hint."""
_STOP_WORDS = {
    "en": "the of and to in a that is for on with as was by at from be has have it an are will its said not this",
    "de": "der die und das den von zu mit sich des auf für ist im dem nicht ein eine als auch es an werden aus hat",
    "fr": "le la les de des et à du un une en est que dans pour qui sur par au pas plus ne se ce avec il sont",
    "es": "el la de que y en los del las por un una con no para se su al es lo como más pero sus le ya este",
    "pl": "w i na z do że się nie to jest o jak po co przez od dla za oraz ma są być tym który przed",
}
_LANGUAGES_OF: dict[str, tuple[str, ...]] = {
    word: tuple(language for language, words in _STOP_WORDS.items() if word in words.split())
    for words in _STOP_WORDS.values()
    for word in words.split()
}
_STOP_SHARE = 0.12
_STOP_LEAD = 2.0
_LATIN_WORD = re.compile(r"[a-zà-öø-ɏ]+")


def detect_language(text: str, hint: str | None = None) -> str:
    """The ISO 639-1 code of the language of ``text``.

    ``hint`` is what the feed or the source says; it decides where the text alone cannot (short Latin text, text in
    Chinese characters only, no letters at all). Without letters and hint the answer is ``en``. Cost: 0.03 to 0.1 ms;
    0.1 s once when lingua is needed for the first time.
    """
    sample = text[:_SAMPLE]
    letters = _letters(sample[:_SCRIPT_SAMPLE])
    if not letters:
        return hint or "en"
    script = _script(letters)
    if script == "cjk":
        return _of_cjk(letters, hint)
    if script == "cyrillic":
        return _of_cyrillic(sample, letters["cyrillic"], hint)
    if script == "latin":
        return _of_latin(sample, letters["latin"], hint)
    return hint if hint and hint in _OF_SCRIPT.get(script, ()) else _BY_SCRIPT[script]


def _letters(text: str) -> Counter[str]:
    """How many letters of each script."""
    counts: Counter[str] = Counter()
    for run in _RUNS.finditer(text):
        counts[str(run.lastgroup)] += run.end() - run.start()
    return counts


def _script(letters: Counter[str]) -> str:
    """The script that the text is written in; kana and Han together are ``cjk``."""
    if letters["kana"] >= _KANA_GRAMMAR * letters.total():
        return "cjk"
    weighed = Counter({name: count * _WEIGHTS.get(name, 1) for name, count in letters.items()})
    weighed["cjk"] = weighed.pop("kana", 0) + weighed.pop("han", 0)
    return weighed.most_common(1)[0][0]


def _of_cjk(letters: Counter[str], hint: str | None) -> str:
    if letters["kana"] > _KANA_SHARE * (letters["kana"] + letters["han"]):
        return "ja"
    return "ja" if hint == "ja" else "zh"


def _of_cyrillic(text: str, count: int, hint: str | None) -> str:
    if decided := _by_letters(text.lower()):
        return decided
    expected = hint if hint in _CYRILLIC_LANGUAGES else None
    if expected and count < _LONG_ENOUGH:
        return expected
    return _ask_lingua("cyrillic", text) or expected or "uk"


def _by_letters(text: str) -> str | None:
    """The language that the letters peculiar to it give away; quotations in another one do not turn the scale."""
    ukrainian = sum(map(text.count, "ґєії"))
    russian = sum(map(text.count, "ыэё"))
    if russian and "ў" in text:
        return "be"
    southern = sum(map(text.count, "јљњћђџќѓѕ"))
    if southern > ukrainian + russian:
        return "mk" if any(letter in text for letter in "ѓќѕ") else "sr"
    if ukrainian != russian:
        return "uk" if ukrainian > russian else "ru"
    return None


def _of_latin(text: str, count: int, hint: str | None) -> str:
    expected = hint if hint in _LATIN_LANGUAGES else None
    if expected and count < _LONG_ENOUGH:
        return expected
    decided = _by_stop_words(_LATIN_WORD.findall(text.lower()))
    if expected and expected not in _STOP_WORDS and decided != "en":
        return expected  # of a language without a list here the words would be counted for one of its sisters
    if decided:
        return decided
    return (_ask_lingua("latin", text) if count >= _LONG_ENOUGH // 3 else None) or expected or "en"


def _by_stop_words(words: list[str]) -> str | None:
    """The language whose most frequent words make up enough of the text, and clearly more than any other's."""
    counts = dict.fromkeys(_STOP_WORDS, 0)
    for word in words:
        for language in _LANGUAGES_OF.get(word, ()):
            counts[language] += 1
    second, best = sorted(counts.values())[-2:]
    if best < max(_STOP_SHARE * len(words), _STOP_LEAD * second, 1):
        return None
    return max(counts, key=counts.__getitem__)


def _ask_lingua(script: str, text: str) -> str | None:
    found = _detector(script).detect_language_of(text)
    return None if found is None else found.iso_code_639_1.name.lower()


@lru_cache(maxsize=2)
def _detector(script: str) -> LanguageDetector:
    """lingua for the undecided texts of one script; its models are loaded by the first text.

    Belarusian, Serbian and Macedonian hardly have a word without the letters that give them away.
    """
    from lingua import Language, LanguageDetectorBuilder

    languages = {
        "cyrillic": (Language.UKRAINIAN, Language.RUSSIAN, Language.BULGARIAN),
        "latin": (Language.ENGLISH, Language.GERMAN, Language.FRENCH, Language.SPANISH, Language.POLISH),
    }[script]
    return LanguageDetectorBuilder.from_languages(*languages).with_low_accuracy_mode().build()
