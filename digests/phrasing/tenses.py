"""What is to be done told as done: where a language shows that by an ending alone.

English has words for it ("is to", "will"), which :mod:`digests.phrasing.marks` knows. Japanese 派遣する and 派遣した
and Ukrainian «направить» and «направило» differ in their endings only, which the analysers cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from digests.phrasing.reading import Reading

_PAST_UK = re.compile(r"[а-яіїєґ’']{2,}(?:[аияіїуюоеє]в|л[аои])(?:ся|сь)?\Z", re.IGNORECASE)
_RUN = re.compile(r"([\u3400-\u4dbf\u4e00-\u9fff々]+)([\u3040-\u309f]*)(、?)")
_PAST_JA = re.compile(
    r"(?:し|され|させ|い|っ|ん|り|き|え|け|げ|め|れ|べ|じ)?(?:た|(?<=[んい])だ|ていた|でいた|てきた|ました)(?![いめくけら])"
)
_VERBAL = re.compile(r"(?:する|すれ|しよ|される|させ|られる|れる|える|ける|げる|める|[るくうぶむつすぐ])(?![をはがに])")
_GOES_ON = re.compile(r"(?:し|され|り|き|い|え|け|げ|め|れ|て|って|んで|して|されて)\Z")
"""A form that takes its tense from the verb after it."""


def put_into_past(sentence: Reading, passage: Reading) -> list[str]:
    """Verbs that the sentence has in the past and the passage only otherwise."""
    if sentence.language == "uk":
        return list(_ukrainian(sentence, passage))
    return list(_japanese(sentence, passage)) if sentence.language == "ja" else []


def _ukrainian(sentence: Reading, passage: Reading) -> Iterator[str]:
    for word in sentence.words:
        if len(word.tokens) != 1 or not _PAST_UK.match(word.surface) or word.surface[:1].isupper():
            continue
        there = [other.surface for other in passage.words if word.tokens[0] in other.tokens]
        if there and not any(_PAST_UK.match(surface) for surface in there):
            yield word.surface


def _japanese(sentence: Reading, passage: Reading) -> Iterator[str]:
    theirs = [(match[1], match[2], match[3]) for match in _RUN.finditer(passage.text)]
    for match in _RUN.finditer(sentence.text):
        if not _PAST_JA.match(match[2]):
            continue
        there = [(tail, comma) for run, tail, comma in theirs if run.endswith(match[1])]
        if any(_VERBAL.match(tail) for tail, _ in there) and not any(
            _PAST_JA.match(tail) or (comma and _GOES_ON.search(tail)) for tail, comma in there
        ):
            yield match[1]
