"""What the ops destination is told: what has fallen silent or fails, and what is well again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.i18n import Translator
from bot.message import Block, Bullet, BulletList, Heading, Inline, Message, Text, Time
from bot.present.citations import SEPARATOR
from bot.present.durations import duration
from bot.present.labels import kind_label
from digests.archive.alarms import Alarm
from digests.model import Localized, SourceKind


def alarm_message(
    began: Sequence[Alarm], ended: Sequence[Alarm], names: Mapping[str, Localized], now: datetime, t: Translator
) -> Message:
    """One message for all that has changed. ``names`` are the digests', by id."""
    blocks: list[Block] = []
    if began:
        blocks.append(Heading(t("Kakehashi needs attention")))
        blocks.append(BulletList(tuple(_begun(alarm, names, t) for alarm in began)))
    if ended:
        blocks.append(Heading(t("Well again")))
        blocks.append(BulletList(tuple(_ended(alarm, names, now, t) for alarm in ended)))
    subjects = ", ".join(_name(alarm, names, t) for alarm in (*began, *ended))
    lead = t("Kakehashi needs attention") if began else t("Well again")
    return Message(tuple(blocks), summary=f"{lead}: {subjects}", language=t.language, kind="notice")


def _begun(alarm: Alarm, names: Mapping[str, Localized], t: Translator) -> Bullet:
    words = t("nothing posted since it was due at") if _is_digest(alarm) else t("no source can be read since")
    head = (Text(_name(alarm, names, t), "strong"), Text(f": {words} "), Time(alarm.since))
    return Bullet(head, _detail(alarm, t))


def _detail(alarm: Alarm, t: Translator) -> tuple[Inline, ...]:
    parts: list[str] = []
    if places := alarm.detail.get("places"):
        parts.append(t("not delivered to {places}", places=", ".join(places)))
    if number := alarm.detail.get("sources"):
        parts.append(t.n("{n} source", "{n} sources", number))
    inlines: list[Inline] = [Text(SEPARATOR.join(parts))] if parts else []
    if why := alarm.detail.get("why"):
        lead = SEPARATOR if parts else ""
        inlines.append(Text(f"{lead}{why}", language="en" if t.language != "en" else None))
    return tuple(inlines)


def _ended(alarm: Alarm, names: Mapping[str, Localized], now: datetime, t: Translator) -> Bullet:
    length = duration(now - alarm.since, t)
    if _is_digest(alarm):
        words = t("is posted again; it was silent for {duration}", duration=length)
    else:
        words = t("can be read again, after {duration}", duration=length)
    return Bullet((Text(_name(alarm, names, t), "strong"), Text(f": {words}")))


def _is_digest(alarm: Alarm) -> bool:
    return alarm.subject.startswith("digest:")


def _name(alarm: Alarm, names: Mapping[str, Localized], t: Translator) -> str:
    _, _, name = alarm.subject.partition(":")
    if not _is_digest(alarm):
        return t("Sources ({kind})", kind=kind_label(SourceKind(name), t))
    return names[name].get(t.language) if name in names else name
