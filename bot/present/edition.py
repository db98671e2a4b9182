"""An edition as a message: headline, bullets, what changed, coverage. Five seconds to read, every line linked."""

from __future__ import annotations

from datetime import timedelta

from bot.i18n import Translator, format_partial_date, translator
from bot.message import (
    Block,
    Bullet,
    BulletList,
    Context,
    Heading,
    Inline,
    Inlines,
    Link,
    Message,
    Paragraph,
    Text,
    Time,
    text,
)
from bot.present.citations import SEPARATOR, language_tag, source_link
from bot.present.durations import duration
from bot.present.labels import grade_label, status_label
from digests.model import Composition, Coverage, DigestBullet, DigestSection
from digests.story import Story

LATE = timedelta(minutes=30)
"""An edition that comes later than this says so."""
_MOST_NAMES = 5
"""Names of failing sources in the footer; the rest are counted, and /sources lists all."""


def edition_message(composition: Composition, story: Story, name: str) -> Message:
    """The edition in its digest's language, under the digest's ``name``."""
    t = translator(composition.language)
    blocks: list[Block] = [Heading(name), *_opening(composition, t)]
    told = [
        section
        for section in composition.sections
        if section.bullets or section.changed or (section.headline and composition.kind == "welcome")
    ]
    for section in told:
        blocks += _section(section, composition, story, t, headed=len(composition.sections) > 1)
    blocks += _silent(composition, story, t)
    blocks.append(_footer(composition.coverage, composition, t))
    return Message(tuple(blocks), summary=_summary(name, composition, t), language=t.language, kind="digest")


def _opening(composition: Composition, t: Translator) -> list[Block]:
    blocks: list[Block] = []
    if composition.missed or composition.absent >= LATE:
        length = duration(composition.absent, t)
        words = t("This digest was absent for {duration}.", duration=length)
        blocks.append(
            Context(text(words if composition.missed else t("This edition is {duration} late.", duration=length)))
        )
    if composition.missed:
        blocks.append(
            Context(
                text(
                    t.n(
                        "{n} earlier edition was missed; this one covers its time too.",
                        "{n} earlier editions were missed; this one covers their time too.",
                        composition.missed,
                    )
                )
            )
        )
    match composition.kind:
        case "welcome":
            words = t("Welcome. This channel follows one story. To begin with, this is where it stands:")
            blocks.append(Paragraph(text(words)))
        case "period" if composition.quiet:
            blocks.append(Paragraph(text(t("Nothing was found for this period. The background: /sections"))))
        case "quiet":
            blocks.append(Paragraph(text(t("Nothing new since the last edition."))))
        case "roundup":
            blocks.append(Paragraph(text(t("A quiet week: nothing new. This is where things stand:"))))
        case _ if composition.since is not None:
            blocks.append(Context((Text(t("New since") + " "), Time(composition.since))))
    return blocks


def _section(
    section: DigestSection, composition: Composition, story: Story, t: Translator, *, headed: bool
) -> list[Block]:
    blocks: list[Block] = []
    if headed:
        blocks.append(Heading(story.section(section.section).name.get(t.language), level=2))
    if section.headline and (composition.kind == "welcome" or not section.bullets):
        blocks.append(Paragraph(text(section.headline)))
    if section.bullets:
        blocks.append(BulletList(tuple(_bullet(bullet, t) for bullet in section.bullets)))
    if section.changed:
        blocks.append(Paragraph(text(t("What changed"), style="strong")))
        blocks.append(BulletList(tuple(_bullet(bullet, t) for bullet in section.changed)))
    if section.more:
        blocks.append(Context(text(_more(section, composition, t))))
    return blocks


def _more(section: DigestSection, composition: Composition, t: Translator) -> str:
    if composition.kind in ("welcome", "roundup", "period"):
        return t("The background: /section {section}. All dates: /timeline {section}.", section=section.section)
    return t.n("{n} more: /latest {section}", "{n} more: /latest {section}", section.more, section=section.section)


def _bullet(bullet: DigestBullet, t: Translator) -> Bullet:
    return Bullet(_said(bullet, t), _provenance(bullet, t))


def _said(bullet: DigestBullet, t: Translator) -> Inlines:
    foreign = bullet.language if bullet.language != t.language else None
    if bullet.citation.grade is not None:
        return (Text(bullet.text, language=foreign),)
    title = bullet.citation.title
    head: Inline = Link(title, bullet.citation.url) if bullet.citation.url else Text(title, "strong", foreign)
    if not bullet.text:
        return (head,)
    return (head, Text(f"\n{bullet.text}", language=foreign))


def _provenance(bullet: DigestBullet, t: Translator) -> Inlines:
    citation = bullet.citation
    parts = [format_partial_date(citation.date, t.language)]
    if bullet.uncertain_date:
        parts[0] = t("date of retrieval {date}", date=parts[0])
    if citation.status is not None:
        parts.append(status_label(citation.status, t))
    if label := grade_label(citation.grade, t):
        parts.append(label)
    if citation.grade is None and bullet.language != t.language:
        parts.append(language_tag(bullet.language))
    if bullet.voices > 1:
        parts.append(t.n("{n} independent source", "{n} independent sources", bullet.voices))
    inlines: list[Inline] = [source_link(citation), Text(SEPARATOR + SEPARATOR.join(parts))]
    for number, other in enumerate(bullet.others):
        inlines.append(Text(SEPARATOR + t("also") + " " if number == 0 else ", "))
        inlines.append(source_link(other))
        if other.language != t.language:
            inlines.append(Text(f" {language_tag(other.language)}"))
    return tuple(inlines)


def _silent(composition: Composition, story: Story, t: Translator) -> list[Block]:
    """Which sections had nothing, in one line: silence is information too."""
    if composition.quiet or composition.kind == "welcome":
        return []
    names = [
        story.section(section.section).short.get(t.language)
        for section in composition.sections
        if not section.bullets and not section.changed and section.section != "overview"
    ]
    if not names:
        return []
    return [Context(text(t("Nothing new: {sections}", sections=", ".join(names))))]


def _footer(coverage: Coverage, composition: Composition, t: Translator) -> Context:
    parts: list[str] = []
    if coverage.tried:
        parts.append(t.n("{n} source read", "{n} sources read", coverage.read))
    if composition.kind != "welcome" and coverage.items_seen:
        parts.append(
            t.n("{n} new item", "{n} new items", coverage.items_seen) + " " + t("({n} off topic)", n=coverage.off_topic)
        )
    if coverage.failed:
        parts.append(t("failing: {names}", names=_names(coverage.failed, t)))
    if coverage.stale:
        parts.append(t("silent for long: {names}", names=_names(coverage.stale, t)))
    line = SEPARATOR.join(parts)
    if coverage.next_edition is None:
        return Context(text(line))
    lead = line + SEPARATOR + t("next edition") if line else t("Next edition")
    return Context((Text(f"{lead} "), Time(coverage.next_edition)))


def _names(names: tuple[str, ...], t: Translator) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    left = len(names) - _MOST_NAMES
    return shown if left <= 0 else t("{names} and {n} more", names=shown, n=left)


def _summary(name: str, composition: Composition, t: Translator) -> str:
    if composition.kind == "welcome":
        return t("{digest}: where the story stands", digest=name)
    if composition.quiet:
        return t("{digest}: nothing new", digest=name)
    count = sum(len(section.bullets) for section in composition.sections)
    headline = next((s.headline for s in composition.sections if s.bullets), "")
    return t.n(
        "{digest}: {n} development. {headline}",
        "{digest}: {n} developments. {headline}",
        count,
        digest=name,
        headline=headline,
    )
