"""What a question asks for: its kind of answer, its tense, the period that it speaks of."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from digests.search.analysers import tokens
from digests.search.query import Concept, ConceptKind, Filters, Query, as_concept, parse_query
from digests.search.terms import Terms


class Wanted(StrEnum):
    """The kind of answer that would satisfy."""

    MONEY = "money"
    COUNT = "count"
    SHARE = "share"
    DURATION = "duration"
    TIME = "time"
    PLACE = "place"
    PERSON = "person"
    REASON = "reason"
    CHANGE = "change"
    DEFINITION = "definition"
    YES_NO = "yes-no"
    OTHER = "other"


_MONEY_EN = (
    r"money|fund\w*|cost|pay|paid|contribut\w*|spen[dt]\w*|donat\w*|budget|give|given|gave|pledg\w*|put|worth|loan|aid"
)
_MONEY_UK = r"грошей|коштів|коштує|коштувал\w+|доларів|євро|єн|мільйонів|мільярдів|млн|млрд"
_PAYING_UK = r"внес\w*|виділ\w*|заплат\w*|сплат\w*|вклал\w*|витрат\w*|надал\w*|пообіця\w*"
# "Скільки Японія внесла", but not "Скільки генераторів надала".
_PAID_UK = rf"\bскільки\b(?! \w+(?:ів|їв|ей|ок|их|ин)\b).*\b(?:{_PAYING_UK})\b"
_MONEY_EN_RULE = (
    r"\bhow much\b|\bwhat (?:sum|amount)\b|\bwhat (?:is|was) the total\b"
    rf"|\bhow (?:large|big)\b.*\b(?:{_MONEY_EN})\b"
)
_RULES: dict[str, tuple[tuple[Wanted, str], ...]] = {
    "en": (
        (Wanted.DURATION, r"\bhow long\b|\bfor how many (?:days|weeks|months|years)\b"),
        (Wanted.COUNT, r"\bhow many\b|\bwhat number\b|\bhow often\b"),
        (Wanted.SHARE, r"\bwhat (?:share|percentage|proportion)\b|\bhow much of\b"),
        (Wanted.MONEY, _MONEY_EN_RULE),
        (Wanted.REASON, r"\bwhy\b|\bwhat (?:is|was) the reason\b|\bfor what reason\b"),
        (Wanted.TIME, r"\bwhen\b|\bsince when\b|\b(?:what|which) (?:date|day|month|year)\b"),
        (Wanted.PERSON, r"\bwho(?:m|se)?\b|\bnames? of the\b|\bnamed?\b.*\bofficers?\b"),
        (Wanted.PLACE, r"\bwhere\b"),
        (Wanted.CHANGE, r"\bwhat (?:has |have |is |was )?chang\w*|\bhow (?:did|has|have)\b.*\bchang\w*"),
        (Wanted.YES_NO, r"^\W*(?:is|are|was|were|do|does|did|has|have|had|will|would|can|could|may|should)\b"),
        (Wanted.DEFINITION, r"^\W*what(?: is| are| was|'s|’s)\b|\bwhat does .* (?:mean|say|stand for)\b|^\W*explain\b"),
    ),
    "ja": (
        (Wanted.DURATION, "どのくらいの期間|どれくらいの期間|何(?:日|週|か月|カ月|ヶ月|年)間|いつまで|期間は"),
        (Wanted.COUNT, "何人|何名|何台|何機|何両|何隻|何件|何カ国|何か国|何回|いくつ|どれだけの数|何社|何個"),
        (Wanted.SHARE, "何割|何%|何％|何パーセント|割合"),
        (Wanted.MONEY, "いくら|[どれ][れの]くらいの(?:金額|資金|額)|金額は|総額は|何(?:億|万|ドル|円|ユーロ)"),
        (Wanted.REASON, "なぜ|何故|どうして|理由"),
        (Wanted.TIME, "いつ|何年|何月|何日"),
        (Wanted.PERSON, "誰|だれ|氏名|の名前"),
        (Wanted.PLACE, "どこ|何処"),
        (Wanted.CHANGE, "何が変わ|どう変わ|何が変更|どのように(?:変|改)|変更点"),
        (Wanted.DEFINITION, "とは(?:何|なん|どのような|どういう|$|？|\\?)|って何|何ですか|何を定め|仕組み"),
        (Wanted.YES_NO, "(?:ますか|ましたか|ですか|でしたか|のか|せんか|たか|るか)[。？?]*$"),
    ),
    "uk": (
        (Wanted.DURATION, r"\bяк довго\b|\bна який термін\b|\bскільки (?:часу|днів|тижнів|місяців|років)\b"),
        (Wanted.SHARE, r"\bяк(?:а|у|ий) (?:частк\w+|відсоток)\b|\bскільки відсотків\b"),
        (Wanted.MONEY, rf"\bскільки (?:{_MONEY_UK})\b|\bяк(?:у|а) сум\w+|{_PAID_UK}"),
        (Wanted.COUNT, r"\bскільки\b|\bяка кількість\b"),
        (Wanted.REASON, r"\bчому\b|\bз якої причини\b|\bнавіщо\b"),
        (Wanted.TIME, r"\bколи\b|\bвідколи\b|\bв якому році\b|\bу якому році\b|\bякого (?:числа|дня|року)\b"),
        (Wanted.PERSON, r"\bхто\b|\bкого\b|\bким\b|\bяк звуть\b|\bімена\b"),
        (Wanted.PLACE, r"\bде\b|\bкуди\b|\bзвідки\b"),
        (Wanted.CHANGE, r"\bщо змінил\w+|\bяк змінил\w+|\bщо змінює\w*"),
        (Wanted.DEFINITION, r"\bщо таке\b|\bщо означає\b|\bщо це за\b|\bщо каже\b"),
        (Wanted.YES_NO, r"^\W*чи\b"),
    ),
}  # fmt: skip
_WANTED = {
    language: tuple((wanted, re.compile(pattern, re.IGNORECASE)) for wanted, pattern in rules)
    for language, rules in _RULES.items()
}
# Words that keep a question from presupposing that something was done.
_UNDECIDED = re.compile(
    r"\b(?:plan\w*|want\w*|wish\w*|consider\w*|intend\w*|would|will|might|could|say|said|says|ask\w*|announc\w*"
    r"|propos\w*|promis\w*|pledg\w*|report\w*|expect\w*|study\w*|den(?:y|ied|ies)|possib\w*|potential\w*|refus\w*"
    r"|reject\w*)\b"
    r"|検討|意向|方針|計画|予定|表明|発表|約束|否定|見通|可能|提案|報道"
    r"|\b(?:планує|хоче|хотіл|розгляда|намір|заяв|оголос|обіця|пообіця|пропон|запере|можлив)\w*|\bбуде\b",
    re.IGNORECASE,
)
_DONE = {
    "en": re.compile(r"\b(?:did|has|have|had|was|were)\b", re.IGNORECASE),
    "ja": re.compile("(?:した|された|ました|されました|った)"),
    "uk": re.compile(r"\w{3,}(?:ла|ло|ли|в|лася|лося|лися|вся)\b", re.IGNORECASE),
}
_EARLY = re.compile(
    r"\b(?:first|originally|initially|at first)\b|初めて|最初|当初|\b(?:вперше|уперше|спочатку|спершу)\b", re.IGNORECASE
)
_LATE = re.compile(
    r"\b(?:now|new|latest|current(?:ly)?|still|so far|to date|today|recent(?:ly)?|nowadays|at present)\b"
    r"|\btotal\b|総額|累計|\bзагалом\b|現在|最新|最近|今も|新しい|これまで|\b(?:зараз|нині|сьогодні|наразі|досі|останн\w+|нов(?:і|их|ими|ий|ого|ому))\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\bnot\b|n['’]t\b|\brefus\w+|ない|ません|なかった|せず|\bне\b", re.IGNORECASE)
_COUNTED = {
    "en": re.compile(r"\bhow many\b|\bwhat number of\b", re.IGNORECASE),
    "uk": re.compile(r"\bскільки\b|\bяка кількість\b", re.IGNORECASE),
    "ja": re.compile("何(?:人|名|台|機|両|隻|件|カ国|か国|回|社|個)|いくつ"),
}
_ASKED_FOR = {
    "en": re.compile(r"\b(?:which|what)\s+(?!(?:is|are|was|were|did|do|does|has|have|will|would)\b)", re.IGNORECASE),
    "uk": re.compile(r"\bяк(?:ий|а|е|і|у|ого|ої|их|им|ою|ими)\s+(?!є\b)", re.IGNORECASE),
    "ja": re.compile("どの(?!よう|くらい)|どんな|何の|どういう"),
}  # fmt: skip
_THINGS = frozenset((ConceptKind.TERM, ConceptKind.NAME, ConceptKind.SYNONYM, ConceptKind.WORD))
_TASK = re.compile(r"\bwhat\b.*\bdo\W*$|何をする|何をします|\bщо роб\w+", re.IGNORECASE)
_AUXILIARY = re.compile(r"\b(?:did|has|have|had|does|do)\b", re.IGNORECASE)
_HEAD_REACH = 25
_MONTHS = "january february march april may june july august september october november december"
_MONTHS_UK = ("січня", "лютого", "березня", "квітня", "травня", "червня", "липня", "серпня", "вересня", "жовтня",
              "листопада", "грудня")  # fmt: skip
_AFTER = re.compile(
    rf"\b(?:after|since|following)\s+(?:(?P<d>\d{{1,2}})\s+)?(?:(?P<m>{_MONTHS.replace(' ', '|')})\s+)?"
    r"(?:(?P<d2>\d{1,2}),?\s+)?(?P<y>(?:19|20)\d\d)\b"
    rf"|\bпісля\s+(?:(?P<ukd>\d{{1,2}})\s+)?(?:(?P<ukm>{'|'.join(_MONTHS_UK)})\s+)?(?P<uky>(?:19|20)\d\d)"
    r"|(?P<jay>(?:19|20)\d\d)年(?:(?P<jam>\d{1,2})月)?(?:(?P<jad>\d{1,2})日)?(?:以降|より後|の後|以後)",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, read. ``wanted`` lists kinds of answer, the most telling first; it may ask for several."""

    text: str
    language: str
    query: Query
    tokens: frozenset[str]
    """Its words as the analyser of its language gives them."""
    wanted: tuple[Wanted, ...]
    after: date | None
    """The question asks what happened after this day."""
    years: tuple[int, ...]
    early: bool
    """It wants the beginning of something."""
    late: bool
    """It wants the present state."""
    negated: bool
    counted: Concept | None
    """What "how many" counts."""
    predicate: Concept | None
    """What its subject does, where that can be told."""
    asked_for: Concept | None
    """What "which" or "what" stands before: an answer must hold it."""
    presupposes: bool
    """It takes for granted that something was done ("When did …", "How much has … paid")."""
    whether_done: bool
    """It asks whether something was done ("Has Japan joined …")."""


def analyse(
    text: str, language: str, terms: Terms | None = None, filters: Filters | None = None, limit: int = 30
) -> Question:
    """Read a question in ``language``; other languages are read like English."""
    rules = _WANTED.get(language, _WANTED["en"])
    wanted = tuple(kind for kind, pattern in rules if pattern.search(text)) or (Wanted.OTHER,)
    early, late = _EARLY.search(text) is not None, _LATE.search(text) is not None
    query = parse_query(text, language, terms, filters, limit)
    kept = tuple(concept for concept in query.concepts if not _is_modifier(concept))
    # Facts are ranked by fitted scores, so many are wanted; news must hold nearly all of the question, so few can do.
    query = replace(query, concepts=kept or query.concepts, news=limit // 2)
    if _TASK.search(text):
        query = replace(query, concepts=(*query.concepts, as_concept("task", text)))
    return Question(
        text=text,
        language=language,
        query=query,
        tokens=frozenset(tokens(text, language)),
        wanted=wanted,
        after=_after(text),
        years=tuple(sorted({int(year) for year in _YEAR.findall(text)})),
        early=early or (wanted[0] is Wanted.DEFINITION and not late),
        late=late,
        negated=_NEGATED.search(text) is not None,
        counted=_counted(query, language),
        predicate=_predicate(query, language),
        asked_for=_asked_for(query, language),
        presupposes=_presupposes(text, language) and wanted[0] is not Wanted.YES_NO,
        whether_done=_presupposes(text, language) and wanted[0] is Wanted.YES_NO,
    )


def _is_modifier(concept: Concept) -> bool:
    """Whether it only says which of several: "first", "current"; "total" is looked for as well."""
    said = concept.kind in (ConceptKind.WORD, ConceptKind.SYNONYM) and concept.id != "total"
    return said and bool(_EARLY.fullmatch(concept.surface) or _LATE.fullmatch(concept.surface))


def _predicate(query: Query, language: str) -> Concept | None:
    """What the subject of an English question does: the first thing after the name that follows "did", "has", …"""
    found = _AUXILIARY.search(query.text) if language not in ("ja", "uk") else None
    if not found:
        return None
    following = sorted((c for c in query.concepts if c.start >= found.end()), key=lambda concept: concept.start)
    if not following or not following[0].names_something:
        return None
    return next((c for c in following if c.kind in (ConceptKind.WORD, ConceptKind.SYNONYM)), None)


def _presupposes(text: str, language: str) -> bool:
    """Whether it speaks of something done, without a word like "plan" or "say" before it."""
    return bool(_DONE.get(language, _DONE["en"]).search(text)) and not _UNDECIDED.search(text)


def _counted(query: Query, language: str) -> Concept | None:
    """The thing counted: after "how many", but in Japanese before it (自衛官は何人)."""
    found = _COUNTED.get(language, _COUNTED["en"]).search(query.text)
    things = [concept for concept in query.concepts if concept.kind in _THINGS]
    if not found or not things:
        return None
    if language == "ja":
        return max((thing for thing in things if thing.start < found.start()), key=lambda c: c.start, default=None)
    return min((thing for thing in things if thing.start >= found.end()), key=lambda c: c.start, default=None)


def _asked_for(query: Query, language: str) -> Concept | None:
    found = _ASKED_FOR.get(language, _ASKED_FOR["en"]).search(query.text)
    if not found:
        return None
    near = [
        concept
        for concept in query.concepts
        if concept.kind in _THINGS and found.end() <= concept.start <= found.end() + _HEAD_REACH
    ]
    return min(near, key=lambda concept: concept.start, default=None)


def _after(text: str) -> date | None:
    found = _AFTER.search(text)
    if not found:
        return None
    part = found.groupdict()
    year = int(part["y"] or part["uky"] or part["jay"])
    month = 1
    if part["m"]:
        month = _MONTHS.split().index(part["m"].lower()) + 1
    elif part["ukm"]:
        month = _MONTHS_UK.index(part["ukm"].lower()) + 1
    elif part["jam"]:
        month = int(part["jam"])
    day = int(part["d"] or part["d2"] or part["ukd"] or part["jad"] or 0)
    try:
        return date(year, month, day or 1)
    except ValueError:
        return None
