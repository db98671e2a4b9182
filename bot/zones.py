"""The time zones that there are, read from the disk once."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def zones() -> tuple[str, ...]:
    """IANA names, sorted."""
    return tuple(sorted(available_timezones()))


@cache
def by_folded_name() -> dict[str, str]:
    """The names by their folded form, for what members type."""
    return {name.casefold(): name for name in zones()}
