"""How long a 60-bullet trilingual digest takes to become each platform's native messages: split, then rendered."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from benchmarks.machine import heading, percentile
from bot.adapters.splitting import Fit, split
from bot.message import Bullet, BulletList, Context, Heading, Link, Message, Text, Time, text

BULLETS = 60
ROUNDS = 200
_SAID = (
    (
        "Japan and NATO agree on a fund for {n} repair workshops",
        "The agreement covers maintenance of vehicles & equipment until 2028, officials said on Thursday.",
        "Ministry of Defence",
    ),
    (
        "日本とNATO、{n}件の装備品整備で合意",
        "防衛省は木曜日、2028年まで車両や装備品の整備を支援すると発表した。関係国は歓迎している。",
        "防衛省",
    ),
    (
        "Японія та НАТО домовилися про {n} ремонтних майстерень",
        "Домовленість охоплює обслуговування техніки до 2028 року, повідомили посадовці в четвер.",
        "Міністерство оборони",
    ),
)


def digest(bullets: int = BULLETS) -> Message:
    """A digest of six sections in English, Japanese and Ukrainian."""
    at = datetime(2026, 6, 1, 8, tzinfo=UTC)
    blocks: list[Any] = [Heading("Morning digest"), Context((Text("New since "), Time(at)))]
    for section in range(6):
        items = []
        for number in range(bullets // 6):
            title, words, publisher = _SAID[(section + number) % 3]
            url = f"https://news.example/{section}/{number}?lang=en&ref=feed"
            detail = (Link(publisher, url), Text(" · 1 June 2026 · 3 independent sources · also "), Link("Wire", url))
            items.append(Bullet((Link(title.format(n=number), url), Text(f"\n{words}")), detail))
        blocks += [Heading(f"Section {section}", 2), BulletList(tuple(items))]
    blocks.append(Context(text("39 sources read · 214 new items (131 off topic)")))
    return Message(tuple(blocks), summary="Morning digest: 60 developments.", kind="digest")


def run() -> None:
    from bot.adapters.discord import render as discord
    from bot.adapters.slack import render as slack

    heading(f"Rendering a digest of {BULLETS} bullets in three languages ({ROUNDS} rounds)")
    message = digest()
    _measure("Slack", message, slack.FIT, lambda part: slack.render(part).blocks)
    _measure("Discord", message, discord.FIT, lambda part: discord.render(part).payload())


def _measure(name: str, message: Message, fit: Fit, render: Any) -> None:
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        parts = [render(part) for part in split(message, fit)]
        took.append((time.perf_counter() - began) * 1000)
    size = len(json.dumps(parts, ensure_ascii=False).encode())
    print(
        f"{name}: p50 {percentile(took, 0.5):.2f} ms, p95 {percentile(took, 0.95):.2f} ms (limit 10 ms); "
        f"{len(parts)} messages, {size:,} bytes"
    )
