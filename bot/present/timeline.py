"""Facts in the order of their dates, each with its source and how far along it is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from bot.i18n import N_, Translator, format_partial_date
from bot.message import Block, Bullet, BulletList, Context, File, Heading, Message, Paragraph, Text, text
from bot.present.citations import SEPARATOR, source_link
from bot.present.labels import grade_label, status_label
from digests.compose import fact_citation
from digests.model import Fact


def timeline_message(facts: Sequence[Fact], count: int, name: str, t: Translator) -> Message:
    """One page of ``count`` facts, grouped by year; says so when none fits."""
    if not facts:
        return none_message(name, t)
    blocks: list[Block] = [_heading(name, t)]
    for year, group in groupby(facts, key=lambda fact: fact.date[:4]):
        blocks.append(Heading(year, level=2))
        blocks.append(BulletList(tuple(_bullet(fact, t) for fact in group)))
    blocks.append(Context(text(t("As a file: the same with export:csv (or json, markdown)."))))
    summary = t.n("{n} dated fact", "{n} dated facts", count) + f": {name}"
    return Message(tuple(blocks), summary=summary, language=t.language, shareable=True)


def timeline_file_message(facts: Sequence[Fact], file: File, name: str, t: Translator) -> Message:
    """What a file holds, and the file. ``facts`` are those in it, newest first; the file is for who asked."""
    first, last = (format_partial_date(fact.date, t.language) for fact in (facts[-1], facts[0]))
    held = t.n("{n} entry, from {first} to {last}", "{n} entries, from {first} to {last}", len(facts),
               first=first, last=last)  # fmt: skip
    if first == last:
        held = t.n("{n} entry, dated {date}", "{n} entries, dated {date}", len(facts), date=first)
    blocks = (_heading(name, t), Paragraph(text(held)), file)
    return Message(blocks, summary=f"{held}: {name}", language=t.language, private=True)


def none_message(name: str, t: Translator) -> Message:
    """That nothing fits, and what might."""
    words = t("No dated fact fits. Widen the dates or leave out the actor.")
    return Message((_heading(name, t), Paragraph(text(words))), summary=words, language=t.language)


def _heading(name: str, t: Translator) -> Heading:
    return Heading(t("Timeline: {name}", name=name))


def _bullet(fact: Fact, t: Translator) -> Bullet:
    citation = fact_citation(fact, t.language)
    details = [*_dating(fact, t), status_label(fact.status, t)]
    if label := grade_label(fact.grade, t):
        details.append(label)
    if fact.superseded_by:
        details.append(t("superseded later"))
    if fact.disputed_by:
        details.append(t("disputed"))
    foreign = citation.language if citation.language != t.language else None
    said = (
        Text(format_partial_date(fact.date, t.language), "strong"),
        Text(f"  {fact.claim.get(t.language)}", language=foreign),
    )
    return Bullet(said, (source_link(citation), Text(SEPARATOR + SEPARATOR.join(details))))


def _dating(fact: Fact, t: Translator) -> list[str]:
    """When the source came out, unless on the day of what it tells; and how sure that day is."""
    said = []
    if fact.source.published and fact.source.published != fact.date:
        said.append(t("published {date}", date=format_partial_date(fact.source.published, t.language)))
    if precision := fact_precision(fact):
        said.append(t(_LOOSE[precision]))
    if fact.date_inferred:
        said.append(t("date inferred"))
    return said


_LOOSE = {"year": N_("only the year is known"), "month": N_("only the month is known")}


def fact_precision(fact: Fact) -> str:
    """``year`` or ``month`` when the day is not known, else ""."""
    return {4: "year", 7: "month"}.get(len(fact.date), "")
