"""A section's brief as a message: numbered references in the text, the sources below."""

from __future__ import annotations

from collections.abc import Mapping

from bot.i18n import Translator
from bot.message import Block, Context, Divider, Heading, Inline, Message, Paragraph, Text, text
from bot.present.citations import source_list
from digests.compose import fact_citation
from digests.model import Brief, BriefPart, Fact


def brief_message(brief: Brief, name: str, facts: Mapping[str, Fact], as_of: str, t: Translator) -> Message:
    """``facts`` by id; references are numbered in the order in which they first appear."""
    numbers: dict[str, int] = {}
    blocks: list[Block] = [Heading(brief.title), Context(text(t("As of {date}", date=as_of)))]
    for part in brief.parts:
        if part.heading:
            blocks.append(Heading(part.heading, level=2))
        blocks.append(Paragraph(_sentences(part, brief.language, numbers)))
    cited = tuple(fact_citation(facts[fact_id], t.language) for fact_id in numbers)
    blocks += [Divider(), Heading(t("Sources"), level=2), source_list(cited, t)]
    return Message(tuple(blocks), summary=f"{name}: {brief.title}", language=brief.language, shareable=True)


def _sentences(part: BriefPart, language: str, numbers: dict[str, int]) -> tuple[Inline, ...]:
    """Sentences with their reference marks; Japanese is written without spaces between them."""
    space = "" if language == "ja" else " "
    inlines: list[Inline] = []
    for sentence in part.sentences:
        marks = "".join(f"[{numbers.setdefault(fact_id, len(numbers) + 1)}]" for fact_id in sentence.fact_ids)
        inlines.append(Text(f"{space if inlines else ''}{sentence.text}{space}"))
        inlines.append(Text(marks, "emphasis"))
    return tuple(inlines)
