"""The words of the project as frozen dataclasses (see ARCHITECTURE.md, "Words").

All times are aware datetimes in UTC unless a name says otherwise. Languages are ISO 639-1 codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Day  # noqa: N812 - a field named "date" would hide it
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "ja", "uk")
"""The languages that members can choose; items may be in any language."""


class SourceKind(StrEnum):
    """What sort of publisher a source is; :attr:`rank` orders them, best evidence first."""

    OFFICIAL = "official"
    DATA = "data"
    WIRE = "wire"
    NATIONAL = "national"
    LOCAL = "local"
    THINK_TANK = "think-tank"
    AGGREGATOR = "aggregator"
    COMMENTARY = "commentary"
    STATE_MEDIA = "state-media"

    @property
    def rank(self) -> int:
        """Position in the order of preference; 0 is best."""
        return list(SourceKind).index(self)


class Status(StrEnum):
    """How far along the thing that a fact states is."""

    CONSIDERED = "considered"
    ANNOUNCED = "announced"
    AGREED = "agreed"
    DECIDED = "decided"
    UNDER_WAY = "under-way"
    DELIVERED = "delivered"
    DENIED = "denied"
    REPORTED = "reported"
    STATED = "stated"
    MEASURED = "measured"
    OCCURRED = "occurred"


class Grade(StrEnum):
    """How good the source of a fact is. ``RELAY`` and ``STATE_OR_PARTISAN`` are always shown with their label."""

    OFFICIAL = "official"
    DATASET = "dataset"
    PRESS = "press"
    RELAY = "relay"
    STATE_OR_PARTISAN = "state-or-partisan"

    @property
    def needs_label(self) -> bool:
        return self in (Grade.RELAY, Grade.STATE_OR_PARTISAN)


@dataclass(frozen=True, slots=True)
class Localized:
    """One text in several languages. English is always there."""

    values: Mapping[str, str]

    def get(self, language: str) -> str:
        """The text in ``language``, else in English."""
        return self.values.get(language) or self.values["en"]


# --- the story ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Section:
    """A thematic part of a story. ``overview`` introduces the others and takes no items of its own."""

    id: str
    name: Localized
    short: Localized
    description: Localized


@dataclass(frozen=True, slots=True)
class Source:
    """A feed or a document folder. ``family`` groups publishers that carry the same reports; it counts once."""

    id: str
    name: Localized
    type: str
    """``feed`` or ``documents``."""
    publisher: str
    family: str
    kind: SourceKind
    language: str
    every: timedelta
    url: str | None = None
    path: Path | None = None
    enabled: bool = True
    reason: str | None = None
    allow_private: bool = False
    """Whether addresses on loopback or in private networks are allowed for this source."""
    publisher_from_entry: bool = False


@dataclass(frozen=True, slots=True)
class GlossaryTerm:
    """A term with its names in several languages; see :mod:`digests.glossary` for how it is matched."""

    id: str
    category: str
    abbr: str | None
    names: Mapping[str, tuple[str, ...]]
    needs_any: tuple[str, ...] = ()
    rejects: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that a fact states, with its unit."""

    label: str
    value: float
    unit: str
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class FactSource:
    title: str
    publisher: str
    url: str
    kind: SourceKind
    published: str | None = None
    """When the publication itself came out (YYYY, YYYY-MM or YYYY-MM-DD), where that is known."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A dated, sourced statement of the dossier. ``date`` is YYYY, YYYY-MM or YYYY-MM-DD."""

    id: str
    date: str
    section: str
    status: Status
    claim: Localized
    actors: tuple[str, ...]
    figures: tuple[Figure, ...]
    source: FactSource
    grade: Grade
    superseded_by: tuple[str, ...] = ()
    disputed_by: tuple[str, ...] = ()
    note: str | None = None
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By language questions that the fact answers, in readers' words: they find it and are never shown."""
    date_inferred: bool = False
    """Whether the source does not state the date, so that it follows from something else."""

    @property
    def first_day(self) -> Day:
        """The earliest day that ``date`` can mean; sorts facts."""
        parts = [int(part) for part in self.date.split("-")] + [1, 1]
        return Day(parts[0], parts[1], parts[2])


@dataclass(frozen=True, slots=True)
class Precedent:
    """A question whose outcome is known: the facts of which each answers it, or none when nothing does."""

    text: str
    language: str
    facts: tuple[str, ...] = ()
    entry: int = 0
    """Precedents of one entry ask the same, in other words or languages."""


@dataclass(frozen=True, slots=True)
class BriefSentence:
    """One sentence of a brief with the ids of the facts it rests on."""

    text: str
    fact_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BriefPart:
    """A paragraph of a brief; ``heading`` is set on the first paragraph below a heading."""

    heading: str | None
    sentences: tuple[BriefSentence, ...]


@dataclass(frozen=True, slots=True)
class Brief:
    section: str
    language: str
    title: str
    as_of: Day
    parts: tuple[BriefPart, ...]


@dataclass(frozen=True, slots=True)
class SeriesSource:
    """Where the numbers of a series come from: a publication (title, publisher and url), or facts of the dossier."""

    title: str | None = None
    publisher: str | None = None
    url: str | None = None
    published: str | None = None
    terms: Localized | None = None
    """What the publisher asks of those who use the numbers."""
    files: tuple[str, ...] = ()
    commit: str | None = None
    from_facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """A numeric series; ``points`` are rows with an ``x`` and one or more named values."""

    id: str
    title: Localized
    unit: str
    currency: str | None
    chart: str
    points: tuple[Mapping[str, Any], ...]
    source: SeriesSource
    fact_ids: tuple[str, ...]
    note: Localized | None = None
    measure: Localized | None = None
    """What the numbers count, as readers see it; without it unit and currency stand in its place."""
    columns: Mapping[str, Localized] = field(default_factory=dict)
    """Names of the values, in the order in which they are shown."""
    drawn: tuple[str, ...] = ()
    """The values that are drawn; all of them when it is empty."""
    labels: Mapping[str, Localized] = field(default_factory=dict)
    """How rows are named whose ``x`` alone says too little."""

    @property
    def values(self) -> tuple[str, ...]:
        """The names of the values in the order in which they are shown."""
        found = {
            key: None
            for point in self.points
            for key, value in point.items()
            if key != "x" and not key.startswith("stated_") and isinstance(value, int | float)
        }
        return tuple(sorted(found, key=list(self.columns).index)) if self.columns else tuple(found)


# --- items -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EntryData:
    """One entry as a parser hands it over: outside text, not yet cleaned. The boundary between out and in."""

    key: str
    """Stable within the source: the feed's own id, else the link, else a hash of the title."""
    title: str
    url: str | None
    html: str
    """The longest body that the feed gives; may be plain text."""
    published: datetime | None
    updated: datetime | None
    publisher: str | None = None
    language: str | None = None
    locator: str | None = None
    """Page or heading within a document."""


class Dating(StrEnum):
    """Where an item's date comes from."""

    STATED = "stated"
    CORRECTED = "corrected"
    """The source stated a date that cannot be (the future, before 1990): the time of fetching stands instead."""
    MISSING = "missing"
    """The source gave none: the time of fetching stands instead."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item was filed as it was. ``kind``: glossary, word, profile, missing, rejected."""

    kind: str
    detail: str
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Filing:
    """That an item belongs to a section, how strongly (0..1) and why."""

    section: str
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One publication as archived (its newest revision)."""

    id: int
    source_id: str
    key: str
    url: str | None
    title: str
    text: str
    language: str
    published_at: datetime
    dating: Dating
    first_seen_at: datetime
    publisher: str
    family: str
    kind: SourceKind
    baseline: bool
    """Archived on the source's first run: old news, never posted as new."""
    revision: int
    event_id: int | None = None
    duplicate_of: int | None = None
    off_topic: str | None = None
    """Why the item belongs to no section; None when it belongs to at least one."""
    locator: str | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """The items that report one development, best source first."""

    id: int
    items: tuple[Item, ...]

    @property
    def families(self) -> frozenset[str]:
        """The independent voices: publisher families count once."""
        return frozenset(item.family for item in self.items)


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """What the operator must know of one source. ``state``: ok, failing, stale, baseline, disabled, waiting."""

    source_id: str
    state: str
    last_try_at: datetime | None
    last_success_at: datetime | None
    failing_since: datetime | None
    failures: int
    why: str | None
    next_try_at: datetime | None
    items: int = 0


# --- digests and the ledger --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a message goes. ``channel`` is the platform's id, or a member's id for ``kind='direct'``."""

    platform: str
    workspace: str
    channel: str
    kind: str = "channel"
    """``channel``, ``thread`` or ``direct``."""

    def __str__(self) -> str:
        return ":".join(part for part in (self.platform, self.workspace, self.channel) if part)


@dataclass(frozen=True, slots=True)
class Edition:
    """One issue of a digest: unique by (digest_id, scheduled_at)."""

    id: int
    digest_id: str
    scheduled_at: datetime
    composed_at: datetime
    after_item: int
    through_item: int
    """Items with after_item < id <= through_item were considered."""
    kind: str = "digest"
    """``digest``, ``quiet``, ``roundup``, ``welcome``, ``manual``, ``skipped``, ``start`` (of a subscription)."""
    missed: int = 0
    """How many earlier editions were missed and fold into this one."""


class DeliveryState(StrEnum):
    PENDING = "pending"
    LEASED = "leased"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    DEAD = "dead"
    DROPPED = "dropped"
    """Somebody has decided that a dead or uncertain one is settled."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message part of one edition to one destination: a row of the ledger."""

    id: str
    """20 hexadecimal characters that follow from the digest, the scheduled time, the destination and the part: also the
    idempotency key that adapters pass on. An edition that is written again (after a backup was put back) gets the same,
    so that what was posted before is recognised."""
    edition_id: int
    destination: Destination
    part: int
    parts: int
    payload: Mapping[str, Any]
    """The part's message as JSON (see bot.message)."""
    state: DeliveryState
    attempts: int
    next_try_at: datetime
    give_up_at: datetime
    lease_owner: str | None = None
    lease_until: datetime | None = None
    platform_ids: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A member's wish to get a section by direct message at a local time of day."""

    id: int
    platform: str
    workspace: str
    user: str
    section: str
    language: str
    zone: str
    time: str
    """``HH:MM`` in ``zone``."""
    created_at: datetime


# --- what compose and answer hand to the bot ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Citation:
    """What stands behind a sentence: enough to find and to judge it."""

    id: str
    """``item:<n>`` or a fact id."""
    title: str
    publisher: str
    url: str | None
    kind: SourceKind
    date: str
    """YYYY, YYYY-MM or YYYY-MM-DD: publication date of an item, event date of a fact."""
    language: str
    grade: Grade | None = None
    status: Status | None = None
    locator: str | None = None


@dataclass(frozen=True, slots=True)
class DigestBullet:
    """One event (or new fact) in a digest: what the best source says, and how many say it."""

    text: str
    language: str
    citation: Citation
    voices: int
    """Independent publisher families."""
    others: tuple[Citation, ...] = ()
    event_id: int | None = None
    uncertain_date: bool = False


@dataclass(frozen=True, slots=True)
class DigestSection:
    section: str
    headline: str
    bullets: tuple[DigestBullet, ...]
    changed: tuple[DigestBullet, ...] = ()
    """Events that an earlier edition reported and that have moved since."""
    more: int = 0
    """Events that did not fit."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The footer: what was looked at. Sources are named in the edition's language."""

    tried: int
    """Sources that were ever asked and are not disabled; those that fail are among them."""
    failed: tuple[str, ...]
    stale: tuple[str, ...]
    items_seen: int
    off_topic: int
    next_edition: datetime | None

    @property
    def read(self) -> int:
        """How many sources could be read when they were last asked."""
        return self.tried - len(self.failed)


@dataclass(frozen=True, slots=True)
class ReportedEvent:
    """An event as an edition reported it: how many independent voices and items it had then."""

    section: str
    event_id: int
    voices: int
    items: int


@dataclass(frozen=True, slots=True)
class Composition:
    """A platform-neutral edition, before it becomes messages."""

    digest_id: str
    language: str
    kind: str
    scheduled_at: datetime
    since: datetime | None
    sections: tuple[DigestSection, ...]
    coverage: Coverage
    after_item: int
    through_item: int
    missed: int = 0
    absent: timedelta = timedelta(0)
    """How long ago the edition, or the first of those it covers, was due."""
    reported: tuple[ReportedEvent, ...] = ()
    """Kept with the edition so that "what changed" can be told next time."""

    @property
    def quiet(self) -> bool:
        return not any(section.bullets or section.changed for section in self.sections)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an item, fact or brief that search can find. ``text[start:end]`` slices of it are quotable."""

    id: int
    ref: str
    """``item:<n>``, a fact id, or ``brief:<section>:<language>``."""
    text: str
    language: str
    section: str | None
    kind: SourceKind
    date: str
    locator: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A verbatim span of a passage with the numbers (from 1) of its citations, or what a model made of one."""

    text: str
    language: str
    citations: tuple[int, ...]
    span: tuple[int, int] = (0, 0)
    """Where it stands in the cited passage, in characters: the claim of a fact, or the piece of an item."""
    quotation: str | None = None
    """The words at ``span`` when ``text`` is a model's, checked against them; None when ``text`` is those words."""

    @property
    def phrased(self) -> bool:
        """Whether a model wrote it."""
        return self.quotation is not None

    @property
    def quoted(self) -> str:
        """The words of the passage that stand behind it."""
        return self.text if self.quotation is None else self.quotation


@dataclass(frozen=True, slots=True)
class Answer:
    """What /ask says. On a refusal ``sentences`` is empty and ``nearest`` names what came closest."""

    question: str
    language: str
    refused: bool
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    nearest: tuple[Citation, ...]
    missing: tuple[str, ...]
    """Words of the question that the archive does not hold."""
    took_ms: float
    phrased_by: str | None = None
    """The model that wrote the phrased sentences, if any."""
