"""How a question leans: to those that a story's facts answer, or to those that nothing in them does.

Precedents are compared as wholes (:mod:`digests.search.precedents`). But what makes a question unanswerable is often
one turn, whatever it is asked about ("what rank", "by how many votes"), or two things that do not belong together
("paid" beside PURL). So a question is taken apart into its turns: words and pairs of words, runs of letters, what it
names and wants, and two or three of these together. The last are the same in every language, so each language's
questions tell of the others' as well. Each turn has a weight, fitted over all precedents of a story at once (ridge
regression, :mod:`digests.fit_leaning`, run by ``kakehashi eval ask --fit``).

The weights are kept in ``leaning.gz``, by a checksum of the turn in place of the turn (feature hashing): a table of
bytes, read in some milliseconds, where a dictionary of millions of turns would take hundreds of megabytes.
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from digests.search import analysers
from digests.search.letters import runs
from digests.search.query import MOST_CHARACTERS
from digests.search.questions import Question

PLACES = 1 << 22
"""Places of the table. With half as many, more turns share one with another, and the weights told a little less."""
FURTHEST = 1.5
"""A word or two alone would lean further than any question does."""
_RUN = 4
_MANY = 12
"""From so many signs on, three of them together are not looked at: there would be hundreds."""
_SHIPPED = Path(__file__).parent / "leaning.gz"


@dataclass(frozen=True, slots=True)
class Leaning:
    """How questions about one story lean."""

    story: str
    """The id of the story on whose precedents the weights were fitted."""
    mean: float
    """How a question without any turn leans."""
    step: float
    """The weight of a turn is so many times the signed byte at its place."""
    weights: bytes

    def of(self, question: Question) -> float:
        """Near 1 for a question like answered ones, near -1 for one like those that nothing answers; at most
        :data:`FURTHEST` either way."""
        found = places(turns(question))
        told = sum((self.weights[at] ^ 128) - 128 for at in found)  # signed
        lean = self.mean + self.step * told / math.sqrt(len(found))
        return max(-FURTHEST, min(FURTHEST, lean))


def turns(question: Question) -> list[str]:
    """The different turns of a question, each told apart from those of other sorts by what it begins with. There is at
    least one: what the question wants."""
    group = analysers.group_of(question.language)
    text = question.text[:MOST_CHARACTERS]
    words = analysers.tokens(text, group)
    signs = sorted({*(concept.id for concept in question.query.concepts), *_manner(question)})
    found: Iterator[str] = itertools.chain(
        (f"{group} {word}" for word in words),
        (f"{group} {one} {later}" for one, later in itertools.combinations(words, 2)),
        (f"{group}:{run}" for word in text.lower().split() for run in runs(word, _RUN)),
        signs,
        map("&".join, itertools.combinations(signs, 2)),
        map("&".join, itertools.combinations(signs, 3)) if len(signs) < _MANY else (),
    )
    return list(dict.fromkeys(found))


def _manner(question: Question) -> Iterator[str]:
    """What a question wants and takes for granted. A capital tells it from the ids of concepts."""
    yield from (f"W:{kind}" for kind in question.wanted)
    for name, is_so in (
        ("late", question.late),
        ("early", question.early),
        ("negated", question.negated),
        ("presupposes", question.presupposes),
        ("whether", question.whether_done),
    ):
        if is_so:
            yield f"M:{name}"


def places(found: Sequence[str]) -> list[int]:
    """Where the weights of turns stand in a table."""
    return [zlib.crc32(turn.encode("utf-8", "surrogatepass")) % PLACES for turn in found]


@cache
def shipped() -> Leaning:
    """The fitted weights that the package ships with."""
    return load(files("digests.search").joinpath(_SHIPPED.name))


def load(file: Traversable) -> Leaning:
    """Read weights as :func:`save` writes them."""
    head, _, weights = gzip.decompress(file.read_bytes()).partition(b"\n")
    told = json.loads(head)
    return Leaning(told["story"], told["mean"], told["step"], weights)


def save(leaning: Leaning, path: Path = _SHIPPED) -> None:
    """Write weights: a line of JSON, then the table; compressed."""
    head = json.dumps({"story": leaning.story, "mean": leaning.mean, "step": leaning.step})
    path.write_bytes(gzip.compress(head.encode() + b"\n" + leaning.weights, mtime=0))
