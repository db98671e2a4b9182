"""Worker processes for hostile documents."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from digests.errors import ParseError
from digests.ingest.worker import Workers
from tests.fakes import workerjobs
from tests.fakes.workerjobs import Said


@pytest.fixture
def workers() -> Iterator[Workers]:
    some = Workers(2, memory=512 << 20)
    yield some
    some.close()


def run(workers: Workers, job: Callable[..., Any], payload: bytes = b"", timeout: float = 30, **options: str) -> Said:
    return workers.run(job, payload, Said, timeout=timeout, **options)


def test_work_is_done_in_another_process(workers: Workers) -> None:
    said = run(workers, workerjobs.repeat, "日本".encode(), suffix="!")
    assert said.text == "日本!"
    assert said.process != os.getpid()


def test_one_process_serves_several_requests(workers: Workers) -> None:
    assert len({run(workers, workerjobs.repeat).process for _ in range(3)}) == 1


def test_large_payloads_pass(workers: Workers) -> None:
    assert len(run(workers, workerjobs.repeat, b"x" * (8 << 20)).text) == 8 << 20


@pytest.mark.parametrize(
    ("job", "timeout", "why"),
    [
        (workerjobs.hang, 0.2, "longer than 0.2 s"),
        (workerjobs.eat_memory, 30, "more memory"),
        (workerjobs.recurse, 30, "nested too deeply"),
        (workerjobs.die, 30, "worker process end"),
        (workerjobs.refuse, 30, "^it is no good$"),
        (workerjobs.stumble, 30, "KeyError"),
        (workerjobs.wrong_type, 30, "unexpected"),
    ],
)
def test_what_goes_wrong_there_is_told_here(
    workers: Workers, job: Callable[..., Any], timeout: float, why: str
) -> None:
    with pytest.raises(ParseError, match=why):
        run(workers, job, timeout=timeout)
    assert run(workers, workerjobs.repeat, b"still there").text == "still there"


def test_workers_know_no_secrets(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-canary")
    assert "canary" not in run(workers, workerjobs.environment).text


def test_workers_write_no_files(workers: Workers, tmp_path: Path) -> None:
    target = tmp_path / "file"
    with pytest.raises(ParseError):
        run(workers, workerjobs.write_file, str(target).encode())
    assert not target.exists() or target.read_text() == ""


def test_no_more_workers_run_than_allowed(workers: Workers) -> None:
    with ThreadPoolExecutor(6) as threads:
        said = list(threads.map(lambda _: run(workers, workerjobs.repeat), range(12)))
    assert len({one.process for one in said}) <= 2


def test_idle_workers_end_and_new_ones_start() -> None:
    workers = Workers(1, idle_seconds=0.05)
    first = run(workers, workerjobs.repeat).process
    deadline = time.monotonic() + 20
    while workers.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    assert workers.alive == 0
    assert run(workers, workerjobs.repeat).process != first
    workers.close()


def test_nothing_runs_before_the_first_request_or_after_closing(workers: Workers) -> None:
    assert workers.alive == 0
    run(workers, workerjobs.repeat)
    assert workers.alive == 1
    workers.close()
    assert workers.alive == 0
    assert threading.active_count() < 20


def test_closing_ends_work_that_is_under_way_when_asked_to() -> None:
    some = Workers(1)
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(some.run, workerjobs.hang, b"", Said, timeout=60)
        while not some.busy:
            time.sleep(0.01)
        some.close(busy=True)
        with pytest.raises(ParseError, match="worker process end"):
            work.result(timeout=30)
    assert some.busy == 0
