"""Text to search tokens, one analyser per language.

Latin words go through Snowball where it knows the language (English by default, as Latin words inside Japanese and
Ukrainian text are mostly English), Ukrainian through a light stemmer of our own (see :mod:`digests.search.ukrainian`),
Japanese and Chinese characters become bigrams, katakana runs stay whole; hiragana, which writes endings and particles,
is left out. Acronyms stay whole and unstemmed, so that "US", "IT" and "WHO" survive the stop words. Numbers, money and
dates are normalised by :mod:`digests.search.numbers`. Each token consists of letters and digits, so that nothing in it
can be taken for query syntax.

The cost is about 0.1 ms for 160 English words once the words are known; do long batches in a thread, not on the event
loop. Safe to call from several threads.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import Stemmer

from digests.search import numbers, ukrainian
from digests.search.stopwords import STOP_WORDS

VERSION = "4"
"""Raise it when tokens change: an index made with another :func:`version` is rebuilt at start."""

_KANJI = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々〆"
# Spelt out because character classes are three times as fast as negated categories here. Hangul is letters, too.
_LETTERS = r"A-Za-z\u00c0-\u02af\u0370-\u1fff\uac00-\ud7a3"
_WORD = re.compile(
    rf"[{_LETTERS}][{_LETTERS}0-9]*+(?:['’ʼ-][{_LETTERS}0-9]++|\.(?=[{_LETTERS}](?![{_LETTERS}0-9]))[{_LETTERS}])*+"
    rf"|[0-9]{{4}}-[0-9]{{2}}(?:-[0-9]{{2}})?(?![0-9])|[0-9][0-9.,]*+"
    rf"|[\u30a1-\u30fa\u30fc-\u30ff]++|[{_KANJI}]++|[$€£¥₴%]"
)
_APOSTROPHES = re.compile(r"['’ʼ`]")
_KATAKANA = re.compile(r"[\u30a1-\u30ff]")
_IDEOGRAPH = re.compile(f"[{_KANJI}]")
# Japanese, Chinese, Korean: capitals among them are abbreviations, not a headline in capitals.
_CASELESS = re.compile(f"[{_KANJI}\\u3040-\\u30ff\\uac00-\\ud7a3]")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_SLAVIC_NAME = re.compile(r"sk(?:yy|iy|yi|ij|yj|ii|iyi)\Z")
_BRITISH = re.compile(r"is(?=(?:e|ed|es|er|ers|ing|ation|ations)\Z)")
_SPELLINGS = {
    "defence": "defense", "licence": "license", "offence": "offense", "centre": "center", "centres": "center",
    "programme": "program", "programmes": "program", "armour": "armor", "labour": "labor", "neighbour": "neighbor",
    "neighbours": "neighbor", "favour": "favor", "favoured": "favor", "behaviour": "behavior", "harbour": "harbor",
    "honour": "honor", "tonnes": "ton", "tonne": "ton", "japanese": "japan", "ukrainian": "ukraine",
    "ukrainians": "ukraine", "russian": "russia", "russians": "russia", "chinese": "china", "german": "germany",
    "germans": "germany", "korean": "korea", "koreans": "korea", "british": "britain", "french": "france",
    "australian": "australia", "lithuanian": "lithuania", "latvian": "latvia", "romanian": "romania",
    "european": "europe", "europeans": "europe", "american": "america", "americans": "america",
    "norwegian": "norway", "danish": "denmark", "canadian": "canada", "italian": "italy",
}  # fmt: skip
_SNOWBALL = {
    "da": "danish", "de": "german", "es": "spanish", "fr": "french", "it": "italian", "lt": "lithuanian", "nl": "dutch",
    "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish",
    "fi": "finnish", "cs": "czech", "hu": "hungarian", "tr": "turkish",
}  # fmt: skip
_MOST_KNOWN_WORDS = 20_000
_LONGEST_WORD = 40

GROUPS = ("en", "ja", "uk", "other")
"""Languages that are ranked by themselves, each in an index of its own."""


def group_of(language: str) -> str:
    """The index that passages of ``language`` belong to. Chinese goes with Japanese: both are bigrams."""
    return "ja" if language == "zh" else language if language in GROUPS else "other"


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text with the tokens it stands for. A number is one word together with its scale."""

    surface: str
    start: int
    end: int
    tokens: tuple[str, ...]


_by_words = False
"""Whether Japanese is cut into words by SudachiPy, not into pairs of characters."""


def read_japanese_by(way: str) -> None:
    """Choose for the whole process how ideographs become tokens: ``bigrams`` (at first) or ``sudachi``, which needs the
    extra ``japanese``. Texts analysed one way are not found by questions analysed the other."""
    global _by_words
    _by_words = way == "sudachi"


def japanese_way() -> str:
    """What :func:`read_japanese_by` was told last."""
    return "sudachi" if _by_words else "bigrams"


Reads = Callable[[str, str], Sequence[str]]
"""What gives the tokens of a text in a language, as :func:`tokens` does."""


def version() -> str:
    """The version of the tokens that are made now."""
    if not _by_words:
        return VERSION
    from digests.search import japanese

    return f"{VERSION}+{japanese.version()}"


def tokens(text: str, language: str) -> list[str]:
    """The search tokens of ``text`` in order, repeated as often as they occur."""
    if _by_words and language == "ja":
        return [token for word in words_of(text, language) for token in word.tokens]
    text = _normal(text, language)
    known = _known_words(language)
    words: list[str] = _WORD.findall(text)
    out: list[str] = []
    resume = 0
    for at, word in enumerate(words):
        found = known[word]
        if found is None:
            if at >= resume:
                resume = _in_context(words, at, out)
        elif at >= resume:
            out += found
    return out


def words_of(text: str, language: str) -> list[Word]:
    """Like :func:`tokens`, but tells which words of the (normalised) text the tokens come from. Stop words are kept
    with no tokens. For questions and sentences, not for bulk."""
    text = _normal(text, language)
    known = _known_words(language)
    matches = list(_WORD.finditer(text))
    cut = _Cut(text) if _by_words and language == "ja" else None
    plain = [match.group() for match in matches]
    words: list[Word] = []
    at = 0
    while at < len(plain):
        found = known[plain[at]]
        following = at + 1
        if found is None:
            out: list[str] = []
            following = _in_context(plain, at, out)
            found = tuple(out)
        start, end = matches[at].start(), matches[following - 1].end()
        if cut is not None and _IDEOGRAPH.match(plain[at]):
            words += cut.between(start, end)
        else:
            words.append(Word(text[start:end], start, end, found))
        at = following
    return words


class _Cut:
    """The words of a Japanese text, taken from its begin to its end, each once."""

    def __init__(self, text: str) -> None:
        from digests.search import japanese

        self._text = text
        self._left = deque(japanese.morphemes(text))

    def between(self, start: int, end: int) -> Iterator[Word]:
        """The words that have characters between two places: those of a run of ideographs and their endings."""
        while self._left and self._left[0].start < end:
            word = self._left.popleft()
            if word.end > start:
                surface = self._text[word.start : word.end]
                yield Word(surface, word.start, word.end, _of_word(surface, word.normal))


def _of_word(surface: str, normal: str) -> tuple[str, ...]:
    token = normal if normal.isalnum() else "".join(filter(str.isalnum, surface))
    if not token or token in STOP_WORDS["ja"]:
        return ()
    return (numbers.CURRENCIES.get(token, token.lower()[:_LONGEST_WORD]),)


def _normal(text: str, language: str) -> str:
    if not text.isascii():
        if not unicodedata.is_normalized("NFKC", text):
            text = unicodedata.normalize("NFKC", text)
        text = numbers.prepare(text, language)
    return text.lower() if len(text) > 12 and text.isupper() and not _CASELESS.search(text) else text


def _in_context(words: list[str], at: int, out: list[str]) -> int:
    """Tokens of a word that means nothing by itself; returns the index of the first word not used up."""
    word = words[at]
    if word in numbers.AMBIGUOUS_MONTHS:
        if not numbers.read_month(words, at, out) and word == "March":
            out.append("march")
        return at + 1
    return numbers.read_number(words, at, out)


class _KnownWords(dict[str, tuple[str, ...] | None]):
    """Words to their tokens; None for those that need their neighbours. Forgets everything when it grows too large."""

    def __init__(self, analyse: Callable[[str], tuple[str, ...] | None]) -> None:
        super().__init__()
        self._analyse = analyse

    def __missing__(self, word: str) -> tuple[str, ...] | None:
        if len(self) >= _MOST_KNOWN_WORDS:
            self.clear()
        found = self._analyse(word)
        self[word] = found
        return found


_known: dict[str, _KnownWords] = {}


def _known_words(language: str) -> _KnownWords:
    found = _known.get(language)
    if found is None:
        found = _known[language] = _KnownWords(_analyser(language))
    return found


def _analyser(language: str) -> Callable[[str], tuple[str, ...] | None]:
    english = Stemmer.Stemmer("english", 0)
    latin = Stemmer.Stemmer(_SNOWBALL[language], 0) if language in _SNOWBALL and language != "ru" else english
    russian = Stemmer.Stemmer("russian", 0) if language == "ru" else None
    stop = STOP_WORDS.get(language, frozenset()) | (STOP_WORDS["en"] if latin is english else frozenset())

    def stem(word: str) -> str:
        if _CYRILLIC.match(word):
            return russian.stemWord(word) if russian else ukrainian.stem(word)
        if latin is english:
            word = _SLAVIC_NAME.sub("sky", _BRITISH.sub("iz", _SPELLINGS.get(word, word)))
        stemmed: str = latin.stemWord(word)
        return stemmed

    def analyse(word: str) -> tuple[str, ...] | None:
        if word[0].isdigit() or word in numbers.AMBIGUOUS_MONTHS:
            return None
        if _IDEOGRAPH.match(word):
            return tuple(_ideographs(word))
        if word in numbers.CURRENCIES:
            return (numbers.CURRENCIES[word],)
        if _KATAKANA.match(word):
            return (_katakana(word),)
        # The ranges of letters hold a few odd spaces.
        return tuple(part for token in _letters(word[:_LONGEST_WORD], stop, stem) for part in token.split())

    return analyse


def _ideographs(run: str) -> Iterator[str]:
    if len(run) == 1:
        if run not in STOP_WORDS["ja"]:
            yield numbers.CURRENCIES.get(run, run)
        return
    for start in range(len(run) - 1):
        yield run[start : start + 2]


def _katakana(run: str) -> str:
    if run.endswith("ニュージーランドドル"):
        return "nzd"
    return run[:_LONGEST_WORD].replace("ヴァ", "バ").replace("ヴィ", "ビ").replace("ヴェ", "ベ").replace("ヴ", "ブ")


def _letters(word: str, stop: frozenset[str], stem: Callable[[str], str]) -> Iterator[str]:
    """Tokens of a word of letters, perhaps with digits, dots, hyphens or apostrophes inside."""
    if "." in word:
        yield word.replace(".", "").lower()
        return
    if "-" in word:
        yield from _hyphenated(word, stop, stem)
        return
    plain = word.lower()
    if plain in stop and not _is_acronym(word):
        return
    if plain.endswith(("'s", "’s", "ʼs")):
        plain, word = plain[:-2], word[:-2]
    plain = _APOSTROPHES.sub("", plain)
    if not plain or (plain in stop and not _is_acronym(word)):
        return
    fixed = numbers.MONTHS.get(plain) or numbers.NUMBER_WORDS.get(plain) or _currency(plain)
    if fixed:
        yield fixed
    elif _is_acronym(word):
        yield plain
    else:
        yield stem(plain)


def _hyphenated(word: str, stop: frozenset[str], stem: Callable[[str], str]) -> Iterator[str]:
    parts = [part for part in word.split("-") if part]
    joined = "".join(parts)
    if any(part.isdigit() or len(part) == 1 for part in parts):
        # PAC-3, Sakhalin-2, SAG-U: a name as a whole; its long parts can be found, too.
        yield _APOSTROPHES.sub("", joined.lower())
        parts = [part for part in parts if len(part) > 3 and not part.isdigit()]
    for part in parts:
        if part[0].isdigit():
            yield _APOSTROPHES.sub("", part.lower())
        else:
            yield from _letters(part, stop, stem)


def _is_acronym(word: str) -> bool:
    return 2 <= len(word) <= 6 and word.isupper()


def _currency(plain: str) -> str | None:
    found = numbers.CURRENCIES.get(plain)
    if found is None and _CYRILLIC.match(plain):
        found = next((token for stem, token in numbers.CURRENCY_STEMS if plain.startswith(stem)), None)
    return found
