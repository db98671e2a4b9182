"""The shipped rules against the labelled sets: floors below what `kakehashi eval` prints; a step back is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from digests.evaluate import evaluate_events, evaluate_filing, read_event_labels, read_filing_labels
from digests.events import EventIndex
from digests.filing import Filer
from digests.glossary import Glossary
from digests.story import Story
from tests.shipped import shipped_story

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"


@pytest.fixture(scope="module")
def story() -> Story:
    return shipped_story()


def test_the_labelled_set_is_large_and_balanced() -> None:
    items = read_filing_labels(DATA / "filing.jsonl")
    assert len(items) >= 150
    halves = [sum(item.half == half for item in items) for half in ("tune", "test")]
    assert abs(halves[0] - halves[1]) <= 2
    for half in ("tune", "test"):
        own = [item for item in items if item.half == half]
        assert {item.language for item in own} == {"en", "ja", "uk"}
        for section in ("background", "defense-policy", "assistance", "implications", "challenges", "outlook"):
            assert sum(section in item.sections for item in own) >= 8
        assert sum(not item.sections for item in own) >= 20


@pytest.mark.parametrize("half", ["tune", "test"])
def test_filing_does_not_fall_below_its_floor(story: Story, half: str) -> None:
    figures = evaluate_filing(Filer(story), read_filing_labels(DATA / "filing.jsonl"), half)
    assert figures.macro_f1 >= 0.76
    assert figures.off_topic.f1 >= 0.82
    assert all(value >= 0.65 for value in figures.languages.values())


@pytest.mark.parametrize("half", ["tune", "test"])
def test_grouping_does_not_fall_below_its_floor(story: Story, half: str) -> None:
    glossary = Glossary(story.glossary)
    reports = read_event_labels(DATA / "events.jsonl")
    figures = evaluate_events(EventIndex.for_story(story), glossary.terms_of, reports, half)
    assert figures.bcubed_f1 >= 0.85
    assert figures.duplicates.f1 >= 0.95
