"""The health of sources: working, failing since when and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.i18n import Translator
from bot.message import Bullet, BulletList, Context, Heading, Inline, Message, Text, Time, text
from bot.present.citations import SEPARATOR, language_tag
from bot.present.labels import kind_label, state_label
from digests.model import SourceHealth
from digests.story import Story


def health_message(page: Sequence[SourceHealth], states: Sequence[str], story: Story, t: Translator) -> Message:
    """``page`` of all sources, each with what the reader can do about it; ``states`` are those of all."""
    counts = Counter(states)
    line = ", ".join(f"{number} {state_label(state, t)}" for state, number in counts.most_common())
    bullets = BulletList(tuple(_bullet(state, story, t) for state in page))
    summary = t.n("{n} source: {line}", "{n} sources: {line}", len(states), line=line)
    blocks = (Heading(t("Sources")), Context(text(line)), bullets)
    return Message(blocks, summary=summary, language=t.language, shareable=True)


def _bullet(state: SourceHealth, story: Story, t: Translator) -> Bullet:
    source = story.source(state.source_id)
    head = (
        Text(source.name.get(t.language), "strong"),
        Text(f" {language_tag(source.language)} – {state_label(state.state, t)}"),
    )
    parts: list[Inline] = [Text(kind_label(source.kind, t))]
    if state.items:
        parts.append(Text(SEPARATOR + t.n("{n} item", "{n} items", state.items)))
    if state.failing_since is not None:
        parts += [Text(SEPARATOR + t("since") + " "), Time(state.failing_since)]
    elif state.last_success_at is not None:
        parts += [Text(SEPARATOR + t("last read") + " "), Time(state.last_success_at)]
    why = state.why or source.reason
    if why and state.state in ("failing", "disabled", "stale"):
        parts.append(Text(SEPARATOR + why, language="en" if t.language != "en" else None))
    if state.state == "failing" and state.next_try_at is not None:
        parts += [Text(SEPARATOR + t("next try") + " "), Time(state.next_try_at)]
    return Bullet(head, tuple(parts))
