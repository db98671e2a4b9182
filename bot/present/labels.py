"""The words for kinds, grades, statuses and states, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from bot.i18n import N_, Translator
from digests.model import Grade, SourceKind, Status

_KINDS = {
    SourceKind.OFFICIAL: N_("official"),
    SourceKind.DATA: N_("data"),
    SourceKind.WIRE: N_("news agency"),
    SourceKind.NATIONAL: N_("national press"),
    SourceKind.LOCAL: N_("local press"),
    SourceKind.THINK_TANK: N_("think tank"),
    SourceKind.AGGREGATOR: N_("aggregator"),
    SourceKind.COMMENTARY: N_("commentary"),
    SourceKind.STATE_MEDIA: N_("state media"),
}

_GRADES = {
    Grade.RELAY: N_("relayed by a secondary source"),
    Grade.STATE_OR_PARTISAN: N_("state or partisan source"),
}

_STATUSES = {
    Status.CONSIDERED: N_("under consideration"),
    Status.ANNOUNCED: N_("announced"),
    Status.AGREED: N_("agreed"),
    Status.DECIDED: N_("decided"),
    Status.UNDER_WAY: N_("under way"),
    Status.DELIVERED: N_("delivered"),
    Status.DENIED: N_("denied"),
    Status.REPORTED: N_("reported, not confirmed"),
    Status.STATED: N_("statement"),
    Status.MEASURED: N_("data"),
    Status.OCCURRED: N_("took place"),
}

_STATES = {
    "ok": N_("working"),
    "failing": N_("failing"),
    "stale": N_("silent for long"),
    "baseline": N_("first run"),
    "disabled": N_("switched off"),
    "waiting": N_("not tried yet"),
}


def kind_label(kind: SourceKind, t: Translator) -> str:
    return t(_KINDS[kind])


def grade_label(grade: Grade | None, t: Translator) -> str:
    """The warning that a weak source carries; "" for good ones."""
    return t(_GRADES[grade]) if grade in _GRADES else ""


def status_label(status: Status, t: Translator) -> str:
    return t(_STATUSES[status])


def status_names() -> Mapping[Status, str]:
    """Every status with its untranslated name, from wished for to done."""
    return _STATUSES


def state_label(state: str, t: Translator) -> str:
    return t(_STATES.get(state, state))
