"""An answer as a message: quoted or phrased sentences with numbers, sources below; or what is missing and nearest."""

from __future__ import annotations

from bot.i18n import Translator
from bot.message import Block, Context, Divider, Heading, Message, Paragraph, Quote, Text, text
from bot.present.citations import source_list
from digests.model import Answer, AnswerSentence


def answer_message(answer: Answer, t: Translator) -> Message:
    return _refusal(answer, t) if answer.refused else _cited(answer, t)


def _cited(answer: Answer, t: Translator) -> Message:
    blocks: list[Block] = [Paragraph(text(answer.question, style="strong"))]
    blocks += [_phrased(sentence, t) if sentence.phrased else _quote(sentence, t) for sentence in answer.sentences]
    blocks += [Divider(), source_list(answer.citations, t, quotations=_quotations(answer, t))]
    blocks.append(Context(text(_provenance(answer, t))))
    return Message(tuple(blocks), summary=answer.sentences[0].text, language=t.language, shareable=True)


def _quote(sentence: AnswerSentence, t: Translator) -> Quote:
    marks = "".join(f"[{number}]" for number in sentence.citations)
    foreign = sentence.language if sentence.language != t.language else None
    return Quote((Text(sentence.text, language=foreign), Text(f" {marks}", "emphasis")))


def _phrased(sentence: AnswerSentence, t: Translator) -> Paragraph:
    """A model's sentence, marked in words: that it stands without a quotation bar not everybody sees."""
    marks = "".join(f"[{number}]" for number in sentence.citations)
    marked = t("phrased")
    foreign = sentence.language if sentence.language != t.language else None
    return Paragraph((Text(sentence.text, language=foreign), Text(f" {marks} ({marked})", "emphasis")))


def _quotations(answer: Answer, t: Translator) -> dict[int, Text]:
    """By number of a citation the words that a phrased sentence rests on."""
    return {
        number: Text(
            t("“{quotation}”", quotation=sentence.quoted),
            language=sentence.language if sentence.language != t.language else None,
        )
        for sentence in answer.sentences
        if sentence.phrased
        for number in sentence.citations
    }


def _provenance(answer: Answer, t: Translator) -> str:
    if answer.phrased_by is None:
        return t("Quoted from the archive, not written anew.")
    return t(
        "“Phrased”: written by the model {model} and checked against the quotation with the same number. The rest is "
        "quoted from the archive.",
        model=answer.phrased_by,
    )


def _refusal(answer: Answer, t: Translator) -> Message:
    words = t("The archive does not hold an answer to this.")
    blocks: list[Block] = [Paragraph(text(answer.question, style="strong")), Paragraph(text(words))]
    if answer.missing:
        listed = ", ".join(f"“{word}”" for word in answer.missing)
        # Of a question with "pay" in it: the archive has the word, but nothing near the question does.
        said = t("What comes nearest does not speak of {words}.", words=listed)
        blocks.append(Paragraph(text(said if answer.nearest else t("Not found: {words}.", words=listed))))
    if answer.nearest:
        blocks.append(Heading(t("Nearest, but not an answer"), level=2))
        blocks.append(source_list(answer.nearest, t))
    return Message(tuple(blocks), summary=words, language=t.language, kind="refusal")
