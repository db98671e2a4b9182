"""What is kept of an edition beside its words: how its digest was configured, and what its footer counted.

It stands in the edition's ``summary``, so that an edition can be explained and composed again after the configuration,
or the health of its sources, is another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.settings import DigestSettings
from digests.compose import DigestSpec
from digests.model import Composition, Coverage


@dataclass(frozen=True, slots=True)
class EditionRecord:
    """``name`` is the digest's in the edition's language."""

    name: str
    spec: DigestSpec
    coverage: Coverage


def written(digest: DigestSettings, spec: DigestSpec, composition: Composition) -> dict[str, Any]:
    """The summary of an edition that is written now, as JSON."""
    seen = composition.coverage
    return {
        "bullets": sum(len(section.bullets) for section in composition.sections),
        "digest": {
            "name": digest.name.get(digest.language),
            "sections": list(spec.sections),
            "bullets": spec.bullets,
            "language": spec.language,
        },
        "coverage": {
            "tried": seen.tried,
            "failed": list(seen.failed),
            "stale": list(seen.stale),
            "items_seen": seen.items_seen,
            "off_topic": seen.off_topic,
            "next_edition": seen.next_edition.isoformat() if seen.next_edition else None,
        },
    }


def read(digest_id: str, summary: Mapping[str, Any]) -> EditionRecord | None:
    """What :func:`written` kept; None for an edition of a version that kept less."""
    digest, seen = summary.get("digest"), summary.get("coverage")
    if not digest or not seen:
        return None
    upcoming = seen["next_edition"]
    return EditionRecord(
        name=digest["name"],
        spec=DigestSpec(digest_id, tuple(digest["sections"]), digest["bullets"], digest["language"]),
        coverage=Coverage(
            tried=seen["tried"],
            failed=tuple(seen["failed"]),
            stale=tuple(seen["stale"]),
            items_seen=seen["items_seen"],
            off_topic=seen["off_topic"],
            next_edition=datetime.fromisoformat(upcoming) if upcoming else None,
        ),
    )


def with_coverage(composition: Composition, record: EditionRecord) -> Composition:
    """The composition with the footer that was written then."""
    return replace(composition, coverage=record.coverage)
