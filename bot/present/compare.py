"""Two terms as a table of counts and, by kind of source, one quotation each."""

from __future__ import annotations

from bot.i18n import Translator
from bot.message import Block, Context, Heading, Inlines, Message, Paragraph, Quote, Table, Text, text
from bot.present.citations import citation_line
from bot.present.labels import kind_label
from digests.compare import Comparison, Said
from digests.model import SourceKind


def comparison_message(comparison: Comparison, t: Translator) -> Message:
    names = tuple(subject.label(t.language) for subject in comparison.subjects)
    heading = Heading(t("{one} and {other}: what each kind of source says", one=names[0], other=names[1]))
    if not comparison.said:
        words = t("The archive tells of neither. Check the spelling, or try names that the reports use.")
        return Message((heading, Paragraph(text(words))), summary=words, language=t.language)
    blocks: list[Block] = [heading, _table(comparison, names, t)]
    for pair in comparison.said:
        blocks.append(Heading(_kind(pair[0].kind, t), level=2))
        for name, said in zip(names, pair, strict=True):
            blocks += _told(name, said, t)
    if comparison.silent:
        kinds = ", ".join(kind_label(kind, t) for kind in comparison.silent)
        blocks.append(Context(text(t("Read, but silent on both: {kinds}", kinds=kinds))))
    blocks.append(Context(text(t("Quoted from the archive, not written anew."))))
    counts = (t.n("{n} report", "{n} reports", sum(pair[at].reports for pair in comparison.said)) for at in (0, 1))
    summary = "; ".join(f"{name}: {count}" for name, count in zip(names, counts, strict=True))
    return Message(tuple(blocks), summary=summary, language=t.language, shareable=True)


def _kind(kind: SourceKind, t: Translator) -> str:
    """The kind as a heading; what speaks for a state says so."""
    label = kind_label(kind, t)
    label = label[:1].upper() + label[1:]
    return t("{kind} (speaks for a government)", kind=label) if kind is SourceKind.STATE_MEDIA else label


def _table(comparison: Comparison, names: tuple[str, ...], t: Translator) -> Table:
    rows = tuple((text(kind_label(pair[0].kind, t)), *(_count(said, t) for said in pair)) for pair in comparison.said)
    return Table((t("Kind of source"), *names), rows, caption=t("Coverage"))


def _count(said: Said, t: Translator) -> Inlines:
    if not said.reports and not said.facts:
        return text("–")
    parts = []
    if said.reports:
        parts.append(t.n("{n} report", "{n} reports", said.reports))
        parts.append(t.n("{n} development", "{n} developments", said.events))
    if said.facts:
        parts.append(t.n("{n} fact", "{n} facts", said.facts))
    return text(", ".join(parts))


def _told(name: str, said: Said, t: Translator) -> list[Block]:
    if said.citation is None:
        return [Paragraph((Text(name, "strong"), Text(": " + t("nothing"))))]
    foreign = said.language if said.language != t.language else None
    source = citation_line(said.citation, t)
    if said.dossier:
        source = (*source, Text(" · " + t("in the dossier's words")))
    return [Paragraph(text(name, style="strong")), Quote((Text(said.quote, language=foreign),), source)]
