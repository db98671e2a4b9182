"""What stands in the archive, as gauges for Prometheus: read in the archive's own threads, and not at every scrape."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.exc import SQLAlchemyError

from bot.operations.metrics import Metrics
from bot.settings import Settings
from digests.archive import Archive, figures
from digests.archive.figures import Size, Standing
from digests.errors import ArchiveError
from digests.story import Story

log = structlog.get_logger()

STANDING_EVERY = 15.0
"""Seconds for which counts are good: Prometheus asks each 15 to 60 s."""
SIZE_EVERY = 3600.0
"""Seconds for which sizes are good: measuring the index reads all of it."""
PATIENCE = 10.0
"""Seconds that the archive may take; figures that do not come are left out."""


class Figures:
    """All figures of the bot as Prometheus reads them. ``story`` and ``settings`` give what is active now."""

    def __init__(
        self,
        archive: Archive,
        metrics: Metrics,
        *,
        story: Callable[[], Story],
        settings: Callable[[], Settings],
        now: Callable[[], datetime],
    ) -> None:
        self._archive = archive
        self._metrics = metrics
        self._story = story
        self._settings = settings
        self._now = now
        self._reading = asyncio.Lock()
        self._standing: Standing | None = None
        self._size: Size | None = None
        self._standing_at = self._size_at = float("-inf")

    async def exposition(self, checks: Mapping[str, bool]) -> bytes:
        """The text format of Prometheus (version 0.0.4). ``checks`` are those of readiness."""
        async with self._reading:
            await self._read()
            gauges = [*_checks(checks), *self._standing_gauges(), *self._size_gauges()]
        return b"".join((generate_latest(self._metrics.registry), generate_latest(_Families(gauges))))

    async def _read(self) -> None:
        """What is due to be read; what cannot be read is left out until it can."""
        now = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                if now - self._standing_at >= STANDING_EVERY:
                    self._standing, self._standing_at = None, now
                    story, digests = self._story(), self._settings().digests
                    self._standing = await self._archive.read_at_once(
                        lambda connection: figures.standing(
                            connection,
                            sources=story.sources,
                            sections=[section.id for section in story.sections],
                            digests=[digest.id for digest in digests],
                            now=self._now(),
                        )
                    )
                if now - self._size_at >= SIZE_EVERY:
                    self._size_at = now  # also when it takes too long: nobody gains by trying that at each scrape
                    self._size = await self._archive.read_at_once(figures.size)
        except (ArchiveError, SQLAlchemyError, TimeoutError, OSError) as error:
            log.warning("figures.unreadable", why=str(error) or "no answer in time")

    # --- gauges --------------------------------------------------------------------------------------------

    def _standing_gauges(self) -> Iterable[Metric]:
        found = self._standing
        if found is None:
            return
        yield from self._source_gauges(found)
        filed = {(section,): number for section, number in found.items.items()}
        yield _gauge("kakehashi_items", "Items by section.", ("section",), filed)
        yield _gauge("kakehashi_duplicate_items", "Items that are copies of another.", (), {(): found.duplicates})
        states = {(state.value,): number for state, number in found.deliveries.items()}
        yield _gauge("kakehashi_ledger_rows", "Rows of the delivery ledger by state.", ("state",), states)
        oldest = found.oldest_waiting
        age = max(0.0, (self._now() - oldest).total_seconds()) if oldest else 0.0
        yield _gauge("kakehashi_queue_age_seconds", "Age of the oldest delivery that waits; 0: none.", (), {(): age})
        yield _gauge(
            "kakehashi_last_edition_timestamp_seconds",
            "When each digest's newest complete edition was composed; absent before the first.",
            ("digest",),
            {(digest,): at.timestamp() for digest, at in found.last_editions.items()},
        )

    def _source_gauges(self, found: Standing) -> Iterable[Metric]:
        """Figures by kind of source, and by no single one: stories may have thousands."""
        now, lags = self._now(), Counter[str]()
        sources = {source.id: source for source in self._story().sources}
        states: Counter[tuple[str, ...]] = Counter()
        for state in found.sources:
            source = sources.get(state.source_id)
            if source is None:
                continue
            kind = source.kind.value
            states[kind, state.state] += 1
            if source.enabled:
                since = state.last_success_at
                behind = max(timedelta(0), now - since - source.every) if since else timedelta(0)
                lags[kind] = max(lags[kind], int(behind.total_seconds()))
        yield _gauge("kakehashi_sources", "Sources by kind and health.", ("kind", "state"), states)
        yield _gauge(
            "kakehashi_fetch_lag_seconds",
            "By how much the most belated source of a kind is behind its own interval.",
            ("kind",),
            {(kind,): lag for kind, lag in lags.items()},
        )

    def _size_gauges(self) -> Iterable[Metric]:
        if self._size is None:
            return
        yield _gauge("kakehashi_archive_bytes", "Size of the archive.", (), {(): self._size.archive})
        yield _gauge("kakehashi_archive_free_bytes", "What of it waits to be used again.", (), {(): self._size.free})
        if self._size.index is not None:
            yield _gauge("kakehashi_search_index_bytes", "Size of the search index.", (), {(): self._size.index})


class _Families:
    """Metric families that were made already, as a registry."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def _checks(checks: Mapping[str, bool]) -> Iterable[Metric]:
    yield _gauge(
        "kakehashi_ready",
        "The checks of readiness, 1: well.",
        ("check",),
        {(name,): float(well) for name, well in checks.items()},
    )


def _gauge(name: str, about: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    """``values`` by the tuple of their labels."""
    family = GaugeMetricFamily(name, about, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family
