"""What the platforms do to the bot, drawn by the seed: refusals, lost replies, slow and cut connections."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chaos.world import World

_SLOW = (0.1, 0.8)
"""Seconds of real time; shorter than the ledger's lease at the fastest rate, as on a real platform."""


@dataclass
class Weather:
    """Faults for the next requests; ``seen`` counts what was ordered."""

    world: World
    rng: random.Random
    seen: Counter[str] = field(default_factory=Counter)

    def stir(self) -> None:
        """Some trouble, or none, for the next edition."""
        for _ in range(self.rng.choice((0, 0, 1, 1, 2, 3))):
            self.rng.choice((self._slack, self._discord))(self.rng.choice(tuple(_KINDS)))

    def order(self, kind: str) -> None:
        """This trouble, at both platforms."""
        self._slack(kind)
        self._discord(kind)

    def _slack(self, kind: str) -> None:
        self.seen[kind] += 1
        self.world.slack.fail_next("chat.postMessage", **_KINDS[kind][0](self.rng))
        if kind == "reply lost" and self.rng.random() < 0.3:
            # And the bot cannot ask at once, either.
            self.world.slack.fail_next("conversations.history", status=500)

    def _discord(self, kind: str) -> None:
        self.seen[kind] += 1
        path = self.rng.choice(
            ("/channels/*/messages", "/channels/*/messages", "/channels/*/threads", "/channels/*/messages/*/threads")
        )
        self.world.discord.fail_next("POST", path, **_KINDS[kind][1](self.rng))


Make = Callable[[random.Random], dict[str, Any]]
_KINDS: dict[str, tuple[Make, Make]] = {
    "429": (
        lambda rng: {"status": 429, "retry_after": rng.randint(1, 30)},
        lambda rng: {"status": 429, "retry_after": rng.uniform(0.05, 0.5)},
    ),
    "5xx": (lambda rng: {"status": rng.choice((500, 502, 503))}, lambda rng: {"status": rng.choice((500, 502, 503))}),
    "reply lost": (lambda _: {"drop": True}, lambda _: {"drop": True}),
    "cut": (lambda _: {"drop_before": True}, lambda _: {"lost": True}),
    "slow": (lambda rng: {"delay": rng.uniform(*_SLOW)}, lambda rng: {"delay": rng.uniform(*_SLOW)}),
    "slow, then cut": (
        lambda rng: {"delay": rng.uniform(*_SLOW), "drop": True},
        lambda rng: {"delay": rng.uniform(*_SLOW), "drop": True},
    ),
}
"""How each trouble is ordered of Slack's fake and of Discord's."""
