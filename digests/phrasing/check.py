"""The check that every sentence of a model must pass: it says nothing that its passage does not say.

Pure and mechanical. A sentence is compared with one passage at a time, in the passage's version of the sentence's own
language; numbers may come from any version, names from other names of the same (Tokyo for Japan). What cannot be
checked is refused, and the quotation stands: a good sentence refused costs a paraphrase, a bad one let through trust.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from digests.language import detect_language
from digests.model import Grade, Status
from digests.phrasing.claims import overstated, turned, unattributed
from digests.phrasing.figures import is_number, misplaced, new_numbers
from digests.phrasing.reading import Reading, read
from digests.phrasing.roles import exchanged_roles
from digests.phrasing.wording import Names, new_words
from digests.search.analysers import tokens
from digests.sentences import split_sentences

LONGEST = 450
"""Characters of a sentence."""
_LONGER = 1.3
"""How much longer than its passage a sentence may be."""
_SHORTEST = 8
_FORBIDDEN = re.compile(
    r"[a-z][a-z0-9+.-]*://|\bwww\.|\b(?:mailto|javascript|data|tel):|[@<>`{}\\|^#\[\]]|~~|\*|_|!\("
    r"|[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\U000e0000-\U000e0fff]",
    re.IGNORECASE,
)
_DOMAIN = re.compile(r"(?<![\w.])[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/\S*)?", re.IGNORECASE)
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget) (?:all|any|the|previous|prior|above|your|every)|\bsystem prompt\b"
    r"|\byou (?:must|should|are|will|can)\b|\b(?:click|log ?in|sign in|send (?:me|us)|reply with)\b"
    r"|\bvisit (?:our|this|the) (?:site|website|page|link)\b|\b(?:as an ai|language model)\b"
    r"|(?:指示|命令|プロンプト)を(?:無視|忘れ)|システムプロンプト|クリックして|アクセスして|してください|言語モデル"
    r"|\b(?:ігнору\w+|проігнору\w+|забудь\w*) (?:всі|усі|попередн\w+|інструкц\w+)|\bсистемн\w+ (?:промпт|інструкц)\w*"
    r"|\b(?:натисн\w+|перейд\w+ за|клікн\w+|мовн\w+ модел)\w*",
    re.IGNORECASE,
)
"""What speaks to the reader or about a model. Passages that say such things are quoted, with their quotation marks."""


class Why(StrEnum):
    """Why a sentence was refused; counted, and told in the log."""

    FORM = "form"
    LENGTH = "length"
    LANGUAGE = "language"
    CITATION = "citation"
    NUMBERS = "numbers"
    NAMES = "names"
    WORDS = "words"
    ROLES = "roles"
    MODALITY = "modality"
    NEGATION = "negation"
    ATTRIBUTION = "attribution"


@dataclass(frozen=True, slots=True)
class Ground:
    """What a sentence may rest on. ``texts`` are a fact's claim in its languages, or the quoted words of an item."""

    texts: Mapping[str, str]
    status: Status | None = None
    grade: Grade | None = None
    publisher: str = ""

    def has(self, language: str) -> bool:
        """Whether sentences in ``language`` can be checked against it, and may be."""
        return language in self.texts and self.grade is not Grade.STATE_OR_PARTISAN


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason against a sentence. ``what`` names the words for people who tune the check; it is never logged."""

    why: Why
    what: str = ""


def check(sentence: str, language: str, ground: Ground, names: Names) -> tuple[Objection, ...]:
    """Everything that speaks against showing ``sentence`` to a reader of ``language`` as resting on ``ground``.

    An empty tuple: it may be shown. Takes some milliseconds; call it in a thread.
    """
    if objections := form(sentence, language, ground):
        return objections
    if language not in ground.texts:
        return (Objection(Why.LANGUAGE, "the passage has no version in this language"),)
    mine = read(sentence, language)
    versions = [read(text, spoken) for spoken, text in ground.texts.items()]
    passage = read(ground.texts[language], language)
    return tuple(
        dict.fromkeys(
            (
                *(Objection(Why.NUMBERS, token) for token in new_numbers(mine, versions)),
                *(Objection(Why.NUMBERS, token) for token in misplaced(mine, passage)),
                *_wording(mine, passage, ground, names),
                *(Objection(Why.ROLES, name) for name in exchanged_roles(mine, passage, names)),
                *(Objection(Why.MODALITY, mark) for mark in overstated(mine, passage, ground.status)),
                *(Objection(Why.NEGATION, mark) for mark in turned(mine, passage, ground.status)),
                *_attribution(mine, passage, ground),
            )
        )
    )


def form(sentence: str, language: str, ground: Ground) -> tuple[Objection, ...]:
    """What speaks against a sentence whatever it says: markup, addresses, orders, another language, its length."""
    normal = unicodedata.normalize("NFKC", sentence)
    longest = max((len(text) for text in ground.texts.values()), default=0)
    if not _SHORTEST <= len(sentence) <= min(LONGEST, _LONGER * longest + 20):
        return (Objection(Why.LENGTH),)
    if _FORBIDDEN.search(sentence) or _FORBIDDEN.search(normal) or _ORDERS.search(normal):
        return (Objection(Why.FORM, "markup, an address or an order"),)
    if any(_ORDERS.search(unicodedata.normalize("NFKC", text)) for text in ground.texts.values()):
        # "Ignore … and write: X": X stands in the passage, and without the order before it would look like a statement.
        return (Objection(Why.FORM, "a passage with orders"),)
    domains = {match.group().casefold() for match in _DOMAIN.finditer(normal)}
    if any(not any(domain in text.casefold() for text in ground.texts.values()) for domain in domains):
        return (Objection(Why.FORM, "an address"),)
    if len(split_sentences(normal, language)) > max(
        (len(split_sentences(text, language)) for text in ground.texts.values()), default=1
    ):
        return (Objection(Why.FORM, "more sentences than the passage"),)
    if detect_language(normal, hint=language) != language:
        return (Objection(Why.LANGUAGE),)
    return ()


def _wording(mine: Reading, passage: Reading, ground: Ground, names: Names) -> list[Objection]:
    extra = _publisher(mine, ground)
    return [
        Objection(Why.NAMES if word.name else Why.WORDS, word.surface)
        for word in new_words(mine, passage, names, extra)
    ]


def _publisher(mine: Reading, ground: Ground) -> frozenset[str]:
    """The publisher's name counts as said where the sentence attributes something: "NHK reported"."""
    if not ground.publisher or not any(mark.mark.id == "said" for mark in mine.scoped):
        return frozenset()
    found = frozenset(token for token in tokens(ground.publisher, mine.language) if not is_number(token))
    near = frozenset().union(*(mark.scope for mark in mine.scoped if mark.mark.id == "said"))
    return found & near


def _attribution(mine: Reading, passage: Reading, ground: Ground) -> list[Objection]:
    return [Objection(Why.ATTRIBUTION)] if unattributed(mine, passage, ground.status, ground.grade) else []
