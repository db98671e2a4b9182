"""``kakehashi eval phrasing``: the check of phrased sentences, measured on labelled ones. No model is asked."""

from __future__ import annotations

from pathlib import Path

import click

from bot.reload import load_all
from digests.phrasing.evaluate import evaluate, load_labelled, rates
from digests.phrasing.wording import known_terms

_DATA = Path("tests") / "data" / "phrasing.jsonl"


def evaluate_phrasing(config: Path, data: Path | None, *, misses: bool) -> None:
    """Print the rates in all, by language and by half; ``misses`` lists what was judged wrongly, and why."""
    _, story = load_all(config)
    outcomes = evaluate(load_labelled(data or _DATA), known_terms(story.glossary))
    click.echo(str(rates(outcomes)))
    for attribute in ("language", "half"):
        for value in dict.fromkeys(getattr(outcome.labelled, attribute) for outcome in outcomes):
            group = [outcome for outcome in outcomes if getattr(outcome.labelled, attribute) == value]
            click.echo(str(rates(group, value)))
    kinds = dict.fromkeys(outcome.labelled.kind for outcome in outcomes if not outcome.labelled.passes)
    for kind in kinds:
        group = [outcome for outcome in outcomes if outcome.labelled.kind == kind]
        click.echo(f"  {kind}: {sum(outcome.accepted for outcome in group)} of {len(group)} lies accepted")
    for outcome in outcomes:
        if misses and not outcome.right:
            why = ", ".join(f"{each.why.value} {each.what}".strip() for each in outcome.objections) or "accepted"
            click.echo(f"  {outcome.labelled.id} [{outcome.labelled.kind}] {outcome.labelled.sentence} -> {why}")
