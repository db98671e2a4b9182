"""Checking everything that admins edit without starting anything: mistakes, doubtful things, and what there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.reload import load_all
from bot.settings import OVERVIEW, Settings
from digests.errors import ConfigError, Problem
from digests.story import Story


@dataclass(frozen=True, slots=True)
class CheckReport:
    """``problems`` keep the bot from starting; ``warnings`` (plain sentences) do not."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The report for a terminal, one line each."""
        lines = [str(problem) for problem in self.problems]
        lines += [f"warning: {warning}" for warning in self.warnings]
        if self.problems:
            files = len({problem.file for problem in self.problems})
            lines.append(f"{_number(len(self.problems), 'mistake')} in {_number(files, 'file')}")
        else:
            lines.append("ok: " + ", ".join(_number(count, name) for name, count in self.counts.items()))
        return lines


def check_all(config_dir: Path) -> CheckReport:
    """Check bot.yaml and the story folder that it names. Never raises for mistakes in them."""
    try:
        settings, story = load_all(config_dir)
    except ConfigError as error:
        return CheckReport(problems=error.problems)
    return CheckReport(warnings=tuple(_warnings(settings, story)), counts=_counts(settings, story))


def _counts(settings: Settings, story: Story) -> dict[str, int]:
    return {
        "section": len(story.sections),
        "source": len(story.sources),
        "fact": len(story.facts),
        "glossary term": len(story.glossary),
        "series": len(story.series),
        "brief": len(story.briefs),
        "digest": len(settings.digests),
    }


def _warnings(settings: Settings, story: Story) -> Iterator[str]:
    if not any(source.enabled for source in story.sources):
        yield "every source is disabled, so nothing new will come in; enable one in sources.yaml"
    for section in story.sections:
        rules = story.filing.sections.get(section.id)
        if section.id != OVERVIEW and (rules is None or not rules.rules):
            yield f"no rule files anything into the section {section.id}; add rules under filing in story.yaml"
    if not settings.digests:
        yield "there is no digest, so nothing will be posted; add one under digests in bot.yaml"
    posted = {section for digest in settings.digests for section in digest.sections}
    for section in story.sections:
        if settings.digests and section.id != OVERVIEW and section.id not in posted:
            yield f"no digest posts the section {section.id}"
    for digest in settings.digests:
        if digest.language not in story.languages:
            yield f"the digest {digest.id} is in {digest.language!r}, but the story has no texts in that language"
    yield from _off(settings)


def _off(settings: Settings) -> Iterator[str]:
    """Destinations on platforms that are switched off."""
    for digest in settings.digests:
        for place in digest.destinations:
            if not getattr(settings.platforms.get(place.platform), "enabled", True):
                yield f"the digest {digest.id} goes to {place}, but platforms.{place.platform} is not enabled"


def _number(count: int, name: str) -> str:
    return f"{count:,} {name if count == 1 or name == 'series' else name + 's'}"
