"""``kakehashi eval ask``: the questions whose answers are known, asked of the shipped dossier."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from bot.reload import load_all
from digests.evaluate_ask import (
    LabelledQuestion,
    Outcome,
    as_precedents,
    as_table,
    evaluate,
    figures,
    in_english_alone,
    load_questions,
    refit,
)
from digests.search import leaning
from digests.search.extras import has_semantic
from digests.story import Story

_FILES = (Path("tests/data/questions.jsonl"), Path("tests/data/ask.jsonl"))
_NEAR_MISSES = Path("tests/data/near_misses.jsonl")
_FOR_FITTING = tuple(Path(f"tests/data/ask_fit{number}.jsonl") for number in ("", 2, 3))


async def refit_once(config: Path) -> None:
    """Fit how questions lean and the scores anew on the project's own questions, write both into the package
    and print how well they tell what can be answered."""
    from digests.fit_ask import MOST_REFUSED, save  # numpy: the command line does without it otherwise
    from digests.fit_leaning import fit_leaning

    _, story = load_all(config)
    questions = load_questions([path for path in (*_FILES, *_FOR_FITTING) if path.exists()])
    near_misses = load_questions([path for path in (_NEAR_MISSES,) if path.exists()])
    unanswered = as_precedents(near_misses)
    # Scores have to be fitted on questions of which the weights of turns know nothing. The judged ones join afterwards.
    turns = await asyncio.to_thread(fit_leaning, story, unanswered)
    fit = await refit(story, questions, datetime.now(UTC), turns, near_misses)
    judged = as_precedents(load_questions([path for path in _FOR_FITTING if path.exists()]))
    turns = await asyncio.to_thread(fit_leaning, story, (*unanswered, *judged))
    leaning.save(turns)
    save(fit.weights)
    click.echo(
        f"fitted on {fit.examples} examples of {len(questions)} questions, without those that stand among the "
        f"precedents: AUROC {fit.auroc:.3f} on themselves, {fit.auroc_unseen:.3f} on tenths that the fit had not seen; "
        f"threshold {fit.weights.threshold:.3f}, at which {MOST_REFUSED:.1%} of unseen answerable questions are refused"
    )


async def evaluate_ask_once(config: Path, data: Path | None, *, misses: bool, words: bool) -> None:
    """Print recall, first citations and refusals, in all and by language, then of Japanese and Ukrainian questions
    while the dossier speaks English alone; and all again with search by meaning, unless ``words``. ``misses`` names the
    failed questions."""
    _, story = load_all(config)
    questions = load_questions([data] if data else [path for path in _FILES if path.exists()])
    outcomes = await _asked(story, questions, meaning=False)
    click.echo(as_table(figures(outcomes)))
    await _print_across(story, questions, outcomes)
    if has_semantic() and not words:
        click.echo("\nwith the extra semantic (search by meaning, too):")
        click.echo(as_table(figures(await _asked(story, questions, meaning=True))))
    for outcome in outcomes:
        if misses and outcome.wrong:
            cited = ", ".join(outcome.cited[:3]) or "refused"
            click.echo(f"  {outcome.question.id} [{outcome.question.language}] {outcome.question.text} -> {cited}")


async def _print_across(story: Story, questions: Sequence[LabelledQuestion], same: Sequence[Outcome]) -> None:
    others = [question for question in questions if question.language != "en"]
    if not others:
        return
    across = await _asked(in_english_alone(story), others, meaning=False)
    own = [outcome for outcome in same if outcome.question.language != "en"]
    click.echo("\nJapanese and Ukrainian questions, answered in their language and from English claims alone:")
    rows = [replace(figures(own)[0], name="same"), replace(figures(across)[0], name="across")]
    click.echo(as_table(rows))


async def _asked(story: Story, questions: Sequence[LabelledQuestion], *, meaning: bool) -> tuple[Outcome, ...]:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("asking", total=len(questions))
        return await evaluate(story, questions, datetime.now(UTC), lambda: progress.advance(task), meaning=meaning)
