"""How many commands a member, and a channel, may call: token buckets, which fill up evenly over a minute.

A full bucket allows a burst of a minute's worth. Nothing is kept: after a restart every bucket is full.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.commands.base import Member
from bot.settings import LimitSettings

PRESSES_A_COMMAND = 4
"""Pages are turned quickly: so many presses of buttons count as one command."""
MOST_BUCKETS = 10_000
"""Members and channels that are remembered; those that were quiet for longest go first."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: datetime


class Limits:
    """Counts what members ask for. ``now`` gives the present."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, member: Member, rates: LimitSettings, *, press: bool = False) -> int:
        """Whole seconds until the member may ask; 0: now, and it is counted.

        A call that has to wait is not counted, so that patience is rewarded. Admins are not held up by a busy channel.
        """
        cost = 1 / PRESSES_A_COMMAND if press else 1.0
        held = [(self._bucket(f"member {member.identity}", rates.member_commands), rates.member_commands)]
        if not member.admin:
            channel = f"channel {member.platform}:{member.workspace}:{member.channel}"
            held.append((self._bucket(channel, rates.channel_commands), rates.channel_commands))
        limited = [(bucket, rate) for bucket, rate in held if rate]
        missing = max(((cost - bucket.tokens) * 60 / rate for bucket, rate in limited), default=0.0)
        if missing > 0:
            return max(1, math.ceil(missing))
        for bucket, _ in limited:
            bucket.tokens -= cost
        return 0

    def _bucket(self, name: str, rate: int) -> _Bucket:
        """The bucket as it is now. A clock that was set back fills nothing, and takes nothing away."""
        now = self._now()
        bucket = self._buckets.setdefault(name, _Bucket(rate, now))
        self._buckets.move_to_end(name)
        passed = max(0.0, (now - bucket.at).total_seconds())
        bucket.tokens, bucket.at = min(float(rate), bucket.tokens + passed * rate / 60), now
        while len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return bucket
