"""What happens in the bot, counted for Prometheus.

No label holds anything of a member: labels are names of this program, or ids of the configuration, so that their number
is bounded. What stands in the archive is read by :mod:`bot.operations.figures` instead.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from bot import delivery
from bot.commands import dispatch
from digests.ingest.update import SourceUpdate
from digests.model import Source

LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds. Fine below the 50 ms that nothing may hold the loop for, so that a percentile can be read off there."""
_COMMAND_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The counters of one running bot, in a registry of their own: several bots in one process do not mix."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._deliveries = Counter(
            "kakehashi_deliveries",
            "Message parts by what came of an attempt: sent, retry, dead (given up), uncertain.",
            ("platform", "outcome"),
            registry=self.registry,
        )
        self._commands = Counter(
            "kakehashi_commands",
            "Commands by name and outcome; refused means that /ask found no answer.",
            ("command", "outcome"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "kakehashi_command_seconds",
            "How long commands took, from the call to the message.",
            ("command",),
            buckets=_COMMAND_BUCKETS,
            registry=self.registry,
        )
        self._by_reader = Counter(
            "kakehashi_reader_commands",
            "Commands that the reader, a second process, has answered.",
            registry=self.registry,
        )
        self._reads = Counter(
            "kakehashi_source_reads",
            "Readings of sources by kind of source and outcome (ok, failed).",
            ("kind", "outcome"),
            registry=self.registry,
        )
        self._entries = Counter(
            "kakehashi_entries",
            "Entries of sources by what they were: new, off_topic (also new), revised, withdrawn.",
            ("kind", "what"),
            registry=self.registry,
        )
        self.loop_lag = Histogram(
            "kakehashi_event_loop_lag_seconds",
            "By how much a timer of the event loop came late.",
            buckets=LAG_BUCKETS,
            registry=self.registry,
        )

    def delivery(self, platform: str, outcome: delivery.Outcome) -> None:
        """A message part was tried."""
        self._deliveries.labels(platform, outcome).inc()

    def command(self, name: str, outcome: dispatch.Outcome, seconds: float) -> None:
        """A command was answered. ``name`` is one of the catalogue's, never what a member typed."""
        self._commands.labels(name, outcome).inc()
        self._seconds.labels(name).observe(seconds)

    def by_reader(self) -> None:
        """The reader answered a command."""
        self._by_reader.inc()

    def updates(self, updates: Iterable[SourceUpdate], sources: Iterable[Source]) -> None:
        """Sources were read."""
        kinds = {source.id: source.kind.value for source in sources}
        for update in updates:
            kind = kinds.get(update.source_id)
            if kind is None:
                continue  # The story was changed meanwhile, and the source is gone.
            self._reads.labels(kind, "failed" if update.error else "ok").inc()
            for what in ("new", "off_topic", "revised", "withdrawn"):
                if number := getattr(update, what):
                    self._entries.labels(kind, what).inc(number)
