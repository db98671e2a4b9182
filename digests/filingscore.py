"""Judging what was read of an item: which rules hold, how much they weigh together, and the reasons in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from digests.filingread import Reading, bits_of
from digests.filingrules import OffTopicRule, Rule
from digests.glossary import Refusal
from digests.model import Reason, SourceKind

_MARKS = "*: "
_PLACES = {"sentence": "one sentence", "lead": "lead"}
_MOST_REASONS = 6
"""Rules that are told; the weaker ones change little, and reasons are archived."""
NO_WORD = "no word of this story"

R = TypeVar("R", bound=Rule | OffTopicRule)


@dataclass(frozen=True, slots=True)
class Compiled(Generic[R]):
    """A rule with its names as bits."""

    every: int
    either: int
    none: int
    named: tuple[tuple[str, int], ...]
    """The names of ``all`` and then of ``any`` with their bits."""
    rule: R

    def holds(self, reading: Reading) -> bool:
        every, either, none = self.every, self.either, self.none
        present = reading.present
        if every & present != every or (either and not either & present):
            return False
        within = self.rule.within
        if within == "item":
            return not none & present
        if within == "sentence":
            for found in reading.sentences:
                if every & found == every and (not either or either & found) and not none & found:
                    return True
            return False
        found = reading.lead if within == "lead" else reading.title
        return every & found == every and (not either or either & found != 0) and not none & found

    def in_title(self, reading: Reading) -> bool:
        """Whether all that the rule asks for stands in the title."""
        title = reading.title
        return self.every & title == self.every and (not self.either or self.either & title != 0)


def compiled(rule: R, bits: Mapping[str, int]) -> Compiled[R]:
    named = tuple((name, bits[name]) for name in (*rule.all, *rule.any))
    return Compiled(bits_of(rule.all, bits), bits_of(rule.any, bits), bits_of(rule.none, bits), named, rule)


@dataclass(frozen=True, slots=True)
class Held:
    """A rule that holds for an item: its weight there, and whether all it asks for stands in the title."""

    rule: Compiled[Rule]
    weight: float
    in_title: bool


def evidence(
    rules: Iterable[Compiled[Rule]], reading: Reading, kind: SourceKind, title_weight: float
) -> tuple[float, list[Held]]:
    """The score that the rules give to an item of a source of this kind, 0..1, and those that hold."""
    doubt, factor = 1.0, 1.0
    held: list[Held] = []
    present = reading.present
    for entry in rules:
        # Most rules end here: one operation instead of a call.
        if entry.every & present != entry.every or not entry.holds(reading):
            continue
        rule = entry.rule
        if rule.kinds and kind not in rule.kinds:
            continue
        in_title = entry.in_title(reading)
        weight = max(-1.0, min(1.0, rule.weight * title_weight)) if in_title else rule.weight
        held.append(Held(entry, weight, in_title))
        if weight > 0:
            doubt *= 1 - weight
        else:
            factor *= 1 + weight
    return (1 - doubt) * factor, held


# --- in words ----------------------------------------------------------------------------------------------


def reasons(held: Iterable[Held], reading: Reading) -> tuple[Reason, ...]:
    """What spoke for and against, strongest first. Rules that found the same words in the same place are one reason."""
    told: dict[tuple[str, str], float] = {}
    for entry in sorted(held, key=lambda entry: -abs(entry.weight))[:_MOST_REASONS]:
        named = _named(entry.rule, reading)
        kind = "glossary" if any(name in reading.terms for name, _ in named) else "word"
        place = "title" if entry.in_title else _PLACES.get(entry.rule.rule.within)
        words = " + ".join(_surfaces(named, reading))
        key = ("rejected" if entry.weight < 0 else kind, f"{words} ({place})" if place else words)
        before = told.get(key, 0.0)
        told[key] = before + entry.weight * (1 - abs(before))
    found = [Reason(kind, detail, round(weight, 3)) for (kind, detail), weight in told.items()]
    found.sort(key=lambda reason: -abs(reason.weight))
    return tuple(found)


def _named(rule: Compiled[R], reading: Reading) -> list[tuple[str, int]]:
    """The names that made the rule hold: all of ``all``, and the first found of ``any``."""
    count = len(rule.rule.all)
    either = [(name, bit) for name, bit in rule.named[count:] if bit & reading.present]
    if len(either) > 1:
        either = [min(either, key=lambda entry: reading.place(entry[1]))]
    return [*rule.named[:count], *either]


def _surfaces(named: Iterable[tuple[str, int]], reading: Reading) -> dict[str, None]:
    """The words of the item that the names stand for, each once, in order."""
    return dict.fromkeys(reading.surface(bit) or f"written in {name.removeprefix('language-')}" for name, bit in named)


def vetoed(rule: Compiled[OffTopicRule], reading: Reading) -> str:
    """Why the item is off-topic, by a rule that says so."""
    return f"{rule.rule.reason} ({', '.join(_surfaces(_named(rule, reading), reading))})"


def refused(refusal: Refusal, meaning: str) -> str:
    """Why a term does not count, and what its name probably means."""
    if refusal.rejected_by is not None:
        return f"{refusal.name} beside {refusal.rejected_by.strip(_MARKS)}: probably {meaning}"
    needed = " or ".join(word.strip(_MARKS) for word in refusal.missing[:2])
    return f"{refusal.name} without a second keyword such as {needed}: probably {meaning}"


def gates_shut(lines: Iterable[tuple[str, ...]], bits: Mapping[str, int], reading: Reading) -> str:
    """Why no section's gate opened, or why an open one led nowhere. ``lines`` are the gates of all sections."""
    present = reading.present
    partly = [line for line in lines if any(bits[name] & present for name in line)]
    if not partly:
        return NO_WORD
    nearest = min(partly, key=lambda line: sum(not bits[name] & present for name in line))
    found = [
        f"{_label(name)} ({reading.surface(bits[name]) or 'its language'})" for name in nearest if bits[name] & present
    ]
    missing = " or ".join(_label(name) for name in nearest if not bits[name] & present)
    return f"mentions {' and '.join(found)}, but nothing " + (f"of {missing}" if missing else "that a section asks for")


def _label(name: str) -> str:
    return name.replace("-", " ").replace("_", " ")
