"""How well filing and grouping do on labelled items: the figures behind ``kakehashi eval``.

Half of the labels is for tuning rules and thresholds, the other half only for telling what that is worth. Labels are
JSON lines:

- filing: ``{"id", "half": "tune" | "test", "lang", "title", "text", "kind", "sections": [...]}``; no section means
  off-topic;
- events: ``{"id", "event", "lang", "title", "text", "published", "duplicate_of"}``; the half follows from the event:
  odd numbers are for tuning, even ones for testing.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from digests.errors import ConfigError, Problem
from digests.events import Candidate, EventIndex
from digests.filing import Filer
from digests.model import SourceKind

HALVES = ("tune", "test")
OFF_TOPIC = "off-topic"
_MOST_MISSES = 15

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scores:
    """``right`` of the ``said`` decisions agree with the labels, of which there are ``true``."""

    right: float
    said: float
    true: float

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        total = self.said + self.true
        return 2 * self.right / total if total else 0.0


# --- filing ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LabelledItem:
    id: str
    half: str
    language: str
    title: str
    text: str
    kind: SourceKind
    sections: frozenset[str]


@dataclass(frozen=True, slots=True)
class Miss:
    """An item filed otherwise than labelled. ``why`` tells the decisive reasons."""

    id: str
    language: str
    title: str
    lacking: tuple[str, ...]
    surplus: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class FilingFigures:
    """Figures of one half. ``cells`` are by section and language; ``OFF_TOPIC`` counts as a section there."""

    half: str
    items: int
    sections: Mapping[str, Scores]
    cells: Mapping[tuple[str, str], Scores]
    languages: Mapping[str, float]
    """Macro-F1 over the sections by language."""
    macro_f1: float
    """Mean F1 of the sections, off-topic left out."""
    off_topic: Scores
    misses: tuple[Miss, ...]
    """The worst first: most sections wrong."""


def evaluate_filing(filer: Filer, items: Sequence[LabelledItem], half: str) -> FilingFigures:
    """File the items of one half and compare. Takes about 0.3 ms an item."""
    decided = [(item, *_filed(filer, item)) for item in items if item.half == half]
    languages = sorted({item.language for item, _, _ in decided})
    sections = sorted({section for item, found, _ in decided for section in item.sections | found} - {OFF_TOPIC})
    cells = {
        (section, language): _cell([(item, found) for item, found, _ in decided if item.language == language], section)
        for section in (*sections, OFF_TOPIC)
        for language in languages
    }
    totals = {section: _sum(cells[section, language] for language in languages) for section in (*sections, OFF_TOPIC)}
    off_topic = totals.pop(OFF_TOPIC)
    misses = [_miss(item, found, why) for item, found, why in decided if _labels(item) != found]
    misses.sort(key=lambda miss: -len(miss.lacking) - len(miss.surplus))
    return FilingFigures(
        half,
        len(decided),
        totals,
        cells,
        {language: _mean(cells[section, language].f1 for section in sections) for language in languages},
        _mean(scores.f1 for scores in totals.values()),
        off_topic,
        tuple(misses[:_MOST_MISSES]),
    )


def _filed(filer: Filer, item: LabelledItem) -> tuple[frozenset[str], str]:
    result = filer.file(item.title, item.text, item.language, item.kind)
    if result.off_topic is not None:
        return frozenset((OFF_TOPIC,)), result.off_topic
    why = "; ".join(
        f"{filing.section} {filing.score:.2f}: " + ", ".join(reason.detail for reason in filing.reasons[:2])
        for filing in result.filings
    )
    return frozenset(filing.section for filing in result.filings), why


def _labels(item: LabelledItem) -> frozenset[str]:
    return item.sections or frozenset((OFF_TOPIC,))


def _cell(decided: Sequence[tuple[LabelledItem, frozenset[str]]], section: str) -> Scores:
    said = sum(section in found for _, found in decided)
    true = sum(section in _labels(item) for item, _ in decided)
    return Scores(sum(section in found and section in _labels(item) for item, found in decided), said, true)


def _miss(item: LabelledItem, found: frozenset[str], why: str) -> Miss:
    labels = _labels(item)
    return Miss(item.id, item.language, item.title, tuple(sorted(labels - found)), tuple(sorted(found - labels)), why)


# --- events ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LabelledReport:
    id: str
    event: str
    language: str
    title: str
    text: str
    published_at: datetime
    duplicate_of: str | None

    @property
    def half(self) -> str:
        digits = re.findall(r"\d+", self.event)
        return HALVES[0] if digits and int(digits[-1]) % 2 else HALVES[1]


@dataclass(frozen=True, slots=True)
class EventFigures:
    """Figures of one half; all reports are placed, those of the half are counted."""

    half: str
    reports: int
    events: int
    pairwise: Scores
    bcubed_precision: float
    bcubed_recall: float
    crossing: Scores
    """Pairs of reports in different languages alone."""
    duplicates: Scores
    misses: tuple[str, ...]
    """The worst reports: which they were wrongly joined with or kept from, and why."""

    @property
    def bcubed_f1(self) -> float:
        total = self.bcubed_precision + self.bcubed_recall
        return 2 * self.bcubed_precision * self.bcubed_recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class _Placed:
    report: LabelledReport
    event_id: int
    duplicate_of: str | None
    why: str


def evaluate_events(
    index: EventIndex, terms_of: Callable[[str], Iterable[str]], reports: Sequence[LabelledReport], half: str
) -> EventFigures:
    """Place all reports into the empty ``index`` in order of publication, and compare those of ``half``.

    ``terms_of`` finds the glossary terms of a text.
    """
    placed = _place_all(index, terms_of, reports)
    ours = [entry for entry in placed if entry.report.half == half]
    precision, recall = _bcubed(placed, ours)
    return EventFigures(
        half,
        len(ours),
        len({entry.report.event for entry in ours}),
        _pairs(placed, ours, crossing=False),
        precision,
        recall,
        _pairs(placed, ours, crossing=True),
        _duplicates(placed, ours),
        tuple(_told_misses(placed, ours)),
    )


def _place_all(
    index: EventIndex, terms_of: Callable[[str], Iterable[str]], reports: Sequence[LabelledReport]
) -> list[_Placed]:
    placed: list[_Placed] = []
    next_event = 1
    for report in sorted(reports, key=lambda report: report.published_at):
        terms = frozenset(terms_of(f"{report.title}\n{report.text}"))
        candidate = Candidate(report.title, report.text, report.language, report.published_at, terms)
        placement = index.place(candidate, report.published_at)
        event_id = placement.event_id or next_event
        next_event += placement.event_id is None
        index.register(placement, len(placed) + 1, event_id)
        original = placed[placement.duplicate_of - 1].report.id if placement.duplicate_of else None
        placed.append(_Placed(report, event_id, original, placement.why))
    return placed


def _bcubed(placed: Sequence[_Placed], ours: Sequence[_Placed]) -> tuple[float, float]:
    found, labelled = _groups(placed, lambda entry: entry.event_id), _groups(placed, lambda entry: entry.report.event)
    both = [
        (found[entry.event_id], labelled[entry.report.event], found[entry.event_id] & labelled[entry.report.event])
        for entry in ours
    ]
    return _mean(len(common) / len(a) for a, _, common in both), _mean(len(common) / len(b) for _, b, common in both)


def _groups(placed: Iterable[_Placed], key: Callable[[_Placed], Any]) -> dict[Any, set[str]]:
    groups: dict[Any, set[str]] = defaultdict(set)
    for entry in placed:
        groups[key(entry)].add(entry.report.id)
    return groups


def _pairs(placed: Sequence[_Placed], ours: Sequence[_Placed], *, crossing: bool) -> Scores:
    """Pairs of a report of the half and any other."""
    own = {entry.report.id for entry in ours}
    right = said = true = 0
    for at, one in enumerate(placed):
        for other in placed[at + 1 :]:
            if not {one.report.id, other.report.id} & own:
                continue
            if crossing and one.report.language == other.report.language:
                continue
            joined = one.event_id == other.event_id
            same = one.report.event == other.report.event
            said, true, right = said + joined, true + same, right + (joined and same)
    return Scores(right, said, true)


def _duplicates(placed: Sequence[_Placed], ours: Sequence[_Placed]) -> Scores:
    """A duplicate is found rightly when the original named is a copy of the same text by the labels."""
    of = {entry.report.id: entry.report.duplicate_of for entry in placed}

    def root(report_id: str) -> str:
        seen = {report_id}
        while (original := of.get(report_id)) and original not in seen:
            report_id = original
            seen.add(report_id)
        return report_id

    copies = _groups(placed, lambda entry: root(entry.report.id))
    first = {
        members: min(members, key=[entry.report.id for entry in placed].index)
        for members in map(frozenset, copies.values())
    }
    originals = set(first.values())
    said = [entry for entry in ours if entry.duplicate_of is not None]
    right = sum(root(entry.report.id) == root(entry.duplicate_of or "") for entry in said)
    return Scores(right, len(said), sum(entry.report.id not in originals for entry in ours))


def _told_misses(placed: Sequence[_Placed], ours: Sequence[_Placed]) -> Iterator[str]:
    found, labelled = _groups(placed, lambda entry: entry.event_id), _groups(placed, lambda entry: entry.report.event)
    wrong = []
    for entry in ours:
        surplus = found[entry.event_id] - labelled[entry.report.event]
        lacking = labelled[entry.report.event] - found[entry.event_id]
        if surplus or lacking:
            wrong.append((len(surplus) + len(lacking), entry, surplus, lacking))
    wrong.sort(key=lambda miss: -miss[0])
    for _, entry, surplus, lacking in wrong[:_MOST_MISSES]:
        parts = [f"wrongly with {', '.join(sorted(surplus)[:4])}"] if surplus else []
        parts += [f"kept from {', '.join(sorted(lacking)[:4])}"] if lacking else []
        yield f"{entry.report.id} ({entry.report.language}): {'; '.join(parts)}; {entry.why}"


# --- reading labels ----------------------------------------------------------------------------------------


def read_filing_labels(path: Path) -> list[LabelledItem]:
    """Raises :class:`ConfigError` naming the lines that cannot be used."""

    def item(row: Mapping[str, Any]) -> LabelledItem:
        if row["half"] not in HALVES:
            raise ValueError(f"half is {row['half']!r}, not tune or test")
        kind = SourceKind(row.get("kind") or SourceKind.NATIONAL)
        return LabelledItem(
            row["id"], row["half"], row["lang"], row["title"], row["text"], kind, frozenset(row["sections"])
        )

    return _read(path, item)


def read_event_labels(path: Path) -> list[LabelledReport]:
    """Raises :class:`ConfigError` naming the lines that cannot be used. Times without a zone are UTC."""

    def report(row: Mapping[str, Any]) -> LabelledReport:
        published = datetime.fromisoformat(row["published"])
        published = published if published.tzinfo else published.replace(tzinfo=UTC)
        return LabelledReport(
            row["id"],
            str(row["event"]),
            row["lang"],
            row["title"],
            row["text"],
            published,
            row.get("duplicate_of") or None,
        )

    return _read(path, report)


def _read(path: Path, make: Callable[[Mapping[str, Any]], T]) -> list[T]:
    found: list[T] = []
    problems: list[Problem] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        problem = Problem(str(path), 0, 0, f"it cannot be read ({error.strerror})", "Name a file of labels with --data")
        raise ConfigError([problem]) from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                found.append(make(json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
                problems.append(Problem(str(path), number, 1, what, "Write one JSON object a line, with every key"))
    if problems:
        raise ConfigError(problems)
    return found


def _sum(cells: Iterable[Scores]) -> Scores:
    found = list(cells)
    return Scores(sum(c.right for c in found), sum(c.said for c in found), sum(c.true for c in found))


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0
