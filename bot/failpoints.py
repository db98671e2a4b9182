"""Named places at which a process may die, so that a test can make it die there.

Inert in the bot: :func:`passing` does nothing until something has called :func:`arm`, and only the entry point of
``make chaos`` does. The places are those of ARCHITECTURE.md, "every crash point and what holds"; a test holds the two
against each other.
"""

from __future__ import annotations

from collections.abc import Callable

POINTS = {
    "edition.due": "an edition is composed, and not written",
    "edition.writing": "an edition is written within a transaction that has not ended",
    "edition.written": "an edition and its rows are written, and nobody has been woken",
    "delivery.leased": "a row is leased, and nothing done with it",
    "delivery.departing": "the request is about to leave",
    "delivery.accepted": "the platform has taken the message, and that is not recorded",
    "delivery.recording": "the record is written within a transaction that has not ended",
    "delivery.recorded": "the record is written",
    "delivery.refused": "the platform has refused, and that is not recorded",
    "delivery.asking": "the platform is about to be asked for a row that may have been posted",
    "delivery.found": "the platform has found it, and that is not recorded",
    "delivery.thread": "a thread is there for the later parts, and nothing in it",
    "charge.taken": "the archive is in this instance's charge, and nothing done with it",
    "alarm.writing": "an alarm is written within a transaction that has not ended",
    "backup.made": "a backup is there, and the oldest is not deleted yet",
}
"""What stands, and what does not, when the process dies there."""

_armed: Callable[[str], None] | None = None


def arm(hook: Callable[[str], None] | None) -> None:
    """Have ``hook`` called with the name of every place that is passed; None disarms."""
    global _armed
    _armed = hook


def passing(point: str) -> None:
    """The process is at this place."""
    if _armed is not None:
        _armed(point)
