"""The verdict: what had to be posted against what the fakes accepted."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chaos.model import Expectation, Plan
from chaos.reading import Edition, Key, Reader


@dataclass
class Verdict:
    """Counts for the last line, and a line for everything that is not as it should be."""

    editions: int = 0
    folded: int = 0
    posts: int = 0
    lost: int = 0
    doubled: int = 0
    uncertain: int = 0
    faults: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def is_good(self) -> bool:
        return not self.lost and not self.doubled and not self.faults

    def line(self, seed: int) -> str:
        counts = f"editions {self.editions} posts {self.posts} lost {self.lost} doubled {self.doubled}"
        return f"{counts} uncertain {self.uncertain} seed {seed}"


def judge(expected: Expectation, reader: Reader, ledger: Sequence[dict[str, Any]]) -> Verdict:
    """``ledger`` is what ``kakehashi deliveries --json`` says of rows that are not sent: only to tell what is known to
    be uncertain, and why."""
    verdict = Verdict(editions=expected.due, folded=expected.folded)
    unsure = {_place(row) for row in ledger if row["state"] == "uncertain"}
    for row in ledger:
        if row["state"] == "uncertain":
            verdict.uncertain += 1
            verdict.reasons[str(row["error"])] += 1
        elif _place(row) not in unsure:
            # The later parts of an uncertain first part are given up with it.
            verdict.faults.append(f"{row['state']}: {row['id']} to {row['destination']}: {row['error']}")
    for plan in expected.plans:
        for channel in plan.destinations:
            _judge_channel(plan, channel, expected, reader, unsure, verdict)
    return verdict


def _place(row: dict[str, Any]) -> tuple[str, str, datetime]:
    platform, _, channel = row["destination"].split(":")
    return (f"{platform}:{channel}", row["digest"], datetime.fromisoformat(row["scheduled_at"]))


def _judge_channel(
    plan: Plan,
    channel: str,
    expected: Expectation,
    reader: Reader,
    unsure: set[tuple[str, str, datetime]],
    verdict: Verdict,
) -> None:
    known = reader.known(channel)
    mine = {key: editions for key, editions in known.items() if key[0] == plan.id}
    for key, missed in expected.posted.items():
        if key[0] != plan.id:
            continue
        editions = mine.pop(key, [])
        verdict.posts += sum(len(edition.posts) for edition in editions)
        if not any(edition.is_whole for edition in editions) and (channel, *key) not in unsure:
            verdict.lost += 1
            verdict.faults.append(f"lost: {_named(key)} at {channel} ({_parts(editions)})")
        doubled = sum(edition.doubled for edition in editions) + sum(len(e.posts) for e in editions[1:])
        if doubled:
            verdict.doubled += doubled
            verdict.faults.append(f"doubled: {_named(key)} at {channel} ({_parts(editions)})")
        if editions and missed is not None and editions[0].missed != missed:
            verdict.lost += 1
            told = editions[0].missed
            verdict.faults.append(f"wrongly told: {_named(key)} at {channel} covers {missed} missed, says {told}")
    for key, editions in mine.items():
        # Nothing is due then: something was posted that was posted before, or had to fold.
        verdict.posts += sum(len(edition.posts) for edition in editions)
        verdict.doubled += sum(len(edition.posts) for edition in editions)
        verdict.faults.append(f"not due: {_named(key)} at {channel} ({_parts(editions)})")
    if plan is expected.plans[0]:
        _judge_unknown(channel, known, verdict)


def _judge_unknown(
    channel: str,
    known: dict[Key, list[Edition]],
    verdict: Verdict,
) -> None:
    """First parts whose thread never came: their edition cannot be told, so nobody knows whose they are."""
    for key, editions in known.items():
        if key[0] == "?":
            for edition in editions:
                verdict.posts += len(edition.posts)
                verdict.doubled += len(edition.posts)
                verdict.faults.append(f"alone: {_parts([edition])} at {channel}: {edition.posts[0].text[:60]!r}")


_ALARM = re.compile(r"([^\n]+)\n: (nothing posted|no source|is posted again|can be read again)")


def judge_alarms(told: Sequence[tuple[float, str]], restored: Sequence[float], verdict: Verdict) -> None:
    """Each change of state is told once: no subject begins twice, or ends twice, in a row. An archive that was put back
    does not know what was told since it was saved, so both may come then."""
    state: dict[str, bool] = {}
    ahead = sorted(restored)
    for at, text in told:
        if ahead and at >= ahead[0]:
            ahead.pop(0)
            state.clear()
        fresh = bool(restored) and at >= restored[0]
        for subject, words in _ALARM.findall(text):
            begun = words in ("nothing posted", "no source")
            if state.get(subject, None if fresh else False) == begun:
                verdict.doubled += 1
                verdict.faults.append(f"alarm told twice: {subject}: {words}")
            state[subject] = begun


def parse_ledger(said: str) -> list[dict[str, Any]]:
    """The lines of ``kakehashi deliveries --json``."""
    rows: list[dict[str, Any]] = json.loads(said)
    return rows


def _named(key: Key) -> str:
    return f"{key[0]} of {key[1]:%Y-%m-%d %H:%M}"


def _parts(editions: Sequence[Edition]) -> str:
    if not editions:
        return "nothing there"
    return " and ".join(",".join("/".join(map(str, post.part)) for post in e.posts) for e in editions)
