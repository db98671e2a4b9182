"""Sentence boundaries by rule for English, Japanese and Ukrainian, with sane manners for other languages.

A sentence is a verbatim span of the text: digests and answers quote it letter by letter. Every line break ends a
sentence (clean text keeps one paragraph or bullet a line), everything else is decided at sentence-ending marks.
Cost: about 0.02 ms for 160 words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

_OPEN_CLOSE = {"「": "」", "『": "』", "（": "）", "【": "】", "〈": "〉", "《": "》"}
_BRACKETS = re.compile(f"[{''.join(_OPEN_CLOSE)}{''.join(_OPEN_CLOSE.values())}]")
_CLOSERS = "\"'”’»›)\\]}」』）】〉》"
_MOST_NESTED = 20  # deeper brackets are not prose; the bound keeps hostile text from costing quadratic time
# A run of ending marks with the quotes and brackets that close after it.
_END = re.compile(rf"[.!?…。！？｡]++[{_CLOSERS}]*+")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]\Z")
_AFTER_A_WHOLE_SENTENCE = frozenset(".\"'”’»")  # an ellipsis, or a quotation that ends: no abbreviation
_OPENERS = "([{\"'“‘’«»„-–—"
_NEXT = re.compile(r"[\s\"'“‘«„(\[—–-]*(\w?)")
_HEAD = re.compile(r"[\"'“‘«„(\[]*([^\W\d_]+)")
_LIST_NUMBER = re.compile(r"(?:\d{1,3}|[a-zа-яіїє])\Z")

# Never the end of a sentence: a name or number follows.
_BINDING = {
    "en": (
        "mr mrs ms mx dr prof gen lt col maj capt cpl sgt cmdr adm brig sen rep gov pres st hon rev fr messrs mt "
        "no nos vs e.g i.e eg ie cf fig figs art arts sec vol pp p ch approx ca est al dept jan feb mar apr jun jul "
        "aug sept sep oct nov dec mon tue wed thu fri sat lt.gen maj.gen brig.gen"
    ),
    "uk": (
        "ім вул просп бул пл пров м с смт обл р-н о ст пп див напр гр т зв акад проф доц ген полк підполк кап лейт "
        "серж адм гол заст мін п тов св прим ред кв буд корп тел орієнт наз англ нім фр лат яп укр рос порівн пор"
    ),
}
# May end a sentence: only if what follows begins like a new one.
_OPEN_ENDED = {
    "en": "inc ltd co corp bros jr sr etc a.m p.m u.s u.k u.n e.u u.s.a d.c ph.d b.c a.d bn mn tn m b",
    "uk": "р рр ст грн коп млн млрд трлн тис дол євро год хв сек ін інш т.д т.п н.е кг км га руб",
}
_ALSO_WORDS = frozenset(("no", "nos", "art", "arts", "sat", "mar", "dec", "fig", "figs", "p", "pp", "sec", "rev"))
_STARTER_WORDS = (
    "the a an in on at he she it its they we i you but and or so yet for from by with as if when while after before "
    "this that these those there then however meanwhile under no not officials japan japanese russia ukraine nato"
)
_STARTERS = frozenset(_STARTER_WORDS.split())
# What follows a closed quotation and carries the outer sentence on.
_JA_CARRIES_ON = re.compile(r"\s*[ぁ-ゖー、，・…〜～)）」』】「『]")

_FIXED = {language: frozenset(words.split()) for language, words in _BINDING.items()}
_LOOSE = {language: frozenset(words.split()) for language, words in _OPEN_ENDED.items()}
_ANY_FIXED = frozenset().union(*_FIXED.values())
_ANY_LOOSE = frozenset().union(*_LOOSE.values())


def split_sentences(text: str, language: str) -> tuple[str, ...]:
    """The sentences of ``text`` as verbatim pieces without the space around them."""
    return tuple(text[start:end] for start, end in sentence_spans(text, language))


def sentence_spans(text: str, language: str) -> tuple[Span, ...]:
    """Start and end of each sentence: ordered, disjoint, together covering every character that is not a space."""
    spans: list[Span] = []
    offset = 0
    for line in text.splitlines(keepends=True):
        begin = 0
        for end in _ends(line, language):
            _append(spans, line, begin, end, offset)
            begin = end
        _append(spans, line, begin, len(line), offset)
        offset += len(line)
    return tuple(spans)


def _append(spans: list[Span], line: str, start: int, end: int, offset: int) -> None:
    piece = line[start:end].rstrip()
    if piece:
        first = start + len(piece) - len(piece.lstrip())
        if first < start + len(piece):
            spans.append((offset + first, offset + start + len(piece)))


def _ends(line: str, language: str) -> Iterator[int]:
    enclosed = iter(_enclosed(line))
    span = next(enclosed, None)
    begin = 0
    for match in _END.finditer(line):
        start, end = match.span()
        if end == len(line):
            return
        while span is not None and span[1] <= start:
            span = next(enclosed, None)
        if span is not None and span[0] < start and (span[1] >= end or _JA_CARRIES_ON.match(line, end)):
            # Inside a quotation or bracket: the outer sentence ends only when that closes right here for good.
            continue
        if line[start] in ".!?…" and not _latin_end(line, begin, start, end, language):
            continue
        yield end
        begin = end


def _enclosed(line: str) -> list[Span]:
    """Spans within the outermost matched Japanese brackets; a bracket without its partner counts for nothing."""
    stack: list[tuple[str, int]] = []
    spans: list[Span] = []
    for match in _BRACKETS.finditer(line):
        mark = match.group()
        if mark in _OPEN_CLOSE:
            if len(stack) == _MOST_NESTED:
                return spans
            stack.append((_OPEN_CLOSE[mark], match.start()))
        elif stack and any(mark == close for close, _ in stack):
            while stack[-1][0] != mark:
                stack.pop()
            _, start = stack.pop()
            while spans and spans[-1][0] > start:
                spans.pop()
            spans.append((start, match.start()))
    return spans


def _latin_end(line: str, begin: int, start: int, end: int, language: str) -> bool:
    """Whether ``.``, ``!``, ``?`` or an ellipsis at ``start:end`` ends the sentence that began at ``begin``.

    It does before a space only; "!" and "?" also before Japanese, which puts no space between sentences.
    """
    if not line[end].isspace():
        return line[start] in "!?" and _JAPANESE.match(line, end) is not None
    following = _NEXT.match(line, end)
    first = following.group(1) if following else ""
    if first and first.islower():
        return False
    if line[start] != "." or line[start + 1 : start + 2] in _AFTER_A_WHOLE_SENTENCE:
        return True
    word = line[max(line.rfind(" ", begin, start), line.rfind("\u00a0", begin, start), begin - 1) + 1 : start]
    word = word.lstrip(_OPENERS)
    if not word:
        return True
    if word == line[begin:start].strip() and _LIST_NUMBER.match(word):
        return False
    return _stop_ends(word, line[end : end + 40].lstrip(), first, language)


def _stop_ends(word: str, after: str, first: str, language: str) -> bool:
    """Whether a full stop after ``word`` ends the sentence: abbreviations and initials do not."""
    plain = word.lower()
    if plain in _FIXED.get(language, _ANY_FIXED):
        # "No." and the like bind before what they number; the words "no", "art", "sat" also end sentences.
        return plain in _ALSO_WORDS and word.islower() and not first.isdigit()
    if plain in _LOOSE.get(language, _ANY_LOOSE):
        if language == "uk":
            return bool(first) and not first.isdigit() and not after.startswith("США")
        return _begins_sentence(after)
    if word[-1].isupper() and _INITIALS.match(word):
        return _begins_sentence(after)
    return True


def _begins_sentence(after: str) -> bool:
    head = _HEAD.match(after)
    return head is not None and head.group(1).lower() in _STARTERS
