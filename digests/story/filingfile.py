"""The ``filing`` part of story.yaml as pydantic models; the rules themselves are :mod:`digests.filingrules`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from digests.fields import Language, Number, Strictly, Text
from digests.filingrules import FilingRules, OffTopicRule, ProfileRules, Rule, SectionRules, WordList
from digests.model import SourceKind

Names = tuple[Text, ...]
Within = Literal["item", "lead", "sentence", "title"]
_ALL = "Ids of word lists or glossary terms that must all occur."
_ANY = "Ids of word lists or glossary terms of which one must occur."
_NONE = "Ids of word lists or glossary terms that must not occur."
_DEFAULTS = FilingRules(sections={})
_WITHIN = "Where they must stand together: the whole item, its lead (title and first sentences), a sentence, the title."


class WordListEntry(Strictly):
    """Words in several languages that mean one thing."""

    words: dict[Language, Names] = Field({}, description="By language; word* takes any ending, CAPITALS match as such.")
    terms: Names = Field((), description="Glossary terms that count as words of this list.")
    includes: Names = Field((), description="Other lists whose words belong to this one, too.")

    def word_list(self) -> WordList:
        return WordList(dict(self.words), self.terms, self.includes)


class RuleEntry(Strictly):
    """Evidence for a section (or against it, when the weight is negative)."""

    weight: Number = Field(ge=-1, le=1, description="Above 0 to 1 speaks for the section, below 0 against it.")
    all: Names = Field((), description=_ALL)
    any: Names = Field((), description=_ANY)
    none: Names = Field((), description=_NONE)
    within: Within = Field("item", description=_WITHIN)
    kinds: tuple[SourceKind, ...] = Field((), description="Only for sources of these kinds; empty means all.")

    def rule(self) -> Rule:
        return Rule(self.weight, self.all, self.any, self.none, self.within, self.kinds)


class SectionRulesEntry(Strictly):
    """When an item belongs to a section."""

    needs: tuple[Names, ...] = Field((), description="The gate: every name of at least one of these lists must occur.")
    rules: tuple[RuleEntry, ...] = Field((), description="Evidence; all rules that hold make up the score.")
    threshold: Annotated[Number, Field(ge=0, le=1)] | None = Field(None, description="Instead of the story's own.")

    def section_rules(self) -> SectionRules:
        return SectionRules(tuple(entry.rule() for entry in self.rules), self.needs, self.threshold)


class OffTopicEntry(Strictly):
    """An item for which this holds belongs to no section."""

    reason: Text = Field(description='Plain English, shown to members, such as "sport".')
    all: Names = Field((), description=_ALL)
    any: Names = Field((), description=_ANY)
    none: Names = Field((), description=_NONE)
    within: Within = Field("item", description=_WITHIN)

    def rule(self) -> OffTopicRule:
        return OffTopicRule(self.reason, self.all, self.any, self.none, self.within)


class ProfileEntry(Strictly):
    """How much the likeness to the story's own facts and briefs counts."""

    weight: Number = Field(_DEFAULTS.profile.weight, ge=0, le=1, description="The most that it adds to a score.")
    alone: Number = Field(
        _DEFAULTS.profile.alone, ge=0, description="From here it files without any rule; above 1: never."
    )


class FilingEntry(Strictly):
    """Which words file an item into which section."""

    threshold: Number = Field(_DEFAULTS.threshold, ge=0, le=1, description="Score from which an item belongs.")
    rival: Number = Field(
        _DEFAULTS.rival,
        ge=0,
        le=1,
        description="Share of the best section's evidence that another one needs to keep an item.",
    )
    title_weight: Number = Field(
        _DEFAULTS.title_weight, ge=1, description="Factor when the title alone fulfils a rule."
    )
    lead_sentences: int = Field(_DEFAULTS.lead_sentences, ge=0, strict=True, description="Sentences in the lead.")
    profile: ProfileEntry = Field(ProfileEntry(), description="Likeness to the facts and briefs of a section.")
    lists: dict[Text, WordListEntry] = Field({}, description="Word lists by id; rules name them.")
    false_friends: dict[Text, Text] = Field({}, description="Glossary term to what its name may mean elsewhere.")
    off_topic: tuple[OffTopicEntry, ...] = Field((), description="What belongs to no section, whatever else it says.")
    sections: dict[Text, SectionRulesEntry] = Field({}, description="Rules by section id.")

    def filing_rules(self) -> FilingRules:
        return FilingRules(
            sections={name: entry.section_rules() for name, entry in self.sections.items()},
            lists={name: entry.word_list() for name, entry in self.lists.items()},
            off_topic=tuple(entry.rule() for entry in self.off_topic),
            false_friends=dict(self.false_friends),
            profile=ProfileRules(self.profile.weight, self.profile.alone),
            threshold=self.threshold,
            rival=self.rival,
            title_weight=self.title_weight,
            lead_sentences=self.lead_sentences,
        )
