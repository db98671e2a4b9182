"""What a trend can be about, by its name: a section, a kind of source, or else a person or body."""

from __future__ import annotations

from collections import Counter

from bot.i18n import Translator
from bot.present.labels import kind_label
from digests.compose import OVERVIEW
from digests.coverage import Topic
from digests.mentions import subject_of
from digests.model import SourceKind
from digests.story import Story

_MOST_ACTORS = 40


def topic_of(asked: str, story: Story, t: Translator) -> Topic:
    """The topic that a member means; names may be in any language of the story, those of kinds in the member's."""
    wanted = asked.casefold()
    for section in story.sections:
        names = (section.id, *section.name.values.values(), *section.short.values.values())
        if wanted in (name.casefold() for name in names):
            return Topic() if section.id == OVERVIEW else Topic(section=section.id)
    for kind in SourceKind:
        if wanted in (kind.value, kind.value.replace("-", " "), kind_label(kind, t).casefold()):
            return Topic(kind=kind)
    return Topic(subject=subject_of(asked, story.glossary))


def topics(story: Story, t: Translator) -> list[tuple[str, str]]:
    """Suggestions as (name, value): sections, kinds of the story's sources, then those that the dossier names most."""
    sections = [(section.name.get(t.language), section.id) for section in story.sections if section.id != OVERVIEW]
    read = {source.kind for source in story.sources}
    kinds = [(kind_label(kind, t), kind.value) for kind in SourceKind if kind in read]
    counts = Counter(actor for fact in story.facts for actor in fact.actors)
    return [*sections, *kinds, *((name, name) for name, _ in counts.most_common(_MOST_ACTORS))]
