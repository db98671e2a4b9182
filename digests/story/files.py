"""The files of a story folder as pydantic models: what may stand in them, and how it becomes the domain's values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    GlossaryTerm,
    Grade,
    Localized,
    Precedent,
    Section,
    Series,
    SeriesSource,
    Source,
    SourceKind,
    Status,
)
from digests.story.filingfile import FilingEntry

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code, such as USD, EUR or JPY.")]
StoryLanguage = Literal["en", "ja", "uk"]
DEFAULT_EVERY = timedelta(minutes=30)


class SectionEntry(Strictly):
    """A thematic part of the story; the one called overview introduces the others and takes no items."""

    id: Id = Field(description="Short name that other files, commands and channels use.")
    name: Texts = Field(description="Full name, shown as a heading.")
    short: Texts = Field(description="Label for tight places, without emoji.")
    description: Texts = Field(description="One sentence on what belongs here.")

    def section(self) -> Section:
        return Section(self.id, self.name.localized(), self.short.localized(), self.description.localized())


class StoryFile(Strictly):
    """story.yaml: the story, its sections, and what files an item into them."""

    id: Id = Field(description="The same as the folder's name.")
    name: Texts = Field(description="Name of the story, shown as a title.")
    description: Texts = Field(description="One or two sentences: what the story is about.")
    languages: tuple[StoryLanguage, ...] = Field(
        ("en", "ja", "uk"), description="Languages that every text of this folder exists in; en is always one of them."
    )
    sections: Annotated[tuple[SectionEntry, ...], Field(min_length=1)] = Field(
        description="The parts of the story in the order in which they are shown."
    )
    filing: FilingEntry = Field(FilingEntry(), description="Which words file an item into which section.")


class SourceEntry(Strictly):
    """A feed, or a folder of documents."""

    id: Id = Field(description="Never change it later: archived items carry it.")
    name: Texts | Text = Field(description="As readers know it: one name, or one for each language.")
    type: Literal["feed", "documents"] = Field("feed", description="feed: RSS, Atom, JSON Feed. documents: a folder.")
    url: Link | None = Field(None, description="Address of the feed.")
    path: Text | None = Field(None, description="Folder of documents, inside the story folder.")
    publisher: Text = Field(description="Who publishes it; shown with every item.")
    family: Id = Field(description="Publishers that carry the same reports share a family; it counts as one voice.")
    kind: SourceKind = Field(description="What sort of publisher it is; better evidence is shown first.")
    language: Language = Field(description="Language of most items, ISO 639-1.")
    every: Duration = Field(DEFAULT_EVERY, description="How often to look for news, such as 30m or 2h.")
    enabled: Flag = Field(
        default=True, description="false keeps the source listed but never reads it; say why in reason."
    )
    reason: Text | None = Field(None, description="Why the source is disabled.")
    allow_private: Flag = Field(default=False, description="Allow addresses on this machine or in private networks.")
    publisher_from_entry: Flag = Field(
        default=False, description="Take the publisher from each entry (news aggregators)."
    )

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

    sources: tuple[SourceEntry, ...] = Field(description="Feeds and document folders.")


Names = Annotated[tuple[Text, ...], Field(min_length=1)]


class TermNames(Strictly):
    """The term's names by language, the preferred one first."""

    en: Names | None = Field(None, description="English names.")
    ja: Names | None = Field(None, description="Japanese names.")
    uk: Names | None = Field(None, description="Ukrainian names, in the forms in which they occur.")

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
    note: Text | None = Field(None, description="For whoever edits this file.")

    def term(self) -> GlossaryTerm:
        names = {code: found for code in LANGUAGES if (found := getattr(self.names, code))}
        return GlossaryTerm(self.id, self.category, self.abbr, names, self.needs_any, self.rejects, self.note)


class GlossaryFile(Strictly):
    """glossary.yaml: the story's terms with their names in several languages."""

    terms: tuple[TermEntry, ...] = Field(description="The terms; their ids may stand in filing rules.")


class FigureEntry(Strictly):
    """A number that the claim states."""

    label: Text = Field(description="What is counted.")
    value: Number = Field(description="A number without separators or unit.")
    unit: Text = Field(description="personnel, million, percent …")
    currency: Currency | None = Field(None, description="Only for money: USD, EUR, JPY …")


class FactSourceEntry(Strictly):
    """The publication that a fact rests on."""

    title: Text = Field(description="Title as published.")
    publisher: Text = Field(description="Who published it.")
    url: Link = Field(description="Address of the publication itself.")
    kind: SourceKind
    published: PartialDate | None = Field(
        None, description="When it was published, where that is known; shown beside the date of what happened."
    )


_STATUS = (
    "How far along it is. considered: studied, wished, proposed. announced: made public, not yet done. agreed: signed "
    "between parties. decided: law, budget or order in force. under-way: begun. delivered: done, paid, handed over. "
    "denied. reported: media say so, not confirmed. stated: somebody's statement or opinion. measured: data, counts, "
    "polls. occurred: an event took place."
)


class FactEntry(Strictly):
    """A dated, sourced statement."""

    id: Id
    date: PartialDate = Field(description="When it happened: YYYY, YYYY-MM or YYYY-MM-DD, in quotes.")
    section: Id = Field(description="Id of a section of story.yaml.")
    status: Status = Field(description=_STATUS)
    claim: Texts = Field(description="What is the case: one or two sentences in your own words.")
    actors: tuple[Text, ...] = Field((), description="Who acts, by their English names, always spelt the same.")
    figures: tuple[FigureEntry, ...] = Field((), description="Numbers that the claim states.")
    source: FactSourceEntry = Field(description="Where it stands, so that readers can check it.")
    grade: Grade = Field(description="How good the source is; relay and state-or-partisan are shown with their label.")
    superseded_by: tuple[Text, ...] = Field((), description="Ids of later facts that replace this one.")
    disputed_by: tuple[Text, ...] = Field((), description="Ids of facts that contradict this one.")
    date_inferred: Flag = Field(
        default=False, description="true when the source does not state the date, so that it follows from other things."
    )
    note: Text | None = Field(None, description="For readers: how exact the date is, caveats.")

    def fact(self, asked: Mapping[str, tuple[str, ...]] | None = None) -> Fact:
        """The fact, with the questions of questions.yaml that it answers."""
        source = self.source
        return Fact(
            id=self.id,
            date=self.date,
            section=self.section,
            status=self.status,
            claim=self.claim.localized(),
            actors=self.actors,
            figures=tuple(Figure(figure.label, figure.value, figure.unit, figure.currency) for figure in self.figures),
            source=FactSource(source.title, source.publisher, source.url, source.kind, source.published),
            grade=self.grade,
            superseded_by=self.superseded_by,
            disputed_by=self.disputed_by,
            note=self.note,
            asked=asked or {},
            date_inferred=self.date_inferred,
        )


class FactsFile(Strictly):
    """facts.yaml: the dossier."""

    facts: tuple[FactEntry, ...] = Field(description="The facts; later ones become news in the next edition.")


_UNANSWERED = "One question that no fact answers, in other words each time; those with a false premise, too."
_ASKED = "One question that these facts answer, in other words each time."


class QuestionEntry(Strictly):
    """One thing that readers may ask, in one or more wordings and languages."""

    en: tuple[Text, ...] = Field((), description=_UNANSWERED)
    ja: tuple[Text, ...] = Field((), description=_UNANSWERED)
    uk: tuple[Text, ...] = Field((), description=_UNANSWERED)

    def wordings(self) -> Iterator[tuple[str, str]]:
        """Language and text of each."""
        for language, texts in (("en", self.en), ("ja", self.ja), ("uk", self.uk)):
            for text in texts:
                yield language, text


class AskedEntry(QuestionEntry):
    """One thing that readers may ask, with the facts of which each answers it."""

    facts: tuple[Id, ...] = Field(
        min_length=1, description="Ids of facts of facts.yaml; each of them answers by itself."
    )
    en: tuple[Text, ...] = Field((), description=_ASKED)
    ja: tuple[Text, ...] = Field((), description=_ASKED)
    uk: tuple[Text, ...] = Field((), description=_ASKED)


class QuestionsFile(Strictly):
    """questions.yaml: what readers ask, in their words. It helps /ask to find and to refuse, and is never shown."""

    questions: tuple[AskedEntry, ...] = Field(description="What facts answer.")
    unanswered: tuple[QuestionEntry, ...] = Field((), description="What /ask refuses, a letter more or less.")

    def precedents(self) -> tuple[Precedent, ...]:
        """Every wording with the facts that answer it. Those of one entry share a number, ``entry``."""
        entries = [(entry, entry.facts) for entry in self.questions] + [(entry, ()) for entry in self.unanswered]
        return tuple(
            Precedent(text, language, facts, number)
            for number, (entry, facts) in enumerate(entries)
            for language, text in entry.wordings()
        )


class SeriesSourceEntry(Strictly):
    """Where a series comes from: a publication, or facts of the dossier."""

    title: Text | None = Field(None, description="Title of the publication.")
    publisher: Text | None = Field(None, description="Who published it.")
    url: Link | None = Field(None, description="Where it is found.")
    published: PartialDate | None = Field(None, description="When it was published.")
    terms: Texts | Text | None = Field(None, description="What the publisher asks of those who use the numbers.")
    files: tuple[Text, ...] = Field((), description="Files of the publication that were used.")
    commit: Text | None = Field(None, description="Version of those files.")
    from_facts: tuple[Text, ...] = Field((), description="Ids of the facts that the numbers stand in.")

    @model_validator(mode="after")
    def _named(self) -> SeriesSourceEntry:
        if not self.from_facts and not (self.title and self.publisher and self.url):
            raise wrong(
                "the series does not say where its numbers come from", "Add title, publisher and url, or from_facts."
            )
        return self

    def source(self) -> SeriesSource:
        return SeriesSource(
            title=self.title,
            publisher=self.publisher,
            url=self.url,
            published=self.published,
            terms=_localized(self.terms),
            files=self.files,
            commit=self.commit,
            from_facts=self.from_facts,
        )


def _localized(text: Texts | str | None) -> Localized | None:
    """A text that may be given in one language only."""
    if text is None:
        return None
    return Localized({"en": text}) if isinstance(text, str) else text.localized()


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
    title: Texts = Field(description="Title of the chart.")
    unit: Text = Field(description="What the numbers count: billion, percent, vehicles …")
    currency: Currency | None = Field(None, description="Only for money: USD, EUR, JPY …")
    chart: Literal["line", "step", "bar", "stacked-bar", "grouped-bar"] = Field(description="How it is drawn.")
    points: Annotated[tuple[Point, ...], Field(min_length=1)] = Field(
        description="Rows with an x (a date or a name) and one or more named numbers."
    )
    measure: Texts | None = Field(None, description="What the numbers count, as readers see it: EUR billion.")
    columns: dict[str, Texts] = Field(
        {}, description="Names of the values, in the order in which they are shown; all of them, or none."
    )
    drawn: tuple[Text, ...] = Field((), description="Which of the values are drawn; all when left out.")
    labels: dict[str, Texts] = Field(
        {}, description="How rows are named whose x alone says too little; dates need none."
    )
    source: SeriesSourceEntry = Field(description="Where the numbers come from.")
    fact_ids: tuple[Text, ...] = Field((), description="Ids of facts that the series belongs to.")
    note: Texts | Text | None = Field(None, description="For readers: what is counted how, what is left out.")

    @model_validator(mode="after")
    def _consistent(self) -> SeriesEntry:
        values = self.series().values if not self.columns else ()
        known = self.columns or dict.fromkeys(values)
        for point in self.points:
            for key, found in point.items():
                counted = key != "x" and not key.startswith("stated_") and isinstance(found, int | float)
                if self.columns and counted and key not in self.columns:
                    raise wrong(f"the value {key!r} has no name in columns", f"Add {key}: {{en: …}} to columns.")
        for name in self.drawn:
            if name not in known:
                raise wrong(f"drawn names {name!r}, which no point has", f"Use some of {', '.join(known)}.")
        rows = [str(point["x"]) for point in self.points]
        for label in self.labels:
            if label not in rows:
                raise wrong(f"labels names {label!r}, which is no x", f"Use some of {', '.join(rows)}.")
        return self

    def series(self) -> Series:
        return Series(
            id=self.id,
            title=self.title.localized(),
            unit=self.unit,
            currency=self.currency,
            chart=self.chart,
            points=self.points,
            source=self.source.source(),
            fact_ids=self.fact_ids,
            note=_localized(self.note),
            measure=self.measure.localized() if self.measure else None,
            columns={name: texts.localized() for name, texts in self.columns.items()},
            drawn=self.drawn,
            labels={name: texts.localized() for name, texts in self.labels.items()},
        )


class SeriesFile(Strictly):
    """series.yaml: numeric series."""

    series: tuple[SeriesEntry, ...] = Field(description="The series.")


class BriefFront(Strictly):
    """What stands between the two lines of dashes at the top of a brief."""

    section: Id
    language: StoryLanguage
    as_of: Day = Field(description="How far the evidence goes.")
    title: Text
