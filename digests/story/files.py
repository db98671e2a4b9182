"""The files of a story folder as pydantic models: what may stand in them, and how it becomes the domain's values."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from digests.fields import Day, Duration, Flag, Id, Language, Link, Number, PartialDate, Strictly, Text, Texts, wrong
from digests.model import (
    LANGUAGES,
    Fact,
    FactSource,
    Figure,
    Grade,
    GlossaryTerm,
    Localized,
    Section,
    Series,
    Source,
    SourceKind,
    Status,
)
from digests.story.filingfile import FilingEntry

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code, such as USD, EUR or JPY.")]
StoryLanguage = Literal["en", "ja", "uk"]
DEFAULT_EVERY = timedelta(minutes=30)


class SectionEntry(Strictly):
    id: Id = Field(description="Short name that other files, commands and channels use.")
    name: Texts = Field(description="Full name, shown as a heading.")
    short: Texts = Field(description="Label for tight places, without emoji.")
    description: Texts = Field(description="One sentence on what belongs here.")

    def section(self) -> Section:
        return Section(self.id, self.name.localized(), self.short.localized(), self.description.localized())


class StoryFile(Strictly):
    """story.yaml: the story, its sections, and what files an item into them."""

    id: Id = Field(description="The same as the folder's name.")
    name: Texts
    description: Texts = Field(description="One or two sentences: what the story is about.")
    languages: tuple[StoryLanguage, ...] = Field(
        ("en", "ja", "uk"), description="Languages that every text of this folder exists in; en is always one of them."
    )
    sections: Annotated[tuple[SectionEntry, ...], Field(min_length=1)] = Field(
        description="The parts of the story in the order in which they are shown."
    )
    filing: FilingEntry = FilingEntry()


class SourceEntry(Strictly):
    """A feed, or a folder of documents."""

    id: Id = Field(description="Never change it later: archived items carry it.")
    name: Texts | Text
    type: Literal["feed", "documents"] = Field("feed", description="feed: RSS, Atom, JSON Feed. documents: a folder.")
    url: Link | None = Field(None, description="Address of the feed.")
    path: Text | None = Field(None, description="Folder of documents, inside the story folder.")
    publisher: Text
    family: Id = Field(description="Publishers that carry the same reports share a family; it counts as one voice.")
    kind: SourceKind
    language: Language
    every: Duration = Field(DEFAULT_EVERY, description="How often to look for news, such as 30m or 2h.")
    enabled: Flag = Field(True, description="false keeps the source listed but never reads it; say why in reason.")
    reason: Text | None = Field(None, description="Why the source is disabled.")
    allow_private: Flag = Field(False, description="Allow addresses on this machine or in private networks.")
    publisher_from_entry: Flag = Field(False, description="Take the publisher from each entry (news aggregators).")

    @model_validator(mode="after")
    def _complete(self) -> SourceEntry:
        if self.type == "feed" and self.url is None:
            raise wrong(f"the feed {self.id!r} has no url", "Add url: https://…")
        if self.type == "feed" and self.path is not None:
            raise wrong(f"the feed {self.id!r} has a path", "Remove path, or write type: documents.", at="path")
        if self.type == "documents" and self.path is None:
            raise wrong(f"the documents source {self.id!r} has no path", "Add path: documents/… (inside this folder).")
        if not self.enabled and not self.reason:
            raise wrong(
                f"the source {self.id!r} is disabled without a reason",
                "Add reason: why it is switched off.",
                at="enabled",
            )
        if self.every < timedelta(minutes=5):
            raise wrong(f"the source {self.id!r} would be read too often", "Write every: 5m or longer.", at="every")
        return self

    def source(self, folder: Path) -> Source:
        """``folder`` is the story's: documents lie below it."""
        return Source(
            id=self.id,
            name=self.name.localized() if isinstance(self.name, Texts) else Localized({"en": self.name}),
            type=self.type,
            publisher=self.publisher,
            family=self.family,
            kind=self.kind,
            language=self.language,
            every=self.every,
            url=self.url,
            path=folder / self.path if self.path else None,
            enabled=self.enabled,
            reason=self.reason,
            allow_private=self.allow_private,
            publisher_from_entry=self.publisher_from_entry,
        )


class SourcesFile(Strictly):
    """sources.yaml: what is read, from whom, how often."""

    sources: tuple[SourceEntry, ...]


Names = Annotated[tuple[Text, ...], Field(min_length=1)]


class TermNames(Strictly):
    """The term's names by language, the preferred one first."""

    en: Names | None = None
    ja: Names | None = None
    uk: Names | None = None

    @model_validator(mode="after")
    def _some(self) -> TermNames:
        if not (self.en or self.ja or self.uk):
            raise wrong("the term has no name", "Add at least one name, such as en: [NSATU].")
        return self


class TermEntry(Strictly):
    """A term that is recognised in texts of any language."""

    id: Id
    category: Text = Field(description="What sort of thing it is: nato, japan, person, place …")
    abbr: Text | None = Field(None, description="Abbreviation, matched in capitals only.")
    names: TermNames
    needs_any: tuple[Text, ...] = Field((), description="The term counts only in texts that hold one of these words.")
    rejects: tuple[Text, ...] = Field((), description="Phrases that hold the name but mean something else.")
    note: Text | None = None

    def term(self) -> GlossaryTerm:
        names = {code: found for code in LANGUAGES if (found := getattr(self.names, code))}
        return GlossaryTerm(self.id, self.category, self.abbr, names, self.needs_any, self.rejects, self.note)


class GlossaryFile(Strictly):
    """glossary.yaml: the story's terms with their names in several languages."""

    terms: tuple[TermEntry, ...]


class FigureEntry(Strictly):
    label: Text
    value: Number = Field(description="A number without separators or unit.")
    unit: Text = Field(description="personnel, million, percent …")
    currency: Currency | None = Field(None, description="Only for money: USD, EUR, JPY …")


class FactSourceEntry(Strictly):
    title: Text
    publisher: Text
    url: Link
    kind: SourceKind


class FactEntry(Strictly):
    """A dated, sourced statement."""

    id: Id
    date: PartialDate = Field(description="When it happened: YYYY, YYYY-MM or YYYY-MM-DD, in quotes.")
    section: Id
    status: Status
    claim: Texts
    actors: tuple[Text, ...] = ()
    figures: tuple[FigureEntry, ...] = ()
    source: FactSourceEntry
    grade: Grade
    superseded_by: tuple[Text, ...] = Field((), description="Ids of later facts that replace this one.")
    disputed_by: tuple[Text, ...] = Field((), description="Ids of facts that contradict this one.")
    note: Text | None = Field(None, description="For readers: how exact the date is, caveats.")

    def fact(self) -> Fact:
        source = self.source
        return Fact(
            id=self.id,
            date=self.date,
            section=self.section,
            status=self.status,
            claim=self.claim.localized(),
            actors=self.actors,
            figures=tuple(Figure(figure.label, figure.value, figure.unit, figure.currency) for figure in self.figures),
            source=FactSource(source.title, source.publisher, source.url, source.kind),
            grade=self.grade,
            superseded_by=self.superseded_by,
            disputed_by=self.disputed_by,
            note=self.note,
        )


class FactsFile(Strictly):
    """facts.yaml: the dossier."""

    facts: tuple[FactEntry, ...]


class SeriesSource(Strictly):
    """Where a series comes from: a publication, or facts of the dossier."""

    title: Text | None = None
    publisher: Text | None = None
    url: Link | None = None
    published: PartialDate | None = None
    terms: Text | None = Field(None, description="What the publisher asks of those who use the numbers.")
    files: tuple[Text, ...] = ()
    commit: Text | None = None
    from_facts: tuple[Text, ...] = Field((), description="Ids of the facts that the numbers stand in.")

    @model_validator(mode="after")
    def _named(self) -> SeriesSource:
        if not self.from_facts and not (self.title and self.publisher and self.url):
            raise wrong(
                "the series does not say where its numbers come from", "Add title, publisher and url, or from_facts."
            )
        return self


def _point(value: dict[str, Any]) -> dict[str, Any]:
    if "x" not in value:
        raise wrong("a point without x", 'Add x: "2026-05" or the name of the bar.')
    odd = next((key for key, found in value.items() if isinstance(found, dict | list | bool)), None)
    if odd is not None:
        raise wrong(f"{odd!r} holds neither a number nor text", "Write one number or text.", at=odd)
    if not any(isinstance(found, int | float) for key, found in value.items() if key != "x"):
        raise wrong("a point without a number", "Add a value, such as total: 12.5.")
    return value


Point = Annotated[dict[str, Any], AfterValidator(_point)]


class SeriesEntry(Strictly):
    """Numbers that can be drawn as a chart."""

    id: Id
    title: Texts
    unit: Text
    currency: Currency | None = None
    chart: Literal["line", "step", "bar", "stacked-bar", "grouped-bar"]
    points: Annotated[tuple[Point, ...], Field(min_length=1)] = Field(
        description="Rows with an x (a date or a name) and one or more named numbers."
    )
    source: SeriesSource
    fact_ids: tuple[Text, ...] = ()
    note: Text | None = None

    def series(self) -> Series:
        source = {name: value for name, value in self.source.model_dump(mode="json").items() if value}
        return Series(
            id=self.id,
            title=self.title.localized(),
            unit=self.unit,
            currency=self.currency,
            chart=self.chart,
            points=self.points,
            source=source,
            fact_ids=self.fact_ids,
            note=self.note,
        )


class SeriesFile(Strictly):
    """series.yaml: numeric series."""

    series: tuple[SeriesEntry, ...]


class BriefFront(Strictly):
    """What stands between the two lines of dashes at the top of a brief."""

    section: Id
    language: StoryLanguage
    as_of: Day = Field(description="How far the evidence goes.")
    title: Text
