"""The command line: ``kakehashi run`` and what an admin or operator needs beside it.

Each command imports what it needs when it runs: starting fast is a promise of ``run``.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click
import structlog

from bot import logs
from digests.errors import ConfigError, KakehashiError
from digests.model import Status

T = TypeVar("T")

CONFIG_VARIABLE = "KAKEHASHI_CONFIG"


def default_config() -> Path:
    """``$KAKEHASHI_CONFIG``, else ``./config``, else the configuration that came with the package."""
    if named := os.environ.get(CONFIG_VARIABLE):
        return Path(named)
    here = Path("config")
    return here if here.is_dir() else Path(__file__).parent / "defaults" / "config"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path), help="Folder with bot.yaml; default: ./config.")
@click.option("--json-logs/--no-json-logs", default=None, help="Logs as JSON lines; default: unless on a terminal.")
@click.pass_context
def cli(context: click.Context, config: Path | None, json_logs: bool | None) -> None:
    """A news-digest bot for one running story."""
    logs.configure(json_lines=json_logs)
    context.obj = config or default_config()


def main() -> None:
    """The console script: known errors are one clear message on standard error and exit status 1."""
    try:
        cli(prog_name="kakehashi")
    except ConfigError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(1)
    except KakehashiError as error:
        click.echo(f"kakehashi: {error}", err=True)
        sys.exit(1)


def drive(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    return asyncio.run(work)


@cli.command()
@click.option("--no-ingest", is_flag=True, help="Do not read any source.")
@click.pass_obj
def run(config: Path, no_ingest: bool) -> None:
    """Run the bot until it is stopped (Ctrl-C)."""
    # Nothing that a start makes is garbage: looking for some took a seventh of it. bot.run.settle_memory begins again.
    gc.disable()
    from bot.run import run_bot

    logs.own_process()
    try:
        drive(run_bot(config, ingest=not no_ingest))
    except KakehashiError as error:
        if not logs.is_json():
            raise
        # Whoever collects the lines reads the reason in the form of all others.
        problems = [str(problem) for problem in error.problems] if isinstance(error, ConfigError) else [str(error)]
        structlog.get_logger().critical("app.cannot-run", problems=problems)
        sys.exit(1)


@cli.command()
@click.pass_obj
def check(config: Path) -> None:
    """Check every file of the configuration; all mistakes in one go."""
    from bot.check import check_all

    report = check_all(config)
    for line in report.lines():
        click.echo(line)
    if report.problems:
        sys.exit(1)


@cli.command()
@click.option("--source", "sources", multiple=True, help="Only this source; may be given several times.")
@click.pass_obj
def ingest(config: Path, sources: tuple[str, ...]) -> None:
    """Read the sources once, now, and say what came of it."""
    from bot.tools.ingest import ingest_once

    drive(ingest_once(config, sources))


@cli.command()
@click.argument("digest")
@click.option(
    "--platform", type=click.Choice(["terminal", "web", "slack", "discord"]), default="terminal", show_default=True
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The page to write (web), or the beginning of the file names (slack, discord); default: preview-DIGEST…",
)
@click.pass_obj
def preview(config: Path, digest: str, platform: str, out: Path | None) -> None:
    """Show what DIGEST's next edition would say. Nothing is posted.

    For slack and discord this writes the exact JSON, a page that shows it as the platform does, and a picture of it.
    """
    from bot.tools.preview import preview_digest

    drive(preview_digest(config, digest, platform, out))


@cli.command()
@click.option("--test", "place", metavar="DESTINATION", required=True, help="Where to, such as slack:C0123456789.")
@click.pass_obj
def post(config: Path, place: str) -> None:
    """Post a test message, to see that everything is set up. Editions are posted by /admin post."""
    from bot.tools.post import post_test

    drive(post_test(config, place))


@cli.command()
@click.argument("what", metavar="ITEM|EDITION")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.pass_obj
def why(config: Path, what: str, as_json: bool) -> None:
    """Why an item, or an edition, is what it is.

    ITEM is its number (12). EDITION is edition:7, a digest for its newest (morning), or morning@2026-06-01T08:00 (UTC).
    """
    from bot.tools.why import why_once

    drive(why_once(config, what, as_json=as_json))


@cli.command()
@click.argument("edition", metavar="EDITION")
@click.option("--diff", "only_difference", is_flag=True, help="Only how it differs from what was posted.")
@click.option("--post", "place", metavar="DESTINATION", help="Also post it, to a channel for tests.")
@click.pass_obj
def replay(config: Path, edition: str, only_difference: bool, place: str | None) -> None:
    """Compose EDITION (as for why) once more from the archive as it was, and compare it with what was posted."""
    from bot.tools.replay import replay_once

    drive(replay_once(config, edition, only_difference=only_difference, place=place))


@cli.command()
@click.argument("platform", type=click.Choice(["slack"]))
@click.option("--name", default="Kakehashi", show_default=True, help="The app's name, up to 35 characters.")
@click.pass_obj
def manifest(config: Path, platform: str, name: str) -> None:
    """Print the app manifest to paste at api.slack.com/apps, each scope with its reason."""
    from bot.tools.install import print_manifest

    print_manifest(config, name)


@cli.command()
@click.argument("platform", type=click.Choice(["discord"]))
@click.option("--application-id", type=int, help="Of the General Information page; asked of Discord when left out.")
@click.pass_obj
def invite(config: Path, platform: str, application_id: int | None) -> None:
    """Print the link that adds the bot to a server, with exactly the permissions it needs."""
    from bot.tools.install import print_invite

    drive(print_invite(config, application_id))


@cli.command()
@click.argument("question", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.option("--language", default=None, help="en, ja or uk; default: the question's own.")
@click.pass_obj
def ask(config: Path, question: tuple[str, ...], as_json: bool, language: str | None) -> None:
    """Ask the archive a QUESTION."""
    from bot.tools.ask import ask_once

    drive(ask_once(config, " ".join(question), as_json=as_json, language=language))


@cli.command()
@click.argument("topic", required=False, default="")
@click.option("--period", default="", help="7d, 12m, 2026-05 or 2026-05-01..2026-05-31; default: 12m.")
@click.option("--language", default="en", show_default=True, help="en, ja or uk.")
@click.option("--out", type=click.Path(path_type=Path), help="File for the chart (PNG).")
@click.pass_obj
def trend(config: Path, topic: str, period: str, language: str, out: Path | None) -> None:
    """Coverage over time of TOPIC: a section, a kind of source, or a person or body; of all sections without it."""
    from bot.tools.reply import reply_once

    drive(reply_once(config, "trend", {"topic": topic, "period": period}, language=language, out=out))


@cli.command()
@click.argument("measure", required=False, default="")
@click.option("--language", default="en", show_default=True, help="en, ja or uk.")
@click.option("--out", type=click.Path(path_type=Path), help="File for the chart (PNG).")
@click.pass_obj
def aid(config: Path, measure: str, language: str, out: Path | None) -> None:
    """Aid, budgets and other numbers of the story: MEASURE is the id of a series."""
    from bot.tools.reply import reply_once

    drive(reply_once(config, "aid", {"measure": measure}, language=language, out=out))


@cli.command()
@click.argument("first")
@click.argument("second")
@click.option("--language", default="en", show_default=True, help="en, ja or uk.")
@click.pass_obj
def compare(config: Path, first: str, second: str, language: str) -> None:
    """What each kind of source says of two terms."""
    from bot.tools.reply import reply_once

    drive(reply_once(config, "compare", {"first": first, "second": second}, language=language))


@cli.command("eval")
@click.argument("what", type=click.Choice(["filing", "events", "ask", "search", "phrasing"]))
@click.option("--data", type=click.Path(path_type=Path), help="Labelled lines; default: the project's own set.")
@click.option("--half", type=click.Choice(["tune", "test", "both"]), default="both", show_default=True)
@click.option("--misses", is_flag=True, help="Also tell what went wrong, and why.")
@click.option("--words", is_flag=True, help="ask: by words alone, also where the extra semantic is installed.")
@click.option("--fit", is_flag=True, help="ask: fit the scores anew first, and write them into the package.")
@click.pass_obj
def evaluate(config: Path, what: str, data: Path | None, half: str, misses: bool, words: bool, fit: bool) -> None:
    """Measure filing, event grouping, answers, search or the check of phrased sentences against labelled data."""
    from bot.tools.evaluate import evaluate_once

    if fit and what == "ask":
        from bot.tools.evaluate_ask import refit_once

        drive(refit_once(config))
    drive(evaluate_once(config, what, data, half, misses=misses, words=words))


@cli.command()
@click.argument("what", type=click.Choice(["items", "timeline", "series"]))
@click.option("--format", "form", type=click.Choice(["csv", "json", "markdown"]), default="csv", show_default=True)
@click.option("--section", help="Only this section.")
@click.option("--from", "start", help="timeline: from this date on: 2025, 2025-04 or 2025-04-08.")
@click.option("--to", "end", help="timeline: up to this date.")
@click.option("--actor", help="timeline: only where this person or body takes part.")
@click.option("--status", type=click.Choice([status.value for status in Status]), help="timeline: only this status.")
@click.option("--series", help="series: only the one with this id.")
@click.option("--language", default="en", show_default=True, help="Language of the facts and of the series' words.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write; default: standard output.")
@click.pass_obj
def export(
    config: Path,
    what: str,
    form: str,
    section: str | None,
    start: str | None,
    end: str | None,
    actor: str | None,
    status: str | None,
    series: str | None,
    language: str,
    out: Path | None,
) -> None:
    """Write items, the timeline or the series as CSV, JSON or Markdown."""
    from bot.tools.export import Wanted, export_once

    for name, day in (("--from", start), ("--to", end)):
        if day is not None and not re.fullmatch(r"\d{4}(-\d{2}){0,2}", day):
            raise click.BadParameter(f"{day!r} is no date; write 2025, 2025-04 or 2025-04-08", param_hint=name)
    wanted = Wanted(section, start, end, actor, Status(status) if status else None, series)
    drive(export_once(config, what, form, wanted, language=language, out=out))


@cli.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.pass_obj
def backup(config: Path, target: Path) -> None:
    """Copy the archive to TARGET, also while the bot runs."""
    from bot.tools.backup import backup_once

    drive(backup_once(config, target))


@cli.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True), required=False)
@click.option("--yes", is_flag=True, help="Do not ask before the archive is replaced.")
@click.pass_obj
def restore(config: Path, source: Path | None, yes: bool) -> None:
    """Put the backup SOURCE in the archive's place, or the newest that the bot made. The bot must not be running.

    What was posted after the backup is not posted again: it is looked for first.
    """
    from bot.tools.backup import restore_once

    if not yes:
        click.confirm("The present archive is kept beside the new one. Go on?", abort=True)
    drive(restore_once(config, source))


@cli.group(invoke_without_command=True)
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(["pending", "leased", "sent", "uncertain", "dead", "dropped"]),
    help="Only these; may be given several times. Default: all that is not done.",
)
@click.option("--destination", metavar="PLACE", help="Only there: a platform, or platform:channel.")
@click.option("--edition", type=int, metavar="NUMBER", help="Only of this edition, in any state.")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="A JSON list instead of text.")
@click.pass_context
def deliveries(
    context: click.Context,
    states: tuple[str, ...],
    destination: str | None,
    edition: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """List what waits to be sent, what was given up and what is in doubt; also while the bot runs."""
    if context.invoked_subcommand is not None:
        return
    from bot.tools.deliveries import list_deliveries

    drive(list_deliveries(context.obj, states, destination, edition, limit=limit, as_json=as_json))


@deliveries.command("replay")
@click.argument("ids", nargs=-1, required=True)
@click.pass_obj
def replay_deliveries(config: Path, ids: tuple[str, ...]) -> None:
    """Send dead or uncertain deliveries again, by their IDS. Of an uncertain one look first whether it is there."""
    from bot.tools.deliveries import decide

    if not drive(decide(config, ids, replay=True)):
        sys.exit(1)


@deliveries.command("drop")
@click.argument("ids", nargs=-1, required=True)
@click.pass_obj
def drop_deliveries(config: Path, ids: tuple[str, ...]) -> None:
    """Settle dead or uncertain deliveries without sending them, by their IDS."""
    from bot.tools.deliveries import decide

    if not drive(decide(config, ids, replay=False)):
        sys.exit(1)


@cli.command()
@click.pass_obj
def reindex(config: Path) -> None:
    """Make the search index anew from the archived passages; also while the bot runs."""
    from bot.tools.reindex import reindex_once

    drive(reindex_once(config))


@cli.command()
@click.option("--live", is_flag=True, help="Only ask the running bot whether it lives (for health checks).")
@click.pass_obj
def doctor(config: Path, live: bool) -> None:
    """Check configuration, archive, platforms and sources, and say how to mend each."""
    from bot.tools.doctor import is_live, run_doctor

    well = drive(is_live(config) if live else run_doctor(config))
    if not well:
        sys.exit(1)


if __name__ == "__main__":
    main()
