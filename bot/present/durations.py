"""Spans of time in words, rounded to what a reader wants to know."""

from __future__ import annotations

from datetime import timedelta

from bot.i18n import Translator

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def duration(span: timedelta, t: Translator) -> str:
    """``span`` in minutes below two hours, in hours below two days, else in days; at least one minute."""
    seconds = span.total_seconds()
    if seconds < 2 * _HOUR:
        return t.n("{n} minute", "{n} minutes", max(1, round(seconds / _MINUTE)))
    if seconds < 2 * _DAY:
        return t.n("{n} hour", "{n} hours", round(seconds / _HOUR))
    return t.n("{n} day", "{n} days", round(seconds / _DAY))
