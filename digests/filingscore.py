"""Judging what was read of an item: which rules hold, how much they weigh together, and the reasons in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from digests.filingread import Reading
from digests.filingrules import OffTopicRule, Rule
from digests.glossary import Refusal
from digests.model import Reason, SourceKind

_TITLE = 1
_MARKS = "*: "
_PLACES = {"sentence": "one sentence", "lead": "lead"}
NO_WORD = "no word of this story"

R = TypeVar("R", Rule, OffTopicRule)


@dataclass(frozen=True, slots=True)
class Held:
    """A rule that holds for an item: its weight there, and whether all it asks for stands in the title."""

    rule: Rule
    weight: float
    in_title: bool


@dataclass(frozen=True, slots=True)
class Compiled(Generic[R]):
    """A rule with its names as bits, so that most rules are ruled out by one operation."""

    rule: R
    every: int
    either: int

    def holds(self, reading: Reading) -> bool:
        present, rule = reading.present, self.rule
        if self.every & present != self.every or (self.either and not self.either & present):
            return False
        if rule.within == "item":
            return not any(name in reading.masks for name in rule.none)
        scope = {"lead": reading.lead, "title": _TITLE}.get(rule.within)
        return _common(rule, reading.masks) != 0 if scope is None else _all_in(rule, reading.masks, scope)


def compiled(rule: R, bits: Mapping[str, int]) -> Compiled[R]:
    return Compiled(rule, bits_of(rule.all, bits), bits_of(rule.any, bits))


def bits_of(names: Iterable[str], bits: Mapping[str, int]) -> int:
    return sum(bits[name] for name in set(names))


def evidence(
    rules: Iterable[Compiled[Rule]], reading: Reading, kind: SourceKind, title_weight: float
) -> tuple[float, list[Held]]:
    """The score that the rules give to an item of a source of this kind, 0..1, and those that hold."""
    doubt, factor = 1.0, 1.0
    held: list[Held] = []
    for entry in rules:
        rule = entry.rule
        if not entry.holds(reading) or (rule.kinds and kind not in rule.kinds):
            continue
        in_title = _all_in(rule, reading.masks, _TITLE)
        weight = max(-1.0, min(1.0, rule.weight * title_weight)) if in_title else rule.weight
        held.append(Held(rule, weight, in_title))
        if weight > 0:
            doubt *= 1 - weight
        else:
            factor *= 1 + weight
    return (1 - doubt) * factor, held


def _all_in(rule: Rule | OffTopicRule, masks: Mapping[str, int], scope: int) -> bool:
    """Whether the rule holds within these segments taken together."""
    for name in rule.all:
        if not masks.get(name, 0) & scope:
            return False
    for name in rule.none:
        if masks.get(name, 0) & scope:
            return False
    return not rule.any or any(masks.get(name, 0) & scope for name in rule.any)


def _common(rule: Rule | OffTopicRule, masks: Mapping[str, int]) -> int:
    """The segments in which the rule holds by itself."""
    common = -1
    for name in rule.all:
        common &= masks.get(name, 0)
    if rule.any:
        either = 0
        for name in rule.any:
            either |= masks.get(name, 0)
        common &= either
    for name in rule.none:
        common &= ~masks.get(name, 0)
    return common


# --- in words ----------------------------------------------------------------------------------------------


def reasons(held: Iterable[Held], reading: Reading) -> tuple[Reason, ...]:
    """What spoke for and against, strongest first. Rules that found the same words in the same place are one reason."""
    told: dict[tuple[str, str], float] = {}
    for entry in held:
        names = _named(entry.rule, reading)
        kind = "glossary" if any(name in reading.terms for name in names) else "word"
        place = "title" if entry.in_title else _PLACES.get(entry.rule.within)
        words = " + ".join(dict.fromkeys(reading.surface(name) for name in names))
        key = ("rejected" if entry.weight < 0 else kind, f"{words} ({place})" if place else words)
        before = told.get(key, 0.0)
        told[key] = before + entry.weight * (1 - abs(before))
    found = [Reason(kind, detail, round(weight, 3)) for (kind, detail), weight in told.items()]
    return tuple(sorted(found, key=lambda reason: -abs(reason.weight)))


def _named(rule: Rule | OffTopicRule, reading: Reading) -> list[str]:
    """The names that made the rule hold: all of ``all``, and the first found of ``any``."""
    either = [name for name in rule.any if name in reading.masks]
    either.sort(key=lambda name: reading.first.get(name, (0, 0))[0])
    return [*rule.all, *either[:1]]


def vetoed(rule: OffTopicRule, reading: Reading) -> str:
    """Why the item is off-topic, by a rule that says so."""
    words = ", ".join(dict.fromkeys(reading.surface(name) for name in _named(rule, reading)))
    return f"{rule.reason} ({words})"


def refused(refusal: Refusal, meaning: str) -> str:
    """Why a term does not count, and what its name probably means."""
    if refusal.rejected_by is not None:
        return f"{refusal.name} beside {refusal.rejected_by.strip(_MARKS)}: probably {meaning}"
    needed = " or ".join(word.strip(_MARKS) for word in refusal.missing[:2])
    return f"{refusal.name} without a second keyword such as {needed}: probably {meaning}"


def gates_shut(lines: Iterable[tuple[str, ...]], reading: Reading) -> str:
    """Why no section's gate opened, or why an open one led nowhere. ``lines`` are the gates of all sections."""
    partly = [line for line in lines if any(name in reading.masks for name in line)]
    if not partly:
        return NO_WORD
    nearest = min(partly, key=lambda line: sum(name not in reading.masks for name in line))
    found = " and ".join(f"{_label(name)} ({reading.surface(name)})" for name in nearest if name in reading.masks)
    missing = " or ".join(_label(name) for name in nearest if name not in reading.masks)
    return f"mentions {found}, but nothing " + (f"of {missing}" if missing else "that a section asks for")


def _label(name: str) -> str:
    return name.replace("-", " ").replace("_", " ")
