"""How many honest paraphrases the check accepts, and how many lies: measured on labelled sentences.

A line of the data is a passage (a fact's claim in its languages, with status, grade and publisher), a sentence and
whether it may pass. ``half`` tells what was known when the check was made: ``tune`` was tuned on; ``test``, ``fresh``
and ``probe`` were written afterwards, one after the other, and have shown mistakes once, which are mended since.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from digests.model import Grade, Status
from digests.phrasing.check import Ground, Objection, check
from digests.phrasing.wording import Names


@dataclass(frozen=True, slots=True)
class Labelled:
    """One line. ``kind`` is ``honest``, or what sort of lie it is."""

    id: str
    half: str
    ground: Ground
    language: str
    sentence: str
    passes: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Outcome:
    labelled: Labelled
    objections: tuple[Objection, ...]

    @property
    def accepted(self) -> bool:
        return not self.objections

    @property
    def right(self) -> bool:
        return self.accepted == self.labelled.passes


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts of one group of sentences."""

    name: str
    honest: int
    honest_accepted: int
    lies: int
    lies_accepted: int

    def __str__(self) -> str:
        return (
            f"{self.name}: honest accepted {self.honest_accepted} of {self.honest}"
            f" ({self.honest_accepted / max(self.honest, 1):.2f}),"
            f" lies accepted {self.lies_accepted} of {self.lies} ({self.lies_accepted / max(self.lies, 1):.2f})"
        )


def load_labelled(path: Path) -> list[Labelled]:
    """The lines of a file."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Labelled(
            line["id"],
            line["half"],
            Ground(line["passage"], Status(line["status"]), Grade(line["grade"]), line["publisher"]),
            line["language"],
            line["sentence"],
            line["passes"],
            line["kind"],
        )
        for line in lines
    ]


def evaluate(labelled: Iterable[Labelled], names: Names) -> list[Outcome]:
    """Check every sentence."""
    return [Outcome(each, check(each.sentence, each.language, each.ground, names)) for each in labelled]


def rates(outcomes: Sequence[Outcome], name: str = "all") -> Rates:
    """The counts of some outcomes."""
    honest = [outcome for outcome in outcomes if outcome.labelled.passes]
    lies = [outcome for outcome in outcomes if not outcome.labelled.passes]
    return Rates(
        name,
        len(honest),
        sum(outcome.accepted for outcome in honest),
        len(lies),
        sum(outcome.accepted for outcome in lies),
    )
